"""Redis slow, dead or wiped while shoppers browse: no page waits for it, none fails, and none shows what is old."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from benchmarks._proxy import Proxy
from tests.buying import offer, violations
from tests.live import LiveShop, live_shop, neighbouring_ports, start_shop

LATE = 30.0  # seconds that each answer of a slow Redis takes
PATIENCE = 15.0  # seconds; who waits for such an answer even once takes longer
PRODUCTS = 6


@dataclass
class Replica:
    """A replica whose Redis is behind the proxy; `conn` is the owner of the tables."""

    shop: LiveShop
    proxy: Proxy
    conn: asyncpg.Connection
    slugs: list[str]


@pytest.fixture(scope="module")
def data_shop() -> Iterator[LiveShop]:
    with live_shop(SHOP__DEMO="false") as first:
        yield first


@pytest.fixture
async def replica(data_shop: LiveShop, tmp_path: Path) -> AsyncIterator[Replica]:
    told = json.loads((data_shop.folder / "runtime.json").read_text())
    proxy = Proxy(told["cache_url"])
    shop = start_shop(
        tmp_path / "replica",
        neighbouring_ports(),
        DATABASE__URL=told["database_url"],
        DATABASE__MIGRATE_URL=told["migrate_url"],
        CACHE__URL=await proxy.start(),
        PAYMENTS__API_BASE=f"http://127.0.0.1:{int(data_shop.url.rsplit(':', 1)[1]) + 1}",
        SHOP__DEMO="false",
    )
    conn = await asyncpg.connect(told["migrate_url"])
    try:
        await asyncio.to_thread(shop.wait_ready)
        variants = [await offer(conn) for _ in range(PRODUCTS)]
        slugs = await conn.fetch("SELECT p.slug FROM product p JOIN variant v ON v.product_id = p.id WHERE v.id = ANY ($1)", variants)
        yield Replica(shop, proxy, conn, [row["slug"] for row in slugs])
    finally:
        proxy.delay = 0
        await asyncio.to_thread(shop.stop)
        await conn.close()
        await proxy.close()


async def _get(http: aiohttp.ClientSession, url: str) -> str:
    began = time.monotonic()
    async with http.get(url) as answer:
        text = await answer.text()
        assert answer.status == 200, url
    assert time.monotonic() - began < PATIENCE, f"{url} waited for Redis"
    return text


async def _prices_reach_the_pages(replica: Replica, first: int) -> None:
    """Changes prices; each must be on its page, and must not be taken back by what Redis still says."""
    async with aiohttp.ClientSession() as http:
        for number, slug in enumerate(replica.slugs):
            pages = [f"{replica.shop.url}/p/{slug}", f"{replica.shop.url}/api/v1/products/{slug}"]
            for url in pages:
                await _get(http, url)
            amount = first + number * 101
            await replica.conn.execute(
                "UPDATE variant_price SET amount = $2, compare_at = NULL WHERE currency = 'EUR' AND variant_id IN "
                "(SELECT v.id FROM variant v JOIN product p ON p.id = v.product_id WHERE p.slug = $1)",
                slug,
                amount,
            )
            until = time.monotonic() + PATIENCE
            for url, shown in zip(pages, (f"{amount / 100:,.2f}", str(amount)), strict=True):
                while shown not in await _get(http, url):
                    assert time.monotonic() < until, f"{url} still shows the old price"
                    await asyncio.sleep(0.02)
            await _get(http, f"{replica.shop.url}/search?q=never+{first}+{number}")
        for number, slug in enumerate(replica.slugs):
            assert f"{(first + number * 101) / 100:,.2f}" in await _get(http, f"{replica.shop.url}/p/{slug}")


@pytest.mark.parametrize("fault", ["slow", "dead", "wiped"])
async def test_pages_neither_wait_for_redis_nor_show_what_is_old(replica: Replica, fault: str) -> None:
    async def wipe() -> None:
        while True:
            await replica.proxy.command("FLUSHALL")
            await asyncio.sleep(0.01)

    await _prices_reach_the_pages(replica, 110_000)
    wiping = asyncio.create_task(wipe()) if fault == "wiped" else None
    replica.proxy.delay = LATE if fault == "slow" else 0.0
    replica.proxy.dead = fault == "dead"
    await _prices_reach_the_pages(replica, 230_000)
    replica.proxy.delay, replica.proxy.dead = 0.0, False
    if wiping is not None:
        wiping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await wiping
    await _prices_reach_the_pages(replica, 350_000)
    assert await violations(replica.conn) == []
