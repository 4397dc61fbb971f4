// The part of Stripe.js that the checkout page uses, for the sandbox: Stripe(key).elements().create("card"), createPaymentMethod.
// The card's fields live in a frame on this script's origin; the shop's page never sees the number.
(() => {
  "use strict";

  const origin = new URL(document.currentScript.src).origin;
  const ANSWER_MS = 20000;
  let count = 0;

  class CardElement {
    constructor(key, options) {
      this.id = `sandbox-card-${++count}`;
      this.options = options;
      this.listeners = new Map();
      this.calls = new Map();
      this.ready = new Promise((resolve) => { this.nowReady = resolve; });
      this.frame = document.createElement("iframe");
      const query = new URLSearchParams({ key, parent: location.origin, id: this.id });
      this.frame.src = `${origin}/elements/card?${query}`;
      this.frame.title = "Secure card details";
      this.frame.style.cssText = "display:block;width:100%;height:44px;border:0;color-scheme:light dark";
      this.onMessage = (event) => this.hear(event);
      window.addEventListener("message", this.onMessage);
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!place) throw new Error(`There is no ${target} to mount the card in.`);
      place.replaceChildren(this.frame);
    }

    unmount() { this.frame.remove(); }

    destroy() {
      this.unmount();
      window.removeEventListener("message", this.onMessage);
    }

    on(name, listener) {
      this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
      return this;
    }

    update(options) {
      this.options = { ...this.options, ...options };
      this.ready.then(() => this.say({ style: this.options.style?.base ?? {} }));
    }

    clear() { this.ready.then(() => this.say({ call: "clear" })); }

    focus() { this.ready.then(() => this.say({ call: "focus" })); }

    say(message) { this.frame.contentWindow?.postMessage({ to: this.id, ...message }, origin); }

    hear(event) {
      if (event.origin !== origin || event.source !== this.frame.contentWindow || event.data?.from !== this.id) return;
      const { name, detail, answer } = event.data;
      if (answer) {
        this.calls.get(answer)?.(detail);
        this.calls.delete(answer);
        return;
      }
      if (name === "size") { this.frame.style.height = `${detail}px`; return; }
      if (name === "ready") { this.nowReady(); this.update({}); }
      for (const listener of this.listeners.get(name) ?? []) listener({ elementType: "card", ...detail });
    }

    async ask(call, values) {
      await this.ready;
      const answer = `${this.id}-${++count}`;
      return new Promise((resolve) => {
        const late = setTimeout(() => resolve({ error: { type: "api_connection_error", message: "The payment provider does not answer. Please try again." } }), ANSWER_MS);
        this.calls.set(answer, (found) => { clearTimeout(late); resolve(found); });
        this.say({ call, answer, values });
      });
    }
  }

  window.Stripe = (key) => ({
    elements: () => {
      const made = {};
      return {
        create(type, options = {}) {
          if (type !== "card") throw new Error(`The sandbox has no ${type} element.`);
          made[type] = new CardElement(key, options);
          return made[type];
        },
        getElement: (type) => made[type] ?? null,
      };
    },
    async createPaymentMethod({ type, card, billing_details: billing = {} }) {
      if (type !== "card" || !(card instanceof CardElement)) return { error: { type: "invalid_request_error", message: "Give a mounted card element." } };
      return card.ask("createPaymentMethod", { name: String(billing.name ?? "") });
    },
  });
  window.Stripe.version = 3;
})();
