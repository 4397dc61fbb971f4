"""The orders' SQL as functions: rows in, types out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from storefront.orders.model import (
    AttemptKind,
    Bought,
    ChargeBook,
    CreditLine,
    Figures,
    NewReturn,
    Order,
    OrderHead,
    OrderReturn,
    OrderStatus,
    OrderSummary,
    PaymentAttempt,
    ReturnLine,
    ReturnState,
)
from storefront.payments.model import AttemptState, ProviderAnswer
from storefront.platform.database import Connection
from storefront.platform.money import Money
from storefront.platform.questions import Of, Question
from storefront.platform.sql import load

queries = load("orders")


def _convert(row: Any, kind: Any) -> Any:
    return msgspec.convert(dict(row), kind)


def order_of_cart(cart_id: UUID | Of) -> Question[OrderHead | None]:
    """The cart's order, unless it came to nothing."""
    return Question(queries.order_of_cart, {"cart_id": cart_id}, lambda rows: _convert(rows[0], OrderHead) if rows else None)


async def lock_order(conn: Connection, order_id: UUID) -> Any | None:
    """The order's own row, locked until the transaction ends."""
    return await queries.lock_order(conn, id=order_id)


async def numbers_of(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    return {row["id"]: row["number"] for row in await queries.numbers_of(conn, ids=list(ids))}


async def order_by_id(conn: Connection, order_id: UUID) -> Order | None:
    row = await queries.order_by_id(conn, id=order_id)
    return _convert(row, Order) if row else None


async def orders_by_id(conn: Connection, order_ids: Sequence[UUID]) -> dict[UUID, Order]:
    """Those that there are."""
    return {row["id"]: _convert(row, Order) for row in await queries.orders_by_id(conn, ids=list(order_ids))}


async def order_by_number(conn: Connection, number: str) -> Order | None:
    row = await queries.order_by_number(conn, number=number)
    return _convert(row, Order) if row else None


async def orders_of_customer(
    conn: Connection, customer_id: UUID, verified_email: str | None, before: tuple[datetime, UUID] | None, most: int
) -> list[OrderSummary]:
    before_at, before_id = before or (None, None)
    rows = await queries.orders_of_customer(
        conn, customer_id=customer_id, verified_email=verified_email, before=before_at, before_id=before_id, most=most
    )
    return [_convert(row, OrderSummary) for row in rows]


async def bought(conn: Connection, verified_emails: Mapping[UUID, str | None]) -> dict[UUID, Bought]:
    """Of those who have orders; `verified_emails` by customer."""
    rows = await queries.bought(conn, customer_ids=list(verified_emails), verified_emails=list(verified_emails.values()))
    found: dict[UUID, Bought] = {}
    for row in rows:
        before = found.get(row["customer_id"], Bought())
        spent = (Money(row["spent"], row["currency"]),) if row["spent"] else ()
        found[row["customer_id"]] = Bought(before.orders + row["orders"], before.spent + spent)
    return found


async def search_orders(conn: Connection, text: str, status: str, before: tuple[datetime, UUID] | None, most: int) -> list[OrderSummary]:
    before_at, before_id = before or (None, None)
    rows = await queries.search_orders(conn, text=text, status=status, before=before_at, before_id=before_id, most=most)
    return [_convert(row, OrderSummary) for row in rows]


async def figures(conn: Connection, since: datetime) -> Figures:
    found: Figures = _convert(await queries.figures(conn, since=since), Figures)
    return found


async def add_event(conn: Connection, order_id: UUID, kind: str, data: dict[str, Any], *, now: datetime, actor: str = "system") -> None:
    await queries.add_event(conn, order_id=order_id, kind=kind, data=data, actor=actor, now=now)


async def mark_captured(conn: Connection, order_id: UUID, charge_id: UUID | None, captured: int, *, actor: str, now: datetime) -> None:
    """The order has its money; nothing changes when it had it already or is cancelled."""
    await queries.mark_captured(conn, order_id=order_id, charge_id=charge_id, captured=captured, actor=actor, now=now)


async def mark_cancelled(conn: Connection, order_id: UUID, reason: str, *, actor: str, now: datetime) -> tuple[str, list[str], int] | None:
    """(number, coupon codes, gift card amount) of the order that is now cancelled, or None when it was before."""
    row = await queries.mark_cancelled(conn, order_id=order_id, reason=reason, actor=actor, now=now)
    return (row["number"], list(row["coupon_codes"]), row["gift_card_amount"]) if row else None


async def cancel_unsent(conn: Connection, order_id: UUID, *, now: datetime) -> None:
    """What was not sent of a partly sent order is cancelled: all of the rest is sent, or came back."""
    await queries.cancel_unsent(conn, order_id=order_id, now=now)
    await queries.mark_returned(conn, order_id=order_id, now=now)


async def lines_of_order(conn: Connection, order_id: UUID) -> list[Any]:
    """Rows of id, variant_id, quantity, fulfilled, returned, cancelled."""
    return list(await queries.lines_of_order(conn, order_id=order_id))


async def is_fulfilled(conn: Connection, fulfillment_id: UUID) -> bool:
    """Whether this fulfillment has been recorded."""
    return bool(await queries.is_fulfilled(conn, id=fulfillment_id))


async def insert_fulfillment(
    conn: Connection,
    fulfillment_id: UUID,
    order_id: UUID,
    lines: list[dict[str, int]],
    status: OrderStatus,
    *,
    tracking_number: str | None,
    tracking_url: str | None,
    carrier: str | None,
    actor: str,
    now: datetime,
) -> None:
    await queries.insert_fulfillment(
        conn,
        id=fulfillment_id,
        order_id=order_id,
        lines=lines,
        status=status,
        tracking_number=tracking_number,
        tracking_url=tracking_url,
        carrier=carrier,
        actor=actor,
        now=now,
    )


async def attempts_of_order(conn: Connection, order_id: UUID) -> list[PaymentAttempt]:
    return [_convert(row, PaymentAttempt) for row in await queries.attempts_of_order(conn, order_id=order_id)]


async def live_charge(conn: Connection, order_id: UUID) -> PaymentAttempt | None:
    """The charge that may still move money, or has; there is at most one."""
    row = await queries.live_charge(conn, order_id=order_id)
    return _convert(row, PaymentAttempt) if row else None


async def attempt_by_id(conn: Connection, attempt_id: UUID) -> PaymentAttempt | None:
    row = await queries.attempt_by_id(conn, id=attempt_id)
    return _convert(row, PaymentAttempt) if row else None


async def lock_attempt(conn: Connection, attempt_id: UUID) -> PaymentAttempt | None:
    row = await queries.lock_attempt(conn, id=attempt_id)
    return _convert(row, PaymentAttempt) if row else None


def attempts_meant(provider_refs: Sequence[str], ids: Sequence[UUID]) -> Question[list[PaymentAttempt]]:
    """Those with one of the provider's references, or with one of our own ids."""
    parameters = {"provider_refs": list(provider_refs), "ids": list(ids)}
    return Question(queries.attempts_meant, parameters, lambda rows: [_convert(row, PaymentAttempt) for row in rows])


async def insert_attempt(
    conn: Connection,
    attempt_id: UUID,
    order_id: UUID,
    kind: AttemptKind,
    amount: int,
    currency: str,
    *,
    parent_id: UUID | None,
    now: datetime,
) -> bool:
    """Writes an attempt that is of a charge; a repeat with the same id changes nothing and is told so."""
    inserted = await queries.insert_attempt(
        conn,
        id=attempt_id,
        order_id=order_id,
        kind=kind,
        amount=amount,
        currency=currency,
        capture_later=False,
        payment_method=None,
        parent_id=parent_id,
        now=now,
    )
    return inserted is not None


async def close_stray(conn: Connection, attempt_id: UUID, provider_ref: str | None, *, now: datetime) -> None:
    """Closes a charge whose money came for an order that does not wait for it."""
    await queries.close_stray(conn, id=attempt_id, provider_ref=provider_ref, now=now)


async def close_voided(conn: Connection, charge_id: UUID | None, *, now: datetime) -> None:
    """An authorized charge that was released moves no money any more."""
    await queries.close_voided(conn, id=charge_id, now=now)


async def try_again(
    conn: Connection,
    order: OrderHead,
    attempt_id: UUID,
    *,
    payment_method: str | None,
    capture_later: bool,
    expires_at: datetime,
    now: datetime,
) -> None:
    """A new charge for a pending order whose last one came to nothing."""
    await queries.try_again(
        conn,
        order_id=order.id,
        id=attempt_id,
        amount=order.to_pay,
        currency=order.currency,
        payment_method=payment_method,
        capture_later=capture_later,
        expires_at=expires_at,
        now=now,
    )


async def record_attempt(conn: Connection, attempt_id: UUID, state: AttemptState, answer: ProviderAnswer | None, *, now: datetime) -> bool:
    """Keeps what the provider said; False when the attempt had come to an end before."""
    row = await queries.record_attempt(
        conn,
        id=attempt_id,
        state=state,
        provider_ref=answer.provider_ref if answer else None,
        decline_code=answer.decline_code if answer else None,
        redirect_url=answer.redirect_url if answer else None,
        now=now,
    )
    return row is not None


async def lease_unsettled_attempts(conn: Connection, *, before: datetime, now: datetime, most: int) -> list[PaymentAttempt]:
    """Attempts that nobody has heard of since `before`; nobody else is given them until then."""
    rows = await queries.unsettled_attempts(conn, before=before, now=now, most=most)
    return [_convert(row, PaymentAttempt) for row in rows]


async def lease_expired_orders(conn: Connection, *, now: datetime, leased_until: datetime, most: int) -> list[UUID]:
    """Pending orders whose time is up; nobody else is given them until `leased_until`."""
    rows = await queries.expired_orders(conn, now=now, leased_until=leased_until, most=most)
    return [row["id"] for row in rows]


def stuck_attempts(most: int) -> Question[list[tuple[str, PaymentAttempt]]]:
    """(order number, attempt) of what recovery could not decide; for the operator."""
    return Question(queries.stuck_attempts, {"most": most}, lambda rows: [(row["number"], _convert(row, PaymentAttempt)) for row in rows])


async def charges_to_compare(conn: Connection, since: datetime) -> list[ChargeBook]:
    """Our books of every charge that was begun since then, and of every one that is only authorized."""
    return [_convert(row, ChargeBook) for row in await queries.charge_books(conn, since=since, id=None)]


async def charge_book(conn: Connection, attempt_id: UUID) -> ChargeBook | None:
    """Our books of one charge."""
    rows = await queries.charge_books(conn, since=None, id=attempt_id)
    return _convert(rows[0], ChargeBook) if rows else None


async def owed_back(conn: Connection, order_id: UUID) -> int:
    """The sum of refunds that are decided and not yet known to be done."""
    amount: int = await queries.owed_back(conn, order_id=order_id)
    return amount


async def capture_under_way(conn: Connection, order_id: UUID) -> bool:
    """Whether a capture of the order is decided, and may yet be learnt to be done."""
    return bool(await queries.capture_under_way(conn, order_id=order_id))


async def give_up_capture(conn: Connection, order_id: UUID, *, now: datetime) -> None:
    """Closes a capture that is stuck."""
    await queries.give_up_capture(conn, order_id=order_id, now=now)


async def take_back_success(conn: Connection, attempt_id: UUID, state: AttemptState, decline_code: str | None, *, now: datetime) -> None:
    """What had succeeded has failed after all."""
    await queries.take_back_success(conn, id=attempt_id, state=state, decline_code=decline_code, now=now)


async def mark_refunded(conn: Connection, order_id: UUID, amount: int, gift_card_amount: int, *, now: datetime) -> None:
    """Counts what was given back; below zero, what came back after all."""
    await queries.mark_refunded(conn, order_id=order_id, amount=amount, gift_card_amount=gift_card_amount, now=now)


# --- returns and exchanges -------------------------------------------------------------------------------------------------------


async def ask_return(conn: Connection, return_id: UUID, order_id: UUID, wanted: NewReturn, *, now: datetime) -> None:
    """Raises asyncpg.CheckViolationError when more would come back than was sent."""
    await queries.ask_return(
        conn,
        id=return_id,
        order_id=order_id,
        lines=wanted.lines,
        resolution=wanted.resolution,
        note=wanted.note,
        now=now,
    )


async def lock_return(conn: Connection, order_id: UUID, return_id: UUID) -> OrderReturn | None:
    """The return, locked until the transaction ends, if it is the order's."""
    row = await queries.lock_return(conn, id=return_id, order_id=order_id)
    return _convert(row, OrderReturn) if row else None


async def return_by_id(conn: Connection, return_id: UUID) -> OrderReturn | None:
    row = await queries.return_by_id(conn, id=return_id)
    return _convert(row, OrderReturn) if row else None


def open_returns(most: int) -> Question[list[tuple[str, OrderReturn]]]:
    """(order number, return) of those that wait for the shop, the oldest first."""
    return Question(queries.open_returns, {"most": most}, lambda rows: [(row["number"], _convert(row, OrderReturn)) for row in rows])


async def end_return(conn: Connection, return_id: UUID, state: ReturnState, answer: str, *, now: datetime) -> None:
    """Refuses or withdraws it: its units are with the shopper as before."""
    await queries.end_return(conn, id=return_id, state=state, answer=answer, now=now)


async def approve_return(conn: Connection, return_id: UUID, answer: str, *, now: datetime) -> None:
    await queries.approve_return(conn, id=return_id, answer=answer, now=now)


async def receive_return(
    conn: Connection, return_id: UUID, order_id: UUID, lines: Sequence[ReturnLine], goods_amount: int, *, now: datetime
) -> None:
    """Keeps what came; the order is returned when everything has."""
    await queries.receive_return(conn, id=return_id, lines=lines, goods_amount=goods_amount, now=now)
    await queries.mark_returned(conn, order_id=order_id, now=now)


async def credit_return(
    conn: Connection,
    return_id: UUID,
    state: ReturnState,
    *,
    amount: int,
    delivery_amount: int,
    cart_id: UUID | None = None,
    card_id: int | None = None,
    now: datetime,
) -> None:
    """Ends a received return: its value is given back, or goes into an exchange."""
    await queries.credit_return(
        conn, id=return_id, state=state, amount=amount, delivery_amount=delivery_amount, cart_id=cart_id, card_id=card_id, now=now
    )


async def mark_exchanged(conn: Connection, order_id: UUID, amount: int, *, now: datetime) -> None:
    """Value goes from the order into an exchange, or (below zero) comes back."""
    await queries.mark_exchanged(conn, order_id=order_id, amount=amount, now=now)


async def end_exchange(conn: Connection, return_id: UUID, state: ReturnState, order_id: UUID | None, *, now: datetime) -> None:
    """The exchange has become the order `order_id`, or came to nothing."""
    await queries.end_exchange(conn, id=return_id, state=state, exchange_order_id=order_id, now=now)


async def open_exchanges(conn: Connection) -> dict[UUID, bool]:
    """The returns whose exchange waits, and whether its cart was ordered, whatever became of that order."""
    return {row["id"]: row["ordered"] for row in await queries.open_exchanges(conn)}


async def statuses_of(conn: Connection, order_ids: Sequence[UUID]) -> dict[UUID, OrderStatus]:
    return {row["id"]: row["status"] for row in await queries.statuses_of(conn, ids=list(order_ids))}


# --- invoices --------------------------------------------------------------------------------------------------------------------


async def keep_seller(conn: Connection, name: str, address: str) -> None:
    """What invoices say of the seller from now on."""
    await queries.keep_seller(conn, name=name, address=address)


async def issue_invoices(conn: Connection, order_ids: Sequence[UUID], series: str, *, now: datetime) -> None:
    """The invoices of paid orders; a repeat changes nothing. The orders' rows are locked until the transaction ends."""
    await queries.issue_invoices(conn, order_ids=list(order_ids), series=series, now=now)


async def issue_credit_note(
    conn: Connection,
    order_id: UUID,
    series: str,
    source: UUID,
    *,
    amount: int,
    lines: Sequence[CreditLine],
    delivery_amount: int,
    now: datetime,
) -> None:
    """A credit note of at most `amount`, if so much is given back and no other says so; once for each `source`."""
    await queries.issue_credit_note(
        conn, order_id=order_id, series=series, source=source, amount=amount, lines=lines, delivery_amount=delivery_amount, now=now
    )


async def paid_without_invoice(conn: Connection, since: datetime, most: int) -> list[UUID]:
    """Orders that were placed since then and paid, in the order of their payment."""
    return [row["id"] for row in await queries.paid_without_invoice(conn, since=since, most=most)]
