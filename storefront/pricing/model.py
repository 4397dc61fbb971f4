"""Types of pricing. Amounts are integer minor units of `currency`; rates are parts per million (190000 is 19 %)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

_NAME = {"minLength": 1, "maxLength": 100}
_LINE = {"minLength": 1, "maxLength": 200}


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A postal address. `country` is ISO 3166-1 alpha-2; `region` is a state or province code where the country has them."""

    # Lengths are only told to clients here: `pricing.addresses` checks them, all fields at once and with words for each.
    name: Annotated[str, Meta(extra_json_schema=_NAME)]
    line1: Annotated[str, Meta(extra_json_schema=_LINE)]
    city: Annotated[str, Meta(extra_json_schema=_NAME)]
    postal_code: Annotated[str, Meta(extra_json_schema={"maxLength": 20})]
    country: Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Za-z]{2}$"})]
    line2: Annotated[str, Meta(extra_json_schema={"maxLength": 200})] = ""
    region: Annotated[str, Meta(extra_json_schema={"maxLength": 50})] = ""
    phone: Annotated[str, Meta(extra_json_schema={"pattern": "^([+]?[0-9 ()/.-]{4,30})?$"})] = ""
    company: Annotated[str, Meta(extra_json_schema={"maxLength": 100})] = ""


class CartLine(msgspec.Struct, frozen=True):
    """`seen_amount` is the unit price that the shopper was last shown."""

    variant_id: int
    quantity: int
    seen_amount: int


class CartContents(msgspec.Struct, frozen=True):
    """What pricing needs to know of a cart. `billing_address` None: the same as delivery."""

    id: UUID
    customer_id: UUID | None
    currency: str
    lines: tuple[CartLine, ...]
    coupon_codes: tuple[str, ...]
    gift_card_ids: tuple[int, ...]
    email: str | None
    delivery_address: Address | None
    billing_address: Address | None
    fulfillment_option_id: int | None

    def tax_address(self, *, requires_delivery: bool) -> Address | None:
        """Where the goods go; where nothing is sent, the buyer's. None: not known yet, or the buyer need not say."""
        return self.delivery_address if requires_delivery else self.billing_address or self.delivery_address


LONGEST_GROUP = 50  # characters of the name of a group of customers
PromotionKind = Literal["percentage", "fixed", "buy_x_get_y", "free_delivery"]


class PromotionTerms(msgspec.Struct, frozen=True):
    """What a promotion makes cheaper, by how much, and for whom. Empty id lists mean everything.

    `amount` and `minimum_subtotal` are minor units of `currency`; with either, it is for carts in that currency alone.
    `minimum_subtotal` is asked of the lines it is for, before any discount. `priority`: lower is applied first. One that is not
    `combinable` is applied only before all others, and then alone.
    """

    name: str
    kind: PromotionKind
    percent_ppm: int | None = None
    amount: int | None = None
    currency: str | None = None
    buy_quantity: int | None = None
    get_quantity: int | None = None
    product_ids: tuple[int, ...] = ()
    category_ids: tuple[int, ...] = ()
    collection_ids: tuple[int, ...] = ()
    customer_group: str | None = None
    first_order_only: bool = False
    minimum_subtotal: int = 0
    combinable: bool = True
    priority: int = 0


class Promotion(PromotionTerms, frozen=True, kw_only=True):
    """A rule that the till applies. Its dates are checked where it is read."""

    id: int
    coupon_code: str | None = None  # the code that turned it on


class Standing(msgspec.Struct, frozen=True):
    """What promotions may ask about the shopper. `first_order` None: nobody knows who it is yet."""

    customer_group: str = ""
    first_order: bool | None = None


class TaxRate(msgspec.Struct, frozen=True):
    region: str
    tax_code: str
    name: str
    rate_ppm: int
    applies_to_delivery: bool = True


class WeightTier(msgspec.Struct, frozen=True):
    up_to_grams: int
    amount: int


class DeliveryRule(msgspec.Struct, frozen=True):
    """A fulfillment option as it is kept. kind flat: `amount`; kind weight: the first tier that is heavy enough, ascending."""

    id: int
    code: str
    name: str
    kind: Literal["flat", "weight"]
    amount: int
    tiers: tuple[WeightTier, ...]
    free_from: int | None
    min_days: int
    max_days: int


class GiftCard(msgspec.Struct, frozen=True):
    """Stored value. Only the hash of its code is kept."""

    id: int
    last_four: str
    currency: str
    balance: int
    expires_at: datetime | None = None


class ExchangeCredit(msgspec.Struct, frozen=True):
    """Stored value for returned goods: what is left, until when it can be spent, and the orders that it pays for."""

    balance: int
    expires_at: datetime
    order_ids: tuple[UUID, ...]


LineProblem = Literal["not_on_sale", "no_price", "insufficient_stock"]


class PricedLine(msgspec.Struct, frozen=True):
    """A line of a cart or order, priced. `total` is what the shopper pays for it, tax in it.

    A line that cannot be bought at all (`not_on_sale`, `no_price`) costs nothing: `unit_amount` is 0. `weight_grams` is of the whole line;
    `available` counts in what this cart holds itself.
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
    def can_be_bought(self) -> bool:
        """Whether it is for sale; there may still be too few."""
        return self.problem in (None, "insufficient_stock")

    @property
    def price_changed(self) -> bool:
        """Whether the shopper has not seen this price yet."""
        return self.can_be_bought and self.seen_amount != self.unit_amount


class AppliedPromotion(msgspec.Struct, frozen=True):
    """`amount` is what it took off the lines; 0 for free delivery, which shows in `delivery`."""

    name: str
    amount: int
    coupon_code: str | None = None
    first_order_only: bool = False


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
    tax = Σ line.tax + delivery_tax = Σ tax_lines; total = subtotal − discount + delivery (+ tax when prices exclude it)
    = Σ line.total + delivery (+ delivery_tax when prices exclude it); to_pay = total − gift_card_amount.
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
    idle_gift_cards: tuple[tuple[int, str, str], ...] = ()  # of which nothing is used: (id, last four, reason)
    fulfillment_option: FulfillmentOption | None = None
    fulfillment_options: tuple[FulfillmentOption, ...] = ()  # empty until a country is known
    delivery_tax: int = 0
    tax_lines: tuple[tuple[str, int, int], ...] = ()  # (name, rate in ppm, amount)
    region_problem: str = ""  # for people: tax hangs on the region, and the address that it is asked by names none that has rates

    @property
    def for_first_order(self) -> bool:
        """Whether something of it is only for who has not ordered before."""
        return any(promotion.first_order_only for promotion in self.promotions)
