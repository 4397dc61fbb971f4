"""Types of orders. Amounts are integer minor units of `currency`; times are aware UTC."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from storefront.pricing.model import Address

OrderStatus = Literal[
    "pending_payment", "authorized", "paid", "partially_fulfilled", "fulfilled", "returned", "cancelled"
]


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


class Fulfillment(msgspec.Struct, frozen=True):
    id: UUID
    lines: tuple[tuple[int, int], ...]  # (order line id, quantity)
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
    lines: tuple[OrderLine, ...] = ()
    events: tuple[OrderEvent, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()


class OrderSummary(msgspec.Struct, frozen=True):
    """A row of an order list."""

    id: UUID
    number: str
    status: OrderStatus
    total: int
    currency: str
    item_count: int
    placed_at: datetime
