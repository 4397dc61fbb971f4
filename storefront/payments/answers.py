"""The provider's objects, read as the shop's answers. Source: Stripe API reference (PaymentIntent, Checkout Session, Refund)."""

from typing import Any, Literal

from storefront.payments.errors import ProviderUnknown
from storefront.payments.model import ProviderAnswer, ProviderPayment
from storefront.payments.units import from_provider

State = Literal["requires_action", "processing", "authorized", "succeeded", "declined", "cancelled"]

INTENT_STATES: dict[str, State] = {
    "succeeded": "succeeded",
    "requires_capture": "authorized",
    "processing": "processing",
    "requires_action": "requires_action",
    "requires_confirmation": "requires_action",
    "requires_payment_method": "declined",
    "canceled": "cancelled",
}
PAID = ("succeeded", "requires_capture", "processing")
REFUND_STATES: dict[str, State] = {
    "succeeded": "succeeded",
    "pending": "processing",
    "requires_action": "processing",
    "failed": "declined",
    "canceled": "declined",
}


def of_intent(intent: dict[str, Any]) -> ProviderAnswer:
    """A payment intent with its latest charge expanded."""
    error = intent.get("last_payment_error") or {}
    action = intent.get("next_action") or {}
    redirect = action.get("redirect_to_url") or {}
    state = _known(INTENT_STATES, intent)
    currency = intent["currency"].upper()
    return ProviderAnswer(
        state=state,
        provider_ref=intent["id"],
        amount=from_provider(intent["amount"], currency),
        currency=currency,
        captured=from_provider(intent.get("amount_received") or 0, currency),
        refunded=from_provider(_refunded(intent), currency),
        decline_code=_decline_code(error) if state == "declined" else None,
        message=error.get("message") if state == "declined" else None,
        redirect_url=redirect.get("url") if state == "requires_action" else None,
    )


def of_session(session: dict[str, Any]) -> ProviderAnswer:
    """The provider's own page, its payment intent expanded: open, it waits for the shopper; else its payment is the answer."""
    intent = session.get("payment_intent")
    if isinstance(intent, dict) and (session["status"] == "complete" or intent["status"] in PAID):
        return of_intent(intent)
    waiting, currency = session["status"] == "open", session["currency"].upper()
    return ProviderAnswer(
        state="requires_action" if waiting else "cancelled",
        provider_ref=session["id"],
        amount=from_provider(session["amount_total"], currency),
        currency=currency,
        redirect_url=session.get("url") if waiting else None,
    )


def of_refund(refund: dict[str, Any]) -> ProviderAnswer:
    """A refund; `amount` is what it gives back."""
    state, currency = _known(REFUND_STATES, refund), refund["currency"].upper()
    amount = from_provider(refund["amount"], currency)
    return ProviderAnswer(
        state=state,
        provider_ref=refund["id"],
        amount=amount,
        currency=currency,
        refunded=amount if state == "succeeded" else 0,
        decline_code=refund.get("failure_reason"),
    )


def declined(error: dict[str, Any], ref: str, amount: int, currency: str) -> ProviderAnswer:
    """The error object of a refused call. `ref` stands in where the provider made nothing of it."""
    intent = error.get("payment_intent")
    return ProviderAnswer(
        state="declined",
        provider_ref=intent["id"] if isinstance(intent, dict) else ref,
        amount=amount,
        currency=currency,
        decline_code=_decline_code(error),
        # Only what the provider says of a card is meant for the shopper.
        message=error.get("message") if error.get("type") == "card_error" else None,
    )


def payment_of(intent: dict[str, Any]) -> ProviderPayment:
    """A row of the provider's ledger, as reconciliation compares it."""
    answer = of_intent(intent)
    metadata = intent.get("metadata") or {}
    return ProviderPayment(
        provider_ref=intent["id"],
        attempt_id=metadata.get("attempt_id"),
        order_number=metadata.get("order_number"),
        state=answer.state,
        amount=answer.amount,
        captured=answer.captured,
        refunded=answer.refunded,
    )


def _known(states: dict[str, State], thing: dict[str, Any]) -> State:
    state = states.get(thing["status"])
    if state is None:
        raise ProviderUnknown(f"{thing['id']} is {thing['status']}, which this release has never heard of")
    return state


def _refunded(intent: dict[str, Any]) -> int:
    charge = intent.get("latest_charge")
    return int(charge.get("amount_refunded") or 0) if isinstance(charge, dict) else 0


def _decline_code(error: dict[str, Any]) -> str | None:
    return error.get("decline_code") or error.get("code") or error.get("type")
