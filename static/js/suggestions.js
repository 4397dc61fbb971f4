// The suggestions box under the search field: a combobox with a list (ARIA Authoring Practices, "Editable combobox with list autocomplete").

const PAUSE = 120; // milliseconds without a keystroke before we ask

const form = document.querySelector("[data-search]");
const input = form?.querySelector("input");
const list = form?.querySelector("[role=listbox]");
const options = () => [...list.querySelectorAll("[role=option]")];
let timer = 0;
let asking = new AbortController();
let active = -1;

function close() {
  list.hidden = true;
  active = -1;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function mark(index) {
  const all = options();
  active = (index + all.length) % all.length;
  all.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
  input.setAttribute("aria-activedescendant", all[active].id);
  all[active].scrollIntoView({ block: "nearest" });
}

async function ask() {
  asking.abort();
  const text = input.value.trim();
  if (text.length < 2) return close();
  asking = new AbortController();
  try {
    const response = await fetch(`/search/suggest?q=${encodeURIComponent(text)}`, { signal: asking.signal });
    if (!response.ok || document.activeElement !== input) return close();
    list.innerHTML = await response.text();
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = options().length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  } catch (error) {
    if (error.name !== "AbortError") close();
  }
}

function onKey(event) {
  if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    return close();
  }
  if (list.hidden) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(event.key === "ArrowDown" ? active + 1 : active < 0 ? -1 : active - 1);
  }
  if (event.key === "Enter" && active >= 0) {
    event.preventDefault();
    location.assign(options()[active].dataset.url);
  }
}

if (input) {
  const combobox = { role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": list.id };
  for (const [name, value] of Object.entries(combobox)) input.setAttribute(name, value);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", onKey);
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || close());
  list.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("[role=option]");
    event.preventDefault();
    if (option) location.assign(option.dataset.url);
  });
}
