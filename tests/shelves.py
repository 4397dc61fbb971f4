"""Goods for the tests of the JSON API: twelve mugs and lamps with options, categories, brands and two collections."""

import uuid
from pathlib import Path

import asyncpg

from storefront.catalog.importer import connect, import_file
from storefront.settings import Settings
from tests.transfer import csv_text

MUGS = 8
LAMPS = 4


def _row(handle: str, **cells: str) -> dict[str, str]:
    base = {"Handle": handle, "Variant Grams": "400", "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "500"}
    return base | {"Variant Inventory Policy": "deny", "Variant Requires Shipping": "true"} | cells


def _goods() -> str:
    rows = []
    for number in range(1, MUGS + 1):
        product = {"Title": f"Ridge Mug No. {number}", "Vendor": f"Kiln {number % 3}", "Type": "Kitchen > Mugs", "Published": "true"}
        product |= {"Body (HTML)": "<p>Stoneware, and big enough.</p>", "Tags": "stoneware, gift"}
        for size, price in (("Small", 1250), ("Large", 1800)):
            cells = {"Option1 Name": "Size", "Option1 Value": size, "Variant SKU": f"MUG-{number}-{size}"}
            rows.append(_row(f"ridge-mug-{number}", **product, **cells, **_prices(price + number)))
            product = {}
    for number in range(1, LAMPS + 1):
        product = {"Title": f"Harbour Lamp No. {number}", "Vendor": "Quay", "Type": "Lighting", "Published": "true", "Tags": "lamp"}
        rows.append(_row(f"harbour-lamp-{number}", **product, **{"Variant SKU": f"LAMP-{number}"}, **_prices(8900 + number)))
    return csv_text(*rows)


def _prices(cents: int) -> dict[str, str]:
    return {"Variant Price": f"{cents / 100:.2f}", "Price / USD": f"{cents * 1.1 / 100:.2f}"}


async def fill(settings: Settings, owner: asyncpg.Connection, folder: Path) -> None:
    """Fills an empty shop; what is there already stays."""
    if await owner.fetchval("SELECT exists(SELECT FROM product)"):
        return
    path = folder / "goods.csv"
    path.write_text(_goods())
    conn = await connect(settings.database.url)
    try:
        result = await import_file(conn, path, "EUR")
    finally:
        await conn.close()
    assert not result.problems, result.problems
    await owner.execute("INSERT INTO collection (slug, name, rule) VALUES ('gifts', 'Gifts', '{\"tag\": \"gift\"}')")
    await owner.execute("INSERT INTO collection (slug, name) VALUES ('picked', 'Picked by hand')")
    await owner.execute(
        "INSERT INTO collection_product (collection_id, product_id, position) "
        "SELECT c.id, p.id, -p.id FROM collection c, product p WHERE c.slug = 'picked' AND p.id % 2 = 0"
    )


async def coupon(owner: asyncpg.Connection) -> str:
    """A new code that takes 10 % off."""
    code = f"CODE{uuid.uuid4().hex[:8].upper()}"
    await owner.execute(
        "WITH p AS (INSERT INTO promotion (name, kind, percent_ppm, needs_coupon) VALUES ($1, 'percentage', 100000, true) RETURNING id) "
        "INSERT INTO coupon (promotion_id, code) SELECT id, $1 FROM p",
        code,
    )
    return code
