"""What is left behind is driven to its end: by any replica, under a lease, as often as needed.

1. Keys whose holder died or lost the provider's answer go on in `place_order.carry_on`.
2. Attempts that nobody has heard of are asked for at the provider.
3. Pending orders whose time is up are given up, their payment ended at the provider first, and their stock freed.
What cannot be decided within its deadline is marked `stuck`, for an operator.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import msgspec
import structlog

from storefront.checkout import idempotency
from storefront.checkout.context import CheckoutContext
from storefront.checkout.ordered_before import end_payment
from storefront.checkout.place_order import carry_on
from storefront.checkout.settle import Settlement, settle_payment
from storefront.orders import after_sale, store
from storefront.orders import service as orders
from storefront.orders.model import PaymentAttempt
from storefront.payments.model import ProviderAnswer
from storefront.payments.service import ProviderUnavailable, ProviderUnknown
from storefront.platform.database import Connection
from storefront.platform.errors import DomainError, NotFound, Unavailable

T = TypeVar("T")
log = structlog.get_logger("recovery")

BATCH = 50
AT_ONCE = 5  # calls to the provider that recovery makes at the same time
STUCK_AFTER = timedelta(hours=1)
SETTLING_MAY_TAKE = timedelta(days=7)  # of what is processing, and of money that is on its way back
LEASE = timedelta(minutes=2)


class Recovered(msgspec.Struct):
    """What one round found and ended."""

    keys: int = 0
    attempts: int = 0
    orders: int = 0
    failed: int = 0


async def recover(shop: CheckoutContext) -> Recovered:
    """One round. What fails is left for the next one and counted."""
    done = Recovered()
    async with shop.database.write() as conn:
        await idempotency.release_idle(conn, now=shop.clock(), stale=shop.stale_after)
    done.keys = await _keys(shop, done)
    done.attempts = await _attempts(shop, done)
    done.orders = await _expired_orders(shop, done)
    if done.keys or done.attempts or done.orders or done.failed:
        log.info("recovered", **msgspec.structs.asdict(done))
    return done


async def _each(done: Recovered, cases: Sequence[T], work: Callable[[T], Awaitable[object]]) -> int:
    """Some at a time; one bad case must not keep the others waiting. Returns how many came to an end."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(case: T) -> bool:
        async with limit:
            try:
                await work(case)
                return True
            except (ProviderUnknown, ProviderUnavailable, DomainError) as error:
                log.warning("recovery_waits", case=_name(case), reason=repr(error))
            except Exception:
                log.exception("recovery_failed", case=_name(case))
            return False

    ended = sum(await asyncio.gather(*(one(case) for case in cases)))
    done.failed += len(cases) - ended
    return ended


def _name(case: object) -> str:
    return str(getattr(case, "id", None) or getattr(case, "order_id", None) or case)


async def _keys(shop: CheckoutContext, done: Recovered) -> int:
    async with shop.database.write() as conn:
        leased = await idempotency.lease_abandoned(conn, now=shop.clock(), stale=shop.stale_after, deadline=STUCK_AFTER, most=BATCH)
    return await _each(done, leased, lambda held: carry_on(shop, held))


async def _attempts(shop: CheckoutContext, done: Recovered) -> int:
    now = shop.clock()
    async with shop.database.write() as conn:
        leased = await store.lease_unsettled_attempts(conn, before=now - shop.stale_after, now=now, most=BATCH)
    return await _each(done, leased, lambda attempt: _ask_about(shop, attempt))


async def _ask_about(shop: CheckoutContext, attempt: PaymentAttempt) -> None:
    try:
        await ask_again(shop, attempt.id)
    except (ProviderUnknown, ProviderUnavailable) as error:
        allowed = STUCK_AFTER if attempt.kind == "charge" and attempt.state != "processing" else SETTLING_MAY_TAKE
        if shop.clock() - attempt.created_at < allowed:
            raise
        await _mark_stuck(shop, attempt, repr(error))


async def _mark_stuck(shop: CheckoutContext, attempt: PaymentAttempt, reason: str) -> None:
    log.error("payment_stuck", attempt=str(attempt.id), order=str(attempt.order_id), reason=reason)

    async def work(conn: Connection) -> None:
        now = shop.clock()
        if await store.record_attempt(conn, attempt.id, "stuck", None, now=now):
            await store.add_event(conn, attempt.order_id, "payment_stuck", {"attempt_id": attempt.id}, now=now)

    await shop.database.transaction(work)


async def ask_again(shop: CheckoutContext, attempt_id: UUID) -> Settlement | None:
    """Asks the provider what became of an attempt and applies it; None when it has not heard of it.

    Raises NotFound, ProviderUnknown, ProviderUnavailable.
    """
    async with shop.database.write() as conn:
        attempt = await store.attempt_by_id(conn, attempt_id)
    if attempt is None:
        raise NotFound("There is no such payment attempt.")
    if attempt.kind != "charge":
        await after_sale.finish_attempt(shop.database, shop.payments, shop.jobs, attempt)
        return None
    answer = await shop.payments.lookup(attempt_id=attempt.id, provider_ref=attempt.provider_ref, created_at=attempt.created_at)
    return await _settle(shop, attempt, answer) if answer is not None else None


async def ask_about_order(shop: CheckoutContext, order_id: UUID) -> None:
    """For operators: asks the provider about every attempt of an order that has not come to an end, and about money that went back, which
    a bank may have sent back since. Raises Unavailable.
    """
    async with shop.database.write() as conn:
        attempts = await store.attempts_of_order(conn, order_id)
    try:
        for attempt in attempts:
            if attempt.unsettled or attempt.may_come_back:
                await ask_again(shop, attempt.id)
    except (ProviderUnknown, ProviderUnavailable) as error:
        raise Unavailable("The payment provider cannot be asked right now.") from error


async def _settle(shop: CheckoutContext, attempt: PaymentAttempt, answer: ProviderAnswer) -> Settlement:
    async def work(conn: Connection) -> Settlement:
        return await settle_payment(conn, shop.jobs, attempt, answer, now=shop.clock())

    return await shop.database.transaction(work)


async def _expired_orders(shop: CheckoutContext, done: Recovered) -> int:
    now = shop.clock()
    async with shop.database.write() as conn:
        leased = await store.lease_expired_orders(conn, now=now, leased_until=now + LEASE, most=BATCH)
    return await _each(done, leased, lambda order_id: give_up(shop, order_id, "not_paid_in_time"))


async def give_up(shop: CheckoutContext, order_id: UUID, reason: str) -> bool:
    """Cancels a pending order. Its payment is ended at the provider first; if it turns out to have succeeded, the order is paid instead.

    Returns whether it is cancelled now. Raises ProviderUnknown, ProviderUnavailable.
    """
    async with shop.database.write() as conn:
        attempt = await store.live_charge(conn, order_id)
    never_sent = None
    if attempt is not None:
        answer = await end_payment(shop, attempt)
        if answer is not None:
            await _settle(shop, attempt, answer)
        elif attempt.provider_ref is None and shop.clock() - attempt.created_at > shop.stale_after:
            never_sent = attempt.id  # whoever wrote it died before the call; should it come after all, the money goes back

    async def work(conn: Connection) -> bool:
        now = shop.clock()
        order = await store.lock_order(conn, order_id)
        if order is None or order["status"] != "pending_payment":
            return False
        if never_sent is not None:
            await store.record_attempt(conn, never_sent, "cancelled", None, now=now)
        if await store.live_charge(conn, order_id) is not None:
            return False
        return await orders.cancel_unpaid(conn, order_id, reason, now=now)

    return await shop.database.transaction(work)
