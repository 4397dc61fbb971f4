// Links and forms marked data-into="ID" change that part of the page instead of the whole. Without this script they work as ever.
import { swap } from "./page.js";

const plainClick = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

async function follow(link) {
  const ids = link.dataset.into.split(" ");
  const replace = "replace" in link.dataset;
  const top = "top" in link.dataset;
  const url = await swap(link.href, ids);
  if (!url) return location.assign(link.href);
  if (!history.state?.into) history.replaceState({ into: ids }, "");
  history[replace ? "replaceState" : "pushState"]({ into: ids }, "", url);
  if (top) document.getElementById(ids[0])?.scrollIntoView();
}

async function send(form, submitter) {
  const data = new FormData(form, submitter);
  const ids = form.dataset.into.split(" ");
  const body = new URLSearchParams(data);
  if (form.method === "post") {
    if (!(await swap(form.action, ids, { method: "POST", body }))) form.submit();
    return;
  }
  for (const [name, value] of [...body]) if (value === "") body.delete(name);
  const url = `${form.action.split("?")[0]}?${body}`;
  if (!(await swap(url, ids))) return location.assign(url);
  history.pushState({ into: ids }, "", url);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-into]");
  if (link && plainClick(event)) {
    event.preventDefault();
    follow(link);
  }
  for (const menu of document.querySelectorAll("[data-drop][open]")) if (!menu.contains(event.target) || link) menu.open = false;
});

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("form[data-into]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form && event.target.value !== "") form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("[data-drop][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

addEventListener("popstate", async (event) => {
  if (event.state?.into && !(await swap(location.href, event.state.into))) location.reload();
});
