"""Returns: a shopper asks, the shop agrees, the goods come back, and what was paid for them is given back.

    requested → approved → received → refunded
                                    → exchanging → exchanged   (exchanges.py)
    requested, approved → refused, withdrawn

The database keeps the moves legal and the counts true: what is returned and what is under way is never more than what was sent. Every step
holds the order's row, so that steps at the same moment see each other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec

from storefront.catalog import service as catalog
from storefront.catalog.model import SaleVariant
from storefront.inventory import service as inventory
from storefront.orders import after_sale, invoices, mails, service, store
from storefront.orders.after_sale import NotPossibleNow
from storefront.orders.model import CreditLine, NewReturn, Order, OrderLine, OrderReturn, ReturnLine
from storefront.payments.service import Payments
from storefront.platform.database import Connection, Database
from storefront.platform.errors import FieldError, InvalidInput, NotFound
from storefront.platform.jobs import Jobs
from storefront.settings import Settings

LONGEST_ANSWER = 1000  # characters


class Arrival(NamedTuple):
    """Units of a line that came back; the damaged ones are among the received and go to nobody's shelf."""

    received: int
    damaged: int


# --- the shopper asks ------------------------------------------------------------------------------------------------------------


def may_ask(settings: Settings, order: Order, now: datetime) -> bool:
    """Whether a shopper may still ask to return something of the order."""
    sent_at = order.sent_at
    return order.returnable and sent_at is not None and now <= sent_at + timedelta(days=settings.shop.return_days)


async def exchange_choices(conn: Connection, order: Order) -> dict[int, list[SaleVariant]]:
    """What may be had instead, by order line: the variants of the same product that are for sale in the order's currency."""
    product_ids = {line.product_id for line in order.lines if line.product_id is not None and line.returnable > 0}
    if not product_ids:
        return {}
    variants = await catalog.variants_of(conn, sorted(product_ids), order.currency)
    return {line.id: [variant for variant in variants if variant.product_id == line.product_id] for line in order.lines}


async def ask(
    database: Database,
    jobs: Jobs,
    settings: Settings,
    order_id: UUID,
    wanted: NewReturn,
    *,
    key: str,
    actor: str,
    now: datetime,
    at_any_time: bool = False,
) -> OrderReturn:
    """Asks to return units; one key is one return. `at_any_time`: the shop itself may take back what was sent too long ago.

    Raises NotFound, NotPossibleNow, InvalidInput (fields `lines[0].quantity`, `lines[0].variant_id`, `lines[0].order_line_id`, `key`).
    """
    if not key or len(key) > 255:
        raise InvalidInput.of("key", "Send the form again.")
    return_id = uuid5(order_id, f"return:{key}")

    async def work(conn: Connection) -> OrderReturn:
        await after_sale.lock(conn, order_id)
        earlier = await store.lock_return(conn, order_id, return_id)
        if earlier is not None:
            return earlier
        order = await service.order_by_id(conn, order_id)
        if not (order.returnable if at_any_time else may_ask(settings, order, now)):
            raise NotPossibleNow("Nothing of this order can be returned: it was not sent yet, or too long ago, or is on its way back.")
        checked = _checked(order, wanted, await exchange_choices(conn, order))
        await store.ask_return(conn, return_id, order_id, checked, now=now)
        lines = [{"order_line_id": line.order_line_id, "quantity": line.quantity} for line in checked.lines]
        data = {"return_id": return_id, "resolution": wanted.resolution, "lines": lines}
        await store.add_event(conn, order_id, "return_requested", data, now=now, actor=actor)
        await mails.enqueue(conn, jobs, "return_requested", order_id, return_id=return_id)
        return await held(conn, order_id, return_id)

    return await database.transaction(work)


def _checked(order: Order, wanted: NewReturn, choices: Mapping[int, list[SaleVariant]]) -> NewReturn:
    """The wish with what is left unsaid filled in. Raises InvalidInput."""
    by_id = {line.id: line for line in order.lines}
    errors: list[FieldError] = []
    seen: set[int] = set()
    for place, asked in enumerate(wanted.lines):
        line = by_id.get(asked.order_line_id)
        if line is None or line.id in seen:
            errors.append(FieldError(f"lines[{place}].order_line_id", "Name each line of the order once."))
            continue
        seen.add(line.id)
        if asked.quantity > line.returnable:
            errors.append(FieldError(f"lines[{place}].quantity", f"At most {line.returnable} can be returned."))
        if wanted.resolution == "exchange" and _instead(asked.variant_id, line) not in {found.id for found in choices.get(line.id, [])}:
            errors.append(FieldError(f"lines[{place}].variant_id", "Choose something of the same product that is for sale."))
    if errors:
        raise InvalidInput("This cannot be returned as asked.", fields=errors)
    exchange = wanted.resolution == "exchange"
    lines = tuple(
        msgspec.structs.replace(asked, variant_id=_instead(asked.variant_id, by_id[asked.order_line_id]) if exchange else None)
        for asked in wanted.lines
    )
    return msgspec.structs.replace(wanted, lines=lines)


def _instead(variant_id: int | None, line: OrderLine) -> int | None:
    return variant_id if variant_id is not None else line.variant_id


async def withdraw(database: Database, order_id: UUID, return_id: UUID, *, actor: str, now: datetime) -> OrderReturn:
    """The shopper keeps the goods. A second call changes nothing. Raises NotFound, NotPossibleNow once they have arrived."""

    async def work(conn: Connection) -> OrderReturn:
        await after_sale.lock(conn, order_id)
        found = await held(conn, order_id, return_id)
        if found.state == "withdrawn":
            return found
        if not found.can_be_withdrawn:
            raise NotPossibleNow("This return has been dealt with already.")
        await store.end_return(conn, return_id, "withdrawn", "", now=now)
        await store.add_event(conn, order_id, "return_withdrawn", {"return_id": return_id}, now=now, actor=actor)
        return await held(conn, order_id, return_id)

    return await database.transaction(work)


# --- the shop answers ------------------------------------------------------------------------------------------------------------


async def approve(database: Database, jobs: Jobs, order_id: UUID, return_id: UUID, *, answer: str, actor: str, now: datetime) -> None:
    """The shop agrees; `answer` tells the shopper where to send the goods. Raises NotFound, NotPossibleNow, InvalidInput (`answer`)."""
    _check_answer(answer)

    async def work(conn: Connection) -> None:
        await after_sale.lock(conn, order_id)
        found = await held(conn, order_id, return_id)
        if found.state != "requested":
            raise NotPossibleNow("This return has been dealt with already.")
        await store.approve_return(conn, return_id, answer, now=now)
        await store.add_event(conn, order_id, "return_approved", {"return_id": return_id}, now=now, actor=actor)
        await mails.enqueue(conn, jobs, "return_approved", order_id, return_id=return_id)

    await database.transaction(work)


async def refuse(database: Database, jobs: Jobs, order_id: UUID, return_id: UUID, *, answer: str, actor: str, now: datetime) -> None:
    """The shop does not take the goods back, or they never came. Raises as `approve`."""
    _check_answer(answer)

    async def work(conn: Connection) -> None:
        await after_sale.lock(conn, order_id)
        found = await held(conn, order_id, return_id)
        if found.state not in ("requested", "approved"):
            raise NotPossibleNow("This return has been dealt with already.")
        await store.end_return(conn, return_id, "refused", answer, now=now)
        await store.add_event(conn, order_id, "return_refused", {"return_id": return_id}, now=now, actor=actor)
        await mails.enqueue(conn, jobs, "return_refused", order_id, return_id=return_id)

    await database.transaction(work)


def _check_answer(answer: str) -> None:
    if len(answer) > LONGEST_ANSWER:
        raise InvalidInput.of("answer", f"Write at most {LONGEST_ANSWER} characters.")


# --- the goods arrive ------------------------------------------------------------------------------------------------------------


async def receive(
    database: Database, jobs: Jobs, order_id: UUID, return_id: UUID, arrived: Mapping[int, Arrival], *, actor: str, now: datetime
) -> None:
    """Counts what came back (by order line id) and puts what is not damaged back in stock. What did not come stays with the shopper.

    Raises NotFound, NotPossibleNow, InvalidInput (`received-<order line id>`, `damaged-<order line id>`, `lines`).
    """

    async def work(conn: Connection) -> None:
        await after_sale.lock(conn, order_id)
        found = await held(conn, order_id, return_id)
        if found.state != "approved":
            raise NotPossibleNow("Only a return that was approved can be received, and only once.")
        order = await service.order_by_id(conn, order_id)
        lines = _counted(order, found, arrived)
        await store.receive_return(conn, return_id, order_id, lines, sum(line.amount for line in lines), now=now)
        await inventory.restock(conn, order_id, _for_the_shelf(order, lines), "returned", actor=actor)
        data = {
            "return_id": return_id,
            "lines": [
                {"order_line_id": line.order_line_id, "quantity": line.received, "damaged": line.damaged} for line in lines if line.received
            ],
        }
        await store.add_event(conn, order_id, "return_received", data, now=now, actor=actor)
        await mails.enqueue(conn, jobs, "return_received", order_id, return_id=return_id)

    await database.transaction(work)


def _counted(order: Order, found: OrderReturn, arrived: Mapping[int, Arrival]) -> list[ReturnLine]:
    by_id = {line.id: line for line in order.lines}
    lines: list[ReturnLine] = []
    errors: list[FieldError] = []
    for asked in found.lines:
        came = arrived.get(asked.order_line_id, Arrival(0, 0))
        if not 0 <= came.received <= asked.quantity:
            errors.append(FieldError(f"received-{asked.order_line_id}", f"At most {asked.quantity} can have come."))
        elif not 0 <= came.damaged <= came.received:
            errors.append(FieldError(f"damaged-{asked.order_line_id}", f"At most {came.received} can be damaged."))
        else:
            lines.append(_with_its_share(by_id[asked.order_line_id], asked, came))
    if errors:
        raise InvalidInput("More came than was announced.", fields=errors)
    if not any(line.received for line in lines):
        raise InvalidInput.of("lines", "Say what came. If nothing did, decline the return.")
    return lines


def _with_its_share(line: OrderLine, asked: ReturnLine, came: Arrival) -> ReturnLine:
    """What was paid for just these units."""
    amount, tax = after_sale.share_of(line, line.returned, line.returned + came.received)
    return msgspec.structs.replace(asked, received=came.received, damaged=came.damaged, amount=amount, tax=tax)


def _for_the_shelf(order: Order, lines: Iterable[ReturnLine]) -> list[tuple[int, int]]:
    variants = {line.id: line.variant_id for line in order.lines}
    found = [(variants[line.order_line_id], line.received - line.damaged) for line in lines]
    return [(variant_id, quantity) for variant_id, quantity in found if variant_id is not None and quantity > 0]


# --- the money goes back ---------------------------------------------------------------------------------------------------------


async def refund(
    database: Database, payments: Payments, jobs: Jobs, order_id: UUID, return_id: UUID, *, delivery_amount: int, actor: str, now: datetime
) -> None:
    """Gives back what was paid for the returned units, and `delivery_amount` of what delivery cost; a second call changes nothing.

    Never more than was paid and not yet given back: what an operator has given back before counts. Raises NotFound, NotPossibleNow,
    InvalidInput (`delivery_amount`).
    """
    attempt_id = uuid5(return_id, "refund")

    async def work(conn: Connection) -> None:
        row = await after_sale.lock(conn, order_id)
        found = await held(conn, order_id, return_id)
        if found.state == "refunded":
            return
        amount = await value_of(conn, row, found, delivery_amount)
        await store.credit_return(conn, return_id, "refunded", amount=amount, delivery_amount=delivery_amount, now=now)
        await store.add_event(conn, order_id, "return_refunded", {"return_id": return_id, "amount": amount}, now=now, actor=actor)
        if amount:
            await after_sale.decide_refund(conn, jobs, row, amount, attempt_id, actor=actor, now=now)
            await invoices.credit(
                conn, order_id, attempt_id, amount=amount, lines=credit_lines(found), delivery_amount=delivery_amount, now=now
            )

    await database.transaction(work)
    await after_sale.follow_up(database, payments, jobs, attempt_id, actor)


async def value_of(conn: Connection, row: Any, found: OrderReturn, delivery_amount: int) -> int:
    """What a received return is worth, at most what is left of the order's money. Raises NotPossibleNow, InvalidInput."""
    if found.state != "received":
        raise NotPossibleNow("First the goods have to come back.")
    order = await service.order_by_id(conn, found.order_id)
    if not 0 <= delivery_amount <= order.delivery_left:
        raise InvalidInput.of("delivery_amount", "Enter an amount up to what delivery cost and was not given back.")
    return min(found.goods_amount + delivery_amount, await after_sale.left_to_give_back(conn, row))


def credit_lines(found: OrderReturn) -> list[CreditLine]:
    """What came back, as a credit note lists it."""
    return [CreditLine(line.order_line_id, line.received, line.amount, line.tax) for line in found.lines if line.received]


async def held(conn: Connection, order_id: UUID, return_id: UUID) -> OrderReturn:
    """The order's return, held until the transaction ends. Raises NotFound."""
    found = await store.lock_return(conn, order_id, return_id)
    if found is None:
        raise NotFound("There is no such return.")
    return found
