// The inside of the card frame. It talks to the page that mounted it, and to nobody else; what it tells is never the number.
"use strict";

const query = new URLSearchParams(location.search);
const parentOrigin = query.get("parent");
const id = query.get("id");
const key = query.get("key");
const form = document.getElementById("card");
const { number, expiry, cvc } = form.elements;

const tell = (message) => window.parent.postMessage({ from: id, ...message }, parentOrigin);
const digits = (text) => text.replace(/\D/g, "");

const BRANDS = [[/^4/, "visa"], [/^5[1-5]|^2[2-7]/, "mastercard"], [/^3[47]/, "amex"]];
const brand = () => BRANDS.find(([pattern]) => pattern.test(digits(number.value)))?.[1] ?? "unknown";

function checked(text) {
  let total = 0;
  [...text].reverse().forEach((character, position) => {
    const value = Number(character) * (position % 2 ? 2 : 1);
    total += value > 9 ? value - 9 : value;
  });
  return total % 10 === 0;
}

function past(text) {
  const now = new Date();
  return Number(text.slice(2)) + 2000 < now.getFullYear() || (Number(text.slice(2)) + 2000 === now.getFullYear() && Number(text.slice(0, 2)) < now.getMonth() + 1);
}

// What is wrong with a field that is filled in as far as it goes; "" while nothing is.
function problems() {
  const [card, date] = [digits(number.value), digits(expiry.value)];
  const whole = brand() === "amex" ? 15 : 16;
  const month = Number(date.slice(0, 2));
  return {
    number: card.length >= whole && !checked(card) ? "Your card number is invalid." : "",
    expiry: date.length === 4 && (month < 1 || month > 12 || past(date)) ? "Your card's expiration date is invalid." : "",
    complete: card.length >= whole && checked(card) && date.length === 4 && digits(cvc.value).length >= 3,
  };
}

function changed() {
  const found = problems();
  number.setAttribute("aria-invalid", String(Boolean(found.number)));
  expiry.setAttribute("aria-invalid", String(Boolean(found.expiry)));
  const message = found.number || found.expiry;
  tell({
    name: "change",
    detail: {
      empty: !number.value && !expiry.value && !cvc.value,
      complete: found.complete && !message,
      brand: brand(),
      error: message ? { type: "validation_error", message } : undefined,
    },
  });
}

number.addEventListener("input", () => {
  const card = digits(number.value).slice(0, 19);
  const groups = brand() === "amex" ? /(\d{1,4})(\d{1,6})?(\d{1,5})?/ : /(\d{1,4})(\d{1,4})?(\d{1,4})?(\d{1,4})?(\d{1,3})?/;
  number.value = (card.match(groups) ?? []).slice(1).filter(Boolean).join(" ");
});
expiry.addEventListener("input", (event) => {
  const date = digits(expiry.value).slice(0, 4);
  const erasing = event.inputType?.startsWith("delete");
  expiry.value = date.length > 2 || (date.length === 2 && !erasing) ? `${date.slice(0, 2)} / ${date.slice(2)}` : date;
});
cvc.addEventListener("input", () => { cvc.value = digits(cvc.value).slice(0, 4); });
form.addEventListener("input", changed);
form.addEventListener("focusin", () => tell({ name: "focus" }));
form.addEventListener("focusout", () => tell({ name: "blur" }));
form.addEventListener("submit", (event) => event.preventDefault());

async function createPaymentMethod({ name }) {
  const date = digits(expiry.value);
  const body = new URLSearchParams({
    type: "card",
    "card[number]": digits(number.value),
    "card[exp_month]": date.slice(0, 2),
    "card[exp_year]": date.slice(2),
    "card[cvc]": digits(cvc.value),
    "billing_details[name]": name,
  });
  try {
    const answer = await fetch("/v1/payment_methods", { method: "POST", headers: { Authorization: `Bearer ${key}` }, body });
    const found = await answer.json();
    return answer.ok ? { paymentMethod: found } : { error: found.error };
  } catch {
    return { error: { type: "api_connection_error", message: "The payment provider cannot be reached. Please try again." } };
  }
}

window.addEventListener("message", async (event) => {
  if (event.origin !== parentOrigin || event.source !== window.parent || event.data?.to !== id) return;
  const { call, answer, values, style } = event.data;
  if (style?.color) form.style.setProperty("--ink", style.color);
  if (style?.fontSize) form.style.fontSize = style.fontSize;
  if (style?.fontFamily) form.style.fontFamily = style.fontFamily;
  if (call === "clear") { form.reset(); changed(); }
  if (call === "focus") number.focus();
  if (call === "createPaymentMethod") tell({ answer, detail: await createPaymentMethod(values) });
});

new ResizeObserver(() => tell({ name: "size", detail: Math.ceil(form.getBoundingClientRect().height) })).observe(form);
tell({ name: "ready" });
