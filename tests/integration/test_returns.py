"""Returns and exchanges: what was sent can come back, its own share of the money goes back or into something else, and never more."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from storefront.cart import service as carts
from storefront.checkout import background, recovery
from storefront.checkout.context import CheckoutContext
from storefront.inventory.service import OutOfStock
from storefront.orders import after_sale, exchanges, returns, service
from storefront.orders.after_sale import NotPossibleNow
from storefront.orders.links import order_key, order_path
from storefront.orders.model import NewReturn, NewReturnLine, Order, OrderReturn
from storefront.orders.returns import Arrival
from storefront.platform.database import Connection
from storefront.platform.errors import InvalidInput, NotFound
from storefront.platform.mail import Mailer
from storefront.platform.money import Money
from storefront.pricing import service as pricing
from storefront.settings import Settings
from tests.buying import Buyer, MovableClock, buyer_of, gift_card, offer, stock_of, violations
from tests.forms import Browser, forms_of
from tests.sandbox import eventually
from tests.shopper import Shopper

Client = TestClient[web.Request, web.Application]


class Counter:
    """The people at the counter: a shopper who wants to give something back, and an operator who takes it."""

    def __init__(self, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
        self.shop = shop
        self.owner = owner
        self.option_id = option_id

    async def order(self, order_id: UUID) -> Order:
        async with self.shop.database.write() as conn:
            return await service.order_by_id(conn, order_id)

    async def sold(self, *lines: tuple[int, int], sent: int | None = None, codes: tuple[str, ...] = ()) -> Order:
        """A paid order of (variant, quantity), of which everything, or `sent` units of each line, was sent."""
        answer = await (await buyer_of(self.shop, self.option_id, *lines, codes=codes)).place()
        assert answer.status == 201, answer.body
        order = await self.order(UUID(answer.document()["id"]))
        parcel = {line.id: line.quantity if sent is None else sent for line in order.lines}
        await after_sale.fulfill(self.shop.database, self.shop.payments, self.shop.jobs, order.id, lines=parcel, actor="operator")
        return await self.order(order.id)

    async def ask(
        self, order: Order, *quantities: int, key: str = "", resolution: Any = "refund", instead: int | None = None
    ) -> OrderReturn:
        lines = tuple(
            NewReturnLine(line.id, quantity, "does_not_fit", instead)
            for line, quantity in zip(order.lines, quantities, strict=False)
            if quantity
        )
        return await returns.ask(
            self.shop.database,
            self.shop.jobs,
            self.shop.settings,
            order.id,
            NewReturn(lines, resolution),
            key=key or uuid.uuid4().hex,
            actor="shopper",
            now=self.shop.clock(),
        )

    async def approve(self, found: OrderReturn) -> None:
        answer, now = "Send it to Dock 4.", self.shop.clock()
        await returns.approve(self.shop.database, self.shop.jobs, found.order_id, found.id, answer=answer, actor="operator", now=now)

    async def receive(self, found: OrderReturn, damaged: int = 0, received: int | None = None) -> None:
        arrived = {line.order_line_id: Arrival(line.quantity if received is None else received, damaged) for line in found.lines}
        await returns.receive(
            self.shop.database, self.shop.jobs, found.order_id, found.id, arrived, actor="operator", now=self.shop.clock()
        )

    async def came_back(self, order: Order, *quantities: int, **wish: Any) -> OrderReturn:
        """A return that has arrived."""
        found = await self.ask(order, *quantities, **wish)
        await self.approve(found)
        await self.receive(found)
        return found

    async def refund(self, found: OrderReturn, delivery: int = 0) -> None:
        await returns.refund(
            self.shop.database,
            self.shop.payments,
            self.shop.jobs,
            found.order_id,
            found.id,
            delivery_amount=delivery,
            actor="operator",
            now=self.shop.clock(),
        )

    async def exchange(self, found: OrderReturn, delivery: int = 0) -> OrderReturn:
        await exchanges.offer(
            self.shop.database,
            self.shop.jobs,
            found.order_id,
            found.id,
            delivery_amount=delivery,
            actor="operator",
            now=self.shop.clock(),
        )
        return await self.known(found)

    async def known(self, found: OrderReturn) -> OrderReturn:
        return next(known for known in (await self.order(found.order_id)).returns if known.id == found.id)

    async def settle_exchanges(self) -> None:
        await exchanges.settle_all(self.shop.database, self.shop.payments, self.shop.jobs, now=self.shop.clock())

    async def order_exchange(self, found: OrderReturn) -> Order:
        """The shopper orders what the exchange's cart holds."""
        answer = await (await self.at_checkout(found)).place()
        assert answer.status == 201, answer.body
        return await self.order(UUID(answer.document()["id"]))

    async def at_checkout(self, found: OrderReturn) -> Buyer:
        """The shopper with the exchange's cart, ready to order it."""
        cart = await exchanges.take_up(self.shop.database, found)
        buyer = Buyer(self.shop, cart.id, Money(0, "EUR"), Money(0, "EUR"), cart.customer_id)
        async with self.shop.database.write() as conn:
            await carts.set_details(conn, cart.id, fulfillment_option_id=self.option_id)
        await buyer.look()
        return buyer


@pytest.fixture
def counter(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> Counter:
    return Counter(shop, owner, option_id)


@pytest.fixture
async def variant_id(owner: asyncpg.Connection) -> int:
    return await offer(owner, amount=1500, on_hand=10)


async def size_beside(owner: asyncpg.Connection, variant_id: int, *, amount: int, on_hand: int = 5) -> int:
    """Another size of the same product; returns the variant's id."""
    product_id = await owner.fetchval("UPDATE variant SET option_values = '{M}' WHERE id = $1 RETURNING product_id", variant_id)
    await owner.execute("UPDATE product SET option_names = '{Size}' WHERE id = $1", product_id)
    other: int = await owner.fetchval(
        "INSERT INTO variant (product_id, sku, position, option_values) SELECT $2, sku || '-L', 2, '{L}' FROM variant WHERE id = $1 "
        "RETURNING id",
        variant_id,
        product_id,
    )
    await owner.execute("INSERT INTO variant_price (variant_id, currency, amount) VALUES ($1, 'EUR', $2)", other, amount)
    await owner.execute("INSERT INTO stock (variant_id, location_id, on_hand) SELECT $1, id, $2 FROM stock_location", other, on_hand)
    return other


# --- returns ---------------------------------------------------------------------------------------------------------------------


async def test_what_comes_back_is_paid_back_and_sold_again(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 3))
    found = await counter.ask(order, 2)
    assert (await counter.order(order.id)).lines[0].coming_back == 2
    await counter.approve(found)
    await counter.receive(found, damaged=1)
    assert await stock_of(owner, variant_id) == (8, 0), "what is damaged is not sold again"
    await counter.refund(found, delivery=490)
    after = await counter.order(order.id)
    assert (after.refunded, after.lines[0].returned, after.lines[0].credited) == (3490, 2, 3000)
    assert after.status == "fulfilled", "one unit is still with the shopper"
    kinds = [event.kind for event in after.events][3:]
    assert kinds == ["return_requested", "return_approved", "return_received", "return_refunded", "refund_decided", "refunded"]
    assert await violations(owner) == []


async def test_an_order_that_came_back_whole_is_returned(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 2))
    for _ in range(2):
        await counter.refund(await counter.came_back(order, 1))
    after = await counter.order(order.id)
    assert (after.status, after.refunded, after.refundable) == ("returned", 3000, 490)
    assert await violations(owner) == []


async def test_only_what_was_sent_can_be_returned_and_only_once(counter: Counter, variant_id: int) -> None:
    order = await counter.sold((variant_id, 3), sent=2)
    with pytest.raises(InvalidInput):
        await counter.ask(order, 3)
    first = await counter.ask(order, 2)
    with pytest.raises(NotPossibleNow):
        await counter.ask(order, 1)
    await returns.withdraw(counter.shop.database, order.id, first.id, actor="shopper", now=counter.shop.clock())
    second = await counter.ask(order, 1)
    await counter.approve(second)
    with pytest.raises(InvalidInput):
        await counter.receive(second, received=2)
    with pytest.raises(InvalidInput):
        await counter.receive(second, received=0)
    await counter.receive(second)
    with pytest.raises(NotPossibleNow):
        await counter.receive(second)


async def test_a_return_is_asked_for_in_time(counter: Counter, clock: MovableClock, variant_id: int) -> None:
    order = await counter.sold((variant_id, 2))
    clock.forward(days=counter.shop.settings.shop.return_days - 1)
    await counter.ask(order, 1)
    clock.forward(days=2)
    with pytest.raises(NotPossibleNow):
        await counter.ask(order, 1)


async def test_one_key_is_one_return_and_many_at_once_never_exceed_what_was_sent(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 3))
    same = await asyncio.gather(*(counter.ask(order, 1, key="one") for _ in range(5)))
    assert len({found.id for found in same}) == 1
    outcomes = await asyncio.gather(*(counter.ask(order, 1) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(outcome, OrderReturn) for outcome in outcomes) == 2
    assert {type(outcome) for outcome in outcomes} <= {OrderReturn, NotPossibleNow, InvalidInput}
    assert await violations(owner) == []


async def test_two_operators_at_once_receive_and_refund_once(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 2))
    found = await counter.ask(order, 2)
    await counter.approve(found)
    outcomes = await asyncio.gather(*(counter.receive(found) for _ in range(3)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert await stock_of(owner, variant_id) == (10, 0)
    await asyncio.gather(*(counter.refund(found, delivery=490) for _ in range(4)))
    after = await counter.order(order.id)
    assert (after.refunded, after.status) == (3490, "returned")
    assert await violations(owner) == []


async def test_a_refund_by_hand_and_that_of_a_return_never_exceed_what_was_paid(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 2))
    found = await counter.came_back(order, 2)
    shop = counter.shop
    by_hand = (
        after_sale.refund(shop.database, shop.payments, shop.jobs, order.id, amount=2000, key=str(number), actor="operator")
        for number in range(2)
    )
    await asyncio.gather(counter.refund(found), *by_hand, return_exceptions=True)
    await counter.refund(found)
    after = await counter.order(order.id)
    assert after.refunded <= 3490
    assert (await counter.known(found)).state == "refunded"
    assert await violations(owner) == []


async def test_a_refund_goes_back_to_the_card_and_to_the_gift_card(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    code = await gift_card(counter.shop, 1000)
    order = await counter.sold((variant_id, 2), codes=(code,))
    assert (order.captured, order.gift_card_amount) == (2490, 1000)
    await counter.refund(await counter.came_back(order, 2))
    after = await counter.order(order.id)
    assert (after.refunded, after.gift_card_refunded) == (2490, 510)
    assert await owner.fetchval("SELECT balance FROM gift_card WHERE last_four = $1", code[-4:]) == 510
    assert await violations(owner) == []


async def test_no_more_delivery_is_given_back_than_was_paid(counter: Counter, variant_id: int) -> None:
    order = await counter.sold((variant_id, 2))
    await counter.refund(await counter.came_back(order, 1), delivery=300)
    second = await counter.came_back(order, 1)
    with pytest.raises(InvalidInput):
        await counter.refund(second, delivery=191)
    await counter.refund(second, delivery=190)
    assert (await counter.order(order.id)).refundable == 0


async def test_a_refused_return_changes_nothing_and_can_be_asked_for_again(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 1))
    found = await counter.ask(order, 1)
    now, shop = counter.shop.clock(), counter.shop
    await returns.refuse(shop.database, shop.jobs, order.id, found.id, answer="Worn.", actor="operator", now=now)
    with pytest.raises(NotPossibleNow):
        await counter.approve(found)
    after = await counter.order(order.id)
    assert (after.lines[0].returnable, after.returns[0].answer) == (1, "Worn.")
    await counter.ask(order, 1)
    assert await violations(owner) == []


async def test_the_database_keeps_the_moves_and_counts_of_returns(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 2))
    found = await counter.ask(order, 1)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE order_return SET state = 'refunded' WHERE id = $1", found.id)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE order_line SET coming_back = 3 WHERE order_id = $1", order.id)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE order_line SET credited = total + 1 WHERE order_id = $1", order.id)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE orders SET exchanged = captured + 1 WHERE id = $1", order.id)


async def test_a_return_belongs_to_its_order(counter: Counter, variant_id: int) -> None:
    one, other = await counter.sold((variant_id, 1)), await counter.sold((variant_id, 1))
    found = await counter.ask(one, 1)
    with pytest.raises(NotFound):
        await returns.withdraw(counter.shop.database, other.id, found.id, actor="shopper", now=counter.shop.clock())


@examples(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(total=st.integers(0, 10**6), tax=st.integers(0, 10**5), parts=st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_the_shares_of_all_units_are_what_the_line_cost(total: int, tax: int, parts: list[int]) -> None:
    from storefront.orders.model import OrderLine, ReturnLine
    from storefront.orders.returns import _with_its_share

    quantity = sum(parts)
    line = OrderLine(1, 1, 1, 1, "S", "T", (), None, "", quantity, 0, 0, 0, tax, 0, total, fulfilled=quantity)
    amounts, taxes, returned = [], [], 0
    for part in parts:
        share = _with_its_share(_returned(line, returned), ReturnLine(1, part, "other"), Arrival(part, 0))
        amounts.append(share.amount)
        taxes.append(share.tax)
        assert abs(share.amount - total * part / quantity) <= 1
        returned += part
    assert (sum(amounts), sum(taxes)) == (total, tax)
    assert min(amounts) >= 0


def _returned(line: Any, units: int) -> Any:
    import msgspec

    return msgspec.structs.replace(line, returned=units)


# --- exchanges -------------------------------------------------------------------------------------------------------------------


async def test_an_exchange_for_something_dearer_is_paid_in_part_by_what_came_back(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    large = await size_beside(owner, variant_id, amount=2500)
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange", instead=large))
    assert await stock_of(owner, large) == (5, 1), "held for the shopper"
    assert (found.state, found.amount) == ("exchanging", 1500)
    new = await counter.order_exchange(found)
    assert (new.total, new.gift_card_amount, new.captured) == (2990, 1500, 1490)
    assert new.email == order.email
    assert new.delivery_address == order.delivery_address
    assert await stock_of(owner, large) == (4, 0)
    await counter.settle_exchanges()
    after = await counter.order(order.id)
    assert (after.returns[0].state, after.returns[0].exchange_order_id) == ("exchanged", new.id)
    assert (after.refunded, after.exchanged, after.refundable) == (0, 1500, 490)
    assert await violations(owner) == []


async def test_what_an_exchange_costs_less_is_given_back(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    small = await size_beside(owner, variant_id, amount=400)
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange", instead=small), delivery=490)
    assert found.amount == 1990
    new = await counter.order_exchange(found)
    assert (new.total, new.gift_card_amount, new.captured) == (890, 890, 0)
    await asyncio.gather(*(counter.settle_exchanges() for _ in range(3)))
    after = await counter.order(order.id)
    assert (after.refunded, after.exchanged, after.refundable) == (1100, 890, 0)
    assert await violations(owner) == []


async def test_an_exchange_that_nobody_takes_up_is_given_back_in_the_end(
    counter: Counter, owner: asyncpg.Connection, clock: MovableClock, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    await counter.settle_exchanges()
    assert (await counter.known(found)).state == "exchanging"
    clock.forward(seconds=(exchanges.VALID_FOR + timedelta(seconds=1)).total_seconds())
    await counter.settle_exchanges()
    after = await counter.order(order.id)
    assert (after.returns[0].state, after.refunded, after.exchanged) == ("refunded", 1500, 0)
    await background.free_stock(counter.shop)
    assert await stock_of(owner, variant_id) == (10, 0)
    assert await violations(owner) == []


async def test_the_value_of_an_exchange_that_is_cancelled_goes_back(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    new = await counter.order_exchange(found)
    await counter.settle_exchanges()
    shop = counter.shop
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, new.id, actor="shopper")
    await counter.settle_exchanges()
    after = await counter.order(order.id)
    assert (after.refunded, after.exchanged) == (1500, 0)
    assert (await counter.order(new.id)).refunded == 490
    assert await violations(owner) == []


async def test_an_exchange_that_is_cancelled_before_anybody_looked_at_it_goes_back_at_once(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    order, shop = await counter.sold((variant_id, 1)), counter.shop
    new = await counter.order_exchange(await counter.exchange(await counter.came_back(order, 1, resolution="exchange")))
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, new.id, actor="shopper")
    await counter.settle_exchanges()
    after = await counter.order(order.id)
    assert (after.returns[0].state, after.refunded, after.exchanged) == ("refunded", 1500, 0)
    assert await violations(owner) == []


async def test_an_exchange_that_was_ordered_without_its_value_goes_back_at_once(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    buyer, card_id = await counter.at_checkout(found), found.exchange_card_id
    assert card_id is not None
    async with counter.shop.database.write() as conn:
        await carts.remove_gift_card(conn, buyer.cart_id, card_id)
    await buyer.look()
    assert (await buyer.place()).status == 201
    await counter.settle_exchanges()
    after = await counter.order(order.id)
    assert (after.returns[0].state, after.refunded, after.exchanged) == ("refunded", 1500, 0)
    assert await violations(owner) == []


async def test_exchanges_that_wait_keep_no_other_waiting(counter: Counter, monkeypatch: pytest.MonkeyPatch, variant_id: int) -> None:
    monkeypatch.setattr(exchanges, "AT_ONCE", 1)
    order = await counter.sold((variant_id, 2))
    for _ in range(2):
        found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    await counter.order_exchange(found)
    await counter.settle_exchanges()
    assert (await counter.known(found)).state == "exchanged"


async def test_an_exchange_that_is_being_paid_is_left_alone(
    counter: Counter, owner: asyncpg.Connection, clock: MovableClock, variant_id: int
) -> None:
    large = await size_beside(owner, variant_id, amount=2500)
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange", instead=large))
    buyer = await counter.at_checkout(found)
    assert (await buyer.place(payment_method=None)).status == 202
    await counter.settle_exchanges()
    assert (await counter.known(found)).state == "exchanging"
    clock.forward(seconds=exchanges.VALID_FOR.total_seconds() + 60)
    await counter.settle_exchanges()
    assert (await counter.known(found)).state == "exchanging"
    await recovery.recover(counter.shop)
    await counter.settle_exchanges()
    after = await counter.order(order.id)
    assert (after.returns[0].state, after.refunded, after.exchanged) == ("refunded", 1500, 0)
    assert await violations(owner) == []


async def test_an_order_that_takes_the_value_while_the_exchange_is_looked_at_is_seen(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    order, database, other_order_id = await counter.sold((variant_id, 1)), counter.shop.database, uuid.uuid4()
    card_id = (await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))).exchange_card_id
    assert card_id is not None
    async with database.write() as spending, spending.transaction():
        await pricing.spend_gift_cards(spending, other_order_id, [(card_id, 1500)])
        looking = asyncio.create_task(database.transaction(lambda conn: pricing.exchange_credit(conn, card_id)))
        await eventually(lambda: owner.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
    credit = await looking
    assert (credit.balance, credit.order_ids) == (0, (other_order_id,))


async def test_what_is_in_an_exchange_is_not_refunded_beside_it(counter: Counter, variant_id: int) -> None:
    order, shop = await counter.sold((variant_id, 1)), counter.shop
    await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    with pytest.raises(InvalidInput):
        await after_sale.refund(shop.database, shop.payments, shop.jobs, order.id, amount=491, key="a", actor="operator")
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order.id, amount=490, key="b", actor="operator")


async def test_an_exchange_and_a_refund_at_the_same_moment_are_one_of_the_two(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 1))
    found = await counter.came_back(order, 1, resolution="exchange")
    outcomes = await asyncio.gather(counter.exchange(found), counter.refund(found), counter.exchange(found), return_exceptions=True)
    assert all(outcome is None or isinstance(outcome, OrderReturn | NotPossibleNow) for outcome in outcomes), outcomes
    after = await counter.order(order.id)
    assert after.refunded + after.exchanged == 1500
    assert await violations(owner) == []


async def test_what_is_sold_out_cannot_be_had_in_exchange_and_is_paid_back(
    counter: Counter, owner: asyncpg.Connection, variant_id: int
) -> None:
    large = await size_beside(owner, variant_id, amount=2500, on_hand=1)
    order = await counter.sold((variant_id, 2))
    found = await counter.came_back(order, 2, resolution="exchange", instead=large)
    before = await owner.fetchval("SELECT count(*) FROM cart")
    with pytest.raises(OutOfStock):
        await counter.exchange(found)
    assert await owner.fetchval("SELECT count(*) FROM cart") == before, "a cart is left that belongs to nothing"
    await counter.refund(found)
    assert (await counter.order(order.id)).refunded == 3000
    assert await stock_of(owner, large) == (1, 0)
    assert await violations(owner) == []


async def test_only_the_same_product_is_had_in_exchange(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 1))
    with pytest.raises(InvalidInput):
        await counter.ask(order, 1, resolution="exchange", instead=await offer(owner))


async def test_the_value_of_an_exchange_is_put_back_on_its_cart(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    assert found.exchange_cart_id is not None
    assert found.exchange_card_id is not None
    cart_id, card_id = found.exchange_cart_id, found.exchange_card_id

    async def take_off(conn: Connection) -> None:
        await carts.remove_gift_card(conn, cart_id, card_id)

    await counter.shop.database.transaction(take_off)
    assert (await exchanges.take_up(counter.shop.database, found)).gift_card_ids == (card_id,)


async def test_signing_in_leaves_the_cart_of_an_exchange_alone(counter: Counter, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    customer_id = await owner.fetchval(
        "INSERT INTO customer (email, name, password_hash) VALUES ($1, 'Ada', '-') RETURNING id", f"{uuid.uuid4().hex}@shop.example"
    )
    async with counter.shop.database.write() as conn:
        own = await carts.create(conn, currency="EUR", customer_id=customer_id, lines=[(variant_id, 2)])
        merged = await carts.merge(conn, found.exchange_cart_id, customer_id)
    assert merged is not None
    assert (merged.id, merged.lines) == (own.id, own.lines)
    assert (await exchanges.take_up(counter.shop.database, found)).state == "open"


# --- mails -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def mailing(shop: CheckoutContext, settings: Settings) -> Mailer:
    """A shop that writes its mails into a folder."""
    mailer = Mailer(settings)
    background.register(shop, mailer)
    return mailer


async def test_every_step_is_told_by_mail(counter: Counter, mailing: Mailer, owner: asyncpg.Connection, variant_id: int) -> None:
    order = await counter.sold((variant_id, 2))
    refused, taken = await counter.ask(order, 1), await counter.ask(order, 1, resolution="exchange")
    await counter.shop.jobs.run_due()
    now, shop = counter.shop.clock(), counter.shop
    await returns.refuse(shop.database, shop.jobs, order.id, refused.id, answer="It was worn.", actor="operator", now=now)
    await counter.approve(taken)
    await shop.jobs.run_due()
    await counter.receive(taken)
    await shop.jobs.run_due()
    await counter.exchange(taken)
    await shop.jobs.run_due()
    texts = {summary.subject: await mailing.folder.read(summary.id) for summary in await mailing.folder.recent()}
    said = {
        f"Your return for order {order.number}": "1 x Thing",
        f"About your return for order {order.number}": "It was worn.",
        f"Please send back your return for order {order.number}": "Send it to Dock 4.",
        f"Your return for order {order.number} has arrived": "1 x Thing",
        f"Your exchange for order {order.number} is ready": "€15.00",
    }
    for subject, text in said.items():
        found = texts[subject]
        assert found is not None
        assert text in found.text, subject
        assert f"/orders/{order.number}?key=" in found.text
    confirmation = texts[f"Your order {order.number}"]
    assert confirmation is not None
    assert f"/orders/{order.number}/invoice.pdf?key=" in confirmation.text
    assert await owner.fetchval("SELECT count(*) FROM job") == 0


# --- as people and programs do it -------------------------------------------------------------------------------------------------


@pytest.fixture
async def operator(client: Client, app: web.Application, settings: Settings, provider: object) -> Browser:
    """The back office, signed in; its cookie does not reach the shop's own pages."""
    browser = Browser(client)
    sign_in = {"email": settings.shop.operator_email, "password": settings.shop.operator_password}
    assert await browser.follow("/admin/sign-in", sign_in) == "/admin"
    return browser


async def test_a_shopper_exchanges_by_pages_alone(
    counter: Counter, client: Client, operator: Browser, owner: asyncpg.Connection, variant_id: int
) -> None:
    large = await size_beside(owner, variant_id, amount=2500)
    order = await counter.sold((variant_id, 2))
    browser = Browser(client)
    path = order_path(counter.shop.settings, order.id, order.number)
    line_id = order.lines[0].id
    form = forms_of(await browser.open(path))[f"/orders/{order.number}/returns"]
    assert form[f"quantity-{line_id}"] == "0"
    status, _, page = await browser.send(f"/orders/{order.number}/returns", form | {f"quantity-{line_id}": "3"})
    assert (status, "At most 2 can be returned" in page) == (422, True)
    wish = form | {f"quantity-{line_id}": "1", "resolution": "exchange", f"variant-{line_id}": str(large), "reason": "does_not_fit"}
    for _ in range(2):  # a double click
        assert await browser.follow(f"/orders/{order.number}/returns", wish) == f"{path}#returns"
    (found,) = (await counter.order(order.id)).returns
    admin = f"/admin/orders/{order.number}/returns/{found.id}"
    assert "#returns" in await operator.follow(f"{admin}/approve", {"answer": "Dock 4"})
    assert "Dock 4" in await browser.open(path)
    received = forms_of(await operator.open(f"/admin/orders/{order.number}"))[f"{admin}/receive"]
    await operator.follow(f"{admin}/receive", received)
    await operator.follow(f"{admin}/exchange", {"delivery_amount": "4.90"})
    page = await browser.open(path)
    take_up = f"/orders/{order.number}/returns/{found.id}/exchange"
    assert await browser.follow(take_up, forms_of(page)[take_up]) == "/checkout"
    checkout = forms_of(await browser.open("/checkout"))["/checkout"]
    assert checkout["expected_to_pay"] == str(2500 + 490 - 1990)
    placed = await browser.follow("/checkout", checkout | {"step": "place", "payment_method": "pm_card_visa"})
    assert placed.endswith("&placed=1")
    await counter.settle_exchanges()
    assert (await counter.known(found)).state == "exchanged"
    await operator.open(f"/admin/orders/{order.number}")
    await operator.open("/admin")
    assert await violations(owner) == []


class AtExchange:
    """A guest with something in the cart, who takes up an exchange."""

    def __init__(self, counter: Counter, browser: Browser, order: Order, found: OrderReturn) -> None:
        self.browser = browser
        self.page = order_path(counter.shop.settings, order.id, order.number)
        self.take_up = f"/orders/{order.number}/returns/{found.id}/exchange"

    async def takes_it_up(self) -> None:
        assert await self.browser.follow(self.take_up, forms_of(await self.browser.open(self.page))[self.take_up]) == "/checkout"

    async def has_in_the_cart(self, variant_id: int) -> bool:
        return f"/cart/lines/{variant_id}" in forms_of(await self.browser.open("/cart"))


@pytest.fixture
async def other_goods(owner: asyncpg.Connection) -> int:
    return await offer(owner, amount=700)


@pytest.fixture
async def at_exchange(counter: Counter, client: Client, provider: object, variant_id: int, other_goods: int) -> AtExchange:
    order = await counter.sold((variant_id, 1))
    found = await counter.exchange(await counter.came_back(order, 1, resolution="exchange"))
    browser = Browser(client)
    await browser.follow("/cart/lines", {"variant_id": str(other_goods), "quantity": "3"})
    return AtExchange(counter, browser, order, found)


async def test_a_guests_cart_waits_for_an_exchange_and_is_current_again_when_it_is_ordered(
    at_exchange: AtExchange, variant_id: int, other_goods: int
) -> None:
    browser, own = at_exchange.browser, at_exchange.browser.cookie("cart")
    for _ in range(2):  # taken up twice, it is still the same cart that waits
        await at_exchange.takes_it_up()
    assert await at_exchange.has_in_the_cart(variant_id)
    assert not await at_exchange.has_in_the_cart(other_goods)
    form = forms_of(await browser.open("/checkout"))["/checkout"]
    assert "&placed=1" in await browser.follow("/checkout", form | {"step": "place", "payment_method": "pm_card_visa"})
    assert (browser.cookie("cart"), browser.cookie("cart_count"), browser.cookie("cart_before")) == (own, "3", "")
    assert await at_exchange.has_in_the_cart(other_goods)


async def test_a_guest_goes_back_from_an_exchange_to_their_cart_and_to_the_exchange_again(
    at_exchange: AtExchange, variant_id: int, other_goods: int
) -> None:
    browser = at_exchange.browser
    await at_exchange.takes_it_up()
    assert "with 3 items" in await browser.open("/cart")
    assert await browser.follow("/cart/back", {}) == "/cart"
    assert await at_exchange.has_in_the_cart(other_goods)
    assert "/cart/back" not in forms_of(await browser.open("/cart"))
    await at_exchange.takes_it_up()
    assert await at_exchange.has_in_the_cart(variant_id)


async def test_who_signs_in_at_an_exchange_keeps_the_cart_of_before(at_exchange: AtExchange, other_goods: int) -> None:
    await at_exchange.takes_it_up()
    given = {"email": f"{uuid.uuid4().hex}@shop.example", "name": "Ada", "password": "correct horse battery"}
    await at_exchange.browser.follow("/account/register", given)
    assert await at_exchange.has_in_the_cart(other_goods)
    assert at_exchange.browser.cookie("cart_before") == ""


async def test_what_is_added_when_an_exchange_was_ordered_elsewhere_goes_to_the_cart_of_before(
    at_exchange: AtExchange, owner: asyncpg.Connection, variant_id: int, other_goods: int
) -> None:
    browser, own = at_exchange.browser, at_exchange.browser.cookie("cart")
    await at_exchange.takes_it_up()
    await owner.execute("UPDATE cart SET state = 'ordered' WHERE id = $1", UUID(browser.cookie("cart")))
    await browser.follow("/cart/lines", {"variant_id": str(other_goods), "quantity": "1"})
    assert (browser.cookie("cart"), browser.cookie("cart_count"), browser.cookie("cart_before")) == (own, "4", "")


async def test_the_shop_takes_back_what_a_shopper_asks_for_too_late_or_by_telephone(
    counter: Counter, operator: Browser, owner: asyncpg.Connection, clock: MovableClock, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 2))
    line_id = order.lines[0].id
    path = f"/admin/orders/{order.number}/returns"
    form = forms_of(await operator.open(f"/admin/orders/{order.number}"))[path]
    form["return_key"] = uuid.uuid4().hex
    clock.forward(days=counter.shop.settings.shop.return_days + 1)
    with pytest.raises(NotPossibleNow):
        await counter.ask(order, 1)
    status, _, page = await operator.send(path, form | {f"quantity-{line_id}": "3", "note": "Called on Monday."})
    assert (status, "At most 2 can be returned" in page) == (422, True)
    assert forms_of(page)[path]["note"] == "Called on Monday."
    asked = form | {f"quantity-{line_id}": "1", "reason": "damaged", "note": "Called on Monday."}
    for _ in range(2):  # a double click
        assert (await operator.follow(path, asked)).endswith("#returns")
    opened = await counter.order(order.id)
    (found,) = opened.returns
    assert (found.state, found.lines[0].quantity, found.lines[0].reason, found.note) == ("requested", 1, "damaged", "Called on Monday.")
    (event,) = [event for event in opened.events if event.kind == "return_requested"]
    assert event.actor == counter.shop.settings.shop.operator_email
    await operator.follow(f"{path}/{found.id}/approve", {"answer": ""})
    await operator.follow(f"{path}/{found.id}/receive", {f"received-{line_id}": "1", f"damaged-{line_id}": "1"})
    await operator.follow(f"{path}/{found.id}/refund", {"delivery_amount": "0"})
    assert (await counter.known(found)).state == "refunded"
    assert path in forms_of(await operator.open(f"/admin/orders/{order.number}"))  # one unit is still with the shopper
    assert await violations(owner) == []


async def test_nobody_returns_what_is_somebody_elses(counter: Counter, client: Client, variant_id: int) -> None:
    order = await counter.sold((variant_id, 1))
    browser = Browser(client)
    form = {"key": "x" * 32, "return_key": "k", f"quantity-{order.lines[0].id}": "1"}
    status, _, _ = await browser.send(f"/orders/{order.number}/returns", form)
    assert status == 404
    assert (await counter.order(order.id)).returns == ()


async def test_a_program_returns_once_for_each_key(
    counter: Counter, client: Client, settings: Settings, owner: asyncpg.Connection, variant_id: int
) -> None:
    order = await counter.sold((variant_id, 2))
    path = f"/orders/{order.id}/returns?key={order_key(settings, order.id)}"
    body = {"lines": [{"order_line_id": order.lines[0].id, "quantity": 1, "reason": "damaged"}], "note": "A crack."}
    async with Shopper(settings.server.public_url) as shopper:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first = await shopper.expect(201, "POST", path, json=body, headers=key)
        assert await shopper.expect(201, "POST", path, json=body, headers=key) == first
        other = body | {"note": "Two cracks."}
        assert (await shopper.expect(422, "POST", path, json=other, headers=key))["type"].endswith("idempotency_mismatch")
        assert (first["state"], first["lines"][0]["quantity"], first["note"]) == ("requested", 1, "A crack.")
        wrong = await shopper.expect(422, "POST", path, json={"lines": [{"order_line_id": order.lines[0].id, "quantity": 2}]})
        assert wrong["errors"][0]["field"] == "lines[0].quantity"
        unreadable = await shopper.expect(422, "POST", path, json=body | {"note": "A crack.\x00"})
        assert unreadable["errors"][0]["field"] == "note"
        withdraw = f"/orders/{order.id}/returns/{first['id']}/withdraw?key={order_key(settings, order.id)}"
        assert (await shopper.expect(200, "POST", withdraw))["state"] == "withdrawn"
        assert (await shopper.expect(200, "GET", f"/orders/{order.id}?key={order_key(settings, order.id)}"))["returns"][0]["state"] == (
            "withdrawn"
        )
        await shopper.expect(404, "POST", f"/orders/{order.id}/returns", json=body)
    assert await violations(owner) == []
