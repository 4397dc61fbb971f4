"""Types of pricing. Amounts are integer minor units of `currency`."""

from typing import Literal

import msgspec


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A postal address. `country` is ISO 3166-1 alpha-2; `region` is a state or province code where the country has them."""

    name: str
    line1: str
    city: str
    postal_code: str
    country: str
    line2: str = ""
    region: str = ""
    phone: str = ""
    company: str = ""


LineProblem = Literal["not_on_sale", "no_price", "insufficient_stock"]


class PricedLine(msgspec.Struct, frozen=True):
    """A line of a cart or order, priced. `total` is what the shopper pays for it, tax in it.

    `seen_amount` is the unit price the shopper was last shown; a page says so when it differs from `unit_amount`.
    """

    variant_id: int
    product_id: int
    sku: str
    title: str
    slug: str
    options: tuple[tuple[str, str], ...]
    image_url: str | None
    quantity: int
    unit_amount: int
    compare_at: int | None
    subtotal: int  # unit_amount * quantity
    discount: int
    tax: int
    tax_ppm: int
    total: int
    weight_grams: int
    requires_delivery: bool
    seen_amount: int
    available: int
    problem: LineProblem | None = None

    @property
    def url(self) -> str:
        return f"/p/{self.slug}"

    @property
    def price_changed(self) -> bool:
        return self.seen_amount != self.unit_amount


class AppliedPromotion(msgspec.Struct, frozen=True):
    name: str
    amount: int
    coupon_code: str | None = None


class FulfillmentOption(msgspec.Struct, frozen=True):
    """A way to deliver, with its price for this cart."""

    id: int
    code: str
    name: str
    amount: int
    min_days: int
    max_days: int


class PricedCart(msgspec.Struct, frozen=True):
    """The whole computation, once. Invariants: subtotal = Σ line.subtotal; discount = Σ line.discount;
    total = subtotal − discount + delivery (+ tax when prices exclude it); to_pay = total − gift_card_amount.
    """

    currency: str
    lines: tuple[PricedLine, ...]
    subtotal: int
    discount: int
    delivery: int
    tax: int
    total: int
    to_pay: int
    prices_include_tax: bool
    item_count: int
    weight_grams: int
    requires_delivery: bool
    promotions: tuple[AppliedPromotion, ...] = ()
    coupon_codes: tuple[str, ...] = ()
    coupon_problems: tuple[tuple[str, str], ...] = ()  # (code, reason)
    gift_card_amount: int = 0
    gift_cards: tuple[tuple[int, str, int], ...] = ()  # (id, last four, amount used)
    fulfillment_option: FulfillmentOption | None = None
    fulfillment_options: tuple[FulfillmentOption, ...] = ()  # empty until a country is known
    delivery_tax: int = 0
    tax_lines: tuple[tuple[str, int, int], ...] = ()  # (name, rate in ppm, amount)
