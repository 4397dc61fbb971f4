"""A committed price is on every replica's product page, category page, JSON and search soon after; nobody waits for a TTL."""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from tests.buying import violations
from tests.live import LiveShop, live_shop, neighbouring_ports, start_shop

REPLICAS = 3
PRODUCTS = 60
CHANGES = 16
BOUND = 5.0  # seconds; far below the soft TTL. The usual time is in benchmarks/README.md


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LiveShop]]:
    """Three processes on one PostgreSQL and one Valkey."""
    with live_shop(SHOP__DEMO="false") as first, contextlib.ExitStack() as stack:
        told = json.loads((first.folder / "runtime.json").read_text())
        asyncio.run(_stock(told["migrate_url"]))
        others = []
        for number in range(1, REPLICAS):
            folder = tmp_path_factory.mktemp(f"replica-{number}") / "data"
            shop = start_shop(
                folder,
                neighbouring_ports(),
                DATABASE__URL=told["database_url"],
                DATABASE__MIGRATE_URL=told["migrate_url"],
                CACHE__URL=told["cache_url"],
                PAYMENTS__API_BASE=f"http://127.0.0.1:{int(first.url.rsplit(':', 1)[1]) + 1}",
                SHOP__DEMO="false",
            )
            stack.callback(_stop, shop)
            others.append(shop)
        for shop in others:
            shop.wait_ready()
        yield [first, *others]


def _stop(shop: LiveShop) -> None:
    if shop.process.poll() is None:
        shop.stop()


async def _stock(url: str) -> None:
    """A category of products, each with one price."""
    conn = await asyncpg.connect(url)
    category = await conn.fetchval("INSERT INTO category (slug, path, name) VALUES ('things', 'things', 'Things') RETURNING id")
    for number in range(PRODUCTS):
        product = await conn.fetchval(
            "INSERT INTO product (slug, title, category_id, status, published_at, popularity) "
            "VALUES ($1, $2, $3, 'active', now() - interval '1 day', $4) RETURNING id",
            f"gadget-{number}",
            f"Gadget {number}",
            category,
            number,
        )
        variant = await conn.fetchval("INSERT INTO variant (product_id, sku) VALUES ($1, $2) RETURNING id", product, f"G-{number}")
        await conn.execute("INSERT INTO variant_price VALUES ($1, 'EUR', 1000)", variant)
        await conn.execute("INSERT INTO stock (variant_id, location_id, on_hand) SELECT $1, id, 50 FROM stock_location", variant)
    await conn.close()


def _views(number: int) -> list[str]:
    """Where the price of a product is shown; sorted so that the dearest, which a change makes it, comes first."""
    return [f"/p/gadget-{number}", "/c/things?sort=-price", f"/api/v1/products/gadget-{number}", "/search?q=gadget&sort=-price"]


@pytest.mark.timeout(180)
async def test_a_price_change_reaches_every_view_on_every_replica(replicas: list[LiveShop]) -> None:
    conn = await asyncpg.connect(json.loads((replicas[0].folder / "runtime.json").read_text())["migrate_url"])
    async with aiohttp.ClientSession() as http:
        for round_number in range(CHANGES):
            number, amount = (round_number * 7) % PRODUCTS, 200_000 + round_number * 101
            shown = (f"{amount / 100:,.2f}", str(amount))
            urls = [shop.url + view for shop, view in itertools.product(replicas, _views(number))]
            for url in urls:  # so that what is old is in every cache
                await _text(http, url)
            await conn.execute(
                "UPDATE variant_price SET amount = $2 WHERE variant_id = (SELECT id FROM variant WHERE sku = $1)", f"G-{number}", amount
            )
            committed = time.monotonic()
            await asyncio.gather(*(_until_shown(http, url, shown, committed) for url in urls))
    assert await violations(conn) == []
    await conn.close()


async def _text(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url) as answer:
        assert answer.status == 200, url
        return await answer.text()


async def _until_shown(http: aiohttp.ClientSession, url: str, shown: tuple[str, str], since: float) -> None:
    while True:
        text = await _text(http, url)
        if any(price in text for price in shown):
            return
        assert time.monotonic() - since < BOUND, f"{url} still shows the old price"
        await asyncio.sleep(0.01)


def test_replicas_of_one_shop_share_nothing_on_disk(replicas: list[LiveShop]) -> None:
    folders = {Path(shop.folder) for shop in replicas}
    assert len(folders) == REPLICAS
    assert all((folder / "search").is_dir() for folder in folders)
