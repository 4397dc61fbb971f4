"""Types of orders. Amounts are integer minor units of `currency`; times are aware UTC."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from storefront.payments.model import AttemptState
from storefront.platform.money import Money
from storefront.pricing.model import Address

OrderStatus = Literal["pending_payment", "authorized", "paid", "partially_fulfilled", "fulfilled", "returned", "cancelled"]


class OrderLine(msgspec.Struct, frozen=True):
    id: int
    position: int
    variant_id: int | None
    product_id: int | None
    sku: str
    title: str
    options: tuple[tuple[str, str], ...]
    image_url: str | None
    slug: str
    quantity: int
    unit_amount: int
    subtotal: int
    discount: int
    tax: int
    tax_ppm: int
    total: int
    fulfilled: int = 0
    returned: int = 0
    cancelled: int = 0


class OrderEvent(msgspec.Struct, frozen=True):
    id: int
    kind: str
    data: dict[str, Any]
    actor: str
    at: datetime


class FulfilledLine(msgspec.Struct, frozen=True):
    order_line_id: int
    quantity: int


class Fulfillment(msgspec.Struct, frozen=True):
    """Some of an order, sent."""

    id: UUID
    lines: tuple[FulfilledLine, ...]
    created_at: datetime
    tracking_number: str | None = None
    tracking_url: str | None = None
    carrier: str | None = None


class Order(msgspec.Struct, frozen=True):
    """An immutable snapshot of what was bought, with how far it has come."""

    id: UUID
    number: str
    customer_id: UUID | None
    email: str
    status: OrderStatus
    currency: str
    subtotal: int
    discount: int
    delivery: int
    tax: int
    total: int
    prices_include_tax: bool
    gift_card_amount: int
    captured: int
    refunded: int
    delivery_address: Address | None
    billing_address: Address | None
    fulfillment_option: dict[str, Any] | None
    coupon_codes: tuple[str, ...]
    placed_at: datetime
    paid_at: datetime | None
    cart_id: UUID
    cart_version: int
    expires_at: datetime
    gift_card_refunded: int = 0
    lines: tuple[OrderLine, ...] = ()
    events: tuple[OrderEvent, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()

    @property
    def to_pay(self) -> int:
        """What the provider is asked for."""
        return self.total - self.gift_card_amount

    @property
    def refundable(self) -> int:
        """What could still be given back."""
        return self.captured - self.refunded + self.gift_card_amount - self.gift_card_refunded

    @property
    def item_count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def cancellable(self) -> bool:
        """Whether the shopper may still cancel: nothing has been sent."""
        return self.status in ("pending_payment", "authorized", "paid")


class OrderSummary(msgspec.Struct, frozen=True):
    """A row of an order list."""

    id: UUID
    number: str
    status: OrderStatus
    total: int
    currency: str
    item_count: int
    placed_at: datetime
    email: str = ""


AttemptKind = Literal["charge", "capture", "void", "refund"]


class PaymentAttempt(msgspec.Struct, frozen=True):
    """One try to move money. Its id is the provider's idempotency key; `parent_id` is the charge that it is of."""

    id: UUID
    order_id: UUID
    kind: AttemptKind
    amount: int
    currency: str
    state: AttemptState
    capture_later: bool
    payment_method: str | None
    provider_ref: str | None
    parent_id: UUID | None
    decline_code: str | None
    redirect_url: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def live(self) -> bool:
        """Whether it may still move money, or has: no second charge may stand beside it."""
        return self.state not in ("declined", "cancelled")

    @property
    def unsettled(self) -> bool:
        """Whether the provider may still have something to say of it."""
        return self.state in ("open", "requires_action", "processing", "stuck")


class ChargeBook(msgspec.Struct, frozen=True):
    """What our books have of a charge: `refunded` is what is known to be given back, `under_way` says that more is being moved."""

    attempt_id: UUID
    number: str
    state: AttemptState
    amount: int
    provider_ref: str | None
    refunded: int
    under_way: bool


class NextAction(msgspec.Struct, frozen=True):
    """What the shopper has to do before the order can be paid: open `redirect_url`."""

    type: Literal["redirect"]
    redirect_url: str


class OrderLineView(msgspec.Struct, frozen=True):
    """A line as JSON clients see it."""

    id: int
    variant_id: int | None
    product_id: int | None
    sku: str
    title: str
    options: tuple[tuple[str, str], ...]
    image_url: str | None
    quantity: int
    unit_price: Money
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    fulfilled: int
    returned: int
    cancelled: int


class OrderView(msgspec.Struct, frozen=True):
    """An order as JSON clients see it. `key` opens it without a session; `url` is its page with that key."""

    id: UUID
    number: str
    status: OrderStatus
    email: str
    currency: str
    lines: tuple[OrderLineView, ...]
    subtotal: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money
    prices_include_tax: bool
    gift_card_amount: Money
    captured: Money
    refunded: Money
    delivery_address: Address | None
    billing_address: Address | None
    fulfillment_option: dict[str, Any] | None
    coupon_codes: tuple[str, ...]
    fulfillments: tuple[Fulfillment, ...]
    placed_at: datetime
    paid_at: datetime | None
    key: str
    url: str
    next_action: NextAction | None = None


class NewOrder(msgspec.Struct, frozen=True):
    """What is written when an order is placed. `lines` are rows of order_line as plain objects."""

    id: UUID
    cart_id: UUID
    cart_version: int
    customer_id: UUID | None
    email: str
    currency: str
    subtotal: int
    discount: int
    delivery: int
    tax: int
    total: int
    prices_include_tax: bool
    gift_card_amount: int
    delivery_address: Address | None
    billing_address: Address | None
    fulfillment_option: dict[str, Any] | None
    coupon_codes: list[str]
    lines: list[dict[str, Any]]
    expires_at: datetime
    attempt_id: UUID | None
    to_pay: int
    capture_later: bool
    payment_method: str | None


class OrderHead(msgspec.Struct, frozen=True):
    """The order that a cart has, as placing needs it."""

    id: UUID
    number: str
    status: OrderStatus
    total: int
    gift_card_amount: int
    currency: str
    cart_version: int
    expires_at: datetime

    @property
    def to_pay(self) -> int:
        return self.total - self.gift_card_amount


class Figures(msgspec.Struct, frozen=True):
    """The shop at a glance. `taken_today` has one amount for each currency."""

    paid_today: int
    to_fulfill: int
    pending: int
    stuck: int
    taken_today: list[Money]
