"""Types of orders. Amounts are integer minor units of `currency`; times are aware UTC."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

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
    coming_back: int = 0  # units under a return that has not arrived
    credited: int = 0  # of total, what was given back or exchanged with returns

    @property
    def unsent(self) -> int:
        """Units that are still to be sent."""
        return self.quantity - self.fulfilled - self.cancelled

    @property
    def returnable(self) -> int:
        """Units that were sent and neither came back nor are asked to."""
        return self.fulfilled - self.returned - self.coming_back


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


ReturnState = Literal["requested", "approved", "refused", "withdrawn", "received", "refunded", "exchanging", "exchanged"]
ReturnReason = Literal["does_not_fit", "not_as_described", "damaged", "wrong_item", "changed_mind", "other"]
Resolution = Literal["refund", "exchange"]


class ReturnLine(msgspec.Struct, frozen=True):
    """Units of a line that go back. `variant_id` is what is wanted instead; `received` counts those that came `damaged` in.
    `amount` (with `tax` in it) is what was paid for the received units.
    """

    order_line_id: int
    quantity: int
    reason: ReturnReason
    variant_id: int | None = None
    received: int = 0
    damaged: int = 0
    amount: int = 0
    tax: int = 0


class OrderReturn(msgspec.Struct, frozen=True):
    """A return, from the wish to the money. `note` is the shopper's, `answer` the shop's.

    `goods_amount` is what was paid for what came back; `amount` is what was given back or put into the exchange, `delivery_amount` with it.
    """

    id: UUID
    order_id: UUID
    state: ReturnState
    resolution: Resolution
    lines: tuple[ReturnLine, ...]
    created_at: datetime
    updated_at: datetime
    note: str = ""
    answer: str = ""
    goods_amount: int = 0
    delivery_amount: int = 0
    amount: int = 0
    exchange_cart_id: UUID | None = None
    exchange_card_id: int | None = None
    exchange_order_id: UUID | None = None

    @property
    def can_be_withdrawn(self) -> bool:
        """Whether the shopper may still think better of it."""
        return self.state in ("requested", "approved")


class Seller(msgspec.Struct, frozen=True):
    """Who sells. `address` is lines: the address, a tax number."""

    name: str
    address: str = ""


class Invoice(msgspec.Struct, frozen=True):
    series: str
    number: int
    issued_at: datetime
    seller: Seller | None = None

    @property
    def name(self) -> str:
        """As it is printed: INV-2026-000001."""
        return f"{self.series}-{self.number:06}"


class CreditLine(msgspec.Struct, frozen=True):
    """Units of an order line that are credited; `tax` is in `amount`."""

    order_line_id: int
    quantity: int
    amount: int
    tax: int


class CreditNote(Invoice, frozen=True):
    """Says that `amount` less is owed than the invoice does. Without `lines` it is of no line in particular."""

    amount: int = 0
    lines: tuple[CreditLine, ...] = ()
    delivery_amount: int = 0


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
    exchanged: int = 0  # value that went into exchanges
    returns: tuple[OrderReturn, ...] = ()
    invoice: Invoice | None = None
    credit_notes: tuple[CreditNote, ...] = ()

    def as_paid(self, state: AttemptState, captured: int, at: datetime) -> "Order":
        """The order once its payment has succeeded, or is authorized."""
        if state == "authorized":
            return msgspec.structs.replace(self, status="authorized", captured=0)
        return msgspec.structs.replace(self, status="paid", captured=captured, paid_at=at)

    @property
    def to_pay(self) -> int:
        """What the provider is asked for."""
        return self.total - self.gift_card_amount

    @property
    def refundable(self) -> int:
        """What could still be given back."""
        on_cards = self.gift_card_amount - self.gift_card_refunded if self.status not in ("pending_payment", "cancelled") else 0
        return self.captured - self.refunded + on_cards - self.exchanged

    @property
    def delivery_paid(self) -> int:
        """What delivery cost the shopper, tax in it."""
        return self.total - sum(line.total for line in self.lines)

    @property
    def delivery_tax(self) -> int:
        return self.tax - sum(line.tax for line in self.lines)

    @property
    def delivery_left(self) -> int:
        """Of `delivery_paid`, what was not given back with a return."""
        return self.delivery_paid - sum(found.delivery_amount for found in self.returns)

    @property
    def item_count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def returnable(self) -> bool:
        """Whether anything of it could come back."""
        return any(line.returnable > 0 for line in self.lines)

    @property
    def sent_at(self) -> datetime | None:
        """When something of it was last sent."""
        return self.fulfillments[-1].created_at if self.fulfillments else None

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


class Bought(msgspec.Struct, frozen=True):
    """What a customer's orders come to. `spent` is what the shop kept of it, one amount for each currency."""

    orders: int = 0
    spent: tuple[Money, ...] = ()


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

    @property
    def may_come_back(self) -> bool:
        """Whether it gave money back, which a bank may send back days later."""
        return self.state == "succeeded" and (self.kind == "void" or (self.kind == "refund" and self.provider_ref is not None))


class ChargeBook(msgspec.Struct, frozen=True):
    """What our books have of a charge: `refunded` is what is known to be given back, `under_way` says that more is being moved."""

    attempt_id: UUID
    number: str
    state: AttemptState
    amount: int
    provider_ref: str | None
    created_at: datetime
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
    returnable: int


class ReturnLineView(msgspec.Struct, frozen=True):
    """`variant_id` is what is wanted instead; `received` counts the `damaged` ones in; `amount` is what was paid for those received."""

    order_line_id: int
    quantity: int
    reason: ReturnReason
    variant_id: int | None
    received: int
    damaged: int
    amount: Money


class ReturnView(msgspec.Struct, frozen=True):
    """A return as JSON clients see it. `amount` is what was given back, or put into the exchange, with `delivery_amount` in it.

    While `state` is `exchanging`, the cart `exchange_cart_id` waits to be ordered; `amount` is on it as a gift card.
    """

    id: UUID
    state: ReturnState
    resolution: Resolution
    lines: tuple[ReturnLineView, ...]
    note: str
    answer: str
    goods_amount: Money
    delivery_amount: Money
    amount: Money
    exchange_cart_id: UUID | None
    exchange_order_id: UUID | None
    created_at: datetime
    updated_at: datetime


class DocumentView(msgspec.Struct, frozen=True):
    """An invoice or credit note. `url` is its PDF, for who may read the order; it carries the order's key."""

    number: str
    issued_at: datetime
    amount: Money
    url: str


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
    returns: tuple[ReturnView, ...]
    invoice: DocumentView | None
    credit_notes: tuple[DocumentView, ...]
    next_action: NextAction | None = None


ReturnQuantity = Annotated[int, Meta(ge=1, le=9999)]


class NewReturnLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`variant_id` is what is wanted instead, of the same product; without it, the same again."""

    order_line_id: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    quantity: ReturnQuantity
    reason: ReturnReason = "other"
    variant_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class NewReturn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a shopper wants to send back, and for what: the money, or something else."""

    lines: Annotated[tuple[NewReturnLine, ...], Meta(min_length=1, max_length=200)]
    resolution: Resolution = "refund"
    note: Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""  # the database takes no null characters


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
    placed_at: datetime
    expires_at: datetime
    attempt_id: UUID | None
    to_pay: int
    capture_later: bool
    payment_method: str | None

    def as_written(self, number: str, line_ids: list[int]) -> Order:
        """The order as it stands in the database then, its history left out. `line_ids`: in the order of the lines."""
        return Order(
            id=self.id,
            number=number,
            customer_id=self.customer_id,
            email=self.email,
            status="pending_payment",
            currency=self.currency,
            subtotal=self.subtotal,
            discount=self.discount,
            delivery=self.delivery,
            tax=self.tax,
            total=self.total,
            prices_include_tax=self.prices_include_tax,
            gift_card_amount=self.gift_card_amount,
            captured=0,
            refunded=0,
            delivery_address=self.delivery_address,
            billing_address=self.billing_address,
            fulfillment_option=self.fulfillment_option,
            coupon_codes=tuple(self.coupon_codes),
            placed_at=self.placed_at,
            paid_at=None,
            cart_id=self.cart_id,
            cart_version=self.cart_version,
            expires_at=self.expires_at,
            lines=tuple(OrderLine(id=line_id, **line) for line_id, line in zip(line_ids, self.lines, strict=True)),
        )


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
    returns: int
    taken_today: list[Money]
