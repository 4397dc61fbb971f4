"""Types of carts. Amounts are integer minor units of the cart's currency; in JSON they carry it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from storefront.platform.errors import Conflict, NotFound
from storefront.platform.money import Money
from storefront.pricing.model import Address, CartContents, LineProblem

MOST_UNITS = 9999  # of one line
MOST_LINES = 200
MOST_CODES = 10

Quantity = Annotated[int, Meta(ge=1, le=MOST_UNITS)]
QuantityOrNone = Annotated[int, Meta(ge=0, le=MOST_UNITS)]
VariantId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", extra_json_schema={"format": "currency"})]
CodeText = Annotated[str, Meta(min_length=1, max_length=64)]

CartState = Literal["open", "ordered", "merged"]


class CartNotFound(NotFound):
    """Also told of a cart that belongs to somebody else."""

    type = "cart_not_found"
    title = "There is no such cart"


class CartClosed(Conflict):
    """The cart has become an order, or part of another cart, and is not changed any more."""

    type = "cart_closed"
    title = "This cart is closed"


class Cart(CartContents, frozen=True):
    """A cart as it is kept. `version` counts its changes."""

    version: int
    state: CartState
    updated_at: datetime

    @property
    def item_count(self) -> int:
        return sum(line.quantity for line in self.lines)


class Guard(msgspec.Struct, frozen=True):
    """What must hold for a change: who makes it (a customer's cart is that customer's own), and the version it is based on."""

    customer_id: UUID | None = None
    version: int | None = None
    anybody: bool = False


ANYBODY = Guard(anybody=True)
"""For the shop's own doings, where nobody's identity is at stake."""


# --- what JSON clients send ------------------------------------------------------------------------------------------------------


class NewLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    variant_id: VariantId
    quantity: Quantity = 1


class NewCart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`currency` is one that the shop sells in; without it, the shop's own. The rest as in `CartChange`, for whoever knows it already."""

    currency: Currency | None = None
    lines: Annotated[list[NewLine], Meta(max_length=MOST_LINES)] = []
    email: Annotated[str, Meta(max_length=320)] | None = None
    delivery_address: Address | None = None
    billing_address: Address | None = None
    fulfillment_option_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None

    @property
    def details(self) -> dict[str, str | Address | int]:
        """Those of contact, addresses and delivery that are given, by name."""
        names = ("email", "delivery_address", "billing_address", "fulfillment_option_id")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class LineChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quantity` 0 removes the line."""

    quantity: QuantityOrNone


class NewCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A coupon code or the code of a gift card."""

    code: CodeText


class CartChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null empties it. `billing_address` null: the same as delivery."""

    email: Annotated[str, Meta(max_length=320)] | msgspec.UnsetType | None = msgspec.UNSET
    delivery_address: Address | msgspec.UnsetType | None = msgspec.UNSET
    billing_address: Address | msgspec.UnsetType | None = msgspec.UNSET
    fulfillment_option_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | msgspec.UnsetType | None = msgspec.UNSET


# --- what JSON clients get -------------------------------------------------------------------------------------------------------


class CartLineView(msgspec.Struct, frozen=True):
    """A line with its price of now. `problem` says why it cannot be ordered as it is; `price_changed`: since it was put into the cart,
    or last changed, when its price was `seen_price`. `total` is what the shopper pays for it, tax in it.
    """

    variant_id: int
    product_id: int
    sku: str
    title: str
    url: str
    options: list[tuple[str, str]]
    image_url: str | None
    quantity: int
    available: int
    unit_price: Money
    seen_price: Money
    price_changed: bool
    compare_at: Money | None
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    problem: LineProblem | None


class FulfillmentOptionView(msgspec.Struct, frozen=True):
    id: int
    code: str
    name: str
    price: Money
    min_days: int
    max_days: int


class PromotionView(msgspec.Struct, frozen=True):
    name: str
    coupon_code: str | None
    amount: Money


class CodeProblem(msgspec.Struct, frozen=True):
    """A code that is on the cart and takes nothing off, with the reason for people."""

    code: str
    reason: str


class GiftCardUse(msgspec.Struct, frozen=True):
    id: int
    last_four: str
    amount: Money


class TaxLine(msgspec.Struct, frozen=True):
    """`rate_ppm` in parts per million: 190000 is 19 %."""

    name: str
    rate_ppm: int
    amount: Money


class CartView(msgspec.Struct, frozen=True):
    """A cart, priced. total = subtotal − discount + delivery, and + tax when `prices_include_tax` is false.

    `fulfillment_options` is empty until the delivery address has a country. `to_pay` is what gift cards leave of the total. Tax is that of
    the delivery address; where `requires_delivery` is false, of the billing address, if there is one. `next_cart_id` of an ordered cart is
    the open one of what was put in while it was being paid for.
    """

    id: UUID
    version: int
    state: CartState
    currency: str
    item_count: int
    lines: list[CartLineView]
    subtotal: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money
    to_pay: Money
    prices_include_tax: bool
    requires_delivery: bool
    tax_lines: list[TaxLine]
    promotions: list[PromotionView]
    coupon_codes: list[str]
    code_problems: list[CodeProblem]
    gift_cards: list[GiftCardUse]
    email: str | None
    delivery_address: Address | None
    billing_address: Address | None
    fulfillment_option: FulfillmentOptionView | None
    fulfillment_options: list[FulfillmentOptionView]
    next_cart_id: UUID | None
