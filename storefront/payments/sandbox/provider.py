"""What the provider does with payments: the state machines of intents, hosted pages and refunds, each step one transaction of the ledger.

Source: Stripe API reference and "How PaymentIntents work".
"""

import time
from typing import Any

from storefront.payments.sandbox.cards import BY_LAST4, CARDS, NOT_A_TEST_CARD, TOKENS, SandboxCard, digits, luhn
from storefront.payments.sandbox.events import Events
from storefront.payments.sandbox.ledger import Ledger
from storefront.payments.sandbox.wire import ApiError, Document, invalid, missing, new_id

PAGE_OPEN_SECONDS = 24 * 3600
MOST = 99_999_999  # minor units
LEAST = {"eur": 50, "gbp": 30, "usd": 50}  # of some currencies; Stripe has one for each that money is paid out in
CANCELLABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


class Provider:
    """Call its methods inside `ledger.transaction()`. `base_url` is where browsers reach the provider."""

    def __init__(self, ledger: Ledger, events: Events, base_url: str) -> None:
        self.ledger = ledger
        self.events = events
        self.base_url = base_url
        self.takes_a_while = 3.0  # seconds of what is "processing" or "pending"

    # --- payment methods ---------------------------------------------------------------------------------------------------------

    def create_payment_method(self, params: Document) -> Document:
        """From card fields. The number is looked at, and never kept."""
        fields = params.get("card")
        if params.get("type", "card") != "card" or not isinstance(fields, dict):
            raise invalid("Only cards can be used here.", param="type")
        card = self._read_card(fields)
        details = params.get("billing_details")
        name = details.get("name") if isinstance(details, dict) else None
        return self._keep_card(card, _whole(fields.get("exp_month")), _whole(fields.get("exp_year")) % 100 + 2000, name)

    def _read_card(self, fields: Document) -> SandboxCard:
        number = digits(str(fields.get("number", "")))
        if not luhn(number):
            raise _card_error("incorrect_number", "Your card number is incorrect.", param="number")
        month, year = _whole(fields.get("exp_month")), _whole(fields.get("exp_year"))
        if not 1 <= month <= 12:
            raise _card_error("invalid_expiry_month", "Your card's expiration month is invalid.", param="exp_month")
        now = time.gmtime()
        if (year % 100 + 2000, month) < (now.tm_year, now.tm_mon):
            raise _card_error("invalid_expiry_year", "Your card's expiration date is in the past.", param="exp_year")
        cvc = str(fields.get("cvc", ""))
        if not (cvc.isdecimal() and 3 <= len(cvc) <= 4):
            raise _card_error("invalid_cvc", "Your card's security code is invalid.", param="cvc")
        return CARDS.get(number, NOT_A_TEST_CARD)

    def _keep_card(self, card: SandboxCard, month: int, year: int, name: Any = None) -> Document:
        method: Document = {
            "id": new_id("pm"),
            "object": "payment_method",
            "created": int(time.time()),
            "type": "card",
            "livemode": False,
            "metadata": {},
            "billing_details": {"name": name if isinstance(name, str) else None},
            "card": {"brand": card.brand, "last4": card.last4, "exp_month": month, "exp_year": year, "funding": "credit"},
        }
        self.ledger.put(method)
        return method

    def _method(self, reference: Any) -> Document:
        if reference in TOKENS:
            return self._keep_card(TOKENS[reference], 12, time.gmtime().tm_year + 3)
        method = self.ledger.get(str(reference))
        if method is None or method["object"] != "payment_method":
            raise invalid(f"No such PaymentMethod: '{reference}'", param="payment_method", code="resource_missing")
        return method

    # --- payment intents ---------------------------------------------------------------------------------------------------------

    def create_intent(self, params: Document) -> Document:
        amount = _whole(params.get("amount"), -1)
        currency = str(params.get("currency", "")).lower()
        if not 1 <= amount <= MOST:
            raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
        if len(currency) != 3 or not currency.isalpha():
            raise invalid(f"Invalid currency: {currency}", param="currency")
        _must_be_enough(amount, currency)
        capture = params.get("capture_method", "automatic")
        if capture not in ("automatic", "automatic_async", "manual"):
            raise invalid("Invalid capture_method", param="capture_method")
        method = self._method(params["payment_method"]) if params.get("payment_method") else None
        intent_id = new_id("pi")
        intent: Document = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": capture,
            "client_secret": f"{intent_id}_secret_{new_id('s')[2:]}",
            "confirmation_method": "automatic",
            "created": int(time.time()),
            "currency": currency,
            "customer": None,
            "description": params.get("description"),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": _metadata(params),
            "next_action": None,
            "payment_method": method["id"] if method else None,
            "payment_method_types": ["card"],
            "receipt_email": params.get("receipt_email"),
            "status": "requires_confirmation" if method else "requires_payment_method",
        }
        if params.get("confirm") == "true":
            return self.confirm_intent(intent, params | {"payment_method": None})  # which is on the intent already
        self.ledger.put(intent)
        return intent

    def intent(self, intent_id: str) -> Document:
        found = self.ledger.get(intent_id)
        if found is None or found["object"] != "payment_intent":
            raise missing("payment_intent", intent_id)
        return found

    def confirm_intent(self, intent: Document, params: Document) -> Document:
        """Tries to take the money. Raises ApiError 402 for a declined card; the intent then waits for another."""
        if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
            raise _unexpected(intent, "confirm")
        if params.get("payment_method"):
            intent["payment_method"] = self._method(params["payment_method"])["id"]
        if intent["payment_method"] is None:
            raise invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", param="payment_method")
        card = self._card_of(intent)
        intent |= {"last_payment_error": None, "next_action": None}
        if card.outcome in ("authenticate", "authenticate_then_decline"):
            return self._ask_shopper(intent, params)
        if card.outcome in ("process", "process_then_fail"):
            intent["status"] = "processing"
            self.ledger.add_later("finish_processing", intent["id"], time.time() + self.takes_a_while)
            return self._changed(intent, "payment_intent.processing")
        if card.outcome == "decline":
            raise self._decline(intent, card)
        return self._take(intent, card)

    def _card_of(self, intent: Document) -> SandboxCard:
        method = self.ledger.get(intent["payment_method"])
        assert method is not None
        return BY_LAST4[method["card"]["last4"]]

    def _ask_shopper(self, intent: Document, params: Document) -> Document:
        return_url = params.get("return_url")
        if not _is_address(return_url):
            raise invalid("This payment needs the shopper's confirmation, so it needs a return_url.", param="return_url")
        secret = new_id("k")[2:]
        intent["status"] = "requires_action"
        intent["sandbox"] = {"key": secret, "return_url": return_url}
        intent["next_action"] = {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": f"{self.base_url}/3ds/{intent['id']}?key={secret}", "return_url": return_url},
        }
        return self._changed(intent, "payment_intent.requires_action")

    def _take(self, intent: Document, card: SandboxCard) -> Document:
        """The money is there: held, or taken at once."""
        charge = _charge(intent, card, paid=True)
        intent |= {"latest_charge": charge["id"], "next_action": None, "last_payment_error": None}
        self.ledger.enter(intent["id"], "authorize", intent["amount"], intent["currency"])
        if intent["capture_method"] == "manual":
            self.ledger.put(charge, parent=intent["id"])
            intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
            return self._changed(intent, "payment_intent.amount_capturable_updated")
        return self._captured(intent, charge, intent["amount"])

    def _captured(self, intent: Document, charge: Document, amount: int) -> Document:
        self.ledger.enter(intent["id"], "capture", amount, intent["currency"])
        if amount < intent["amount"]:
            self.ledger.enter(intent["id"], "release", intent["amount"] - amount, intent["currency"])
        self.ledger.put(charge | {"captured": True, "amount_captured": amount}, parent=intent["id"])
        intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
        if BY_LAST4[charge["payment_method_details"]["card"]["last4"]].disputed:
            self.ledger.add_later("dispute", charge["id"], time.time() + self.takes_a_while)
        return self._changed(intent, "payment_intent.succeeded")

    def _decline(self, intent: Document, card: SandboxCard) -> ApiError:
        """Keeps the failure and is the error to raise for it."""
        charge = _charge(intent, card, paid=False)
        self.ledger.put(charge, parent=intent["id"])
        self._failed(intent | {"latest_charge": charge["id"]}, card.code, card.message, card.decline_code)
        intent = self.intent(intent["id"])
        error = {name: value for name, value in intent["last_payment_error"].items() if name not in ("type", "message")}
        return ApiError(402, "card_error", card.message, keep=True, charge=charge["id"], payment_intent=intent, **error)

    def _failed(self, intent: Document, code: str, message: str, decline_code: str | None = None) -> Document:
        error = {"type": "card_error", "code": code, "decline_code": decline_code, "message": message}
        intent |= {"status": "requires_payment_method", "next_action": None, "payment_method": None}
        intent["last_payment_error"] = {name: value for name, value in error.items() if value is not None}
        return self._changed(intent, "payment_intent.payment_failed")

    def _changed(self, intent: Document, event: str) -> Document:
        self.ledger.put(intent)
        self.events.emit(event, intent)
        return intent

    def answer_shopper(self, intent_id: str, *, approved: bool) -> Document:
        """The shopper has confirmed or refused on the provider's page. A second answer changes nothing."""
        intent = self.intent(intent_id)
        if intent["status"] != "requires_action":
            return intent
        card = self._card_of(intent)
        if not approved:
            message = "The payment was not confirmed. Please choose another way to pay."
            intent = self._failed(intent, "payment_intent_authentication_failure", message)
        elif card.outcome == "authenticate_then_decline":
            intent = self._failed(intent, card.code, card.message, card.decline_code)
        else:
            intent = self._take(intent, card)
        return intent

    def capture_intent(self, intent: Document, params: Document) -> Document:
        if intent["status"] != "requires_capture":
            raise _unexpected(intent, "capture")
        amount = _whole(params.get("amount_to_capture"), intent["amount"])
        if not 1 <= amount <= intent["amount_capturable"]:
            raise invalid("The amount to capture is not within what is authorized.", param="amount_to_capture", code="amount_too_large")
        charge = self.ledger.get(intent["latest_charge"])
        assert charge is not None
        return self._captured(intent, charge, amount)

    def cancel_intent(self, intent: Document, reason: str | None = None) -> Document:
        if intent["status"] not in CANCELLABLE:
            raise _unexpected(intent, "cancel")
        if intent["status"] == "requires_capture":
            self.ledger.enter(intent["id"], "release", intent["amount_capturable"], intent["currency"])
        intent |= {
            "status": "canceled",
            "canceled_at": int(time.time()),
            "cancellation_reason": reason,
            "amount_capturable": 0,
            "next_action": None,
        }
        return self._changed(intent, "payment_intent.canceled")

    # --- refunds -----------------------------------------------------------------------------------------------------------------

    def create_refund(self, params: Document) -> Document:
        intent = self.intent(str(params.get("payment_intent", "")))
        charge = self.ledger.get(intent["latest_charge"] or "")
        if intent["status"] != "succeeded" or charge is None:
            raise invalid("This payment has not been captured.", code="charge_not_refundable", payment_intent=intent)
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = _whole(params.get("amount"), left)
        if left == 0:
            raise invalid("The charge has already been refunded.", code="charge_already_refunded", payment_intent=intent)
        if not 1 <= amount <= left:
            message = "The refund is greater than what is left of the charge."
            raise invalid(message, param="amount", code="amount_too_large", payment_intent=intent)
        behaviour = BY_LAST4[charge["payment_method_details"]["card"]["last4"]].refund
        refund: Document = {
            "id": new_id("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": int(time.time()),
            "currency": intent["currency"],
            "failure_reason": None,
            "metadata": _metadata(params),
            "payment_intent": intent["id"],
            "reason": params.get("reason"),
            "status": "pending" if behaviour == "pending" else "succeeded",
        }
        self.ledger.put(refund, parent=intent["id"])
        self._refund_charge(intent, charge, amount)
        self.events.emit("refund.created", refund)
        if behaviour != "succeed":
            action = "finish_refund" if behaviour == "pending" else "fail_refund"
            self.ledger.add_later(action, refund["id"], time.time() + self.takes_a_while)
        return refund

    def _refund_charge(self, intent: Document, charge: Document, amount: int) -> None:
        """Money goes back, or (negative) comes back after all."""
        self.ledger.enter(intent["id"], "refund" if amount > 0 else "refund_failed", abs(amount), intent["currency"])
        refunded = charge["amount_refunded"] + amount
        charge |= {"amount_refunded": refunded, "refunded": refunded == charge["amount_captured"]}
        self.ledger.put(charge)
        if amount > 0:
            self.events.emit("charge.refunded", charge)

    def refund(self, refund_id: str) -> Document:
        found = self.ledger.get(refund_id)
        if found is None or found["object"] != "refund":
            raise missing("refund", refund_id)
        return found

    # --- hosted pages ------------------------------------------------------------------------------------------------------------

    def create_session(self, params: Document) -> Document:
        if params.get("mode") != "payment":
            raise invalid("Only mode=payment is offered here.", param="mode")
        if not _is_address(params.get("success_url")):
            raise invalid("success_url must be an address.", param="success_url")
        lines = [_line(line) for line in params.get("line_items") or []]
        currencies = {line["currency"] for line in lines}
        amount = sum(line["amount"] for line in lines)
        if len(currencies) != 1 or not 1 <= amount <= MOST:
            raise invalid("line_items must add up to an amount in one currency.", param="line_items")
        _must_be_enough(amount, *currencies)
        session_id, now = new_id("cs_test"), int(time.time())
        session: Document = {
            "id": session_id,
            "object": "checkout.session",
            "amount_total": amount,
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "created": now,
            "currency": currencies.pop(),
            "customer_email": params.get("customer_email"),
            "expires_at": _whole(params.get("expires_at"), now + PAGE_OPEN_SECONDS),
            "livemode": False,
            "metadata": _metadata(params),
            "mode": "payment",
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": params["success_url"],
            "url": f"{self.base_url}/pay/{session_id}",
            "sandbox": {"lines": lines, "intent": params.get("payment_intent_data") or {}},
        }
        self.ledger.put(session)
        return session

    def session(self, session_id: str) -> Document:
        found = self.ledger.get(session_id)
        if found is None or found["object"] != "checkout.session":
            raise missing("checkout.session", session_id)
        if found["status"] == "open" and found["expires_at"] < time.time():
            return self.expire_session(found)
        return found

    def session_of(self, intent: Document) -> Document | None:
        """The page that an intent is paid on."""
        found = self.ledger.find("checkout.session", limit=1, parent=intent["id"])
        return found[0] if found else None

    def expire_session(self, session: Document) -> Document:
        if session["status"] != "open":
            raise invalid(f"Only an open page can be expired; this one is {session['status']}.")
        if session["payment_intent"]:
            intent = self.intent(session["payment_intent"])
            if intent["status"] in CANCELLABLE:
                self.cancel_intent(intent, "abandoned")
        session |= {"status": "expired", "url": None}
        self.ledger.put(session)
        self.events.emit("checkout.session.expired", session)
        return session

    def pay_session(self, session: Document, card: Document, name: str) -> Document:
        """The shopper has filled in the page: the intent after the try. Raises ApiError for a card that does not pay."""
        method = self.create_payment_method({"card": card, "billing_details": {"name": name}})
        if session["payment_intent"]:
            intent = self.intent(session["payment_intent"])
            if intent["status"] == "requires_action":  # the shopper came back from confirming, to try another card
                intent |= {"status": "requires_payment_method", "next_action": None}
        else:
            wanted = {"amount": str(session["amount_total"]), "currency": session["currency"]}
            intent = self.create_intent(session["sandbox"]["intent"] | wanted)
            session["payment_intent"] = intent["id"]
            self.ledger.put(session, parent=intent["id"])
        back = f"{self.base_url}/pay/{session['id']}"
        intent = self.confirm_intent(intent, {"payment_method": method["id"], "return_url": back})
        self.complete_session(session, intent)
        return intent

    def complete_session(self, session: Document, intent: Document) -> None:
        """The page is done when its payment is on its way."""
        if session["status"] == "open" and intent["status"] in ("succeeded", "requires_capture", "processing"):
            session |= {"status": "complete", "payment_status": "unpaid" if intent["status"] == "processing" else "paid", "url": None}
            self.ledger.put(session)
            self.events.emit("checkout.session.completed", session)

    # --- what happens by itself --------------------------------------------------------------------------------------------------

    def happen(self, action: str, object_id: str) -> None:
        """Something that was due."""
        if action == "finish_processing":
            self._finish_processing(self.intent(object_id))
            return
        if action == "dispute":
            self._dispute(object_id)
            return
        refund = self.refund(object_id)
        if refund["status"] in ("failed", "canceled"):
            return
        if action == "finish_refund":
            refund["status"] = "succeeded"
            self.ledger.put(refund)
            self.events.emit("refund.updated", refund)
            return
        intent, charge = self.intent(refund["payment_intent"]), self.ledger.get(refund["charge"])
        assert charge is not None
        self._refund_charge(intent, charge, -refund["amount"])
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self.ledger.put(refund)
        self.events.emit("refund.failed", refund)

    def _dispute(self, charge_id: str) -> None:
        """The cardholder's bank asks the money back."""
        charge = self.ledger.get(charge_id)
        assert charge is not None
        dispute: Document = {
            "id": new_id("du"),
            "object": "dispute",
            "amount": charge["amount_captured"],
            "charge": charge["id"],
            "created": int(time.time()),
            "currency": charge["currency"],
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": "fraudulent",
            "status": "needs_response",
        }
        self.ledger.put(charge | {"disputed": True})
        self.ledger.put(dispute, parent=charge["payment_intent"])
        self.events.emit("charge.dispute.created", dispute)

    def _finish_processing(self, intent: Document) -> None:
        if intent["status"] != "processing":
            return
        card = self._card_of(intent)
        if card.outcome == "process_then_fail":
            self._failed(intent, card.code, card.message, card.decline_code)
        else:
            self._take(intent, card)


def _must_be_enough(amount: int, currency: str) -> None:
    if amount < LEAST.get(currency, 1):
        raise invalid("The amount is below what can be charged.", param="amount", code="amount_too_small")


def _charge(intent: Document, card: SandboxCard, *, paid: bool) -> Document:
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "captured": False,
        "created": int(time.time()),
        "currency": intent["currency"],
        "failure_code": None if paid else card.code,
        "metadata": {},
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {"type": "card", "card": {"brand": card.brand, "last4": card.last4}},
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }


def _line(line: Any) -> Document:
    price = line.get("price_data") if isinstance(line, dict) else None
    if not isinstance(price, dict):
        raise invalid("Give price_data for each of line_items.", param="line_items")
    quantity, amount = _whole(line.get("quantity"), 1), _whole(price.get("unit_amount"), -1)
    product = price.get("product_data")
    if quantity < 1 or amount < 0 or not isinstance(product, dict):
        raise invalid("line_items need a quantity, a unit_amount and product_data.", param="line_items")
    name = str(product.get("name", ""))[:250]
    return {"name": name, "quantity": quantity, "amount": quantity * amount, "currency": str(price.get("currency", "")).lower()}


def _metadata(params: Document) -> dict[str, str]:
    given = params.get("metadata") or {}
    if not isinstance(given, dict) or len(given) > 50:
        raise invalid("Invalid metadata", param="metadata")
    return {str(name)[:40]: str(value)[:500] for name, value in given.items()}


def _whole(value: Any, default: int = 0) -> int:
    if value is None or value == "":
        return default
    text = str(value)
    if not text.isdecimal() or len(text) > 15:
        raise invalid(f"Invalid integer: {text[:20]}", code="parameter_invalid_integer")
    return int(text)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def _card_error(code: str, message: str, **more: Any) -> ApiError:
    return ApiError(402, "card_error", message, code=code, **more)


def _unexpected(intent: Document, step: str) -> ApiError:
    message = f"You cannot {step} this PaymentIntent because it has a status of {intent['status']}."
    return invalid(message, code="payment_intent_unexpected_state", payment_intent=intent)
