"""The demo shop is whole, is made once, and is made anew when its making was interrupted."""

import asyncio
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import psutil
import pytest

from storefront.catalog import service
from storefront.catalog.demo import filling
from storefront.catalog.demo.model import FOLDER, html_of, read_shelves
from storefront.catalog.demo.pictures.backdrop import TINTS
from storefront.catalog.demo.pictures.composing import PictureOrder, draw
from storefront.catalog.demo.pictures.drawings import KINDS
from storefront.catalog.demo.pictures.palette import PALETTE
from storefront.catalog.demo.stock_room import stock
from storefront.catalog.demo.studio import DrawingFailed, draw_all
from storefront.catalog.media import MediaStore
from storefront.catalog.sanitise import sanitise_html
from storefront.platform.database import Connection, Database
from storefront.pricing.demo import add_promotions
from storefront.settings import ROOT, Settings
from tests.sandbox import eventually


async def count(conn: Connection, what: str, *given: object) -> int:
    return int(await conn.fetchval(f"SELECT count(*) FROM {what}", *given))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's shop keeps its pictures."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
async def shop(database: Database, settings: Settings, folder: Path) -> Database:
    """The database with the demo shop in it; filled for the first test that asks."""
    settings.data.dir = str(folder)
    await filling.fill(database, settings, lambda text: None, also=add_promotions)
    return database


FILLER = """
import asyncio, sys
from storefront.catalog.demo import filling
from storefront.platform.database import Database
from storefront.settings import load_settings

async def main():
    settings = load_settings()
    database = Database(settings.database.url, [], settings.database)
    await database.start()
    await filling.fill(database, settings, lambda text: print(text, flush=True))

asyncio.run(main())
"""


async def _is_there(path: Path) -> bool:
    return path.exists()


async def test_a_shop_whose_filling_is_killed_is_empty_leaves_no_worker_and_is_filled_next_time(
    database: Database, settings: Settings, demo_pictures: Path, folder: Path
) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "STOREFRONT_DATABASE__URL": settings.database.url,
        "STOREFRONT_DATA__DIR": str(folder),
    }
    filler = subprocess.Popen([sys.executable, "-c", FILLER], stdout=subprocess.DEVNULL, env=environment, cwd=ROOT)
    await eventually(lambda: _is_there(folder / "media" / "drawn.jsonl"), 60)
    workers = psutil.Process(filler.pid).children()
    assert workers
    filler.send_signal(signal.SIGKILL)
    filler.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, workers, 20)
    assert not alive
    async with database.write() as conn:
        assert await count(conn, "product") == await count(conn, "category") == await count(conn, "collection") == 0
        assert await count(conn, "stock_location") == 1

    shutil.copytree(demo_pictures, folder / "media", dirs_exist_ok=True)  # as if it had got further
    settings.data.dir = str(folder)
    said: list[str] = []
    assert await filling.fill(database, settings, said.append, also=add_promotions)
    assert 3 <= len(said) <= 12, "a few lines of progress, not hundreds"


async def test_a_shop_with_products_is_left_alone(shop: Database, settings: Settings) -> None:
    async with shop.write() as conn:
        before = await count(conn, "product"), await count(conn, "promotion"), await count(conn, "change_log")
        assert not await filling.fill(shop, settings, pytest.fail, also=add_promotions)
        assert before == (await count(conn, "product"), await count(conn, "promotion"), await count(conn, "change_log"))


async def test_every_category_has_products_words_and_a_picture(shop: Database) -> None:
    async with shop.read() as conn:
        tree = await service.category_tree(conn)
        assert len(tree) >= 18
        assert all(category.product_count >= 11 for category in tree), [(c.path, c.product_count) for c in tree]
        assert all(category.media and category.media.alt and category.media.width for category in tree)
        leaves = await count(conn, "category c WHERE EXISTS (SELECT FROM product p WHERE p.category_id = c.id)")
        assert leaves >= 12
        assert await count(conn, "category WHERE description_html = ''") == 0
        assert [category.name for category in service.forest(tree)] == ["Kitchen", "Home", "Clothing", "Outdoors", "Garden", "Desk & Play"]


async def test_every_product_is_shown_in_each_currency_with_pictures_that_say_what_they_show(
    shop: Database, settings: Settings, folder: Path
) -> None:
    async with shop.read() as conn:
        ids = await service.product_ids_after(conn, 0, 1000)
        assert len(ids) >= 190
        for currency in settings.shop.currencies:
            cards = await service.cards(conn, ids, currency)
            assert [card.id for card in cards] == ids
        assert await count(conn, "product p WHERE NOT EXISTS (SELECT FROM media m WHERE m.product_id = p.id)") == 0
        assert await count(conn, "media WHERE alt = '' OR width IS NULL OR height IS NULL") == 0
        assert await count(conn, "product WHERE description_html = '' OR rating_count = 0 OR rating_sum > 5 * rating_count") == 0
        assert await count(conn, "product WHERE published_at > now() OR NOT is_published(status, published_at)") == 0
        twice = "(SELECT m.product_id FROM media m GROUP BY 1 HAVING count(*) > 1) with_more"
        assert await count(conn, twice) >= 190
        urls = [row["url"] for row in await conn.fetch("SELECT url FROM media")]
    store = MediaStore(folder / "media")
    data, content_type = await store.get(urls[0].removeprefix("/media/"))
    assert content_type == "image/jpeg"
    assert store.put(data).url == urls[0], "a picture is named by what is in it"
    assert all((folder / "media" / name[:2] / name).is_file() for name in (url.removeprefix("/media/") for url in urls))
    store.close()


async def test_variants_have_a_picture_of_their_colour_and_a_barcode_of_the_shops_own(shop: Database) -> None:
    async with shop.read() as conn:
        assert await count(conn, "variant WHERE media_id IS NULL OR weight_grams = 0") == 0
        barcodes = [row["barcode"] for row in await conn.fetch("SELECT barcode FROM variant")]
    assert len(barcodes) == len(set(barcodes)) >= 800
    for code in barcodes:
        assert re.fullmatch(r"2\d{12}", code)
        assert sum(int(digit) * weight for digit, weight in zip(code, itertools.cycle((1, 3)), strict=False)) % 10 == 0


async def test_stock_is_of_every_kind_and_its_ledger_agrees(shop: Database) -> None:
    async with shop.read() as conn:
        rows = await conn.fetch(
            "SELECT availability::text AS band, count(*) AS variants FROM variant_offer WHERE currency = 'EUR' GROUP BY 1"
        )
        bands = {row["band"]: row["variants"] for row in rows}
        assert set(bands) == {"in_stock", "few_left", "sold_out", "backorder", "preorder"}
        assert bands["in_stock"] > sum(bands.values()) * 0.8
        assert await count(conn, "(SELECT location_id FROM stock WHERE on_hand > 0 GROUP BY 1) used") == 2
        torn = """(SELECT FROM stock s WHERE s.on_hand <> (SELECT coalesce(sum(m.delta), 0) FROM stock_movement m
                   WHERE (m.variant_id, m.location_id) = (s.variant_id, s.location_id))) torn"""
        assert await count(conn, torn) == 0


async def test_some_products_are_reduced_and_none_costs_more_than_before(shop: Database) -> None:
    async with shop.read() as conn:
        reduced = await count(conn, "(SELECT product_id FROM variant_offer WHERE compare_at > amount GROUP BY 1) cheaper")
        assert 0.1 < reduced / await count(conn, "product") < 0.2


async def test_the_home_page_has_full_collections(shop: Database, settings: Settings) -> None:
    async with shop.read() as conn:
        for currency in settings.shop.currencies:
            shown = await service.home_collections(conn, currency)
            assert len(shown) >= 3
            assert all(len(found.cards) >= 8 for found in shown), [(found.collection.slug, len(found.cards)) for found in shown]
            assert all(card.media for found in shown for card in found.cards)
        for collection in await service.collections(conn, 0, 100):
            members = await service.published_after(conn, 0, 1000, "EUR", collection=collection.slug)
            assert len(members) >= 8, collection.slug


async def test_words_that_mean_the_same_and_promotions_are_there(shop: Database) -> None:
    async with shop.read() as conn:
        assert await count(conn, "search_synonym WHERE terms @> ARRAY['sofa', 'couch']") == 1
        for url in [row["url"] for row in await conn.fetch("SELECT url FROM search_redirect")]:
            assert await service.collection_by_slug(conn, url.removeprefix("/collections/"))
        assert (
            await conn.fetchval("SELECT percent_ppm FROM promotion p JOIN coupon c ON c.promotion_id = p.id WHERE code = 'WELCOME10'")
            == 100_000
        )
        assert await count(conn, "promotion WHERE NOT needs_coupon AND kind = 'buy_x_get_y' AND cardinality(product_ids) = 2") == 1


def test_the_words_of_the_goods_are_known_to_the_drawings() -> None:
    shelves = read_shelves()
    goods = [goods for shelf in shelves for goods in shelf.product]
    assert {found.picture.kind for found in goods} == set(KINDS), "a thing without a drawing, or a drawing without a thing"
    named = {name for found in goods for name in (*found.colours, found.picture.colour, found.picture.second, found.picture.third)}
    assert named <= set(PALETTE)
    assert {found.picture.tint for found in goods} - {""} | {tint for shelf in shelves for tint in shelf.tints} <= set(TINTS)
    assert len({found.slug for found in goods}) == len(goods)
    assert all(html_of(found.text) == sanitise_html(html_of(found.text)) for found in goods)
    orders = [order for stocked in stock(shelves) for order in stocked.orders]
    assert len(set(orders)) == len(orders)


def test_every_file_of_goods_is_of_a_known_category() -> None:
    paths = {category["path"] for category in tomllib.loads((FOLDER / "shop.toml").read_text())["category"]}
    assert len(read_shelves()) == len(list((FOLDER / "goods").glob("*.toml"))) == sum("/" in path for path in paths)


def test_the_same_order_gives_the_same_picture() -> None:
    order = stock(read_shelves())[0].orders[0]
    assert draw(order) == draw(order)


async def test_what_was_drawn_before_is_not_drawn_again(folder: Path) -> None:
    orders = stock(read_shelves())[0].orders
    pictures = folder / "begun"
    first = await draw_all(orders[:1], pictures, lambda done: None)
    notes = pictures / "drawn.jsonl"
    with notes.open("ab") as file:
        file.write(notes.read_bytes()[:-20])  # the next line was cut off
    both = await draw_all(orders[:2], pictures, lambda done: None)
    assert list(both.values())[:1] == list(first.values())
    assert len(both) == 2
    lines = notes.read_bytes().splitlines()
    assert await draw_all(orders[:2], pictures, lambda done: None) != {}
    assert notes.read_bytes().splitlines() == lines
    Path(pictures / first[orders[0]].url.removeprefix("/media/")[:2]).rename(folder / "lost")
    assert (await draw_all(orders[:1], pictures, lambda done: None)) == first
    assert len(notes.read_bytes().splitlines()) == len(lines) + 1


async def test_a_worker_that_fails_stops_the_filling_with_one_line(folder: Path) -> None:
    order = stock(read_shelves())[0].orders[0]
    unknown = PictureOrder(**{name: getattr(order, name) for name in order.__struct_fields__} | {"kind": "unicorn"})
    with pytest.raises(DrawingFailed, match="tarn-cast-iron-skillet"):
        await draw_all([unknown], folder, lambda done: None)
