"""What several shoppers want at the same moment is done in one transaction, and each has their own outcome."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from storefront.cart import service as carts
from storefront.cart.model import ANYBODY, CartNotFound, Guard
from storefront.checkout import idempotency, store, webhooks
from storefront.checkout.context import CheckoutContext
from storefront.checkout.idempotency import KeyWanted
from storefront.checkout.model import Claim, PendingOrder, PlaceOrder, Seen
from storefront.checkout.new_order import new_order
from storefront.checkout.store import KEY_LOST, Paid, PaidOrder, UnpaidOrder
from storefront.checkout.together import Together
from storefront.checkout.webhooks import Inbox
from storefront.orders import service
from storefront.payments.model import ProviderEvent
from storefront.platform.database import statement_count
from storefront.settings import Settings
from tests.buying import Buyer, buyer_of, of_the_shop, offer, stock_of, violations

PATIENT = 20  # seconds; who waits for somebody's lock waits longer


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """No statement is given up while a test holds a lock, however busy the machine is."""
    settings.database.statement_timeout_ms = 120_000
    return settings


async def held_key(shop: CheckoutContext, buyer: Buyer) -> Claim:
    wanted = KeyWanted(f"cart:{buyer.cart_id}", uuid.uuid4().hex, b"print", {}, shop.clock())
    held = await shop.together.claim(wanted, stale=shop.stale_after)
    assert isinstance(held, Claim)
    return held


async def unpaid(shop: CheckoutContext, buyer: Buyer) -> UnpaidOrder:
    """The buyer's order as it would be written now, under a key of its own."""
    found = await shop.together.cart(buyer.cart_id, ANYBODY, now=shop.clock())
    priced = await found.till.price(found.cart)
    request = PlaceOrder(buyer.cart_id, Seen(priced.total, priced.currency), "pm_card_visa")
    order = new_order(shop, request, found.cart, priced, None, shop.clock())
    kept = PendingOrder(order.id, "", order.email, order.currency, order.to_pay, order.attempt_id, order.payment_method)
    return UnpaidOrder(await held_key(shop, buyer), order, kept)


async def ready(shop: CheckoutContext, option_id: int, *lines: tuple[int, int]) -> Buyer:
    buyer = await buyer_of(shop, option_id, *lines)
    await buyer.check_out()
    return buyer


def paid(one: UnpaidOrder, **changed: Any) -> PaidOrder:
    """What makes the order paid."""
    assert one.order.attempt_id is not None
    answer = msgspec.convert({"status": 201, "body": b"{}", "headers": {}}, idempotency.Answer)
    given = {"captured": one.order.total, "attempt_id": one.order.attempt_id, "provider_ref": f"pi_{uuid.uuid4().hex}"} | changed
    return PaidOrder(Paid(one.order.id, given.pop("status", "paid"), **given), one.held, answer, one.order.placed_at)


async def written(shop: CheckoutContext, *orders: UnpaidOrder) -> list[store.Unpaid]:
    async with shop.database.write() as conn:
        return await store.orders_pending(conn, orders, prefix="SF-")


async def settled(shop: CheckoutContext, *orders: PaidOrder) -> list[store.Settled]:
    async with shop.database.write() as conn:
        return await store.settle_paid_and_answer_each(conn, orders)


async def test_each_order_of_a_batch_has_its_own_outcome(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    hot, other = await offer(owner, on_hand=20), await offer(owner, on_hand=20)
    fine, lost, changed, unheld, too, untracked = [await ready(shop, option_id, (hot, 2), (other, 1)) for _ in range(6)]
    orders = [await unpaid(shop, buyer) for buyer in (lost, fine, changed, unheld, too, untracked)]
    await owner.execute("UPDATE idempotency_key SET locked_at = now() + interval '1 second' WHERE key = $1", orders[0].held.key)
    async with shop.database.write() as conn:
        await carts.set_details(conn, changed.cart_id, email="grace@shop.example")
    await owner.execute("UPDATE reservation SET quantity = 1 WHERE cart_id = $1 AND variant_id = $2", unheld.cart_id, hot)
    await owner.execute("UPDATE stock SET reserved = reserved - 1 WHERE variant_id = $1", hot)

    outcomes = await written(shop, *orders)
    assert [outcomes[place] for place in (0, 2, 3)] == [KEY_LOST, None, None]
    for one, outcome in ((orders[1], outcomes[1]), (orders[4], outcomes[4]), (orders[5], outcomes[5])):
        assert isinstance(outcome, tuple)
        number, line_ids = outcome
        row = await owner.fetchrow("SELECT * FROM orders WHERE id = $1", one.order.id)
        assert (row["number"], row["cart_id"], row["total"], row["status"]) == (
            number,
            one.order.cart_id,
            one.order.total,
            "pending_payment",
        )
        lines = await owner.fetch("SELECT id, variant_id, quantity FROM order_line WHERE order_id = $1 ORDER BY position", one.order.id)
        assert [line["id"] for line in lines] == line_ids
        assert [(line["variant_id"], line["quantity"]) for line in lines] == [(hot, 2), (other, 1)]
        key = await owner.fetchrow("SELECT recovery_point, order_id, params FROM idempotency_key WHERE key = $1", one.held.key)
        assert (key["recovery_point"], key["order_id"]) == ("order_pending", one.order.id)
        pending = msgspec.convert(msgspec.json.decode(key["params"])["pending"], PendingOrder)
        assert pending == msgspec.structs.replace(one.kept, number=number)
        assert {r["order_id"] for r in await owner.fetch("SELECT order_id FROM reservation WHERE cart_id = $1", one.order.cart_id)} == {
            one.order.id
        }
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = ANY($1)", [b.cart_id for b in (lost, changed, unheld)]) == 0
    assert await violations(owner) == []


MANY_OF_THEM = """
DO $$
BEGIN
    CREATE TEMP TABLE model AS SELECT * FROM orders WHERE status = 'paid' LIMIT 1;
    CREATE TEMP TABLE another AS SELECT gen_random_uuid() AS cart_id FROM generate_series(1, 2000);
    INSERT INTO cart SELECT (jsonb_populate_record(c, jsonb_build_object('id', a.cart_id))).*
        FROM cart c JOIN model m ON m.cart_id = c.id, another a;
    INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object(
        'id', gen_random_uuid(), 'number', a.cart_id, 'cart_id', a.cart_id, 'status', 'pending_payment'))).* FROM model o, another a;
    UPDATE orders SET status = 'cancelled' FROM another a WHERE orders.cart_id = a.cart_id;
    INSERT INTO reservation (cart_id, variant_id, location_id, quantity, expires_at, state)
        SELECT a.cart_id, s.variant_id, s.location_id, 1, now(), 'released' FROM another a, (SELECT * FROM stock LIMIT 1) s;
    INSERT INTO idempotency_key (scope, key, fingerprint, params, finished_at) SELECT 'a', a.cart_id, '', '{}', now() FROM another a;
END $$
"""
NONE_OF_THEM = """
DELETE FROM orders USING another a WHERE orders.cart_id = a.cart_id;
DELETE FROM reservation USING another a WHERE reservation.cart_id = a.cart_id;
DELETE FROM cart USING another a WHERE cart.id = a.cart_id;
DELETE FROM idempotency_key WHERE scope = 'a';
"""


@pytest.fixture
async def busy_shop(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> AsyncIterator[None]:
    """In which nearly nothing waits, as PostgreSQL has last seen it."""
    first = await unpaid(shop, await ready(shop, option_id, (await offer(owner, on_hand=1), 1)))
    await written(shop, first)
    await settled(shop, paid(first))
    await owner.execute(MANY_OF_THEM, timeout=60)
    for table in ("idempotency_key", "orders", "reservation", "payment_attempt"):
        await owner.execute(f"VACUUM ANALYZE {table}")
    yield
    await owner.execute(NONE_OF_THEM, timeout=60)


@pytest.mark.usefixtures("busy_shop")
async def test_who_waits_is_not_looked_through_for_an_order(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant = await offer(owner, on_hand=1000)
    orders = [await unpaid(shop, await ready(shop, option_id, (variant, 1))) for _ in range(12)]

    async def looked() -> dict[str, int]:
        await owner.execute("SELECT pg_stat_clear_snapshot()")
        lists = ["reservation_held_until", "orders_pending_until", "idempotency_key_unfinished"]
        rows = await owner.fetch("SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE indexrelname = ANY ($1)", lists)
        assert len(rows) == len(lists)
        return {row["indexrelname"]: row["idx_scan"] for row in rows}

    async with shop.database.write() as conn:
        await conn.execute("SELECT pg_stat_force_next_flush()")
        before = await looked()
        for one in orders:
            wanted = KeyWanted(f"test:{one.order.id}", uuid.uuid4().hex, b"print", {}, shop.clock())
            assert len(await idempotency.claim_each(conn, [wanted], stale=shop.stale_after)) == 1
            assert await store.orders_pending(conn, [one], prefix="SF-")
            assert await store.settle_paid_and_answer_each(conn, [paid(one)]) == [True]
        await conn.execute("SELECT pg_stat_force_next_flush()")
    assert await looked() == before


async def test_each_payment_of_a_batch_has_its_own_outcome(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    hot, other = await offer(owner, on_hand=20), await offer(owner, on_hand=20)
    orders = [await unpaid(shop, await ready(shop, option_id, (hot, 2), (other, 1))) for _ in range(5)]
    assert all(isinstance(outcome, tuple) for outcome in await written(shop, *orders))
    first, lost, given_up, authorized, last = orders
    await owner.execute("UPDATE idempotency_key SET locked_at = now() + interval '1 second' WHERE key = $1", lost.held.key)
    await shop.database.transaction(lambda conn: service.cancel_unpaid(conn, given_up.order.id, "replaced", now=shop.clock()))
    later = [
        paid(lost),
        paid(first),
        paid(given_up),
        paid(authorized, status="authorized", attempt_state="authorized", captured=0),
        paid(last),
    ]
    assert await settled(shop, *later) == [KEY_LOST, True, False, True, True]

    states = {
        row["id"]: row["status"]
        for row in await owner.fetch("SELECT id, status FROM orders WHERE id = ANY($1)", [one.order.id for one in orders])
    }
    assert [states[one.order.id] for one in orders] == ["paid", "pending_payment", "cancelled", "authorized", "paid"]
    sold = [first.order.id, authorized.order.id, last.order.id]
    for variant_id, quantity in ((hot, 2), (other, 1)):
        ledger = await owner.fetch(
            "SELECT order_id, delta, reason FROM stock_movement WHERE variant_id = $1 AND reason = 'sold' ORDER BY order_id", variant_id
        )
        assert [(row["order_id"], row["delta"]) for row in ledger] == [(order_id, -quantity) for order_id in sorted(sold)]
        assert await stock_of(owner, variant_id) == (20 - 3 * quantity, quantity)
    ids = [one.order.id for one in orders]
    keys = await owner.fetch("SELECT order_id FROM idempotency_key WHERE response_status = 201 AND order_id = ANY($1)", ids)
    assert {row["order_id"] for row in keys} == set(sold)
    mails = await owner.fetch("SELECT payload ->> 'order_id' AS order_id FROM job WHERE (payload ->> 'order_id')::uuid = ANY($1)", ids)
    assert sorted(uuid.UUID(row["order_id"]) for row in mails) == sorted(sold)
    closed = await owner.fetch("SELECT id FROM cart WHERE state = 'ordered' AND id = ANY($1)", [one.order.cart_id for one in orders])
    assert {row["id"] for row in closed} == {one.order.cart_id for one in (first, authorized, last)}
    attempts = {row["order_id"]: row["state"] for row in await owner.fetch("SELECT order_id, state FROM payment_attempt")}
    assert [attempts[one.order.id] for one in orders] == ["succeeded", "open", "open", "authorized", "succeeded"]


@pytest.mark.parametrize("told", ["more", "less", "of another place"])
async def test_the_ledgers_sum_is_the_stock_whatever_is_said_of_whose_a_movement_is(
    shop: CheckoutContext, owner: asyncpg.Connection, told: str
) -> None:
    variant_id = await offer(owner, on_hand=10)
    location_id = await owner.fetchval("SELECT location_id FROM stock WHERE variant_id = $1", variant_id)
    quantity = {"more": 7, "less": 1, "of another place": 3}[told]
    share = {"order_id": None, "variant_id": variant_id, "location_id": location_id + (told == "of another place"), "quantity": quantity}
    async with owner.transaction():
        await owner.execute("SELECT set_config('storefront.stock_shares', $1, true)", msgspec.json.encode([share]).decode())
        await owner.execute("UPDATE stock SET on_hand = 7 WHERE variant_id = $1", variant_id)
    assert await owner.fetchval("SELECT sum(delta) FROM stock_movement WHERE variant_id = $1", variant_id) == 7
    assert await violations(owner) == []


async def test_what_is_held_where_it_cannot_be_sent_from_is_not_taken_over(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner)
    here, elsewhere = [await unpaid(shop, await ready(shop, option_id, (variant_id, 1))) for _ in range(2)]
    far = await owner.fetchval("INSERT INTO stock_location (code, name, countries) VALUES ('far', 'Far', '{FR}') RETURNING id")
    await owner.execute("INSERT INTO stock (variant_id, location_id, on_hand, reserved) VALUES ($1, $2, 5, 1)", variant_id, far)
    await owner.execute("UPDATE stock SET reserved = reserved - 1 WHERE variant_id = $1 AND location_id <> $2", variant_id, far)
    await owner.execute("UPDATE reservation SET location_id = $2 WHERE cart_id = $1", elsewhere.order.cart_id, far)
    outcomes = await written(shop, elsewhere, here)
    assert outcomes[0] is None
    assert isinstance(outcomes[1], tuple)
    assert await violations(owner) == []


async def test_buyers_at_the_same_moment_share_their_statements(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner, on_hand=100)
    buyers = [await ready(shop, option_id, (variant_id, 1)) for _ in range(20)]
    await (await ready(shop, option_id, (variant_id, 1))).place()  # statements are prepared once
    with statement_count() as count:
        answers = await asyncio.gather(*(buyer.place() for buyer in buyers))
    assert [answer.status for answer in answers] == [201] * 20
    assert len({answer.document()["number"] for answer in answers}) == 20
    assert len(of_the_shop(count)) <= 40  # alone, each takes four
    assert await stock_of(owner, variant_id) == (79, 0)
    assert await violations(owner) == []


async def test_one_cart_that_is_ordered_twice_in_a_batch_is_ordered_once(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner)
    buyer = await ready(shop, option_id, (variant_id, 1))
    one, two = await unpaid(shop, buyer), await unpaid(shop, buyer)
    outcomes = await asyncio.gather(*(shop.together.order_pending(each.held, each.order, each.kept) for each in (one, two)))
    assert [outcome is None for outcome in outcomes] == [False, True]
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", buyer.cart_id) == 1


async def test_a_key_that_two_want_at_the_same_moment_is_for_one(shop: CheckoutContext, option_id: int, owner: asyncpg.Connection) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    wanted = [KeyWanted(f"cart:{buyer.cart_id}", "one key", text, {}, shop.clock()) for text in (b"this", b"this", b"that")]
    outcomes = await asyncio.gather(*(shop.together.claim(one, stale=shop.stale_after) for one in wanted), return_exceptions=True)
    assert isinstance(outcomes[0], Claim)
    assert isinstance(outcomes[1], idempotency.IdempotencyInFlight)
    assert isinstance(outcomes[2], idempotency.IdempotencyMismatch)


async def test_nobody_waits_for_long_for_somebody_elses_lock(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner)
    held_up, other = [await ready(shop, option_id, (variant_id, 1)) for _ in range(2)]
    async with owner.transaction():
        await owner.execute("SELECT FROM cart WHERE id = $1 FOR UPDATE", held_up.cart_id)
        waiting = asyncio.create_task(held_up.place())
        while not await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            await asyncio.sleep(0.01)
        assert (await asyncio.wait_for(other.place(), PATIENT)).status == 201
        assert not waiting.done()
    assert (await waiting).status == 201
    assert await violations(owner) == []


async def test_a_batch_shows_a_cart_to_whom_it_belongs_only(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    customer_id = await owner.fetchval(
        "INSERT INTO customer (email, name, password_hash) VALUES ('own@shop.example', 'Ada', '') RETURNING id"
    )
    own = await buyer_of(shop, option_id, (await offer(owner), 1), customer_id=customer_id)
    reading = [
        shop.together.cart(own.cart_id, Guard(customer_id=customer_id), now=shop.clock()),
        shop.together.cart(own.cart_id, Guard(), now=shop.clock()),
        shop.together.cart(uuid.uuid4(), Guard(), now=shop.clock()),
    ]
    theirs, strangers, unknown = await asyncio.gather(*reading, return_exceptions=True)
    assert not isinstance(theirs, BaseException)
    assert theirs.cart.id == own.cart_id
    assert isinstance(strangers, CartNotFound)
    assert isinstance(unknown, CartNotFound)


async def test_a_cart_is_read_after_it_was_asked_for(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    """Who asks while a batch is being read is not given what that batch saw."""
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    together = Together(shop.database, shop.settings)
    for quantity in range(2, 12):
        before = asyncio.create_task(together.cart(buyer.cart_id, ANYBODY, now=shop.clock()))
        await asyncio.sleep(0)
        async with shop.database.write() as conn:
            await carts.set_quantity(conn, buyer.cart_id, variant_id, quantity)
        found = await together.cart(buyer.cart_id, ANYBODY, now=shop.clock())
        assert [line.quantity for line in found.cart.lines] == [quantity]
        await before


@pytest.mark.parametrize("table", ["cart", "stock"])
async def test_who_shares_a_batch_with_somebody_who_waits_for_a_lock_does_not_wait_for_it(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, table: str
) -> None:
    """The cart's row of an order that is written, the stock of one that is paid."""
    stuck, other = [await unpaid(shop, await ready(shop, option_id, (await offer(owner), 1))) for _ in range(2)]
    if table == "stock":
        assert all(isinstance(outcome, tuple) for outcome in await written(shop, stuck, other))

    def asking(one: UnpaidOrder) -> Any:
        done = paid(one)
        if table == "cart":
            return shop.together.order_pending(one.held, one.order, one.kept)
        return shop.together.settle_paid_and_answer(done.paid, done.held, done.answer, now=done.now)

    async with owner.transaction():
        of_cart, of_stock = "id = $1", "variant_id IN (SELECT key::bigint FROM cart, jsonb_object_keys(lines) AS l (key) WHERE id = $1)"
        await owner.execute(f"SELECT FROM {table} WHERE {of_cart if table == 'cart' else of_stock} FOR UPDATE", stuck.order.cart_id)
        waiting, done = [asyncio.create_task(asking(one)) for one in (stuck, other)]
        assert await asyncio.wait_for(done, PATIENT)
        assert not waiting.done()
    assert await waiting


async def test_a_key_whose_row_is_locked_is_in_flight_and_holds_up_nobody(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    buyers = [await buyer_of(shop, option_id, (await offer(owner), 1)) for _ in range(3)]
    held = await held_key(shop, buyers[0])
    again = KeyWanted(held.scope, held.key, b"print", {}, shop.clock())
    async with owner.transaction():
        await owner.execute("SELECT FROM idempotency_key WHERE key = $1 FOR UPDATE", held.key)
        claiming = [shop.together.claim(again, stale=shop.stale_after), *(held_key(shop, buyer) for buyer in buyers[1:])]
        first, *others = await asyncio.wait_for(asyncio.gather(*claiming, return_exceptions=True), PATIENT)
    assert isinstance(first, idempotency.IdempotencyInFlight)
    assert all(isinstance(claim, Claim) for claim in others)


async def test_a_key_that_was_left_behind_is_taken_over(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    held = await held_key(shop, await buyer_of(shop, option_id, (await offer(owner), 1)))
    again = KeyWanted(held.scope, held.key, b"print", {}, shop.clock())
    with pytest.raises(idempotency.IdempotencyInFlight):
        await shop.together.claim(again, stale=shop.stale_after)
    later = msgspec.structs.replace(again, now=again.now + 2 * shop.stale_after)
    taken = await shop.together.claim(later, stale=shop.stale_after)
    assert isinstance(taken, Claim)
    assert taken.locked_at == later.now
    with pytest.raises(idempotency.IdempotencyMismatch):
        await shop.together.claim(msgspec.structs.replace(later, fingerprint=b"other"), stale=shop.stale_after)


async def test_an_event_with_what_no_database_keeps_is_kept_without_it(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    inbox, name = Inbox(shop), uuid.uuid4().hex
    texts = ["plain", "n\x00thing", "half of \ud83d"]
    events = [_event(shop, f"{name}-{n}", {"id": text}) for n, text in enumerate(texts)]
    assert await asyncio.gather(*(inbox.store("sandbox", event) for event in events)) == [True] * 3
    texts_of = "SELECT payload #>> '{event,data,object,id}' AS text FROM webhook_inbox WHERE event_id LIKE $1 ORDER BY event_id"
    kept = await owner.fetch(texts_of, f"{name}%")
    assert [row["text"] for row in kept] == ["plain", "n\ufffdthing", "half of ?"]


def _event(shop: CheckoutContext, event_id: str, thing: dict[str, object]) -> ProviderEvent:
    return ProviderEvent(event_id, "charge.updated", str(thing["id"]), shop.clock(), {"id": event_id, "data": {"object": thing}})


@pytest.mark.parametrize("metadata", [{"attempt_id": str(uuid.UUID(int=7)), "note": "hers"}, {"attempt_id": 7}, None])
async def test_of_an_event_only_what_is_read_is_kept(shop: CheckoutContext, owner: asyncpg.Connection, metadata: object) -> None:
    thing = {"id": uuid.uuid4().hex, "payment_intent": "pi_of_nobody", "metadata": metadata, "client_secret": "s", "billing_details": {}}
    event = _event(shop, uuid.uuid4().hex, thing)
    assert await Inbox(shop).store("sandbox", event)
    kept = await owner.fetchval("SELECT payload #> '{event,data,object}' FROM webhook_inbox WHERE event_id = $1", event.id)
    known = {"attempt_id": str(uuid.UUID(int=7))} if metadata and metadata["attempt_id"] != 7 else {}
    assert msgspec.json.decode(kept) == {"id": thing["id"], "payment_intent": "pi_of_nobody", "metadata": known}


async def test_an_event_is_dropped_in_the_end_whether_it_could_be_applied_or_not(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    names = [uuid.uuid4().hex for _ in range(4)]
    for name in names:
        await Inbox(shop).store("sandbox", _event(shop, name, {"id": name}))
    await owner.execute("UPDATE webhook_inbox SET applied_at = received_at WHERE event_id = ANY ($1)", names[:2])
    earlier = "received_at = received_at - $2::interval, applied_at = applied_at - $2::interval"
    await owner.execute(f"UPDATE webhook_inbox SET {earlier} WHERE event_id = ANY ($1)", names[::2], webhooks.KEPT_FOR)
    async with shop.database.write() as conn:
        await webhooks.prune(conn, shop.clock())
    left = await owner.fetch("SELECT event_id FROM webhook_inbox WHERE event_id = ANY ($1)", names)
    assert {row["event_id"] for row in left} == set(names[1::2])
