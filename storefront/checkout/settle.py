"""The one way in which an order learns what became of its payment.

The browser's return, the webhook's job, recovery and order placement itself all end here, in any order and as often as they like: the
order moves on once.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from storefront.checkout.model import Answer, Claim
from storefront.checkout.store import Paid, settle_paid
from storefront.checkout.together import Together
from storefront.orders import after_sale, store
from storefront.orders.model import PaymentAttempt
from storefront.payments.model import ProviderAnswer
from storefront.platform.database import Connection
from storefront.platform.jobs import Jobs

Settlement = Literal["paid", "authorized", "requires_action", "processing", "declined", "cancelled", "given_back", "stuck"]


async def settle_payment(conn: Connection, jobs: Jobs, attempt: PaymentAttempt, answer: ProviderAnswer, *, now: datetime) -> Settlement:
    """Applies the provider's answer to a charge, in the caller's transaction.

    Paid or authorized: the order moves on, its holds become sales, its cart is closed, mails are queued. Declined: the attempt is
    closed, and the stock stays held so that the shopper may try another way to pay. Money that came for an order which no longer
    waits for it is given back. What was authorized and is so no more, though nobody here released it, ends the order.
    """
    if answer.state in ("succeeded", "authorized"):
        return await _money_came(conn, jobs, attempt, answer, now)
    if answer.state in ("requires_action", "processing"):
        await store.record_attempt(conn, attempt.id, answer.state, answer, now=now)
        return answer.state
    closed = await store.record_attempt(conn, attempt.id, answer.state, answer, now=now)
    if closed:
        kind = "payment_declined" if answer.state == "declined" else "payment_cancelled"
        await store.add_event(conn, attempt.order_id, kind, {"decline_code": answer.decline_code}, now=now)
    elif answer.state == "cancelled":
        await after_sale.authorization_ended(conn, jobs, attempt.order_id, attempt.id, now=now)
    return "declined" if answer.state == "declined" else "cancelled"


async def settle_and_answer(
    together: Together, jobs: Jobs, attempt: PaymentAttempt, answer: ProviderAnswer, held: Claim, given: Answer, *, now: datetime
) -> bool:
    """As `settle_payment` when the money came, and the key has its answer, `given`; in a transaction shared with others who are paying.

    False: this is no payment in full, or the order does not wait for it. Nothing has changed then.
    """
    paid = _paid_in_full(attempt, answer)
    if paid is None or not await together.settle_paid_and_answer(paid, held, given, now=now):
        return False
    jobs.look_soon()
    return True


async def settle_free(conn: Connection, jobs: Jobs, order_id: UUID, *, now: datetime) -> Settlement:
    """An order that gift cards or promotions have paid in full needs no provider."""
    if await settle_paid(conn, Paid(order_id, "paid", 0), now=now):
        jobs.look_soon()
        return "paid"
    order = await store.lock_order(conn, order_id)
    return "given_back" if order is None or order["status"] == "cancelled" else "paid"


async def _money_came(conn: Connection, jobs: Jobs, attempt: PaymentAttempt, answer: ProviderAnswer, now: datetime) -> Settlement:
    order = await store.lock_order(conn, attempt.order_id)
    paid = _paid_in_full(attempt, answer)
    if order is None or order["status"] != "pending_payment":
        return await _order_does_not_wait(conn, order, attempt, answer, paid, now)
    if await _is_given_back(conn, attempt):
        return "given_back"
    if answer.refunded:
        return await _gave_back_at_provider(conn, attempt, answer, now)
    if paid is None:
        return await _not_what_we_asked(conn, attempt, answer, now)
    if not await settle_paid(conn, paid, now=now):
        return await _order_does_not_wait(conn, order, attempt, answer, paid, now)
    jobs.look_soon()
    return paid.status


def _paid_in_full(attempt: PaymentAttempt, answer: ProviderAnswer) -> Paid | None:
    """What the answer makes of the order; None unless exactly what was asked for has been taken or put aside."""
    if answer.state not in ("succeeded", "authorized") or (_moved(answer), answer.currency) != (attempt.amount, attempt.currency):
        return None
    status: Literal["paid", "authorized"] = "paid" if answer.state == "succeeded" else "authorized"
    captured = answer.captured if answer.state == "succeeded" else 0
    return Paid(attempt.order_id, status, captured, attempt.id, answer.state, answer.provider_ref)


def _moved(answer: ProviderAnswer) -> int:
    return answer.captured if answer.state == "succeeded" else answer.amount


async def _is_given_back(conn: Connection, attempt: PaymentAttempt) -> bool:
    """Whether the charge is undone, or being undone: what the provider says of its success may be from before."""
    others = await store.attempts_of_order(conn, attempt.order_id)
    return any(other.kind == "void" and other.parent_id == attempt.id for other in others)


async def _gave_back_at_provider(conn: Connection, attempt: PaymentAttempt, answer: ProviderAnswer, now: datetime) -> Settlement:
    """Somebody gave the money back at the provider before the order had it: it pays for nothing, and another payment may."""
    if answer.refunded < answer.captured:
        return await _not_what_we_asked(conn, attempt, answer, now)
    if await store.record_attempt(conn, attempt.id, "cancelled", answer, now=now):
        await store.add_event(conn, attempt.order_id, "payment_cancelled", {"given_back": answer.refunded}, now=now)
    return "cancelled"


async def _not_what_we_asked(conn: Connection, attempt: PaymentAttempt, answer: ProviderAnswer, now: datetime) -> Settlement:
    """The provider's ledger names another amount for an order that waits: no program decides that. An operator is told once."""
    held = await store.lock_attempt(conn, attempt.id)
    told = held is not None and (held.state, held.provider_ref) == ("stuck", answer.provider_ref)
    if not told and await store.record_attempt(conn, attempt.id, "stuck", answer, now=now):
        data = {"asked": attempt.amount, "moved": _moved(answer) - answer.refunded, "currency": answer.currency}
        await store.add_event(conn, attempt.order_id, "amount_differs", data, now=now)
    return "stuck"


async def _order_does_not_wait(
    conn: Connection, order: Any | None, attempt: PaymentAttempt, answer: ProviderAnswer, paid: Paid | None, now: datetime
) -> Settlement:
    """Either this very payment has been settled before, or the order was given up or is paid by another: then the money goes back,
    however much it is.
    """
    held = await store.lock_attempt(conn, attempt.id)
    if held is None or held.state in ("succeeded", "authorized"):
        if paid is None:
            return "stuck"
        waits_for_capture = order is not None and order["status"] == "authorized"
        if held is not None and held.state == "authorized" and paid.status == "paid" and waits_for_capture:
            await after_sale.begin_capture(conn, held, now=now)  # made at the provider: recovery learns of it as of one of ours
        return paid.status
    gone_already = not held.live and 0 < answer.captured <= answer.refunded
    if gone_already or await _is_given_back(conn, attempt):
        return "given_back"
    if answer.currency != attempt.currency:
        return await _not_what_we_asked(conn, attempt, answer, now)  # the order's books are in its own
    came = msgspec.structs.replace(attempt, amount=_moved(answer))
    await after_sale.begin_give_back(conn, came, answer.provider_ref, now=now)
    await store.add_event(conn, attempt.order_id, "late_payment", {"amount": came.amount}, now=now)
    return "given_back"
