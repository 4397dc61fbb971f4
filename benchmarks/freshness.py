"""How soon a committed price is on every replica's product page, category page, JSON and search, while prices change all the time.

`python3 run.py bench freshness`: 3 replicas on one PostgreSQL and one Valkey, 200 price changes a second; a sample of them is watched on
all four views of all three replicas. The bound that is claimed is 1 s at p99.
"""

import argparse
import asyncio
import itertools
import random
import time
from statistics import median

import aiohttp
import asyncpg

from benchmarks._bench import more_replicas, result, running_shop, say, table

REPLICAS = 3
PRODUCTS = 500
AT_ONCE = 4  # changes that are watched at a time
VIEWS = ("product page", "category page", "JSON", "search")


def main(argv: list[str]) -> int:
    """Prints a row for each view and, last, the JSON object: p50_ms, p99_ms, longest_ms, changes_per_second, watched."""
    parser = argparse.ArgumentParser(prog="run.py bench freshness", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200, help="price changes a second")
    options = parser.parse_args(argv)
    with running_shop(core=None, SHOP__DEMO="false") as first, more_replicas(first, REPLICAS - 1) as others:
        waited, rate = asyncio.run(
            _measure([first.url, *(other.url for other in others)], first.runtime()["migrate_url"], options.seconds, options.rate)
        )
    rows = [(view, len(times), median(times), _share(times, 0.99), max(times)) for view, times in zip(VIEWS, waited, strict=True)]
    table(("view", "watched", "p50 ms", "p99 ms", "longest ms"), rows)
    every = list(itertools.chain.from_iterable(waited))
    result(p50_ms=median(every), p99_ms=_share(every, 0.99), longest_ms=max(every), changes_per_second=rate, watched=len(every))
    return 0


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def _measure(urls: list[str], dsn: str, seconds: int, rate: int) -> tuple[list[list[float]], float]:
    """Milliseconds waited, by view, and the changes a second that were really made."""
    pool = await asyncpg.create_pool(dsn, min_size=8, max_size=8)
    await _stock(pool)
    say(f"{PRODUCTS} products, {len(urls)} replicas, {rate} changes a second for {seconds} s")
    waited: list[list[float]] = [[] for _ in VIEWS]
    watching: dict[asyncio.Task[None], int] = {}
    changed = watches = 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as http:
        for number in range(PRODUCTS // 2):  # so that what is old is in every cache
            await asyncio.gather(*(_shows(http, url + path, "") for url in urls for path in _paths(number)))
        await asyncio.sleep(2)
        began = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            due = int((now - began) * rate) - changed
            others = (random.randrange(PRODUCTS // 2, PRODUCTS) for _ in range(max(0, due)))
            await asyncio.gather(*(_change(pool, product, random.randrange(100, 90_000)) for product in others))
            changed += max(0, due)
            if len(watching) < AT_ONCE:
                watches += 1
                # Not one that is being watched: its first price would never be shown once it has a second.
                product = next(n % (PRODUCTS // 2) for n in itertools.count(changed) if n % (PRODUCTS // 2) not in watching.values())
                task = asyncio.create_task(_watch(http, pool, urls, product, 1_000_000 + watches, waited))
                watching[task] = product
                task.add_done_callback(watching.pop)
            await asyncio.sleep(0.02)
        took = time.monotonic() - began
        await asyncio.gather(*list(watching))
    await pool.close()
    return waited, changed / took


async def _stock(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await pool.execute("INSERT INTO category (slug, path, name) VALUES ('things', 'things', 'Things')")
    await pool.execute(
        "INSERT INTO product (slug, title, category_id, status, published_at) "
        "SELECT 'gadget-' || n, 'Gadget ' || n, c.id, 'active', now() - interval '1 day' "
        "FROM generate_series(0, $1::int - 1) n, category c",
        PRODUCTS,
    )
    await pool.execute("INSERT INTO variant (product_id, sku) SELECT id, slug FROM product")
    await pool.execute("INSERT INTO variant_price SELECT id, 'EUR', 1000 FROM variant")
    await pool.execute("INSERT INTO stock (variant_id, location_id, on_hand) SELECT v.id, l.id, 50 FROM variant v, stock_location l")


def _paths(number: int) -> list[str]:
    return [f"/p/gadget-{number}", "/c/things?sort=-price", f"/api/v1/products/gadget-{number}", "/search?q=gadget&sort=-price"]


async def _change(pool: "asyncpg.Pool[asyncpg.Record]", number: int, amount: int) -> None:
    await pool.execute(
        "UPDATE variant_price SET amount = $2 WHERE variant_id = (SELECT id FROM variant WHERE sku = $1)", f"gadget-{number}", amount
    )


async def _watch(
    http: aiohttp.ClientSession, pool: "asyncpg.Pool[asyncpg.Record]", urls: list[str], product: int, amount: int, waited: list[list[float]]
) -> None:
    """Makes one product the dearest and waits until every view says so."""
    await _change(pool, product, amount)
    committed = time.monotonic()

    async def until_shown(view: int, url: str) -> None:
        text = str(amount) if view == 2 else f"{amount / 100:,.2f}"
        while not await _shows(http, url, text):
            await asyncio.sleep(0.02)
        waited[view].append((time.monotonic() - committed) * 1000)

    await asyncio.gather(*(until_shown(view, url + path) for url in urls for view, path in enumerate(_paths(product))))


async def _shows(http: aiohttp.ClientSession, url: str, text: str) -> bool:
    async with http.get(url) as answer:
        return text in await answer.text()
