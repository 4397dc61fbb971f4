// The checkout: delivery and total follow what is entered, and a card is given to the provider's own field, never to the shop.
import { swap } from "./page.js";

const form = document.querySelector("[data-checkout]");
const pay = form.querySelector("[data-pay]");
const field = (name) => form.elements.namedItem(name)?.value ?? "";
let card = null;
let stripe = null;

/** Keeps what is entered and shows the delivery choices and the total that follow from it. */
async function update() {
  const body = new URLSearchParams(new FormData(form));
  body.set("step", "update");
  const parts = ["delivery-options", "review"].filter((id) => document.getElementById(id));
  const options = { method: "POST", body };
  if (!(await swap("/checkout", parts, options))) location.assign("/checkout");
}

form.addEventListener("change", (event) => {
  if ("updates" in event.target.dataset) update();
});

function mountCard() {
  if (!pay || !window.Stripe) return;
  stripe = window.Stripe(pay.dataset.publishableKey);
  const style = getComputedStyle(form);
  card = stripe.elements().create("card", { hidePostalCode: true, style: { base: { fontSize: "16px", color: style.color } } });
  card.mount("#card-element");
  pay.classList.remove("pay--hosted");
  pay.querySelector("[data-pay-choice]").hidden = false;
  pay.querySelector("[data-pay-hosted]").hidden = true;
}

function billing() {
  const prefix = field("billing_different") && form.elements.namedItem("billing-different").checked ? "billing_address." : "delivery_address.";
  const given = (name) => field(prefix + name) || undefined;
  return {
    name: given("name"),
    email: field("email") || undefined,
    address: {
      line1: given("line1"),
      line2: given("line2"),
      city: given("city"),
      state: given("region"),
      postal_code: given("postal_code"),
      country: given("country"),
    },
  };
}

function say(message) {
  const error = document.getElementById("card-error");
  error.textContent = message;
  error.hidden = !message;
}

/** Sends the form once, as if its "Place order" button had been pressed. */
function place(token) {
  form.elements.namedItem("payment_method").value = token;
  const step = document.createElement("input");
  Object.assign(step, { type: "hidden", name: "step", value: "place" });
  form.append(step);
  form.submit();
}

async function payByCard(button) {
  say("");
  button.disabled = true;
  try {
    const { paymentMethod, error } = await stripe.createPaymentMethod({ type: "card", card, billing_details: billing() });
    if (paymentMethod) return place(paymentMethod.id);
    say(error.message);
  } catch {
    say("The card could not be checked. Please try again, or pay on our payment provider's page.");
  }
  button.disabled = false;
  document.getElementById("card-element").scrollIntoView({ block: "center" });
}

let sent = false;

form.addEventListener("submit", (event) => {
  if (event.submitter?.value !== "place") return;
  if (card && field("payment") === "card") {
    event.preventDefault();
    payByCard(event.submitter);
  } else if (sent) {
    event.preventDefault();
  }
  sent = !event.defaultPrevented;
});

addEventListener("pageshow", () => {
  sent = false;
  form.querySelectorAll("input[name=step][type=hidden]").forEach((step) => step.remove());
  const button = document.getElementById("place");
  if (button) button.disabled = false;
});

mountCard();
