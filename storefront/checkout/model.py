"""Types of checkout. Amounts are integer minor units."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from storefront.cart.model import MOST_LINES, Currency, NewCart, NewLine
from storefront.platform.money import Money

# Its kind, and what it is called there: "pm_card_visa". So a card's number, sent in its place with or without a kind, is refused before it
# is kept. (`$` alone would let the end of a line pass.)
PaymentToken = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[A-Za-z]+_(?!(?:[_-]?[0-9]){12,19}$)[A-Za-z0-9_-]+$(?!\n)")]
ReturnUrl = Annotated[str, Meta(max_length=2048, pattern=r"^https?://[^\s\x00-\x1f]+$(?!\n)")]


class Seen(Money, frozen=True, forbid_unknown_fields=True):
    """An amount as the shopper was shown it."""

    amount: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    currency: Currency


class BuyNow(NewCart, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new cart that is bought at once, so that there is something in it."""

    lines: Annotated[list[NewLine], Meta(min_length=1, max_length=MOST_LINES)]


class PlaceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the shopper agreed to. `expected_total` is the total they saw, `expected_to_pay` what gift cards left of it (needed when the
    cart has some); `payment_method` is the provider's token, never a card, and without one the shopper is sent to the provider's own page.
    `return_url` is where that page sends them back to. With `cart_version` the cart is ordered only as it was in that version: other goods
    may come to the same total.
    """

    cart_id: UUID
    expected_total: Seen
    payment_method: PaymentToken | None = None
    return_url: ReturnUrl | None = None
    expected_to_pay: Seen | None = None
    cart_version: Annotated[int, Meta(ge=1, le=2**53 - 1)] | msgspec.UnsetType = msgspec.UNSET


class Claim(msgspec.Struct, frozen=True):
    """An idempotency key that is ours to work on. `locked_at` is the token that says so."""

    scope: str
    key: str
    recovery_point: str
    params: dict[str, Any]
    order_id: UUID | None
    locked_at: datetime


class Answer(msgspec.Struct, frozen=True):
    """A stored answer: the same bytes each time it is given."""

    status: int
    body: bytes
    headers: dict[str, str]
    replayed: bool = False

    def document(self) -> dict[str, Any]:
        """The body, read."""
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found


class PendingOrder(msgspec.Struct, frozen=True):
    """An order that waits for its money, and the attempt to get it; no attempt when nothing is left to pay."""

    order_id: UUID
    number: str
    email: str
    currency: str
    to_pay: int
    attempt_id: UUID | None
    payment_method: str | None
    capture_later: bool = False
    under_way: bool = False  # the attempt was begun under another key: ask the provider before charging
    provider_ref: str | None = None  # of an attempt that is under way
