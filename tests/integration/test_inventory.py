"""Stock: what is held is there, what is sold was held, and the ledger knows why."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import get_args
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storefront.cart import service as carts
from storefront.checkout import background
from storefront.checkout.context import CheckoutContext
from storefront.inventory import service as inventory
from storefront.inventory import store
from storefront.inventory.allocation import Allocation
from storefront.inventory.editing import ByHand, Count, StockChange, save_stock
from storefront.inventory.gate import StockGate
from storefront.inventory.model import Hold, LockedStock
from storefront.inventory.service import OutOfStock
from storefront.platform.clock import utc_now
from storefront.platform.database import Database, statement_count
from storefront.platform.errors import InvalidInput, NotFound, Unavailable
from storefront.platform.questions import ask
from storefront.pricing.model import Address
from tests.buying import ADDRESS, MovableClock, buyer_of, of_the_shop, offer, stock_of, violations
from tests.sandbox import eventually

SOON = timedelta(minutes=15)


@pytest.fixture
async def gates(database: Database) -> AsyncIterator[list[StockGate]]:
    """The gates of two replicas."""
    made = [StockGate(database), StockGate(database)]
    yield made
    for gate in made:
        await gate.close()


async def hold(gate: StockGate, demand: dict[int, int], cart_id: UUID | None = None, country: str | None = None) -> UUID:
    """Holds the demand for a cart; returns the cart's id."""
    cart_id = cart_id or uuid.uuid4()
    await gate.hold(cart_id, demand, expires_at=utc_now() + SOON, country=country)
    return cart_id


async def location(owner: asyncpg.Connection, code: str, *, priority: int, countries: tuple[str, ...] = ()) -> int:
    found: int = await owner.fetchval(
        "INSERT INTO stock_location (code, name, priority, countries) VALUES ($1, $1, $2, $3) RETURNING id", code, priority, list(countries)
    )
    return found


async def stock_at(owner: asyncpg.Connection, variant_id: int, location_id: int, on_hand: int, backorder_limit: int = 0) -> None:
    await owner.execute("INSERT INTO stock VALUES ($1, $2, $3, 0, $4)", variant_id, location_id, on_hand, backorder_limit)


async def held_at(owner: asyncpg.Connection, cart_id: UUID) -> dict[int, int]:
    """Units that a cart holds, by location."""
    rows = await owner.fetch("SELECT location_id, quantity FROM reservation WHERE cart_id = $1 AND state = 'held'", cart_id)
    return {row["location_id"]: row["quantity"] for row in rows}


# --- races -----------------------------------------------------------------------------------------------------------------------


async def test_hundreds_who_want_one_thing_get_what_there_is_and_each_is_told(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=20)
    outcomes = await asyncio.gather(*(hold(gates[number % 2], {variant_id: 1}) for number in range(300)), return_exceptions=True)
    lost = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(outcomes) - len(lost) == 20
    assert all(isinstance(outcome, OutOfStock) for outcome in lost)
    assert {outcome.short[0] for outcome in lost if isinstance(outcome, OutOfStock)} == {(variant_id, 1, 0)}
    assert await stock_of(owner, variant_id) == (20, 20)
    assert sum(gate.batches for gate in gates) < 100, "holds of one thing are committed together"
    assert await violations(owner) == []


async def seen(database: Database, *variant_ids: int) -> LockedStock:
    """The stock as somebody reads it who locks nothing."""
    async with database.write() as conn:
        (found,) = await ask(conn, inventory.stock_of(variant_ids))
    return found


async def test_goods_that_were_seen_on_the_shelf_are_held_in_one_statement(
    gates: list[StockGate], database: Database, owner: asyncpg.Connection
) -> None:
    one, other = await offer(owner, on_hand=5), await offer(owner, on_hand=5)
    near = await location(owner, f"near-{one}", priority=-1, countries=("DE",))
    await stock_at(owner, one, near, 2)
    cart_id, stock = uuid.uuid4(), await seen(database, one, other)
    with statement_count() as count:
        await gates[0].hold(cart_id, {one: 2, other: 3}, expires_at=utc_now() + SOON, country="DE", seen=stock)
    assert len(of_the_shop(count)) == 1
    assert (await held_at(owner, cart_id))[near] == 2
    assert (await stock_of(owner, one), await stock_of(owner, other)) == ((7, 2), (5, 3))
    assert await violations(owner) == []


async def test_what_was_seen_and_is_gone_is_not_held(gates: list[StockGate], database: Database, owner: asyncpg.Connection) -> None:
    one, other = await offer(owner, on_hand=2), await offer(owner, on_hand=5)
    cart_id, stock = uuid.uuid4(), await seen(database, one, other)
    await hold(gates[1], {one: 1})
    with pytest.raises(OutOfStock) as refused:
        await gates[0].hold(cart_id, {one: 2, other: 1}, expires_at=utc_now() + SOON, seen=stock)
    assert refused.value.short == [(one, 2, 1)]
    assert (await stock_of(owner, one), await stock_of(owner, other), await held_at(owner, cart_id)) == ((2, 1), (5, 0), {})


async def test_a_cart_that_holds_something_holds_it_once(gates: list[StockGate], database: Database, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=5)
    stock = await seen(database, variant_id)
    cart_id = await hold(gates[0], {variant_id: 2})
    await gates[1].hold(cart_id, {variant_id: 3}, expires_at=utc_now() + SOON, seen=stock)
    assert await stock_of(owner, variant_id) == (5, 3)
    until = utc_now() + 2 * SOON
    await gates[1].hold(cart_id, {variant_id: 3}, expires_at=until, seen=await seen(database, variant_id))
    assert await stock_of(owner, variant_id) == (5, 3)
    assert await owner.fetchval("SELECT expires_at FROM reservation WHERE cart_id = $1 AND state = 'held'", cart_id) == until
    assert await violations(owner) == []


@pytest.mark.parametrize("change", ["UPDATE stock_location SET active = false WHERE id = $1", "DELETE FROM stock WHERE location_id = $1"])
async def test_goods_of_a_place_that_was_closed_meanwhile_are_not_held_there(
    gates: list[StockGate], database: Database, owner: asyncpg.Connection, change: str
) -> None:
    variant_id = await offer(owner, on_hand=3)
    near = await location(owner, f"near-{variant_id}", priority=-1)
    await stock_at(owner, variant_id, near, 5)
    cart_id, stock = uuid.uuid4(), await seen(database, variant_id)
    await owner.execute(change, near)
    await gates[0].hold(cart_id, {variant_id: 2}, expires_at=utc_now() + SOON, seen=stock)
    held = await held_at(owner, cart_id)
    assert (list(held.values()), near in held) == ([2], False)


@pytest.mark.parametrize("wanted", [2, 3])
async def test_what_an_order_has_taken_over_is_not_replaced_by_who_read_it_before(
    gates: list[StockGate], database: Database, owner: asyncpg.Connection, wanted: int
) -> None:
    variant_id, order_id = await offer(owner, on_hand=9), uuid.uuid4()
    cart_id = await hold(gates[0], {variant_id: 2})
    async with database.primary.acquire() as conn:
        late = conn.transaction()
        await late.start()
        again = [Hold(cart_id, {variant_id: wanted}, utc_now() + SOON)]
        locked = await store.lock_stock(conn, again)
        allocation = Allocation(locked.rows, locked.open_holds, locked.untracked)
        assert allocation.take(again[0]) == []
        async with database.write() as order:
            assert await store.take_over_holds(order, cart_id, order_id, {variant_id: 2}, utc_now() + SOON, None)
        with pytest.raises(asyncpg.SerializationError):
            await store.write_holds(conn, allocation)
        await late.rollback()
    assert [tuple(row) for row in await owner.fetch("SELECT order_id, quantity, state FROM reservation WHERE cart_id = $1", cart_id)] == [
        (order_id, 2, "held")
    ]
    assert await stock_of(owner, variant_id) == (9, 2)


async def test_a_cart_that_is_ordered_while_it_is_being_held_for_holds_nothing_beside_its_order(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    """The order takes over what the cart holds, waiting for nobody, right after the statement that holds has looked for an order."""
    variant_id = await offer(owner, on_hand=10)
    buyer = await buyer_of(shop, option_id, (variant_id, 2))
    await buyer.check_out()
    again = inventory.cut_from_shelf(Hold(buyer.cart_id, {variant_id: 2}, utc_now() + SOON), await seen(shop.database, variant_id))
    looks = str(await owner.fetchval("SELECT pg_get_functiondef('some_cart_is_ordered'::regproc)"))
    pauses = looks.replace("BEGIN", "DECLARE found_one boolean; BEGIN").replace("RETURN EXISTS", "found_one := EXISTS")
    await owner.execute(pauses.replace("END", "PERFORM pg_advisory_xact_lock_shared(77); RETURN found_one; END"))
    await owner.execute("SELECT pg_advisory_lock(77)")
    try:

        async def hold_again() -> bool:
            async with shop.database.write() as conn:
                return await inventory.hold_at_once(conn, [again])

        holding = asyncio.create_task(hold_again())
        await eventually(lambda: owner.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory')"))
        assert (await buyer.place(payment_method=None)).status == 202
    finally:
        await owner.execute("SELECT pg_advisory_unlock(77)")
        await owner.execute(looks)
    assert not await holding
    assert await stock_of(owner, variant_id) == (10, 2)


async def test_an_order_that_holds_other_goods_than_its_cart_did_locks_stock_before_holds(
    shop: CheckoutContext, database: Database, owner: asyncpg.Connection, option_id: int
) -> None:
    """As everybody does: in another order, one of two who want the same would have to begin anew."""
    variant_id = await offer(owner, on_hand=10)
    buyer = await buyer_of(shop, option_id, (variant_id, 2))
    await buyer.check_out()
    async with database.write() as conn:
        await carts.set_quantity(conn, buyer.cart_id, variant_id, 3)
    await buyer.look()
    async with database.write() as other, other.transaction():
        await other.execute("SELECT FROM stock WHERE variant_id = $1 FOR UPDATE", variant_id)
        ordering = asyncio.create_task(buyer.place())
        await eventually(lambda: owner.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
        held = await other.fetch("SELECT FROM reservation WHERE cart_id = $1 FOR UPDATE SKIP LOCKED", buyer.cart_id)
        assert len(held) == 1
    assert (await ordering).status == 201
    assert await violations(owner) == []


async def test_hundreds_who_all_saw_the_last_things_get_what_there_is(
    gates: list[StockGate], database: Database, owner: asyncpg.Connection
) -> None:
    variant_id = await offer(owner, on_hand=20)
    stock = await seen(database, variant_id)

    async def want(gate: StockGate) -> None:
        await gate.hold(uuid.uuid4(), {variant_id: 1}, expires_at=utc_now() + SOON, seen=stock)

    outcomes = await asyncio.gather(*(want(gates[number % 2]) for number in range(200)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 20
    assert all(outcome is None or isinstance(outcome, OutOfStock) for outcome in outcomes)
    assert await stock_of(owner, variant_id) == (20, 20)
    assert await violations(owner) == []


async def test_who_came_first_is_served_first(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=5)
    outcomes = await asyncio.gather(*(hold(gates[0], {variant_id: 1}) for _ in range(40)), return_exceptions=True)
    assert [isinstance(outcome, UUID) for outcome in outcomes] == [True] * 5 + [False] * 35


async def test_where_many_come_at_once_the_first_waits_a_moment_for_the_others(
    gates: list[StockGate], owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storefront.inventory.gate.LINGER", 2.0)
    variant_id, gate = await offer(owner, on_hand=1000), gates[0]
    for _ in range(4):
        await asyncio.gather(*(hold(gate, {variant_id: 1}) for _ in range(40)))
    before = gate.batches
    first = asyncio.create_task(hold(gate, {variant_id: 1}))
    for _ in range(10):
        await asyncio.sleep(0)
    await asyncio.gather(first, *(hold(gate, {variant_id: 1}) for _ in range(39)))
    assert gate.batches == before + 1

    last = asyncio.create_task(hold(gate, {variant_id: 1}))
    await asyncio.sleep(0)
    await gate.close()
    assert last.done(), "who waits for others when the process stops is served"
    await last
    assert await stock_of(owner, variant_id) == (1000, 201)


async def test_who_waits_for_a_lock_holds_up_nobody_who_wants_something_else(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    locked, other = await offer(owner, on_hand=5), await offer(owner, on_hand=5)
    async with owner.transaction():
        await owner.execute("SELECT FROM stock WHERE variant_id = $1 FOR UPDATE", locked)
        waits = asyncio.create_task(hold(gates[0], {locked: 1}))
        async with asyncio.timeout(3):
            await asyncio.gather(*(hold(gates[0], {other: 1}) for _ in range(3)))
        assert not waits.done()
    await waits
    assert (await stock_of(owner, locked), await stock_of(owner, other)) == ((5, 1), (5, 3))


async def test_carts_with_several_things_in_any_order_do_not_lock_each_other_out(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    wanted = [await offer(owner, on_hand=100) for _ in range(4)]
    demands = [dict.fromkeys(wanted if number % 3 else reversed(wanted), 1) for number in range(60)]
    await asyncio.gather(*(hold(gates[number % 2], demand) for number, demand in enumerate(demands)))
    for variant_id in wanted:
        assert await stock_of(owner, variant_id) == (100, 60)


async def test_a_cart_gets_all_it_wants_or_nothing(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    plenty, scarce = await offer(owner, on_hand=10), await offer(owner, on_hand=1)
    with pytest.raises(OutOfStock) as refused:
        await hold(gates[0], {plenty: 2, scarce: 3})
    assert refused.value.extra["lines"] == [{"variant_id": scarce, "wanted": 3, "available": 1}]
    assert await stock_of(owner, plenty) == (10, 0)
    assert await stock_of(owner, scarce) == (1, 0)


async def test_a_cart_that_comes_again_holds_what_it_wants_now(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    one, other = await offer(owner, on_hand=5), await offer(owner, on_hand=5)
    cart_id = await hold(gates[0], {one: 5})
    await asyncio.gather(*(hold(gates[0], {one: 5}, cart_id) for _ in range(5)))
    assert await stock_of(owner, one) == (5, 5)
    await hold(gates[0], {one: 2, other: 1}, cart_id)
    assert (await stock_of(owner, one), await stock_of(owner, other)) == ((5, 2), (5, 1))
    assert await violations(owner) == []


async def test_when_too_many_wait_the_next_is_turned_away_at_once(database: Database, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=1000)
    gate = StockGate(database, most_waiting=10, batch=1)
    outcomes = await asyncio.gather(*(hold(gate, {variant_id: 1}) for _ in range(50)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert refused
    assert all(isinstance(outcome, Unavailable) and outcome.headers["Retry-After"] for outcome in refused)
    assert await stock_of(owner, variant_id) == (1000, 50 - len(refused))


async def test_the_database_itself_refuses_to_oversell(owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=3)
    with pytest.raises(asyncpg.CheckViolationError, match="no_oversell"):
        await owner.execute("UPDATE stock SET reserved = 4 WHERE variant_id = $1", variant_id)


# --- where it comes from ---------------------------------------------------------------------------------------------------------


async def test_the_location_that_comes_first_and_can_send_all_sends_it(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    near, far = await location(owner, "near", priority=-2), await location(owner, "far", priority=-1)
    variant_id = await offer(owner, on_hand=0)
    await stock_at(owner, variant_id, near, 2)
    await stock_at(owner, variant_id, far, 9)
    assert await held_at(owner, await hold(gates[0], {variant_id: 2})) == {near: 2}
    assert await held_at(owner, await hold(gates[0], {variant_id: 5})) == {far: 5}


async def test_what_no_location_has_whole_is_split_by_priority(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    first, second = await location(owner, "first", priority=-9), await location(owner, "second", priority=-8)
    variant_id = await offer(owner, on_hand=0)
    await stock_at(owner, variant_id, first, 2)
    await stock_at(owner, variant_id, second, 3)
    assert await held_at(owner, await hold(gates[0], {variant_id: 4})) == {first: 2, second: 2}


async def test_a_location_sends_only_where_it_delivers(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    nordic = await location(owner, "nordic", priority=-5, countries=("SE", "NO"))
    variant_id = await offer(owner, on_hand=0)
    await stock_at(owner, variant_id, nordic, 5)
    assert await held_at(owner, await hold(gates[0], {variant_id: 1}, country="SE")) == {nordic: 1}
    with pytest.raises(OutOfStock):
        await hold(gates[0], {variant_id: 1}, country="DE")


async def test_what_is_held_where_the_address_is_not_delivered_from_is_sold_from_elsewhere(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    """The shopper goes to checkout, and only then says, or changes, where to."""
    nordic = await location(owner, "arctic", priority=-5, countries=("SE", "NO"))
    variant_id = await offer(owner, on_hand=5)
    await stock_at(owner, variant_id, nordic, 5)
    buyer = await buyer_of(shop, option_id, (variant_id, 2))

    async def moves_to(address: Address | None) -> dict[int, int]:
        async with shop.database.write() as conn:
            await carts.set_details(conn, buyer.cart_id, delivery_address=address)
        return await held_at(owner, buyer.cart_id)

    await moves_to(None)
    await buyer.check_out()
    sweden = msgspec.structs.replace(ADDRESS, country="SE")
    for address in (sweden, msgspec.structs.replace(ADDRESS, country="NO"), None, sweden):
        assert await moves_to(address) == {nordic: 2}, "it is delivered from there"
    assert await moves_to(ADDRESS) == {}
    assert (await buyer.place()).status == 201
    left = dict(await owner.fetch("SELECT location_id, on_hand - reserved FROM stock WHERE variant_id = $1", variant_id))
    assert left.pop(nordic) == 5
    assert list(left.values()) == [3]
    assert await violations(owner) == []


async def test_what_was_held_while_the_address_changed_is_not_sent_from_where_it_was_held_for(
    shop: CheckoutContext, gates: list[StockGate], owner: asyncpg.Connection, option_id: int
) -> None:
    """Checkout had read the address before it changed, and holds after: nobody is there to free what is held at the old place."""
    nordic = await location(owner, "boreal", priority=-5, countries=("SE", "NO"))
    variant_id = await offer(owner, on_hand=5)
    await stock_at(owner, variant_id, nordic, 5)
    buyer, other = await buyer_of(shop, option_id, (variant_id, 2)), uuid.uuid4()
    assert await held_at(owner, await hold(gates[0], {variant_id: 2}, buyer.cart_id, country="SE")) == {nordic: 2}
    assert (await buyer.place()).status == 201
    assert await held_at(owner, await hold(gates[0], {variant_id: 1}, other, country="SE")) == {nordic: 1}
    async with shop.database.write() as conn, conn.transaction():
        await inventory.hold_for_order(conn, other, uuid.uuid4(), {variant_id: 1}, utc_now() + SOON, "DE")
    assert nordic not in await held_at(owner, other)
    assert await owner.fetchrow("SELECT on_hand, reserved FROM stock WHERE location_id = $1", nordic) == (5, 0)
    assert await violations(owner) == []


@pytest.mark.parametrize(("policy", "most"), [("deny", 2), ("backorder", 5), ("preorder", 5)])
async def test_more_is_sold_ahead_only_where_the_policy_says_so_and_up_to_its_limit(
    gates: list[StockGate], owner: asyncpg.Connection, policy: str, most: int
) -> None:
    variant_id = await offer(owner, on_hand=2)
    await owner.execute("UPDATE variant SET stock_policy = $2 WHERE id = $1", variant_id, policy)
    await owner.execute("UPDATE stock SET backorder_limit = 3 WHERE variant_id = $1", variant_id)
    with pytest.raises(OutOfStock):
        await hold(gates[0], {variant_id: most + 1})
    await hold(gates[0], {variant_id: most})
    assert await stock_of(owner, variant_id) == (2, most)


async def test_what_nobody_counts_is_never_short(gates: list[StockGate], owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=0)
    await owner.execute("UPDATE variant SET track_stock = false WHERE id = $1", variant_id)
    cart_id = await hold(gates[0], {variant_id: 9999})
    assert await held_at(owner, cart_id) == {}


# --- how it ends -----------------------------------------------------------------------------------------------------------------


async def test_a_hold_past_its_time_is_free_again_but_never_an_orders(
    shop: CheckoutContext, gates: list[StockGate], owner: asyncpg.Connection, option_id: int, clock: MovableClock
) -> None:
    variant_id = await offer(owner, on_hand=10)
    await hold(gates[0], {variant_id: 4})
    waiting = await (await buyer_of(shop, option_id, (variant_id, 3))).place(payment_method=None)
    assert waiting.status == 202
    assert await background.free_stock(shop) == 0
    clock.forward(minutes=16)
    assert await background.free_stock(shop) >= 1
    assert await stock_of(owner, variant_id) == (10, 3)
    assert await violations(owner) == []


async def test_a_cart_is_forgotten_when_nothing_came_of_it_for_long(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, clock: MovableClock
) -> None:
    variant_id = await offer(owner, on_hand=10)
    buyers = [await buyer_of(shop, option_id, (variant_id, 1)) for _ in range(4)]
    left, given_up, bought, fresh = (buyer.cart_id for buyer in buyers)
    assert (await buyers[1].place(payment_method="pm_card_chargeDeclined")).status == 402
    assert (await buyers[2].place()).status == 201
    await background.tidy(shop)
    assert await owner.fetchval("SELECT count(*) FROM cart WHERE id = ANY ($1)", [left, given_up, bought, fresh]) == 4
    clock.forward(days=91)
    await owner.execute("UPDATE cart SET updated_at = $2 WHERE id = $1", fresh, clock())
    await background.tidy(shop)
    assert {row["id"] for row in await owner.fetch("SELECT id FROM cart WHERE id = ANY ($1)", [left, given_up, bought, fresh])} == {
        given_up,
        bought,
        fresh,
    }


async def test_giving_back_what_a_cart_holds_leaves_its_order_alone(
    shop: CheckoutContext, gates: list[StockGate], owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner, on_hand=10)
    buyer = await buyer_of(shop, option_id, (variant_id, 3))
    await buyer.place(payment_method=None)
    async with shop.database.write() as conn:
        assert await inventory.release_holds(conn, cart_id=buyer.cart_id) == 0
    assert await stock_of(owner, variant_id) == (10, 3)
    cart_id = await hold(gates[0], {variant_id: 2})
    async with shop.database.write() as conn:
        assert await inventory.release_holds(conn, cart_id=cart_id) == 1
    assert await stock_of(owner, variant_id) == (10, 3)


async def test_a_count_is_told_to_the_ledger_with_who_and_why(database: Database, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=10)
    main = await owner.fetchval("SELECT id FROM stock_location WHERE code = 'main'")
    async with database.write() as conn:
        for reason in get_args(ByHand)[::-1]:
            change = StockChange({main: Count(7)}, reason)
            await save_stock(conn, variant_id, change, actor="ada@shop.example", now=utc_now())
        history = await inventory.history(conn, variant_id)
    assert [(entry.delta, entry.reason, entry.actor) for entry in history][0] == (-3, "correction", "ada@shop.example")
    assert len(history) == 2, "what changes nothing is no movement"
    assert await violations(owner) == []


async def test_what_shoppers_hold_cannot_be_counted_away(database: Database, gates: list[StockGate], owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=10)
    main = await owner.fetchval("SELECT id FROM stock_location WHERE code = 'main'")
    await hold(gates[0], {variant_id: 6})
    async with database.write() as conn:
        with pytest.raises(InvalidInput) as refused:
            await save_stock(conn, variant_id, StockChange({main: Count(5)}), actor="operator", now=utc_now())
        assert set(refused.value.messages()) == {f"stock-{main}"}
        for variant, place in ((2**40, main), (variant_id, 2**40)):
            with pytest.raises(NotFound):
                await save_stock(conn, variant, StockChange({place: Count(5)}), actor="operator", now=utc_now())
    assert await stock_of(owner, variant_id) == (10, 6)


async def test_goods_of_a_cancelled_order_return_where_they_were_sold_from_and_only_once(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    first, second = await location(owner, "sold-first", priority=-20), await location(owner, "sold-second", priority=-19)
    variant_id = await offer(owner, on_hand=0)
    await stock_at(owner, variant_id, first, 2)
    await stock_at(owner, variant_id, second, 2)
    answer = await (await buyer_of(shop, option_id, (variant_id, 3))).place()
    order_id = UUID(answer.document()["id"])

    async def give_back(quantity: int) -> int:
        return await shop.database.transaction(
            lambda conn: inventory.restock(conn, order_id, [(variant_id, quantity)], "cancelled", actor="shopper")
        )

    assert [await give_back(1), await give_back(5), await give_back(1)] == [1, 2, 0]
    rows = await owner.fetch("SELECT location_id, on_hand FROM stock WHERE variant_id = $1 AND on_hand > 0", variant_id)
    assert {row["location_id"]: row["on_hand"] for row in rows} == {first: 2, second: 2}


# --- what is told ----------------------------------------------------------------------------------------------------------------


async def told_of_stock(owner: asyncpg.Connection, variant_id: int) -> int:
    """How often the feed has been told of the stock of the variant's product."""
    found: int = await owner.fetchval(
        "SELECT count(*) FROM change_log WHERE topic = 'stock' AND key = (SELECT product_id::text FROM variant WHERE id = $1)", variant_id
    )
    return found


async def test_whatever_a_page_says_of_stock_is_told_when_it_changes(owner: asyncpg.Connection) -> None:
    """Of two open places and a closed one: what pages show follows from the open ones, and any change of it is told."""
    chance = random.Random(5)
    variant_id = await offer(owner, on_hand=0)
    await owner.execute("UPDATE variant SET stock_policy = 'backorder' WHERE id = $1", variant_id)
    places = [await location(owner, f"told-{number}", priority=5 + number) for number in range(3)]
    await owner.execute("UPDATE stock_location SET active = false WHERE id = $1", places[2])
    for place in places:
        await stock_at(owner, variant_id, place, 0)

    async def shown() -> object:
        return await owner.fetchval("SELECT availability FROM variant_offer WHERE variant_id = $1 AND currency = 'EUR'", variant_id)

    changes = quiet = 0
    for _ in range(400):
        on_hand, limit = chance.choice((0, 1, 3, 5, 6, 7, 11, 12, 40, 1000)), chance.choice((0, 0, 0, 2, 50))
        reserved = chance.choice((0, on_hand + limit, chance.randint(0, on_hand + limit)))
        before, told = await shown(), await told_of_stock(owner, variant_id)
        await owner.execute(
            "UPDATE stock SET on_hand = $3, reserved = $4, backorder_limit = $5 WHERE variant_id = $1 AND location_id = $2",
            variant_id,
            chance.choice(places),
            on_hand,
            reserved,
            limit,
        )
        after = await shown()
        if after != before:
            assert await told_of_stock(owner, variant_id) == told + 1, (before, after)
        changes += after != before
        quiet += await told_of_stock(owner, variant_id) == told
    assert changes > 50
    assert quiet > 50
    await owner.execute("DELETE FROM stock WHERE variant_id = $1", variant_id)


async def test_two_places_that_sell_at_once_are_told_of_though_neither_sees_the_other(
    database: Database, owner: asyncpg.Connection
) -> None:
    variant_id = await offer(owner, on_hand=15)
    second = await location(owner, f"second-{variant_id}", priority=1)
    await stock_at(owner, variant_id, second, 15)
    told = await told_of_stock(owner, variant_id)
    async with database.write() as conn, owner.transaction(), conn.transaction():
        await owner.execute("UPDATE stock SET on_hand = 1 WHERE variant_id = $1 AND location_id = $2", variant_id, second)
        await conn.execute("UPDATE stock SET on_hand = 1 WHERE variant_id = $1 AND location_id <> $2", variant_id, second)
    assert await told_of_stock(owner, variant_id) > told


async def test_a_hold_far_from_every_edge_is_told_to_nobody(owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=1000)
    told = await told_of_stock(owner, variant_id)
    await owner.execute("UPDATE stock SET reserved = 900 WHERE variant_id = $1", variant_id)
    assert await told_of_stock(owner, variant_id) == told
