"""Carts: nothing that was put in is lost, nobody else's is touched, and prices that moved are shown."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest
from aiohttp.test_utils import TestClient

from storefront.accounts import service as accounts
from storefront.accounts.model import Registration
from storefront.cart import service as carts
from storefront.cart import store as cart_store
from storefront.cart.desk import Desk
from storefront.cart.model import MOST_LINES, MOST_UNITS, Cart, CartClosed, CartNotFound, Guard
from storefront.cart.service import ANYBODY
from storefront.checkout import recovery
from storefront.checkout import service as checkout
from storefront.checkout.context import CheckoutContext
from storefront.inventory.gate import StockGate
from storefront.platform.clock import utc_now
from storefront.platform.database import Database, lsn_number, statement_count
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.errors import InvalidInput, VersionMismatch
from storefront.pricing import service as pricing
from storefront.settings import Settings
from tests.buying import ADDRESS, buyer_of, of_the_shop, offer, stock_of
from tests.forms import Browser
from tests.sandbox import Sandbox
from tests.shopper import Shopper
from tests.transfer import csv_text, empty_shop, load


async def customer_of(database: Database) -> UUID:
    """Somebody with an account."""
    applicant = await accounts.applicant(Registration(f"{uuid4().hex}@carts.example", "Ada", "correct horse battery"))
    return (await database.transaction(lambda conn: accounts.register(conn, applicant))).id


async def cart_with(database: Database, *lines: tuple[int, int], customer_id: UUID | None = None, currency: str = "EUR") -> Cart:
    async with database.write() as conn:
        return await carts.create(conn, currency=currency, customer_id=customer_id, lines=lines)


def content(cart: Cart | None) -> dict[int, int]:
    assert cart is not None
    return {line.variant_id: line.quantity for line in cart.lines}


async def test_what_is_put_into_a_cart_is_found_by_itself_in_a_shop_that_nobody_has_analyzed(postgres: Postgres, tmp_path: Path) -> None:
    async with empty_shop(postgres) as conn:
        owner = await asyncpg.connect(postgres.dsn(database=await conn.fetchval("SELECT current_database()")))
        thing = {"Title": "Thing", "Option1 Name": "Size", "Variant Price": "1"}
        rows = [thing | {"Handle": f"thing-{n // 4}", "Option1 Value": f"{n}", "Variant SKU": f"T-{n}"} for n in range(800)]
        await load(conn, tmp_path, csv_text(*rows))
        await owner.execute("DELETE FROM pg_statistic")
        await owner.execute("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind IN ('r', 'i')")
        plan = await owner.fetch(f"EXPLAIN {cart_store.queries.add_lines.sql}", ["{}"])
        await owner.close()
    read = {line.strip(" ->").split("  (")[0] for (line,) in plan if " Scan " in line or "Scan on" in line}
    tables = {re.sub(r".* on (\w+).*", r"\1", line): line for line in read}
    assert {name: tables[name].split(" on ")[0] for name in ("variant", "product", "variant_price", "cart")} == {
        "variant": "Index Scan using variant_pkey",
        "product": "Index Scan using product_pkey",
        "variant_price": "Index Scan using variant_price_pkey",
        "cart": "Index Scan using cart_pkey",
    }


# --- signing in ------------------------------------------------------------------------------------------------------------------


async def test_who_signs_in_finds_both_carts_in_one(database: Database, owner: asyncpg.Connection) -> None:
    one, both, other = [await offer(owner) for _ in range(3)]
    customer_id = await customer_of(database)
    own = await cart_with(database, (one, 1), (both, 2), customer_id=customer_id)
    guest = await cart_with(database, (both, 3), (other, 4))
    merged = await database.transaction(lambda conn: carts.merge(conn, guest.id, customer_id))
    assert (merged.id if merged else None, content(merged)) == (own.id, {one: 1, both: 5, other: 4})
    async with database.write() as conn:
        with pytest.raises(CartClosed):
            await carts.add_line(conn, guest.id, one, 1)
    again = await database.transaction(lambda conn: carts.merge(conn, guest.id, customer_id))
    assert content(again) == content(merged), "signing in again adds nothing"


async def test_a_guests_only_cart_becomes_the_customers(database: Database, owner: asyncpg.Connection) -> None:
    variant_id, customer_id = await offer(owner), await customer_of(database)
    guest = await cart_with(database, (variant_id, 2))
    merged = await database.transaction(lambda conn: carts.merge(conn, guest.id, customer_id))
    assert (merged.id if merged else None, content(merged)) == (guest.id, {variant_id: 2})
    async with database.write() as conn:
        with pytest.raises(CartNotFound):
            await carts.get(conn, guest.id, Guard())
        assert await carts.get(conn, guest.id, Guard(customer_id=customer_id)) == merged


async def test_nobody_gets_anothers_cart_by_signing_in_with_its_id(database: Database, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    ada, eve = await customer_of(database), await customer_of(database)
    hers = await cart_with(database, (variant_id, 2), customer_id=ada)
    assert await database.transaction(lambda conn: carts.merge(conn, hers.id, eve)) is None
    async with database.write() as conn:
        assert content(await carts.get(conn, hers.id, Guard(customer_id=ada))) == {variant_id: 2}


async def test_two_sign_ins_at_once_add_the_guests_cart_once(database: Database, owner: asyncpg.Connection) -> None:
    variant_id, customer_id = await offer(owner), await customer_of(database)
    await cart_with(database, (variant_id, 1), customer_id=customer_id)
    guest = await cart_with(database, (variant_id, 2))
    await asyncio.gather(*(database.transaction(lambda conn: carts.merge(conn, guest.id, customer_id)) for _ in range(4)))
    assert content(await database.transaction(lambda conn: carts.merge(conn, None, customer_id))) == {variant_id: 3}


async def test_what_a_guest_held_at_checkout_does_not_stand_in_the_customers_way(
    shop: CheckoutContext, database: Database, owner: asyncpg.Connection
) -> None:
    last, other, customer_id = await offer(owner, on_hand=1), await offer(owner), await customer_of(database)
    own = await cart_with(database, (other, 1), customer_id=customer_id)
    guest = await cart_with(database, (last, 1))
    gate = StockGate(database)
    await checkout.start(shop, gate, guest.id)
    assert await stock_of(owner, last) == (1, 1)
    await database.transaction(lambda conn: carts.merge(conn, guest.id, customer_id))
    await checkout.start(shop, gate, own.id)
    assert await stock_of(owner, last) == (1, 1)


async def test_goods_that_a_guest_is_paying_for_are_not_put_into_another_cart_to_be_paid_for_again(
    shop: CheckoutContext, database: Database, owner: asyncpg.Connection, option_id: int
) -> None:
    """The guest is on the bank's page, and signs in in another window, or instead of paying there."""
    goods, other, customer_id = await offer(owner), await offer(owner), await customer_of(database)
    own = await cart_with(database, (other, 1), customer_id=customer_id)
    guest = await buyer_of(shop, option_id, (goods, 1))
    waiting = await guest.place(payment_method=None)
    assert waiting.status == 202
    signed_in = await database.transaction(lambda conn: carts.merge(conn, guest.cart_id, customer_id))
    assert signed_in is not None
    assert (signed_in.id, signed_in.customer_id, content(signed_in)) == (guest.cart_id, customer_id, {goods: 1})
    async with database.write() as conn:
        assert content(await carts.get(conn, own.id)) == {other: 1}, "it is there beside the other"
    guest.customer_id = customer_id
    assert (await guest.place()).status == 201
    first = await owner.fetchrow("SELECT status FROM orders WHERE number = $1", waiting.document()["number"])
    assert first["status"] == "cancelled", "its payment was ended before the other began"


async def test_a_guests_goods_are_not_put_into_a_cart_that_is_being_paid_for(
    shop: CheckoutContext, database: Database, owner: asyncpg.Connection, option_id: int
) -> None:
    """The customer pays on the phone, and signs in on the laptop meanwhile."""
    paid_for, other, customer_id = await offer(owner), await offer(owner), await customer_of(database)
    own = await buyer_of(shop, option_id, (paid_for, 1), customer_id=customer_id)
    assert (await own.place(payment_method=None)).status == 202
    guest = await cart_with(database, (other, 2))
    signed_in = await database.transaction(lambda conn: carts.merge(conn, guest.id, customer_id))
    assert signed_in is not None
    assert (signed_in.id, signed_in.customer_id, content(signed_in)) == (guest.id, customer_id, {other: 2})
    assert (await own.place()).status == 201
    again = await database.transaction(lambda conn: carts.merge(conn, None, customer_id))
    assert again == signed_in


async def test_what_came_too_late_for_a_customers_order_is_in_their_next_cart_and_nobody_elses(
    shop: CheckoutContext, database: Database, sandbox: Sandbox, owner: asyncpg.Connection, option_id: int
) -> None:
    goods, fewer, customer_id = await offer(owner), await offer(owner), await customer_of(database)
    buyer = await buyer_of(shop, option_id, (goods, 2), (fewer, 3), customer_id=customer_id)
    waiting = (await buyer.place(payment_method=None)).document()
    async with database.write() as conn:
        await carts.set_quantity(conn, buyer.cart_id, goods, 5)
        await carts.set_quantity(conn, buyer.cart_id, fewer, 1)
    await sandbox.pay(waiting["next_action"]["redirect_url"], "4242 4242 4242 4242")
    assert await checkout.returned(shop, UUID(waiting["id"])) == "paid"
    async with database.write() as conn:
        assert await carts.successor(conn, buyer.cart_id, Guard()) is None
        later = await carts.successor(conn, buyer.cart_id, Guard(customer_id=customer_id))
    assert content(later) == {goods: 3}
    assert await database.transaction(lambda conn: carts.merge(conn, None, customer_id)) == later


async def test_what_came_too_late_for_a_guests_order_joins_the_own_cart(
    shop: CheckoutContext, database: Database, sandbox: Sandbox, owner: asyncpg.Connection, option_id: int
) -> None:
    """The provider told of the payment, and the browser, whose cart is still the ordered one, signs in before it looks at it again."""
    goods, late, other, customer_id = await offer(owner), await offer(owner), await offer(owner), await customer_of(database)
    own = await cart_with(database, (other, 1), customer_id=customer_id)
    guest = await buyer_of(shop, option_id, (goods, 1))
    waiting = (await guest.place(payment_method=None)).document()
    async with database.write() as conn:
        await carts.add_line(conn, guest.cart_id, late, 2)
    await sandbox.pay(waiting["next_action"]["redirect_url"], "4242 4242 4242 4242")
    assert await checkout.returned(shop, UUID(waiting["id"])) == "paid"
    for _ in range(2):
        joined = await database.transaction(lambda conn: carts.merge(conn, guest.cart_id, customer_id))
        assert joined is not None
        assert (joined.id, content(joined)) == (own.id, {other: 1, late: 2})


async def test_what_a_guest_could_not_pay_joins_the_own_cart_and_nothing_is_kept_from_it(
    shop: CheckoutContext, database: Database, owner: asyncpg.Connection, option_id: int
) -> None:
    last, other, customer_id = await offer(owner, on_hand=1), await offer(owner), await customer_of(database)
    own = await cart_with(database, (other, 1), customer_id=customer_id)
    guest = await buyer_of(shop, option_id, (last, 1))
    assert (await guest.place(payment_method="pm_card_chargeDeclined")).status == 402
    assert await stock_of(owner, last) == (1, 1)
    joined = await database.transaction(lambda conn: carts.merge(conn, guest.cart_id, customer_id))
    assert joined is not None
    assert (joined.id, content(joined)) == (own.id, {other: 1, last: 1})
    assert (await guest.place()).document()["type"].endswith("/cart_closed"), "its order is not paid in another way any more"
    assert (await recovery.recover(shop)).orders == 1
    with pytest.raises(CartClosed):
        await checkout.start(shop, StockGate(database), guest.cart_id)
    await checkout.start(shop, StockGate(database), own.id)
    assert await stock_of(owner, last) == (1, 1)


async def test_a_line_of_another_currency_joins_at_its_price_there(database: Database, owner: asyncpg.Connection) -> None:
    one, other, customer_id = await offer(owner), await offer(owner, amount=1500), await customer_of(database)
    await owner.execute("INSERT INTO variant_price (variant_id, currency, amount) VALUES ($1, 'USD', 1900)", other)
    await cart_with(database, (one, 1), customer_id=customer_id)
    guest = await cart_with(database, (other, 1), currency="USD")
    merged = await database.transaction(lambda conn: carts.merge(conn, guest.id, customer_id))
    assert merged is not None
    assert (merged.currency, [line.seen_amount for line in merged.lines]) == ("EUR", [1500, 1500])


# --- changing --------------------------------------------------------------------------------------------------------------------


async def test_a_cart_has_its_limits_and_says_so(database: Database, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    cart = await cart_with(database, (variant_id, MOST_UNITS - 1))
    async with database.write() as conn:
        await carts.add_line(conn, cart.id, variant_id, 1)
        with pytest.raises(InvalidInput) as refused:
            await carts.add_line(conn, cart.id, variant_id, 1)
        assert set(refused.value.messages()) == {"quantity"}
    full = await cart_with(database, *[(await offer(owner), 1) for _ in range(MOST_LINES)])
    async with database.write() as conn:
        with pytest.raises(InvalidInput) as refused:
            await carts.add_line(conn, full.id, variant_id, 1)
        assert set(refused.value.messages()) == {"variant_id"}


async def test_a_change_on_an_old_version_changes_nothing(database: Database, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    cart = await cart_with(database, (variant_id, 1))
    async with database.write() as conn:
        changed = await carts.set_quantity(conn, cart.id, variant_id, 5, Guard(version=cart.version))
        for late in (
            carts.set_quantity(conn, cart.id, variant_id, 9, Guard(version=cart.version)),
            carts.remove(conn, cart.id, variant_id, Guard(version=cart.version)),
            carts.set_details(conn, cart.id, email="late@shop.example", guard=Guard(version=cart.version)),
        ):
            with pytest.raises(VersionMismatch):
                await late
        assert await carts.get(conn, cart.id) == changed


class OneConnection:
    """A database of which only this connection is used."""

    def __init__(self, conn: Any) -> None:
        self.statements = conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        yield self.statements


@pytest.mark.parametrize("details", [{"email": "ada@shop.example"}, {"delivery_address": ADDRESS, "fulfillment_option_id": None}])
async def test_who_and_where_to_is_on_disk_once_it_is_confirmed(
    database: Database, settings: Settings, owner: asyncpg.Connection, details: dict[str, Any]
) -> None:
    async with database.write() as conn:
        await conn.execute("SET synchronous_commit = on")  # as it is where fsync is on
        cart = await carts.create(conn, currency="EUR")
        before = lsn_number(await conn.fetchval("SELECT pg_current_wal_insert_lsn()::text"))
        if "fulfillment_option_id" in details:
            alone: Any = OneConnection(conn)
            await carts.choose_delivery(cart.id, details, ANYBODY, till=Desk(alone, settings).at(utc_now()))
        else:
            await carts.set_details(conn, cart.id, **details)
        assert lsn_number(await conn.fetchval("SELECT pg_current_wal_flush_lsn()::text")) > before


class WithoutOptions(OneConnection):
    """All ways to deliver are gone by the time that a cart is changed."""

    def __init__(self, conn: Any, owner: asyncpg.Connection) -> None:
        super().__init__(conn)
        self.owner = owner

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        await self.owner.execute("DELETE FROM fulfillment_option")
        yield self.statements


async def test_a_delivery_option_that_is_deleted_while_it_is_chosen_is_refused(
    database: Database, settings: Settings, owner: asyncpg.Connection, option_id: int
) -> None:
    cart = await cart_with(database, (await offer(owner), 1))
    details = {"delivery_address": ADDRESS, "fulfillment_option_id": option_id}
    async with database.write() as conn:
        gone: Any = WithoutOptions(conn, owner)
        with pytest.raises(InvalidInput) as refused:
            await carts.choose_delivery(cart.id, details, ANYBODY, till=Desk(gone, settings).at(utc_now()))
    assert set(refused.value.messages()) == {"fulfillment_option_id"}


async def test_a_price_that_moved_is_news_until_it_was_shown(database: Database, settings: Settings, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1000)
    cart = await cart_with(database, (variant_id, 1))
    await owner.execute("UPDATE variant_price SET amount = 1200 WHERE variant_id = $1", variant_id)
    news = []
    async with database.write() as conn:
        for _ in range(2):
            cart = await carts.get(conn, cart.id)
            priced = await pricing.price_cart(conn, cart, now=utc_now(), settings=settings)
            await carts.mark_seen(conn, cart, priced)
            news.append((priced.total, priced.lines[0].price_changed))
    assert news == [(1200, True), (1200, False)]
    assert cart.version == 1, "looking is no change"


async def test_what_is_no_longer_sold_stays_visible_and_costs_nothing(
    database: Database, settings: Settings, owner: asyncpg.Connection
) -> None:
    kept, gone = await offer(owner, amount=1000), await offer(owner, amount=500)
    cart = await cart_with(database, (kept, 1), (gone, 1))
    await owner.execute("UPDATE product SET status = 'archived' WHERE id = (SELECT product_id FROM variant WHERE id = $1)", gone)
    async with database.write() as conn:
        priced = await pricing.price_cart(conn, await carts.get(conn, cart.id), now=utc_now(), settings=settings)
    assert {line.variant_id: line.problem for line in priced.lines} == {kept: None, gone: "not_on_sale"}
    assert priced.total == 1000


async def test_adds_at_the_same_moment_share_a_statement_and_each_has_its_own_outcome(
    database: Database, settings: Settings, owner: asyncpg.Connection
) -> None:
    variant_id, gone = await offer(owner, amount=700), await offer(owner)
    await owner.execute("UPDATE variant SET active = false WHERE id = $1", gone)
    desk = Desk(database, settings)

    async def add(cart: Cart, wanted: int, guard: Guard = ANYBODY) -> tuple[Cart, int]:
        at = desk.at(utc_now())
        changed = await carts.add_line(database.statements, cart.id, wanted, 1, guard, till=at)
        return changed, (await at.price(changed)).total

    ours = [await cart_with(database, (variant_id, quantity)) for quantity in range(1, 9)]
    await add(ours[0], variant_id)  # statements are prepared once
    with statement_count() as count:
        refused, stale, *added = await asyncio.gather(
            add(ours[0], gone),
            add(ours[1], variant_id, Guard(anybody=True, version=99)),
            *(add(cart, variant_id) for cart in ours[2:]),
            *(add(ours[7], variant_id) for _ in range(2)),
            return_exceptions=True,
        )
    assert isinstance(refused, InvalidInput)
    assert isinstance(stale, VersionMismatch)
    found = [outcome for outcome in added if not isinstance(outcome, BaseException)]
    assert len(found) == 8
    assert [(cart.id, cart.item_count, total) for cart, total in found[:5]] == [
        (cart.id, quantity + 1, 700 * (quantity + 1)) for quantity, cart in enumerate(ours[2:7], 3)
    ]
    assert sorted(cart.item_count for cart, _ in found[5:]) == [9, 10, 11]  # of one cart, one after another
    assert len(of_the_shop(count)) <= 10  # alone, 13


async def test_carts_that_are_started_at_the_same_moment_share_a_statement(
    database: Database, settings: Settings, owner: asyncpg.Connection
) -> None:
    variant_id, gone = await offer(owner, amount=700), await offer(owner)
    await owner.execute("UPDATE variant SET active = false WHERE id = $1", gone)
    desk = Desk(database, settings)

    async def start(*lines: tuple[int, int]) -> tuple[Cart, int]:
        at = desk.at(utc_now())
        cart = await carts.create(database.statements, currency="EUR", lines=lines, till=at)
        return cart, (await at.price(cart)).total

    await start()
    with statement_count() as count:
        found = await asyncio.gather(
            start((gone, 1)), *(start((variant_id, quantity)) for quantity in range(1, 11)), return_exceptions=True
        )
    assert isinstance(found[0], InvalidInput)
    assert [total for _, total in found[1:]] == [700 * quantity for quantity in range(1, 11)]
    assert len(of_the_shop(count)) <= 5


# --- too many, and abandoned -----------------------------------------------------------------------------------------------------


async def test_one_address_starts_only_so_many_carts_and_goes_on_with_those_it_has(
    settings: Settings, browser: Browser, owner: asyncpg.Connection
) -> None:
    variant_id, settings.limits.carts = await offer(owner), "10/hour"
    line = {"variant_id": str(variant_id), "quantity": "1"}
    assert await browser.follow("/cart/lines", line) == "/cart"
    async with Shopper(settings.server.public_url) as client:
        for _ in range(10):
            await client.expect(201, "POST", "/carts", json={})
        async with client.http.post("/api/v1/carts", json={}) as refused:
            assert refused.status == 429
            assert int(refused.headers["Retry-After"]) > 0
    assert await browser.follow("/cart/lines", line) == "/cart"
    another = Browser(TestClient(browser.client.server, cookie_jar=aiohttp.CookieJar(unsafe=True)))
    assert (await another.send("/cart/lines", line))[0] == 429
    await another.client.close()


async def test_carts_that_nobody_comes_back_to_are_forgotten(
    database: Database, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests' with nothing in them after a day, all after ninety; not one by one, and not all at once."""
    monkeypatch.setattr(carts, "AT_ONCE", 2)
    await owner.execute("DELETE FROM cart WHERE state = 'open'")
    variant_id, customer_id = await offer(owner), await customer_of(database)

    async def left(*lines: tuple[int, int], days: float, owner_id: UUID | None = None) -> UUID:
        cart = await cart_with(database, *lines, customer_id=owner_id)
        moment = utc_now() - timedelta(days=days)
        await owner.execute("UPDATE cart SET created_at = $2, updated_at = $2 WHERE id = $1", cart.id, moment)
        return cart.id

    kept = {await left(days=0.9), await left((variant_id, 1), days=89), await left(days=89, owner_id=customer_id)}
    coming_back = await left(days=2)
    await owner.execute("UPDATE cart SET updated_at = now() WHERE id = $1", coming_back)
    gone = [await left(days=days) for days in (1.1, 1.1, 1.1, 1.5, 2.9, 91)]
    gone += [await left((variant_id, 1), days=91), await left(days=91, owner_id=customer_id)]
    async with database.write() as conn:
        assert await carts.forget_abandoned(conn, utc_now()) == len(gone)
        assert await carts.forget_abandoned(conn, utc_now()) == 0
    assert {row["id"] for row in await owner.fetch("SELECT id FROM cart WHERE state = 'open'")} == kept | {coming_back}
