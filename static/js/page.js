// What every script of the shop uses: cookies for the header, words for screen readers, and swapping a part of the page.

export function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  try {
    return found ? decodeURIComponent(found.slice(name.length + 1).replace(/^"|"$/g, "")) : "";
  } catch {
    return "";
  }
}

/** The cart's count and the shopper's name, which pages that everybody shares cannot hold. */
export function fillHeader() {
  const count = Number.parseInt(cookie("cart_count"), 10) || 0;
  for (const badge of document.querySelectorAll("[data-cart-count]")) {
    badge.hidden = count === 0;
    badge.textContent = count > 99 ? "99+" : String(count);
  }
  const name = cookie("customer_name");
  for (const place of document.querySelectorAll("[data-customer]")) place.textContent = name || "Account";
}

export function announce(text) {
  const status = document.querySelector("[data-status]");
  if (status && text) status.textContent = text;
}

const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });

/** Moments in the reader's own time; the page itself can only say them in UTC. */
export function tellLocalTimes() {
  for (const time of document.querySelectorAll("time[data-moment]")) time.textContent = day.format(new Date(time.dateTime));
  for (const time of document.querySelectorAll("time[data-clock]")) time.textContent = clock.format(new Date(time.dateTime));
}

/** Gives the focus to what is wrong, else to what has the id now, else to the part itself: a keyboard must not be thrown back to the top. */
function refocus(id, part) {
  const wrong = part.querySelector("[data-errors], [aria-invalid=true]");
  const target = wrong || (id && document.getElementById(id)) || part;
  if (target === part) part.tabIndex = -1;
  target.focus({ preventScroll: true });
}

/** Puts the elements with these ids from another page in place of ours. False when that page does not have them. */
function replaceParts(page, ids) {
  const pairs = ids.map((id) => [document.getElementById(id), page.getElementById(id)]);
  if (pairs.some(([ours, theirs]) => !ours || !theirs)) return false;
  const focused = document.activeElement;
  const lost = pairs.some(([ours]) => ours.contains(focused));
  const opened = [...document.querySelectorAll("[popover]:popover-open")].map((panel) => [panel.id, panel.scrollTop]);
  const unfolded = new Map([...document.querySelectorAll("details[id]")].map((part) => [part.id, part.open]));
  for (const [ours, theirs] of pairs) ours.replaceWith(document.adoptNode(theirs));
  for (const [id, open] of unfolded) {
    const part = document.getElementById(id);
    if (part) part.open = open;
  }
  for (const [id, scrolled] of opened) {
    const panel = document.getElementById(id);
    if (panel && !panel.matches(":popover-open")) panel.showPopover();
    if (panel) panel.scrollTop = scrolled;
  }
  if (lost) refocus(focused.id, pairs[0][1]);
  for (const [, part] of pairs) announce(part.dataset.announce);
  tellLocalTimes();
  return true;
}

let latest = 0;

/** Asks for a page and takes the parts with these ids from it. Returns its address, or null when the browser should go there itself. */
export async function swap(url, ids, options = {}) {
  const turn = ++latest;
  const parts = ids.map((id) => document.getElementById(id));
  for (const part of parts) part?.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { headers: { "X-Requested-With": "fetch" }, ...options });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (turn !== latest) return response.url;
    fillHeader();
    if (!replaceParts(page, ids)) return null;
    document.title = page.title;
    document.dispatchEvent(new CustomEvent("swapped", { detail: ids }));
    return response.url;
  } catch {
    return null;
  } finally {
    if (turn === latest) for (const part of parts) part?.removeAttribute("aria-busy");
  }
}
