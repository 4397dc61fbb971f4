"""What can stand between a cart and its order. Stock, coupons and input have their own errors in their own rooms."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from storefront.cart.model import Cart
from storefront.cart.service import cart_view
from storefront.checkout.idempotency import IdempotencyInFlight
from storefront.inventory.allocation import Short
from storefront.inventory.service import OutOfStock
from storefront.orders.links import order_key, order_url
from storefront.orders.model import Order, OrderHead
from storefront.platform.errors import Conflict, DomainError, FieldError, Unavailable
from storefront.pricing.model import PricedCart
from storefront.settings import Settings


class PriceChanged(Conflict):
    """The total is no longer the one that the shopper saw. `cart` in the problem is the cart as it is now."""

    type = "price_changed"
    title = "The total has changed"

    def __init__(self, cart: Cart, priced: PricedCart) -> None:
        super().__init__(
            "The total of the cart has changed since it was shown. Nothing was charged.",
            extra={"cart": cart_view(cart, priced)},
        )


class NotSentThere(OutOfStock):
    """There is enough, but not where it can be sent to the cart's country from."""

    def __init__(self, cart: Cart, priced: PricedCart, short: Sequence[Short]) -> None:
        super().__init__(short)
        self.cart = cart
        self.priced = priced
        titles = {line.variant_id: line.title for line in priced.lines}
        things = ", ".join(titles[variant_id] for variant_id, _, _ in short)
        self.detail = f"We have too little of this where we can send it to this country from: {things}."
        self.fields.append(FieldError("delivery_address.country", self.detail))


class CartOrdered(Conflict):
    """The cart has become an order; `order` in the problem says which."""

    type = "cart_ordered"
    title = "This cart has been ordered"

    @classmethod
    def of(cls, settings: Settings, order: Order | OrderHead) -> "CartOrdered":
        return cls(f"This cart is order {order.number} already.", extra={"order": _to_be_read(settings, order.id, order.number)})


class PaymentUnderWay(IdempotencyInFlight):
    """The order stands, and what became of its payment is not known yet: there is no answer before it is. `order` says which it is."""

    def __init__(self, settings: Settings, order_id: UUID, number: str) -> None:
        super().__init__(
            f"The payment of order {number} is under way. Send the same request again in a moment to learn what became of it.",
            headers={"Retry-After": "2"},
            extra={"order": _to_be_read(settings, order_id, number)},
        )


def _to_be_read(settings: Settings, order_id: UUID, number: str) -> dict[str, Any]:
    """What it takes to read an order."""
    return {"id": order_id, "number": number, "key": order_key(settings, order_id), "url": order_url(settings, order_id, number)}


class PaymentDeclined(DomainError):
    """The stock stays held for a while, and the same cart may be ordered again with another payment method and a new key."""

    type = "payment_declined"
    title = "The payment was declined"
    status = 402


class OrderGivenUp(Conflict):
    """It was cancelled, or its time was up, before its payment came. What came later goes back."""

    type = "order_cancelled"
    title = "The order was given up before its payment came"


class PaymentProviderAway(Unavailable):
    type = "payment_provider_away"
    title = "Payments cannot be taken right now"

    def __init__(self) -> None:
        super().__init__("Nothing was charged. Please try again in a moment.")
