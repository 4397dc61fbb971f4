"""The real product files go in whole and field by field, twice without a difference, and come out as a file that changes nothing."""

import asyncio
import csv
import io
import os
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from storefront.catalog import exporter
from storefront.catalog.importer import ImportResult, connect, import_file
from storefront.platform.database import Connection, Database
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.migrations import APP_ROLE
from storefront.settings import Settings
from tests.transfer import empty_shop, exported, load, nothing_done, row_versions, stored_product

FILES = ("retail-catalog.csv", "shopify-apparel.csv", "shopify-home-and-garden.csv", "shopify-jewelery.csv")
PHOTOS = "https://burst.shopifycdn.com/photos"


@pytest.fixture(scope="module")
def imports(postgres: Postgres, database_name: str, shared_data: Path) -> dict[str, ImportResult]:
    """This module's database with the four files imported; what each import said."""

    async def run() -> dict[str, ImportResult]:
        conn = await connect(postgres.dsn(APP_ROLE, database_name))
        try:
            return {name: await import_file(conn, shared_data / name, "EUR") for name in FILES}
        finally:
            await conn.close()

    return asyncio.run(run())


@pytest.fixture
async def conn(imports: dict[str, ImportResult], settings: Settings) -> AsyncIterator[Connection]:
    """A connection to the shop of `imports`."""
    conn = await connect(settings.database.url)
    yield conn
    await conn.close()


@pytest.mark.parametrize(
    ("name", "rows", "products", "variants", "pictures", "categories"),
    [
        ("retail-catalog.csv", 2465, 2465, 2465, 0, 105),
        ("shopify-apparel.csv", 22, 20, 22, 20, 0),
        ("shopify-home-and-garden.csv", 21, 20, 21, 21, 2),
        ("shopify-jewelery.csv", 41, 20, 23, 41, 3),
    ],
)
def test_each_file_is_taken_whole(
    imports: dict[str, ImportResult], name: str, rows: int, products: int, variants: int, pictures: int, categories: int
) -> None:
    result = imports[name]
    assert result.problems == []
    assert (result.rows, result.tally.products_created, result.tally.products_updated, result.tally.products_unchanged) == (
        rows,
        products,
        0,
        0,
    )
    assert result.tally.created == {
        "product": products,
        "variant": variants,
        "price": variants,
        "stock": variants,
        "picture": pictures,
        "category": categories,
    }
    assert not any(result.tally.changed.values())


async def test_the_shop_holds_what_the_files_add_up_to(conn: Connection) -> None:
    async def number(statement: str) -> int:
        return int(await conn.fetchval(statement))

    assert await number("SELECT count(*) FROM product WHERE status = 'active' AND published_at <= now()") == 2525
    assert await number("SELECT count(*) FROM variant") == 2531
    assert await number("SELECT count(*) FROM category WHERE parent_id IS NULL") == 25
    assert await number("SELECT count(*) FROM category") == 110
    assert await number("SELECT count(*) FROM media") == 82
    assert await number("SELECT sum(on_hand) FROM stock s JOIN variant v ON v.id = s.variant_id WHERE v.track_stock") == 31047 + 8
    assert await number("SELECT sum(delta) FROM stock_movement WHERE reason = 'import'") == 31047 + 22 + 65 + 20
    assert await number("SELECT count(*) FROM variant WHERE media_id IS NOT NULL") == 6
    priced = "variant_price JOIN variant v ON v.id = variant_id JOIN product p ON p.id = product_id"
    assert await number(f"SELECT sum(amount) FROM {priced} WHERE brand = 'Retail Demo'") == 77_322_988


def _variant(sku: str, *values: str, price: list[int | None], stock: int, unit: str = "kg", **others: Any) -> dict[str, Any]:
    usual = {"barcode": None, "weight_grams": 0, "requires_delivery": True, "taxable": True, "tax_code": None, "track_stock": False}
    usual |= {"stock_policy": "deny", "active": True, "picture": None}
    extra = {"Variant Fulfillment Service": "manual", "Variant Weight Unit": unit}
    return {
        "sku": sku,
        "option_values": [*values],
        **usual,
        "prices": {"EUR": price},
        "stock": {"main": stock},
        "import_extra": extra,
    } | others


def _product(title: str, description: str, brand: str, *variants: dict[str, Any], **others: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"category_path": None, "category": None, "tags": [], "attributes": {}, "option_names": [], "status": "active"}
    usual |= {"published": True, "seo_title": None, "seo_description": None, "gift_card": False, "import_extra": {}, "pictures": []}
    return {"title": title, "description_html": description, "brand": brand, "variants": [*variants], **usual} | others


# Read off the files by hand.
TEN_PRODUCTS = {
    "adventure-ready-expedition-backpack-6579c2": _product(
        "Adventure-Ready Expedition Backpack",
        "<p>Embark on your next outdoor journey with our rugged Adventure-Ready Expedition Backpack. This durable beige backpack features "
        "a robust harness system with black straps, ensuring comfort and stability during long treks. Multiple compartments and adjustable "
        "fasteners make it perfect for organizing your gear on any excursion.</p>",
        "Retail Demo",
        _variant("6579C22F-BE2B", price=[12999, None], stock=15, unit="g", weight_grams=500, track_stock=True),
        category_path="accessories/backpack",
        category=["accessories", "backpack"],
        tags=["accessories", "backpack", "women"],
    ),
    "tuscan-elegance-pasta-print-9cc46e": _product(
        "Tuscan Elegance Pasta Print",
        '<p>Bring the flavors of Italy to your kitchen with this stunning "Italian Cuisine" art print. Featuring a beautifully plated '
        "pasta dish with vibrant cherry tomatoes and fresh herbs, this image captures the essence of authentic Italian gastronomy. "
        "Perfect for food lovers and home chefs alike, it adds a touch of culinary sophistication to any dining area or kitchen wall.</p>",
        "Retail Demo",
        _variant("9CC46ED9-287C", price=[2499, None], stock=16, unit="g", weight_grams=500, track_stock=True),
        category_path="books/cooking",
        category=["books", "cooking"],
        tags=["books", "cooking"],
    ),
    "crispy-golden-delight-chips-9c1a20": _product(
        "Crispy Golden Delight Chips",
        "<p>Indulge in the perfect snack with our Crispy Golden Delight Chips. These golden, ridged potato chips are expertly crafted for "
        "maximum crunch and flavor. Served in a clear bowl, they're ideal for sharing or savoring solo.</p>",
        "Retail Demo",
        _variant("9C1A2048-7AAC", price=[399, None], stock=11, unit="g", weight_grams=500, track_stock=True),
        category_path="salty-snacks/potato-chips",
        category=["salty snacks", "potato chips"],
        tags=["salty snacks", "potato chips"],
    ),
    "classic-varsity-top": _product(
        "Classic Varsity Top",
        "Womens casual varsity top, This grey and black buttoned top is a sport-inspired piece complete with an embroidered letter.",
        "partners-demo",
        _variant("CLASSIC-VARSITY-TOP-SMALL", "Small", price=[6000, None], stock=1),
        _variant("CLASSIC-VARSITY-TOP-MEDIUM", "Medium", price=[6000, None], stock=1),
        _variant("CLASSIC-VARSITY-TOP-LARGE", "Large", price=[6000, None], stock=1),
        tags=["women"],
        option_names=["Size"],
        pictures=[(f"{PHOTOS}/casual-fashion-woman_925x.jpg", "", 1)],
    ),
    "clay-plant-pot": _product(
        "Clay Plant Pot",
        "<p>Classic blown clay pot for plants</p>",
        "Company 123",
        _variant("CLAY-PLANT-POT-REGULAR", "Regular", price=[999, None], stock=1),
        _variant("CLAY-PLANT-POT-LARGE", "Large", price=[1599, None], stock=3),
        category_path="outdoor",
        category=["Outdoor"],
        tags=["Pot", "Plants"],
        option_names=["Size"],
        pictures=[(f"{PHOTOS}/single-sprout-in-a-pot_925x.jpg", "", 1), (f"{PHOTOS}/pot-with-a-single-sprout_925x.jpg", "", 2)],
    ),
    "biodegradable-cardboard-pots": _product(
        "Biodegradable cardboard pots",
        "<p>Biodegradable outdoor cardboard pots</p>",
        "Rustic LTD",
        _variant("BIODEGRADABLE-CARDBOARD-POTS", price=[1000, None], stock=8, track_stock=True),
        category_path="outdoor",
        category=["Outdoor"],
        tags=["Garden", "Plants"],
        pictures=[(f"{PHOTOS}/potted-seeds_925x.jpg", "", 1)],
    ),
    "chain-bracelet": _product(
        "7 Shakra Bracelet",
        "7 chakra bracelet, in blue or black.",
        "Company 123",
        _variant("CHAIN-BRACELET-BLUE", "Blue", price=[4299, 4499], stock=1, picture=f"{PHOTOS}/navy-blue-chakra-bracelet_925x.jpg"),
        _variant("CHAIN-BRACELET-BLACK", "Black", price=[4299, 4499], stock=0, picture=f"{PHOTOS}/7-chakra-bracelet_925x.jpg"),
        category_path="bracelet",
        category=["Bracelet"],
        tags=["Beads"],
        option_names=["Color"],
        pictures=[(f"{PHOTOS}/7-chakra-bracelet_925x.jpg", "", 1), (f"{PHOTOS}/navy-blue-chakra-bracelet_925x.jpg", "", 2)],
    ),
    "boho-earrings": _product(
        "Boho Earrings",
        "Turquoise globe earrings on 14k gold hooks.",
        "Company 123",
        _variant("BOHO-EARRINGS", price=[2799, 3599], stock=1, unit="oz", weight_grams=28),
        category_path="earrings",
        category=["Earrings"],
        tags=["Silver", "Turquoise"],
        pictures=[
            (f"{PHOTOS}/boho-earrings_925x.jpg", "", 1),
            (f"{PHOTOS}/inspired-woman_925x.jpg", "", 2),
            (f"{PHOTOS}/necklace-earrings-set_925x.jpg", "", 3),
        ],
    ),
    "choker-with-gold-pendant": _product(
        "Choker with Gold Pendant",
        "Black cord choker with gold pendant.&nbsp;Beautifully died black leather shapes a choker necklace with findings of 14k yellow "
        "gold, displaying gold pendant&nbsp;in a gorgeous balance of dark and light, delicate and strong.\u2028"
        "<ul>\n<li>14k yellow gold</li>\n<li>Leather</li>\n"
        '<li>Length, 12" with 2.5" extender</li>\n<li>Width, 0.3"</li>\n<li>Lobster clasp</li>\n<li>Made in USA</li>\n</ul>',
        "Company 123",
        _variant("CHOKER-WITH-GOLD-PENDANT", price=[2999, None], stock=1),
        category_path="necklace",
        category=["Necklace"],
        tags=["Choker", "Gold", "Leather", "Pendant"],
        pictures=[(f"{PHOTOS}/choker-with-gold-pendant_925x.jpg", "", 1), (f"{PHOTOS}/choker-pendant-closeup_925x.jpg", "", 2)],
    ),
    "gemstone": _product(
        "Gemstone Necklace",
        "<p>Gemstone pendant, housed in sterling silver, with sterling silver chain.</p>\n<ul>\n<li>Sterling silver chain, 14 inches</li>\n"
        "<li>Turquoise or Quartz</li>\n<li>Boho Chic</li>\n<li>Made in USA</li>\n</ul>",
        "Sterling Ltd",
        _variant("GEMSTONE-BLUE", "Blue", price=[2799, 2999], stock=1, picture=f"{PHOTOS}/blue-gemstone-pendant_925x.jpg"),
        _variant("GEMSTONE-PURPLE", "Purple", price=[2799, 2999], stock=0, picture=f"{PHOTOS}/purple-gemstone-necklace_925x.jpg"),
        category_path="necklace",
        category=["Necklace"],
        tags=["Blue", "Gem", "Purple", "Silver", "Turquoise"],
        option_names=["Colour"],
        pictures=[
            (f"{PHOTOS}/blue-gemstone-pendant_925x.jpg", "", 1),
            (f"{PHOTOS}/gemstone-necklace_925x.jpg", "", 2),
            (f"{PHOTOS}/womens-necklace_925x.jpg", "", 3),
            (f"{PHOTOS}/purple-gemstone-necklace_925x.jpg", "", 4),
        ],
    ),
}


@pytest.mark.parametrize("slug", TEN_PRODUCTS)
async def test_a_product_of_the_files_is_stored_field_by_field(conn: Connection, slug: str) -> None:
    assert await stored_product(conn, slug) == TEN_PRODUCTS[slug]


async def test_importing_the_files_again_touches_no_row_and_tells_nobody(conn: Connection, shared_data: Path) -> None:
    before = await row_versions(conn)
    for name in FILES:
        result = await import_file(conn, shared_data / name, "EUR")
        assert result.problems == []
        assert nothing_done(result)
    assert await row_versions(conn) == before


async def test_importing_the_export_touches_no_row_and_tells_nobody(conn: Connection, tmp_path: Path) -> None:
    before = await row_versions(conn)
    result = await load(conn, tmp_path, await exported(conn))
    assert result.problems == []
    assert (result.tally.products_unchanged, nothing_done(result)) == (2525, True)
    assert await row_versions(conn) == before


async def test_the_export_fills_an_empty_shop_that_exports_the_same_bytes(conn: Connection, postgres: Postgres, tmp_path: Path) -> None:
    text = await exported(conn)
    async with empty_shop(postgres) as other:
        result = await load(other, tmp_path, text)
        assert result.problems == []
        assert result.tally.products_created == 2525
        assert await exported(other) == text


async def test_the_export_says_of_each_product_what_its_file_said(conn: Connection, shared_data: Path) -> None:
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(await exported(conn), newline="")):
        rows.setdefault(row["Handle"], []).append(row)
    assert list(rows) == sorted(rows)
    with (shared_data / "shopify-jewelery.csv").open(encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    columns = ("Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value", "Variant Inventory Qty")
    columns += ("Image Src", "Image Position", "Variant Image", "Variant Weight Unit", "Variant Fulfillment Service", "Gift Card")
    for handle in {row["Handle"] for row in given}:
        before = [row for row in given if row["Handle"] == handle]
        for old, new in zip(before, rows[handle], strict=True):
            assert {column: old[column] for column in columns} == {column: unescape(new[column]) for column in columns}


async def test_the_commands_write_a_file_that_appears_whole_and_may_replace_another(
    settings: Settings, conn: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "export.csv"
    path.write_text("an older export")
    assert await exporter.run(settings, path) == 0
    assert path.read_bytes().decode() == await exported(conn)
    assert os.listdir(tmp_path) == ["export.csv"]


async def test_an_export_to_a_device_leaves_the_device(settings: Settings, conn: Connection) -> None:
    assert await exporter.run(settings, Path(os.devnull)) == 0
    assert Path(os.devnull).is_char_device()


async def test_an_export_that_fails_leaves_the_older_file(
    settings: Settings, conn: Connection, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "export.csv"
    path.write_text("an older export")
    await owner.execute("ALTER TABLE category RENAME COLUMN name TO gone")
    try:
        with pytest.raises(asyncpg.PostgresError):
            await exporter.run(settings, path)
    finally:
        await owner.execute("ALTER TABLE category RENAME COLUMN gone TO name")
    assert path.read_text() == "an older export"
    assert os.listdir(tmp_path) == ["export.csv"]


async def test_an_export_is_of_one_moment_whatever_is_imported_meanwhile(conn: Connection, database: Database, tmp_path: Path) -> None:
    before = await exported(conn)

    class Meanwhile(io.StringIO):
        """Changes every price as soon as the first row is written."""

        changing: asyncio.Task[Any] | None = None

        def write(self, text: str) -> int:
            self.changing = self.changing or asyncio.get_running_loop().create_task(self._change())
            return super().write(text)

        async def _change(self) -> None:
            async with database.write() as other:
                await other.execute("UPDATE variant_price SET amount = amount + 1, compare_at = compare_at + 1")

    out = Meanwhile(newline="")
    await exporter.export_to(conn, "EUR", out)
    assert out.changing is not None
    await out.changing
    assert out.getvalue() == before
    assert await exported(conn) != before
    async with database.write() as other:
        await other.execute("UPDATE variant_price SET amount = amount - 1, compare_at = compare_at - 1")
