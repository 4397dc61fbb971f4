"""Rules of orders: finding them, showing them, giving up those that were never paid."""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from storefront.accounts import service as accounts
from storefront.accounts.model import Customer
from storefront.inventory import service as inventory
from storefront.orders import store
from storefront.orders.links import credit_note_path, invoice_path, order_key, order_url
from storefront.orders.model import (
    Bought,
    CreditNote,
    DocumentView,
    Figures,
    NextAction,
    Order,
    OrderLine,
    OrderLineView,
    OrderReturn,
    OrderSummary,
    OrderView,
    PaymentAttempt,
    ReturnLineView,
    ReturnView,
)
from storefront.platform.database import Connection
from storefront.platform.errors import NotFound
from storefront.platform.money import Money
from storefront.platform.questions import ask
from storefront.pricing import service as pricing
from storefront.settings import Settings

_NUMBER = re.compile(r"[A-Z0-9-]{1,40}")
NO_SUCH_ORDER = "There is no such order, or this link is not complete."


async def order_by_number(conn: Connection, number: str) -> Order:
    """Raises NotFound."""
    found = await _numbered(conn, number)
    if found is None:
        raise NotFound(NO_SUCH_ORDER)
    return found


async def _numbered(conn: Connection, number: str) -> Order | None:
    """The order whose number somebody typed, or that a link names."""
    number = number.strip().upper()
    return await store.order_by_number(conn, number) if _NUMBER.fullmatch(number) else None


async def order_by_id(conn: Connection, order_id: UUID) -> Order:
    """Raises NotFound."""
    found = await store.order_by_id(conn, order_id)
    if found is None:
        raise NotFound(NO_SUCH_ORDER)
    return found


async def look_up(conn: Connection, number: str, email: str) -> Order | None:
    """The order with this number and this address. A wrong number and a wrong address are told by nothing, not even by time."""
    found = await _numbered(conn, number)
    held = found.email.lower() if found else "nobody@invalid"
    same = hmac.compare_digest(held.encode(), email.strip().lower().encode())
    return found if same else None


async def is_theirs(conn: Connection, order: Order, customer_id: UUID) -> bool:
    """Whether the customer's history lists the order: it is their own, or a guest's with the address that they have confirmed."""
    if order.customer_id is not None:
        return order.customer_id == customer_id
    customer = await accounts.customer(conn, customer_id)
    return customer.verified and customer.email.lower() == order.email.lower()


async def payment_attempts(conn: Connection, order_id: UUID) -> list[PaymentAttempt]:
    """Every try to move money for this order, oldest first."""
    return await store.attempts_of_order(conn, order_id)


async def for_the_operator(conn: Connection, *, most: int = 50) -> tuple[list[tuple[str, PaymentAttempt]], list[tuple[str, OrderReturn]]]:
    """What waits for the shop's people, by order number: payments that could not be settled without them, and returns, the oldest first."""
    return await ask(conn, store.stuck_attempts(most), store.open_returns(most))


async def history(
    conn: Connection, customer_id: UUID, verified_email: str | None, *, after: str = "", most: int = 20
) -> tuple[list[OrderSummary], str | None]:
    """The customer's orders, newest first, and the cursor of the next page.

    `verified_email`: the address that the customer has confirmed; guest orders with it are among them.
    """
    found = await store.orders_of_customer(conn, customer_id, verified_email, read_cursor(after), most + 1)
    return _page(found, most)


async def bought(conn: Connection, customers: Sequence[Customer]) -> dict[UUID, Bought]:
    """What the orders of each customer come to, by id: those of their `history`. Who has none is left out."""
    return await store.bought(conn, {customer.id: customer.email if customer.verified else None for customer in customers})


async def recent_orders(conn: Connection, *, most: int) -> list[OrderSummary]:
    """The newest orders of the shop."""
    return await store.search_orders(conn, "", "", None, most)


async def search_orders(conn: Connection, *, text: str, status: str, after: str, most: int) -> tuple[list[OrderSummary], str | None]:
    """Orders whose number or e-mail address is `text` (empty: all), newest first, and the cursor of the next page."""
    found = await store.search_orders(conn, text.strip(), status, read_cursor(after), most + 1)
    return _page(found, most)


async def figures(conn: Connection, now: datetime) -> Figures:
    """The shop at a glance; "today" began at midnight UTC."""
    return await store.figures(conn, now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))


async def cancel_unpaid(conn: Connection, order_id: UUID, reason: str, *, now: datetime, actor: str = "system") -> bool:
    """Gives up a pending order in the caller's transaction: its stock, coupons and gift cards are free again.

    No attempt of it may be able to move money any more. Returns whether the order was still there to give up.
    """
    cancelled = await store.mark_cancelled(conn, order_id, reason, actor=actor, now=now)
    if cancelled is None:
        return False
    _, coupon_codes, gift_card_amount = cancelled
    await inventory.release_holds(conn, order_id=order_id)
    if coupon_codes:
        await pricing.release_coupons(conn, order_id)
    if gift_card_amount:
        await pricing.release_gift_cards(conn, order_id, now=now)
    return True


def order_view(settings: Settings, order: Order, redirect_url: str | None = None) -> OrderView:
    """The order for a JSON client who may see it."""

    def money(amount: int) -> Money:
        return Money(amount, order.currency)

    return OrderView(
        id=order.id,
        number=order.number,
        status=order.status,
        email=order.email,
        currency=order.currency,
        lines=tuple(_line_view(line, order.currency) for line in order.lines),
        subtotal=money(order.subtotal),
        discount=money(order.discount),
        delivery=money(order.delivery),
        tax=money(order.tax),
        total=money(order.total),
        prices_include_tax=order.prices_include_tax,
        gift_card_amount=money(order.gift_card_amount),
        captured=money(order.captured),
        refunded=money(order.refunded + order.gift_card_refunded),
        delivery_address=order.delivery_address,
        billing_address=order.billing_address,
        fulfillment_option=order.fulfillment_option,
        coupon_codes=order.coupon_codes,
        fulfillments=order.fulfillments,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        key=order_key(settings, order.id),
        url=order_url(settings, order.id, order.number),
        returns=tuple(return_view(order, found) for found in order.returns),
        invoice=_invoice_view(settings, order),
        credit_notes=tuple(_credit_note_view(settings, order, note) for note in order.credit_notes),
        next_action=NextAction("redirect", redirect_url) if redirect_url else None,
    )


def _line_view(line: OrderLine, currency: str) -> OrderLineView:
    return OrderLineView(
        id=line.id,
        variant_id=line.variant_id,
        product_id=line.product_id,
        sku=line.sku,
        title=line.title,
        options=line.options,
        image_url=line.image_url,
        quantity=line.quantity,
        unit_price=Money(line.unit_amount, currency),
        subtotal=Money(line.subtotal, currency),
        discount=Money(line.discount, currency),
        tax=Money(line.tax, currency),
        total=Money(line.total, currency),
        fulfilled=line.fulfilled,
        returned=line.returned,
        cancelled=line.cancelled,
        returnable=line.returnable,
    )


def return_view(order: Order, found: OrderReturn) -> ReturnView:
    """One of the order's returns for a JSON client who may see it."""

    def money(amount: int) -> Money:
        return Money(amount, order.currency)

    return ReturnView(
        id=found.id,
        state=found.state,
        resolution=found.resolution,
        lines=tuple(
            ReturnLineView(
                order_line_id=line.order_line_id,
                quantity=line.quantity,
                reason=line.reason,
                variant_id=line.variant_id,
                received=line.received,
                damaged=line.damaged,
                amount=money(line.amount),
            )
            for line in found.lines
        ),
        note=found.note,
        answer=found.answer,
        goods_amount=money(found.goods_amount),
        delivery_amount=money(found.delivery_amount),
        amount=money(found.amount),
        exchange_cart_id=found.exchange_cart_id if found.state == "exchanging" else None,
        exchange_order_id=found.exchange_order_id,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def _invoice_view(settings: Settings, order: Order) -> DocumentView | None:
    if order.invoice is None:
        return None
    url = settings.server.public_url + invoice_path(settings, order.id, order.number)
    return DocumentView(order.invoice.name, order.invoice.issued_at, Money(order.total, order.currency), url)


def _credit_note_view(settings: Settings, order: Order, note: CreditNote) -> DocumentView:
    url = settings.server.public_url + credit_note_path(settings, order.id, order.number, note.name)
    return DocumentView(note.name, note.issued_at, Money(note.amount, order.currency), url)


async def numbers_of(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The orders' numbers by id."""
    return await store.numbers_of(conn, ids)


def _page(found: list[OrderSummary], most: int) -> tuple[list[OrderSummary], str | None]:
    if len(found) <= most:
        return found, None
    last = found[most - 1]
    return found[:most], cursor_of(last.placed_at, last.id)


def cursor_of(placed_at: datetime, order_id: UUID) -> str:
    """Where a page of an order list ended."""
    return base64.urlsafe_b64encode(f"{placed_at.isoformat()} {order_id}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[datetime, UUID] | None:
    """A cursor as it was given out; anything else starts from the beginning."""
    try:
        at, _, order_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        placed_at = datetime.fromisoformat(at)
        return (placed_at, UUID(order_id)) if placed_at.tzinfo and 2000 <= placed_at.year < 3000 else None
    except (ValueError, binascii.Error):
        return None
