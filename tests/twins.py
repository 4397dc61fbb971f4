"""A shop whose products are alike: sixty that differ in nothing but their id, and a lamp with options whose title is hostile."""

from pathlib import Path

import asyncpg

from storefront.catalog.importer import connect, import_file
from storefront.settings import Settings
from tests.transfer import csv_text

TWINS = 60  # products that differ in nothing but their id
HOSTILE = '</script><script>alert("x")</script>'


def _twin(number: int) -> dict[str, str]:
    return {
        "Handle": f"twin-{number}",
        "Title": "Twin Mug",
        "Vendor": "Kiln",
        "Type": "Kitchen > Mugs",
        "Tags": "twin",
        "Published": "true",
        "Body (HTML)": "<p>One of many.</p>",
        "Variant SKU": f"TWIN-{number}",
        "Variant Price": "12.50",
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": "50",
        "Variant Inventory Policy": "deny",
        "Image Src": f"https://pictures.example/{number}.jpg",
    }


def _lamp() -> list[dict[str, str]]:
    """A product with options, an earlier price, pictures, a barcode, and a sold-out variant."""
    shared = {"Handle": "lamp", "Option1 Name": "Colour", "Option2 Name": "Size", "Variant Inventory Tracker": "shopify"}
    first = {
        "Title": f"Lamp {HOSTILE}",
        "Vendor": "Quay & Sons",
        "Type": "Lighting",
        "Published": "true",
        "Body (HTML)": "<p>Shines <b>on</b>.</p>",
    }
    rows = []
    for place, (colour, size, quantity) in enumerate((("Red", "S", "9"), ("Red", "L", "9"), ("Blue", "S", "0"))):
        cells = {"Option1 Value": colour, "Option2 Value": size, "Variant SKU": f"LAMP-{colour}-{size}", "Variant Inventory Qty": quantity}
        cells |= {"Variant Price": f"{40 + place}.00", "Variant Compare At Price": "60.00", "Variant Inventory Policy": "deny"}
        cells |= {"Variant Barcode": "4006381333931" if place == 0 else "", "Image Src": f"https://pictures.example/lamp-{place}.jpg"}
        rows.append(shared | (first if place == 0 else {}) | cells)
    return rows


async def fill(settings: Settings, owner: asyncpg.Connection, folder: Path) -> None:
    """Fills an empty shop; what is there already stays."""
    if await owner.fetchval("SELECT exists(SELECT FROM product)"):
        return
    path = folder / "goods.csv"
    path.write_text(csv_text(*(_twin(number) for number in range(1, TWINS + 1)), *_lamp()))
    conn = await connect(settings.database.url)
    try:
        result = await import_file(conn, path, "EUR")
    finally:
        await conn.close()
    assert not result.problems, result.problems
    await owner.execute("INSERT INTO collection (slug, name, on_home, rule) VALUES ('twins', 'Twins', true, '{\"tag\": \"twin\"}')")
    await owner.execute("INSERT INTO collection (slug, name, on_home) VALUES ('few', 'A few', true)")
    await owner.execute(
        "INSERT INTO collection_product (collection_id, product_id, position) "
        "SELECT c.id, p.id, 0 FROM collection c, product p WHERE c.slug = 'few' AND p.slug ~ '^twin-[1-3].$'"
    )
