"""What a hot SKU costs: holds gathered into group commits beside one row-locking transaction each; orders of one SKU beside spread ones.

`python3 run.py bench hot_sku`: PostgreSQL with fsync on, one replica of the shop, everything on the same machine; alternating rounds.
The bound does what a careful shop does without us: BEGIN, SELECT … FOR UPDATE, the check, UPDATE of `reserved`, INSERT of the reservation,
COMMIT, on as many connections as serve it best (8, 16 and 32 are tried), in the same tables.
"""

import argparse
import asyncio
import contextlib
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

import asyncpg
import uvloop

from benchmarks import checkout
from benchmarks._bench import Shop, result, running_shop, say, table
from storefront.inventory.gate import StockGate
from storefront.platform.clock import utc_now
from storefront.platform.database import Database
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.migrations import APP_ROLE, migrate
from storefront.settings import DatabaseSettings

PLENTY = 1_000_000_000
SKUS = 10_000
HOLD = timedelta(minutes=15)
A_PRODUCT = """
WITH made AS (
    INSERT INTO product (slug, title, status, published_at)
    SELECT 'bench-' || n, 'Bench ' || n, 'active', now() - interval '1 day' FROM generate_series(1, $1::int) AS n RETURNING id, slug
), variants AS (
    INSERT INTO variant (product_id, sku, weight_grams) SELECT id, upper(slug), 250 FROM made RETURNING id
), prices AS (
    INSERT INTO variant_price (variant_id, currency, amount) SELECT id, 'EUR', 1500 FROM variants
), held AS (
    INSERT INTO stock (variant_id, location_id, on_hand)
    SELECT v.id, l.id, $2::int FROM variants v, stock_location l WHERE l.code = 'main' RETURNING variant_id
)
SELECT variant_id FROM held ORDER BY variant_id
"""


def main(argv: list[str]) -> int:
    """Prints the table and, last, the JSON object: reservations_per_second, reservations_vs_row_lock, hot_orders_vs_spread, …"""
    parser = argparse.ArgumentParser(prog="run.py bench hot_sku", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--callers", type=int, default=512, help="who ask for the one SKU at the same time")
    parser.add_argument("--buyers", type=int, default=256, help="who order at the same time")
    options = parser.parse_args(argv)
    gathered, locking, holds_a_batch = uvloop.run(_reservations(options.rounds, options.seconds, options.callers))
    with running_shop(core=None, LIMITS__CHECKOUT="1000000/second", LIMITS__CARTS="1000000/second") as shop:
        hot, spread = _orders(shop, options.rounds, options.seconds, options.buyers)
    reservations = median(ours / bound for ours, bound in zip(gathered, locking, strict=True))
    orders = median(one / many for one, many in zip(hot, spread, strict=True))
    table(
        ("what", "per second", "bound per second", "ratio"),
        [
            ("reservations of one SKU", median(gathered), median(locking), reservations),
            ("orders of one SKU", median(hot), median(spread), orders),
        ],
    )
    print(f"holds in a batch: {holds_a_batch:.0f}")
    result(
        reservations_per_second=median(gathered),
        row_lock_per_second=median(locking),
        reservations_vs_row_lock=reservations,
        hot_orders_per_second=median(hot),
        hot_orders_vs_spread=orders,
    )
    return 0


# --- reservations ----------------------------------------------------------------------------------------------------------------


async def _reservations(rounds: int, seconds: float, callers: int) -> tuple[list[float], list[float], float]:
    """Reservations a second through the gate, and by row locks; and how many the gate put into a batch."""
    async with _database() as (database, owner, url):
        variant_id, other_id = [row[0] for row in await owner.fetch(A_PRODUCT, 2, PLENTY)]
        gate = StockGate(database)
        best = await _best_count(url, other_id)
        say(f"row locks are fastest with {best} connections")
        gathered, locking = [], []
        for number in range(rounds):

            async def hold() -> None:
                await gate.hold(uuid.uuid4(), {variant_id: 1}, expires_at=utc_now() + HOLD)

            gathered.append(await _rate([hold] * callers, seconds))
            async with asyncpg.create_pool(url, min_size=best, max_size=best) as pool:
                locking.append(await _rate([_locking(pool, other_id)] * best, seconds))
            say(f"round {number + 1} of {rounds}: {gathered[-1]:,.0f} gathered, {locking[-1]:,.0f} by row locks")
        await gate.close()
        for variant, held in ((variant_id, gate.holds), (other_id, None)):
            reserved, booked = await owner.fetchrow(
                "SELECT (SELECT sum(reserved) FROM stock WHERE variant_id = $1), "
                "(SELECT sum(quantity) FROM reservation WHERE variant_id = $1 AND state = 'held')",
                variant,
            )
            if reserved != booked or held not in (None, reserved):
                raise SystemExit(f"bench: {reserved} reserved, {booked} held, {held} told")
        return gathered, locking, gate.holds / gate.batches


async def _best_count(url: str, variant_id: int) -> int:
    found = {}
    for count in (8, 16, 32):
        async with asyncpg.create_pool(url, min_size=count, max_size=count) as pool:
            found[count] = await _rate([_locking(pool, variant_id)] * count, 2)
    return max(found, key=lambda count: found[count])


def _locking(pool: "asyncpg.Pool[asyncpg.Record]", variant_id: int) -> Callable[[], Awaitable[None]]:
    async def hold() -> None:
        async with pool.acquire() as conn, conn.transaction():
            row = await conn.fetchrow(
                "SELECT location_id, on_hand - reserved AS available FROM stock WHERE variant_id = $1 FOR UPDATE", variant_id
            )
            if row["available"] < 1:
                raise RuntimeError("sold out")
            await conn.execute(
                "UPDATE stock SET reserved = reserved + 1 WHERE variant_id = $1 AND location_id = $2", variant_id, row["location_id"]
            )
            await conn.execute(
                "INSERT INTO reservation (cart_id, variant_id, location_id, quantity, expires_at) VALUES ($1, $2, $3, 1, $4)",
                uuid.uuid4(),
                variant_id,
                row["location_id"],
                utc_now() + HOLD,
            )

    return hold


async def _rate(callers: list[Callable[[], Awaitable[None]]], seconds: float) -> float:
    """How many calls a second come back when every caller asks again as soon as it is answered."""
    done = 0
    started = time.perf_counter()
    until = started + seconds

    async def again_and_again(call: Callable[[], Awaitable[None]]) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await call()
            done += 1

    await asyncio.gather(*(again_and_again(call) for call in callers))
    return done / (time.perf_counter() - started)


@contextlib.asynccontextmanager
async def _database() -> "AsyncIterator[tuple[Database, asyncpg.Connection[asyncpg.Record], str]]":
    """The shop's database part on a PostgreSQL of its own with fsync on, a connection of the owner, and the shop's address of it."""
    folder = Path(tempfile.mkdtemp(prefix="storefront-bench-"))
    folder.chmod(0o755)
    server = Postgres(folder / "postgresql")
    server.start()
    try:
        await migrate(server.dsn())
        url = server.dsn(role=APP_ROLE)
        database = Database(url, settings=DatabaseSettings())
        await database.start()
        owner = await asyncpg.connect(server.dsn())
        yield database, owner, url
        await owner.close()
        await database.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


# --- whole orders ----------------------------------------------------------------------------------------------------------------


def _orders(shop: Shop, rounds: int, seconds: float, buyers: int) -> tuple[list[float], list[float]]:
    """Whole orders a second, of one SKU and spread over 10,000."""
    checkout.stocked(shop)
    variants = uvloop.run(_more_products(shop.runtime()["migrate_url"]))
    say(f"{SKUS:,} SKUs; warming up")
    uvloop.run(checkout.round_of_orders(shop, variants, buyers, 3))
    hot, spread = [], []
    for number in range(rounds):
        hot.append(uvloop.run(checkout.round_of_orders(shop, variants[:1], buyers, seconds)).per_second)
        spread.append(uvloop.run(checkout.round_of_orders(shop, variants, buyers, seconds)).per_second)
        say(f"round {number + 1} of {rounds}: {hot[-1]:.1f} orders/s of one SKU, {spread[-1]:.1f} spread")
    return hot, spread


async def _more_products(url: str) -> list[int]:
    owner = await asyncpg.connect(url)
    try:
        return [row[0] for row in await owner.fetch(A_PRODUCT, SKUS, 10_000_000)]
    finally:
        await owner.close()
