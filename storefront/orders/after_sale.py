"""What happens to an order once it is placed: captured, sent, cancelled, refunded.

A decision is written first (the order's move, and an open payment attempt whose id is the provider's idempotency key); the money follows.
When the provider cannot be reached the decision stands, and recovery repeats the call with the same key until it is known to be done.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

import asyncpg
import structlog

from storefront.inventory import service as inventory
from storefront.orders import invoices, mails, service, store
from storefront.orders.model import AttemptKind, CreditLine, OrderLine, OrderStatus, PaymentAttempt
from storefront.payments.model import AttemptState, ProviderAnswer
from storefront.payments.service import Payments, ProviderUnavailable, ProviderUnknown
from storefront.platform.clock import utc_now
from storefront.platform.database import Connection, Database
from storefront.platform.errors import Conflict, FieldError, InvalidInput, NotFound, Unavailable
from storefront.platform.jobs import Jobs
from storefront.pricing import service as pricing
from storefront.pricing.rounding import half_up

log = structlog.get_logger("after_sale")

AGAIN = {"Retry-After": "5"}  # what another moment mends


class NotPossibleNow(Conflict):
    """The order is not in a state for this step."""

    type = "order_state"
    title = "The order is not in a state for this"


# --- capture ---------------------------------------------------------------------------------------------------------------------


async def capture(database: Database, payments: Payments, jobs: Jobs, order_id: UUID, *, actor: str) -> None:
    """Takes the money that was authorized. Raises NotFound, NotPossibleNow, and Unavailable when the provider cannot be asked."""

    async def decide(conn: Connection) -> PaymentAttempt | None:
        order = await lock(conn, order_id)
        charge = await store.live_charge(conn, order_id)
        if order["captured"] or charge is None or charge.state != "authorized" or order["status"] == "cancelled":
            return None
        return await store.attempt_by_id(conn, await begin_capture(conn, charge, now=utc_now()))

    attempt = await database.transaction(decide)
    if attempt is None:
        raise NotPossibleNow("There is no authorized payment to capture.")
    try:
        state = await finish_attempt(database, payments, jobs, attempt, actor=actor)
    except (ProviderUnknown, ProviderUnavailable) as error:
        raise Unavailable("The payment provider cannot be reached. The capture is repeated until it is done.") from error
    if state == "stuck":
        raise NotPossibleNow("The provider has not taken what the order asks for. Look at the payment there.")
    if state != "succeeded":
        raise NotPossibleNow("The provider did not capture the payment; the authorization may have run out.")


async def begin_capture(conn: Connection, charge: PaymentAttempt, *, now: datetime) -> UUID:
    """Decides to take what is authorized, in the caller's transaction, which holds the order's row; one attempt a charge."""
    return await _begin(conn, uuid5(charge.id, "capture"), charge, "capture", charge.amount, now)


async def begin_give_back(conn: Connection, charge: PaymentAttempt, provider_ref: str | None, *, now: datetime) -> UUID:
    """Closes a charge whose money nobody waits for, and decides that what was taken goes back, in the caller's transaction, which holds the
    order's row; once a charge.
    """
    await store.close_stray(conn, charge.id, provider_ref, now=now)
    return await _begin(conn, uuid5(charge.id, "give_back"), charge, "void", charge.amount, now)


async def authorization_ended(conn: Connection, jobs: Jobs, order_id: UUID, charge_id: UUID, *, now: datetime) -> None:
    """Cancels an order whose money is put aside no more: the authorization ran out, or was released at the provider.

    In the caller's transaction. Of an order that is past waiting for its money, or cancelled already, nothing changes.
    """
    order, charge = await lock(conn, order_id), await store.lock_attempt(conn, charge_id)
    if order["status"] != "authorized" or charge is None or charge.state != "authorized":
        return
    await store.close_voided(conn, charge_id, now=now)
    await store.give_up_capture(conn, order_id, now=now)
    await store.add_event(conn, order_id, "authorization_ended", {"amount": charge.amount}, now=now)
    await _undo_sale(conn, order, "authorization_ended", actor="system", now=now)
    await mails.enqueue(conn, jobs, "order_cancelled", order_id)


# --- fulfill ---------------------------------------------------------------------------------------------------------------------


async def fulfill(
    database: Database,
    payments: Payments,
    jobs: Jobs,
    order_id: UUID,
    *,
    lines: dict[int, int],
    key: str | None = None,
    tracking_number: str | None = None,
    tracking_url: str | None = None,
    carrier: str | None = None,
    actor: str,
) -> None:
    """Records that units (by order line id) were sent; an authorized payment is captured first. One key is one fulfillment of the same
    lines; without one, each call is another.

    Raises NotFound, NotPossibleNow, InvalidInput (fields `line-<order line id>`, `tracking_url`, `key`).
    """
    if key is not None and not 1 <= len(key) <= 255:
        raise InvalidInput.of("key", "Send the form again.")
    fulfillment_id = uuid5(order_id, f"fulfillment:{key}:{sorted(lines.items())}") if key is not None else uuid4()
    if tracking_url and not tracking_url.startswith(("https://", "http://")):
        raise InvalidInput.of("tracking_url", "Enter an address that starts with https://.")
    if not lines:
        raise InvalidInput.of("lines", "Choose what was sent.")
    async with database.write() as conn:
        order = await service.order_by_id(conn, order_id)
    if order.captured == 0 and order.to_pay > 0 and order.status in ("authorized", "partially_fulfilled"):
        await capture(database, payments, jobs, order_id, actor=actor)

    async def work(conn: Connection) -> None:
        now = utc_now()
        locked = await lock(conn, order_id)
        if await store.is_fulfilled(conn, fulfillment_id):
            return
        if locked["status"] not in ("paid", "partially_fulfilled"):
            raise NotPossibleNow(f"An order that is {locked['status'].replace('_', ' ')} cannot be sent.")
        status = _status_after_sending(await store.lines_of_order(conn, order_id), lines)
        await store.insert_fulfillment(
            conn,
            fulfillment_id,
            order_id,
            [{"order_line_id": line_id, "quantity": quantity} for line_id, quantity in sorted(lines.items())],
            status,
            tracking_number=tracking_number,
            tracking_url=tracking_url,
            carrier=carrier,
            actor=actor,
            now=now,
        )
        await mails.enqueue(conn, jobs, "order_fulfilled", order_id, fulfillment_id=fulfillment_id)

    await database.transaction(work)


def _status_after_sending(rows: list[Any], sending: dict[int, int]) -> OrderStatus:
    """Raises InvalidInput when more is sent than is left."""
    left = {row["id"]: row["quantity"] - row["fulfilled"] - row["cancelled"] for row in rows}
    errors = [
        FieldError(f"line-{line_id}", f"At most {left.get(line_id, 0)} can be sent.")
        for line_id, quantity in sending.items()
        if not 1 <= quantity <= left.get(line_id, 0)
    ]
    if errors:
        raise InvalidInput("More is being sent than is left.", fields=errors)
    return "fulfilled" if all(left[line_id] == sending.get(line_id, 0) for line_id in left) else "partially_fulfilled"


# --- cancel ----------------------------------------------------------------------------------------------------------------------


async def cancel(database: Database, payments: Payments, jobs: Jobs, order_id: UUID, *, actor: str, reason: str = "cancelled") -> None:
    """Cancels an order of which nothing has been sent: the payment is voided or refunded, stock and gift cards are given back.

    A second call changes nothing. Raises NotFound, NotPossibleNow, Unavailable.
    """
    async with database.write() as conn:
        order = await service.order_by_id(conn, order_id)
        charge = await store.live_charge(conn, order_id)
    ended = await _end_unpaid(payments, charge) if order.status == "pending_payment" and charge else None

    async def work(conn: Connection) -> UUID | None:
        now = utc_now()
        locked = await lock(conn, order_id)
        if locked["status"] == "cancelled":
            return None
        if locked["status"] == "pending_payment":
            if charge is not None and ended is not None:
                await store.record_attempt(conn, charge.id, ended, None, now=now)
            live = await store.live_charge(conn, order_id)
            if live is not None and live.state != "stuck":
                raise NotPossibleNow("A payment for this order is under way. Please try again in a moment.", headers=AGAIN)
            await service.cancel_unpaid(conn, order_id, reason, now=now, actor=actor)
            return await begin_give_back(conn, live, None, now=now) if live is not None else None
        if locked["status"] not in ("authorized", "paid"):
            raise NotPossibleNow("Something of this order has been sent already. What was sent can be returned and refunded.")
        if await store.capture_under_way(conn, order_id):
            raise NotPossibleNow("The payment is being captured at this moment. Please try again.", headers=AGAIN)
        await store.give_up_capture(conn, order_id, now=now)  # whatever was captured, the void finds and gives back
        attempt_id = await _undo_sale(conn, locked, reason, actor=actor, now=now)
        await mails.enqueue(conn, jobs, "order_cancelled", order_id)
        return attempt_id

    attempt_id = await database.transaction(work)
    if attempt_id is not None:
        await follow_up(database, payments, jobs, attempt_id, actor)


async def _end_unpaid(payments: Payments, charge: PaymentAttempt) -> AttemptState | None:
    """Ends the payment of a pending order at the provider: the state that the attempt has then. None: leave it alone."""
    try:
        answer = await payments.lookup(attempt_id=charge.id, provider_ref=charge.provider_ref, created_at=charge.created_at)
        if answer is not None and answer.state == "requires_action":
            answer = await payments.cancel(answer.provider_ref, str(uuid5(charge.id, "end")))
    except (ProviderUnknown, ProviderUnavailable) as error:
        raise Unavailable("The payment provider cannot be reached. Please try again in a moment.") from error
    if answer is None:
        return "cancelled" if charge.state == "stuck" else None  # what is not stuck may be on its way to the provider
    return answer.state if answer.state in ("declined", "cancelled") else None


async def _undo_sale(conn: Connection, order: Any, reason: str, *, actor: str, now: datetime) -> UUID | None:
    """In one transaction: the order is cancelled, its goods are back in stock, its stored value is back, its money is on the way."""
    order_id: UUID = order["id"]
    charge = await store.live_charge(conn, order_id)
    sold = [(row["variant_id"], row["quantity"]) for row in await store.lines_of_order(conn, order_id) if row["variant_id"]]
    owed = await store.owed_back(conn, order_id)
    await store.mark_cancelled(conn, order_id, reason, actor=actor, now=now)
    await inventory.restock(conn, order_id, sold, "cancelled", actor=actor)
    await pricing.release_coupons(conn, order_id)
    gift_card_amount = order["gift_card_amount"] - order["gift_card_refunded"]
    if gift_card_amount:
        await pricing.refund_gift_cards(conn, order_id, gift_card_amount, now=now)
        await store.mark_refunded(conn, order_id, 0, gift_card_amount, now=now)
    attempt_id = await _undo_payment(conn, order, charge, owed, now) if charge is not None else None
    await invoices.credit(conn, order_id, uuid5(order_id, "cancel"), amount=order["total"], now=now)
    return attempt_id


async def _undo_payment(conn: Connection, order: Any, charge: PaymentAttempt, owed: int, now: datetime) -> UUID | None:
    if charge.state == "authorized":
        return await _begin(conn, uuid5(charge.id, "void"), charge, "void", charge.amount, now)
    rest = order["captured"] - order["refunded"] - owed
    return await _begin(conn, uuid5(charge.id, "cancel"), charge, "refund", rest, now) if rest > 0 else None


async def _begin(conn: Connection, attempt_id: UUID, charge: PaymentAttempt, kind: AttemptKind, amount: int, now: datetime) -> UUID:
    await store.insert_attempt(conn, attempt_id, charge.order_id, kind, amount, charge.currency, parent_id=charge.id, now=now)
    return attempt_id


async def cancel_rest(database: Database, payments: Payments, jobs: Jobs, order_id: UUID, *, actor: str) -> None:
    """Gives up what was not sent of an order of which a part was: it is back in stock, and what was paid for it is given back, without the
    delivery. A second call changes nothing. Raises NotFound, NotPossibleNow.
    """
    attempt_id = uuid5(order_id, "cancel_rest")

    async def work(conn: Connection) -> None:
        now = utc_now()
        row = await lock(conn, order_id)
        if row["status"] in ("fulfilled", "returned"):
            return
        if row["status"] != "partially_fulfilled":
            raise NotPossibleNow("Nothing of this order was sent: cancel it whole.")
        order = await service.order_by_id(conn, order_id)
        unsent = [line for line in order.lines if line.unsent]
        shares = [share_of(line, line.quantity - line.unsent, line.quantity) for line in unsent]
        amount = min(sum(paid for paid, _ in shares), await left_to_give_back(conn, row))
        await store.cancel_unsent(conn, order_id, now=now)
        lines = [{"order_line_id": line.id, "quantity": line.unsent} for line in unsent]
        await store.add_event(conn, order_id, "rest_cancelled", {"lines": lines}, now=now, actor=actor)
        sold = [(line.variant_id, line.unsent) for line in unsent if line.variant_id]
        await inventory.restock(conn, order_id, sold, "cancelled", actor=actor)
        if amount:
            await decide_refund(conn, jobs, row, amount, attempt_id, actor=actor, now=now)
            credited = [CreditLine(line.id, line.unsent, *share) for line, share in zip(unsent, shares, strict=True)]
            await invoices.credit(conn, order_id, attempt_id, amount=amount, lines=credited, now=now)

    await database.transaction(work)
    await follow_up(database, payments, jobs, attempt_id, actor)


def share_of(line: OrderLine, before: int, after: int) -> tuple[int, int]:
    """(amount, tax in it): what was paid for the units of a line between two counts of them. Shares are cut from what all units up to there
    come to, so that those of all units are the line.
    """
    cut = [(half_up(line.total * units, line.quantity), half_up(line.tax * units, line.quantity)) for units in (before, after)]
    return cut[1][0] - cut[0][0], cut[1][1] - cut[0][1]


# --- refund ----------------------------------------------------------------------------------------------------------------------


class _Split(NamedTuple):
    """A refund, by where it came from."""

    provider: int
    gift_cards: int


async def refund(database: Database, payments: Payments, jobs: Jobs, order_id: UUID, *, amount: int, key: str, actor: str) -> None:
    """Gives back `amount` minor units: first what the provider captured, then what gift cards paid. One key is one refund of an amount: who
    goes back to the form and enters another means another.

    Raises NotFound, NotPossibleNow, InvalidInput (`amount`, `key`).
    """
    if not key or len(key) > 255:
        raise InvalidInput.of("key", "Send the form again.")
    attempt_id = uuid5(order_id, f"refund:{key}:{amount}")

    async def decide(conn: Connection) -> None:
        now = utc_now()
        order = await lock(conn, order_id)
        if await store.attempt_by_id(conn, attempt_id) is None:
            await decide_refund(conn, jobs, order, amount, attempt_id, actor=actor, now=now)
            await invoices.credit(conn, order_id, attempt_id, amount=amount, now=now)

    await database.transaction(decide)
    await follow_up(database, payments, jobs, attempt_id, actor)


async def decide_refund(conn: Connection, jobs: Jobs, order: Any, amount: int, attempt_id: UUID, *, actor: str, now: datetime) -> None:
    """Decides a refund in the caller's transaction, which holds the `order`'s row; the provider is told by `follow_up`.

    Raises NotPossibleNow, InvalidInput (`amount`).
    """
    order_id: UUID = order["id"]
    charge = await store.live_charge(conn, order_id)
    split = _split(order, amount, await store.owed_back(conn, order_id))
    await store.insert_attempt(
        conn,
        attempt_id,
        order_id,
        "refund",
        split.provider,
        order["currency"],
        parent_id=charge.id if charge else None,
        now=now,
    )
    if split.gift_cards:
        await pricing.refund_gift_cards(conn, order_id, split.gift_cards, now=now)
        await store.mark_refunded(conn, order_id, 0, split.gift_cards, now=now)
    data = {"amount": amount, "of_which_gift_cards": split.gift_cards}
    await store.add_event(conn, order_id, "refund_decided", data, now=now, actor=actor)
    await mails.enqueue(conn, jobs, "refund", order_id, amount=amount)


async def left_to_give_back(conn: Connection, order: Any) -> int:
    """What was paid for the order and is neither given back, nor on its way, nor in an exchange. The caller holds the order's row."""
    given: int = order["refunded"] + order["gift_card_refunded"] + order["exchanged"] + await store.owed_back(conn, order["id"])
    paid: int = order["captured"] + order["gift_card_amount"]
    return max(0, paid - given)


def _split(order: Any, amount: int, owed: int) -> _Split:
    by_provider = order["captured"] - order["refunded"] - owed
    # An order that was cancelled has handed its cards back already, also when it was never paid.
    by_gift_cards = order["gift_card_amount"] - order["gift_card_refunded"] if order["status"] != "cancelled" else 0
    if order["status"] in ("pending_payment", "authorized"):
        raise NotPossibleNow("Nothing has been captured yet. Cancel the order instead.")
    if not 1 <= amount <= by_provider + by_gift_cards - order["exchanged"]:
        raise InvalidInput.of("amount", "Enter an amount up to what has been paid and not yet given back.")
    provider = min(amount, by_provider)
    return _Split(provider, amount - provider)


async def book_refunds(database: Database, payments: Payments, order_id: UUID, *, actor: str) -> None:
    """Takes into the books what somebody gave back at the provider itself; a second call changes nothing.

    Raises NotFound, NotPossibleNow, ProviderUnknown, ProviderUnavailable.
    """
    async with database.write() as conn:
        charge = await store.live_charge(conn, order_id)
    if charge is None or charge.state != "succeeded" or charge.provider_ref is None:
        return
    made = await payments.refunds_of(charge.provider_ref)

    async def work(conn: Connection) -> None:
        now = utc_now()
        await lock(conn, order_id)
        attempts = await store.attempts_of_order(conn, order_id)
        known = {str(attempt.id) for attempt in attempts} | {attempt.provider_ref for attempt in attempts}
        for answer, key in made:
            if answer.state != "succeeded" or key in known or answer.provider_ref in known:
                continue
            attempt_id = await _begin(conn, uuid5(charge.id, answer.provider_ref), charge, "refund", answer.amount, now)
            await store.record_attempt(conn, attempt_id, "succeeded", answer, now=now)
            await store.mark_refunded(conn, order_id, answer.amount, 0, now=now)
            await store.add_event(conn, order_id, "refunded_at_provider", {"amount": answer.amount}, now=now, actor=actor)
            await invoices.credit(conn, order_id, attempt_id, amount=answer.amount, now=now)

    try:
        await database.transaction(work)
    except asyncpg.CheckViolationError as error:
        raise NotPossibleNow("More was given back at the provider than is left of this order; a part may be in an exchange.") from error


# --- the money follows -----------------------------------------------------------------------------------------------------------


async def follow_up(database: Database, payments: Payments, jobs: Jobs, attempt_id: UUID, actor: str) -> None:
    """One try now; recovery goes on if the provider cannot be reached."""
    async with database.write() as conn:
        attempt = await store.attempt_by_id(conn, attempt_id)
    if attempt is None or attempt.state not in ("open", "processing"):
        return
    try:
        await finish_attempt(database, payments, jobs, attempt, actor=actor)
    except (ProviderUnknown, ProviderUnavailable) as error:
        log.warning("money_follows_later", attempt=str(attempt_id), kind=attempt.kind, reason=repr(error))


async def finish_attempt(
    database: Database, payments: Payments, jobs: Jobs, attempt: PaymentAttempt, *, actor: str = "system"
) -> AttemptState:
    """Makes the provider's call of a capture, void or refund, and records it; any number of times is one effect.

    Returns the attempt's state. Raises ProviderUnknown, ProviderUnavailable.
    """
    async with database.write() as conn:
        charge = await store.attempt_by_id(conn, attempt.parent_id) if attempt.parent_id else None
    answer = await _call(payments, attempt, charge)

    async def record(conn: Connection) -> AttemptState:
        return await _record(conn, jobs, attempt, answer, actor)

    return await database.transaction(record)


async def _call(payments: Payments, attempt: PaymentAttempt, charge: PaymentAttempt | None) -> ProviderAnswer | None:
    """None: there is nothing to do at the provider."""
    if attempt.amount == 0 or charge is None:
        return None
    ref = charge.provider_ref
    if ref is None:
        known = await payments.lookup(attempt_id=charge.id, created_at=charge.created_at)
        if known is None:
            raise ProviderUnknown(f"the provider does not know charge {charge.id}")
        ref = known.provider_ref
    key = str(attempt.id)
    if attempt.kind == "capture":
        return await payments.capture(ref, attempt.amount, attempt.currency, key)
    if attempt.kind == "refund" and attempt.provider_ref is not None:
        made = await payments.lookup(provider_ref=attempt.provider_ref)
        if made is None:
            raise ProviderUnknown(f"the provider does not know {attempt.provider_ref}")
        return made
    if attempt.kind == "refund":
        return await payments.refund(ref, attempt.amount, attempt.currency, key)
    return await _undo(payments, ref, key)


async def _undo(payments: Payments, ref: str, key: str) -> ProviderAnswer | None:
    """A charge that nobody wants any more: released when it is only authorized, refunded when it was captured."""
    answer = await payments.lookup(provider_ref=ref)
    if answer is None:
        raise ProviderUnknown(f"the provider does not know {ref}")
    if answer.state not in ("succeeded", "cancelled"):
        answer = await payments.cancel(ref, f"{key}-cancel")  # a key of its own: a refund may have to follow
    if answer.state != "succeeded":
        return answer
    made = await payments.refunds_of(ref)
    ours = next((refund for refund, of in made if of == key), None)
    if ours is not None and ours.state == "processing":
        return ours
    rest = answer.captured - sum(refund.amount for refund, _ in made if refund.state != "declined")
    return await payments.refund(ref, rest, answer.currency, key) if rest > 0 else None


async def _record(conn: Connection, jobs: Jobs, attempt: PaymentAttempt, answer: ProviderAnswer | None, actor: str) -> AttemptState:
    now = utc_now()
    state = _state_after(attempt, answer)
    kept = answer if attempt.kind == "refund" else None
    await store.lock_order(conn, attempt.order_id)
    before = await store.lock_attempt(conn, attempt.id)
    if before is not None and before.may_come_back and answer is not None and answer.state == "declined":
        return await _money_came_back(conn, attempt, state, answer, now)
    if before is None or before.state not in ("open", "processing", "stuck"):
        return before.state if before else state
    await store.record_attempt(conn, attempt.id, state, kept, now=now)
    if state in ("declined", "cancelled"):
        await store.add_event(conn, attempt.order_id, f"{attempt.kind}_failed", {"amount": attempt.amount}, now=now, actor=actor)
        if attempt.kind == "capture" and state == "cancelled" and attempt.parent_id is not None:
            await authorization_ended(conn, jobs, attempt.order_id, attempt.parent_id, now=now)
    elif state == "stuck" and answer is not None and before.state != "stuck":
        await _tell_stuck(conn, attempt, answer, actor, now)
    elif state == "succeeded" and attempt.kind == "capture":
        await store.mark_captured(conn, attempt.order_id, attempt.parent_id, attempt.amount, actor=actor, now=now)
        await invoices.issue(conn, attempt.order_id, now=now)
    elif state == "succeeded" and attempt.kind == "refund" and attempt.amount:
        await store.mark_refunded(conn, attempt.order_id, attempt.amount, 0, now=now)
        await store.add_event(conn, attempt.order_id, "refunded", {"amount": attempt.amount}, now=now, actor=actor)
    elif state == "succeeded" and attempt.kind == "void":
        await store.close_voided(conn, attempt.parent_id, now=now)
        await store.add_event(conn, attempt.order_id, "payment_released", {"amount": attempt.amount}, now=now, actor=actor)
    return state


async def _tell_stuck(conn: Connection, attempt: PaymentAttempt, answer: ProviderAnswer, actor: str, now: datetime) -> None:
    log.error("payment_stuck", attempt=str(attempt.id), order=str(attempt.order_id), kind=attempt.kind, reason=answer.decline_code)
    if answer.state == "succeeded":
        data = {"asked": attempt.amount, "moved": answer.captured, "currency": answer.currency}
        await store.add_event(conn, attempt.order_id, "amount_differs", data, now=now, actor=actor)
    else:
        await store.add_event(conn, attempt.order_id, f"{attempt.kind}_failed", {"amount": attempt.amount}, now=now, actor=actor)


async def _money_came_back(
    conn: Connection, attempt: PaymentAttempt, state: AttemptState, answer: ProviderAnswer, now: datetime
) -> AttemptState:
    """What the provider took on and the bank sent back days later: the money is the shop's again, and an operator's to decide.

    A refund of the order may be made anew. Of a charge that nobody wants there is no order to make it from: it is stuck.
    """
    await store.take_back_success(conn, attempt.id, state, answer.decline_code, now=now)
    if attempt.kind == "refund":
        await store.mark_refunded(conn, attempt.order_id, -attempt.amount, 0, now=now)
        await store.add_event(conn, attempt.order_id, "refund_failed", {"amount": attempt.amount}, now=now)
    else:
        await _tell_stuck(conn, attempt, answer, "system", now)
    return state


def _state_after(attempt: PaymentAttempt, answer: ProviderAnswer | None) -> AttemptState:
    if attempt.kind == "capture" and answer is not None and answer.state == "succeeded":
        # Somebody may have captured less at the provider: nothing is decided by a program then.
        return "succeeded" if (answer.captured, answer.currency) == (attempt.amount, attempt.currency) else "stuck"
    if answer is None or answer.state == "succeeded" or (answer.state == "cancelled" and attempt.kind == "void"):
        return "succeeded"
    if answer.state == "authorized" or (answer.state == "declined" and attempt.kind == "void"):
        return "stuck"  # the provider has refused the step, and would refuse it again
    return answer.state if answer.state in ("declined", "cancelled") else "processing"


async def lock(conn: Connection, order_id: UUID) -> Any:
    """The order's own row, held until the transaction ends. Raises NotFound."""
    order = await store.lock_order(conn, order_id)
    if order is None:
        raise NotFound(service.NO_SUCH_ORDER)
    return order
