"""Answers to "place this order" as bytes, so that a replay is the same to the last of them."""

from storefront.checkout.errors import CartOrdered, OrderGivenUp, PaymentDeclined
from storefront.checkout.model import Answer
from storefront.checkout.settle import Settlement
from storefront.orders.model import Order
from storefront.orders.service import order_view
from storefront.payments.model import ProviderAnswer
from storefront.platform.errors import DomainError
from storefront.platform.http import encode_json, problem_document
from storefront.settings import Settings

_STATUS: dict[Settlement, int] = {"paid": 201, "authorized": 201, "requires_action": 202, "processing": 202, "stuck": 202}


def answer_of(settings: Settings, order: Order, settlement: Settlement, answer: ProviderAnswer | None) -> Answer:
    """The order as it stands after its payment was settled, or why it was not paid."""
    if settlement in ("declined", "cancelled"):
        return refusal(settings, _declined(order, answer))
    if settlement == "given_back" and order.status == "pending_payment":
        given_back = "This payment was given up before its money came, which is given back. Please use another way to pay."
        return refusal(settings, _declined(order, answer, given_back))
    if settlement == "given_back" and order.status != "cancelled":
        return refusal(settings, CartOrdered.of(settings, order))
    if settlement == "given_back":
        return refusal(settings, OrderGivenUp("The order had been given up. What was paid for it is given back."))
    redirect_url = answer.redirect_url if answer is not None and settlement == "requires_action" else None
    return Answer(
        status=_STATUS[settlement],
        body=encode_json(order_view(settings, order, redirect_url)),
        headers={"Content-Type": "application/json", "Location": f"/api/v1/orders/{order.id}"},
    )


# What another way to pay does not mend.
_MENDED_BY = {
    "amount_too_small": "What is left to pay is too little to be paid by card. Take a gift card off, or add something to the cart."
}


def _declined(order: Order, answer: ProviderAnswer | None, said: str | None = None) -> PaymentDeclined:
    if answer is not None:
        said = said or answer.message or _MENDED_BY.get(answer.decline_code or "")
    extra = {
        "decline_code": (answer.decline_code if answer is not None else None) or "cancelled",
        "order": {"id": order.id, "number": order.number, "expires_at": order.expires_at},
    }
    return PaymentDeclined(said or "The payment was declined. Please use another way to pay.", extra=extra)


def refusal(settings: Settings, error: DomainError) -> Answer:
    """A refusal as problem+json. It names no request, as it may be the answer to many."""
    document = problem_document(error, settings.server.public_url, "")
    return Answer(error.status, encode_json(document), {"Content-Type": "application/problem+json"} | error.headers)
