"""Exchanges: the value of returned goods goes into an order of other goods.

The value becomes a gift card whose code nobody knows, on a cart that is made for the shopper with what they wanted instead and its stock
held. That cart is ordered as any other (prices of now, the shop's one checkout): what the goods cost more is paid there. What they cost
less, or a value that nobody used in time, or that comes back to the card later since the new order was cancelled or returned, goes back to
the order that the goods were of, and is refunded from there the way it was paid.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

import structlog

from storefront.cart import service as carts
from storefront.cart.model import Cart
from storefront.inventory import service as inventory
from storefront.orders import after_sale, invoices, mails, returns, service, store
from storefront.orders.after_sale import NotPossibleNow
from storefront.orders.model import Order, OrderReturn
from storefront.payments.service import Payments
from storefront.platform.database import Connection, Database
from storefront.platform.errors import InvalidInput
from storefront.platform.jobs import Jobs
from storefront.pricing import service as pricing

VALID_FOR = timedelta(days=30)
HELD_FOR = timedelta(days=7)  # the stock; from when the shopper opens checkout, its own hold counts
AT_ONCE = 200  # exchanges that are looked at in one round

log = structlog.get_logger("exchanges")


async def offer(
    database: Database, jobs: Jobs, order_id: UUID, return_id: UUID, *, delivery_amount: int, actor: str, now: datetime
) -> None:
    """Puts the value of a received return into an exchange; a second call changes nothing.

    Raises NotFound, NotPossibleNow, InvalidInput (`delivery_amount`), OutOfStock.
    """

    async def work(conn: Connection) -> None:
        row = await after_sale.lock(conn, order_id)
        held = await returns.held(conn, order_id, return_id)
        if held.state in ("exchanging", "exchanged"):
            return
        amount = await returns.value_of(conn, row, held, delivery_amount)
        if amount == 0:
            raise NotPossibleNow("Nothing is left of what was paid for these goods.")
        order = await service.order_by_id(conn, order_id)
        cart = await _cart_for(conn, order, held)
        card_id = await pricing.issue_exchange_credit(
            conn, amount, order.currency, return_id=return_id, order_id=order_id, expires_at=now + VALID_FOR
        )
        await carts.add_gift_card(conn, cart.id, card_id)
        demand = {line.variant_id: line.quantity for line in cart.lines}
        country = order.delivery_address.country if order.delivery_address else None
        await inventory.hold(conn, cart.id, demand, expires_at=now + HELD_FOR, country=country)
        await store.mark_exchanged(conn, order_id, amount, now=now)
        await store.credit_return(
            conn, return_id, "exchanging", amount=amount, delivery_amount=delivery_amount, cart_id=cart.id, card_id=card_id, now=now
        )
        await store.add_event(conn, order_id, "exchange_ready", {"return_id": return_id, "amount": amount}, now=now, actor=actor)
        await mails.enqueue(conn, jobs, "exchange_ready", order_id, return_id=return_id)
        await invoices.credit(
            conn,
            order_id,
            uuid5(return_id, "exchange"),
            amount=amount,
            lines=returns.credit_lines(held),
            delivery_amount=delivery_amount,
            now=now,
        )

    await database.transaction(work)


async def _cart_for(conn: Connection, order: Order, found: OrderReturn) -> Cart:
    """A cart with what is wanted instead of what came, for the same shopper and address."""
    own = {line.id: line.variant_id for line in order.lines}
    wanted = [(line.variant_id or own[line.order_line_id], line.received) for line in found.lines if line.received]
    try:
        cart = await carts.create(
            conn,
            currency=order.currency,
            customer_id=order.customer_id,
            lines=[(variant_id, quantity) for variant_id, quantity in wanted if variant_id is not None],
            durable=True,
        )
    except InvalidInput as error:
        raise NotPossibleNow("What is wanted instead is not for sale any more. Give the money back.") from error
    cart = await carts.set_details(
        conn, cart.id, email=order.email, delivery_address=order.delivery_address, billing_address=order.billing_address
    )
    option_id = (order.fulfillment_option or {}).get("id")
    if option_id is None:
        return cart
    try:
        async with conn.transaction():
            return await carts.set_details(conn, cart.id, fulfillment_option_id=option_id)
    except InvalidInput:  # it is not offered any more: the shopper chooses another
        return cart


async def take_up(database: Database, found: OrderReturn) -> Cart:
    """The cart of an exchange that waits for its order, with its value on it, also when somebody has taken that off.

    Raises NotPossibleNow, CartNotFound, CartClosed.
    """
    if found.state != "exchanging" or found.exchange_cart_id is None or found.exchange_card_id is None:
        raise NotPossibleNow("This exchange does not wait for an order.")
    async with database.write() as conn:
        cart = await carts.get(conn, found.exchange_cart_id)
        if found.exchange_card_id in cart.gift_card_ids:
            return cart
        return await carts.add_gift_card(conn, cart.id, found.exchange_card_id)


# --- the end of an exchange ------------------------------------------------------------------------------------------------------


async def settle_all(database: Database, payments: Payments, jobs: Jobs, *, now: datetime) -> int:
    """Ends exchanges whose order is paid or whose time is up, and gives back what is left; returns how many were looked at.

    Any replica, as often as it likes. What fails is left for the next round. Those that still wait are passed over, however many.
    """
    async with database.write() as conn:
        waiting = await store.open_exchanges(conn)
        due = {return_id for return_id, ordered in waiting.items() if ordered}
        due.update(await pricing.exchanges_that_moved(conn, list(waiting), now=now, most=AT_ONCE))
    for return_id in sorted(due):
        try:
            await settle(database, payments, jobs, return_id, now=now)
        except Exception:  # one bad case must not keep the others waiting
            log.exception("exchange_not_settled", return_id=str(return_id))
    return len(due)


async def settle(database: Database, payments: Payments, jobs: Jobs, return_id: UUID, *, now: datetime) -> None:
    """Looks at one exchange."""
    attempt_id = uuid4()

    async def work(conn: Connection) -> None:
        known = await store.return_by_id(conn, return_id)
        if known is None or known.exchange_card_id is None:
            return
        await after_sale.lock(conn, known.order_id)
        found = await returns.held(conn, known.order_id, return_id)
        credit = await pricing.exchange_credit(conn, known.exchange_card_id)
        statuses = await store.statuses_of(conn, credit.order_ids)
        if "pending_payment" in statuses.values():
            return
        if found.state == "exchanging":
            ordered = next((order_id for order_id, status in statuses.items() if status != "cancelled"), None)
            if ordered is None and now < credit.expires_at and not await _was_ordered(conn, found):
                return
            await _end(conn, found, ordered, now)
        if credit.balance:
            await _give_back(conn, jobs, found, credit.balance, attempt_id, now)

    await database.transaction(work)
    await after_sale.follow_up(database, payments, jobs, attempt_id, "system")


async def _was_ordered(conn: Connection, found: OrderReturn) -> bool:
    """Whether the cart is closed for good: its order was paid without this value, or has been cancelled since."""
    assert found.exchange_cart_id is not None
    return (await carts.get(conn, found.exchange_cart_id)).state == "ordered"


async def _end(conn: Connection, found: OrderReturn, ordered: UUID | None, now: datetime) -> None:
    if ordered is None:
        await store.end_exchange(conn, found.id, "refunded", None, now=now)
        await store.add_event(conn, found.order_id, "exchange_expired", {"return_id": found.id}, now=now)
        return
    await store.end_exchange(conn, found.id, "exchanged", ordered, now=now)
    order = await service.order_by_id(conn, ordered)
    await store.add_event(conn, found.order_id, "exchanged", {"return_id": found.id, "order": order.number}, now=now)


async def _give_back(conn: Connection, jobs: Jobs, found: OrderReturn, rest: int, attempt_id: UUID, now: datetime) -> None:
    """What is left on the card is the order's again, and is refunded from it."""
    assert found.exchange_card_id is not None
    await pricing.take_back_exchange_credit(conn, found.exchange_card_id, rest, found.order_id)
    await store.mark_exchanged(conn, found.order_id, -rest, now=now)
    row = await after_sale.lock(conn, found.order_id)
    await after_sale.decide_refund(conn, jobs, row, rest, attempt_id, actor="system", now=now)
