"""What shoppers notice of a Redis that is slow, dead, wiped or absent: the time of pages beside the same pages with Redis well.

`python3 run.py bench redis_away`: a replica on the second level of the cache behind a proxy, another one without, on one PostgreSQL.
Rounds with Redis well and with it away alternate. Prices change all the time; two kinds of pages are read: product pages, which are kept
and dropped, and searches that never repeat, each made anew. An answer is stale when it shows a price that was replaced more than two
seconds before it was asked for. The claim is that pages take at most twice as long, and that nothing is stale.
"""

import argparse
import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator
from statistics import median, quantiles

import asyncpg
import uvloop

from benchmarks._bench import Shop, fetch, more_replicas, result, running_shop, say, table
from benchmarks._client import Client
from benchmarks._proxy import Proxy

KINDS = ("product page", "search, made anew")
FAULTS = ("slow", "dead", "wiped", "absent")
LATE = 2.0  # seconds
STALE = 2.0  # seconds
SHOPPERS = 4
CHANGES_A_SECOND = 20
WORDS = ["lamp", "mug", "boots", "wool", "garden", "tent", "chair", "duck", "kettle", "scarf", "towel", "pen", "apron", "rug", "basket"]


def main(argv: list[str]) -> int:
    """Prints a row for each fault and kind and, last, the JSON object: worst_p50, worst_p99 (ratios to Redis well), stale, failed."""
    parser = argparse.ArgumentParser(prog="run.py bench redis_away", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each round; longer than the breaker's pause, so that it tries again")
    options = parser.parse_args(argv)
    with running_shop(core=None) as data:
        return uvloop.run(_measure(data, options.rounds, options.seconds))


async def _measure(data: Shop, rounds: int, seconds: int) -> int:
    proxy = Proxy(data.runtime()["cache_url"])
    address = await proxy.start()
    conn = await asyncpg.connect(data.runtime()["migrate_url"])
    # The replicas are started from a thread: their first calls to Redis go through the proxy, which runs here.
    starting = contextlib.ExitStack()
    (served,) = await asyncio.to_thread(lambda: starting.enter_context(more_replicas(data, 1, CACHE__URL=address)))
    (alone,) = await asyncio.to_thread(lambda: starting.enter_context(more_replicas(data, 1, CACHE__URL="none")))
    prices = Prices(conn)
    await prices.read()
    found: dict[str, list[tuple[Round, Round]]] = {fault: [] for fault in FAULTS}
    try:
        for number in range(rounds):
            for fault in FAULTS:
                say(f"round {number + 1} of {rounds}: Redis {fault}")
                await _until_well(served)
                well = await _round(served, prices, seconds)
                async with _away(proxy, fault):
                    found[fault].append((well, await _round(alone if fault == "absent" else served, prices, seconds)))
    finally:
        proxy.delay = 0
        await asyncio.to_thread(starting.close)
        await proxy.close()
        await conn.close()
    return _report(found)


def _report(found: "dict[str, list[tuple[Round, Round]]]") -> int:
    rows, worst = [], [0.0, 0.0]
    for fault, pairs in found.items():
        for kind in range(len(KINDS)):
            shares = [median(away.at(kind, share) / well.at(kind, share) for well, away in pairs) for share in (50, 99)]
            times = [median(away.at(kind, share) for _, away in pairs) * 1000 for share in (50, 99)]
            worst = [max(before, now) for before, now in zip(worst, shares, strict=True)]
            rows.append((f"{fault}: {KINDS[kind]}", times[0], shares[0], times[1], shares[1]))
    table(("Redis", "p50 ms", "of well", "p99 ms", "of well"), rows)
    every = [ours for pairs in found.values() for pair in pairs for ours in pair]
    stale, failed = sum(ours.stale for ours in every), sum(ours.failed for ours in every)
    pages = sum(len(times) for ours in every for times in ours.seconds)
    result(worst_p50=worst[0], worst_p99=worst[1], stale=stale, failed=failed, pages=pages)
    return 1 if stale or failed else 0


@contextlib.asynccontextmanager
async def _away(proxy: Proxy, fault: str) -> AsyncIterator[None]:
    async def wipe() -> None:
        while True:
            await proxy.command("FLUSHALL")
            await asyncio.sleep(0.05)

    wiping = asyncio.create_task(wipe()) if fault == "wiped" else None
    proxy.delay = LATE if fault == "slow" else 0.0
    proxy.dead = fault == "dead"
    try:
        yield
    finally:
        proxy.delay, proxy.dead = 0.0, False
        if wiping is not None:
            wiping.cancel()


async def _until_well(shop: Shop) -> None:
    """When the replica asks Redis again."""
    while b'storefront_breaker_open{part="redis"} 0.0' not in (await asyncio.to_thread(fetch, f"{shop.url}/metrics"))[2]:
        await asyncio.to_thread(fetch, f"{shop.url}/search?q={_words()}")
        await asyncio.sleep(0.2)


# --- shoppers, and prices that change ------------------------------------------------------------------------------------------------


class Round:
    """What a round came to: `seconds` of each kind of page."""

    def __init__(self) -> None:
        self.seconds: tuple[list[float], list[float]] = ([], [])
        self.stale = 0
        self.failed = 0

    def at(self, kind: int, share: int) -> float:
        """The time that `share` percent of the pages of a kind took at most."""
        return quantiles(self.seconds[kind], n=100)[share - 1]


class Prices:
    """What each product costs, and since when it has not cost what it did before (`time.monotonic`)."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn
        self.variants: dict[str, list[int]] = {}
        self.replaced: dict[tuple[str, int], float] = {}
        self.now: dict[str, int] = {}

    async def read(self) -> None:
        """The products whose variants all cost the same, so that one figure says what is shown."""
        rows = await self._conn.fetch(
            "SELECT p.slug, array_agg(v.id) AS variants, min(e.amount) AS amount FROM product p JOIN variant v ON v.product_id = p.id "
            "JOIN variant_price e ON e.variant_id = v.id AND e.currency = 'EUR' WHERE p.status = 'active' AND v.active "
            "GROUP BY p.slug HAVING min(e.amount) = max(e.amount)"
        )
        self.variants = {row["slug"]: row["variants"] for row in rows}
        self.now = {row["slug"]: row["amount"] for row in rows}

    async def change(self) -> None:
        """Gives one product another price, one that it has not had."""
        slug = random.choice(list(self.variants))
        amount = self.now[slug] + random.randrange(1, 50)
        await self._conn.execute(
            "UPDATE variant_price SET amount = $2, compare_at = NULL WHERE variant_id = ANY ($1) AND currency = 'EUR'",
            self.variants[slug],
            amount,
        )
        self.replaced[slug, self.now[slug]] = time.monotonic()
        self.now[slug] = amount

    def stale(self, slug: str, page: str, asked_at: float) -> bool:
        """Whether a page that was asked for at `asked_at` shows a price that was gone for too long by then."""
        found = re.search(r'"price": ?"([\d.]+)"', page)
        if found is None:
            return True
        since = self.replaced.get((slug, round(float(found[1]) * 100)))
        return since is not None and asked_at - since > STALE


def _words() -> str:
    return "+".join(random.sample(WORDS, 2)) + f"+{random.randrange(10**9)}"


async def _round(shop: Shop, prices: Prices, seconds: int) -> Round:
    done, until = Round(), time.monotonic() + seconds

    async def change() -> None:
        while time.monotonic() < until:
            await prices.change()
            await asyncio.sleep(1 / CHANGES_A_SECOND)

    await asyncio.gather(change(), *(_shop_until(shop, prices, until, done) for _ in range(SHOPPERS)))
    return done


async def _shop_until(shop: Shop, prices: Prices, until: float, done: Round) -> None:
    client, slugs = Client(shop.url), list(prices.variants)
    while time.monotonic() < until:
        for kind, slug in enumerate((random.choice(slugs), "")):
            path = f"/p/{slug}" if slug else f"/search?q={_words()}"
            began = time.monotonic()
            status, page = await client.call("GET", path)
            done.seconds[kind].append(time.monotonic() - began)
            done.failed += status != 200
            done.stale += bool(slug) and prices.stale(slug, page.decode(), began)
    client.close()
