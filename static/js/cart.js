// Adding to the cart without leaving the page. A refusal is shown by sending the form the ordinary way.
import { announce, fillHeader } from "./page.js";

let timer = 0;

function toast(text) {
  document.querySelector(".toast")?.remove();
  const box = document.createElement("aside");
  box.className = "toast";
  box.setAttribute("aria-label", "Added to the cart");
  const words = document.createElement("span");
  words.textContent = text;
  const link = document.createElement("a");
  link.className = "button button--yolk";
  link.href = "/cart";
  link.textContent = "See the cart";
  box.append(words, link);
  document.body.append(box);
  announce(text);
  clearTimeout(timer);
  const leave = () => (box.matches(":hover, :focus-within") ? (timer = setTimeout(leave, 2000)) : box.remove());
  timer = setTimeout(leave, 6000);
}

async function add(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "X-Requested-With": "fetch" },
      redirect: "manual",
    });
    if (response.type !== "opaqueredirect" && !response.ok) throw new Error(String(response.status));
    fillHeader();
    toast(`${form.dataset.title} is in your cart.`);
  } catch {
    form.submit();
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-add]") || event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  add(event.target);
});
