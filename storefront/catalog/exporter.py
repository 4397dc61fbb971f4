"""`run.py export catalog [FILE.csv]`: writes the whole catalog in the format that the import reads (`storefront.catalog.csv_format`).

Products come in order of handle, read page by page from one snapshot, so that the same shop gives the same bytes and memory stays small.
Pictures of the shop's own store are written as /media/… paths. Importing the file into the same shop changes nothing.
"""

import contextlib
import csv
import errno
import io
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import msgspec
from slugify import slugify

from storefront.catalog.csv_format import (
    EXTRA_PRODUCT_COLUMNS,
    EXTRA_VARIANT_COLUMNS,
    IMAGE_COLUMNS,
    LATER_PRODUCT_COLUMNS,
    LATER_VARIANT_COLUMNS,
    NO_CATEGORY,
    NO_OPTIONS,
    OPTION_COLUMNS,
    PRODUCT_COLUMNS,
    VARIANT_COLUMNS,
    is_variant_column,
)
from storefront.catalog.importer import connect
from storefront.catalog.transfer.cells import attribute_values
from storefront.catalog.transfer.writing import queries
from storefront.platform.database import Connection
from storefront.platform.money import to_major
from storefront.settings import Settings

PAGE = 500


class Layout(msgspec.Struct, frozen=True):
    """The columns of one export, and what stands behind those that depend on the shop's data."""

    columns: tuple[str, ...]
    currency: str
    other_currencies: tuple[str, ...]
    main_location: str
    other_locations: tuple[str, ...]


async def run(settings: Settings, path: Path | None) -> int:
    """The command: to `path`, which appears when it is complete, or to standard output."""
    conn = await connect(settings.database.url)
    try:
        with _standard_output() if path is None else _appearing(path) as out:
            count = await export_to(conn, settings.shop.currency, out)
    finally:
        await conn.close()
    if path is not None:
        print(f"storefront: {count:,} products written to {path}")
    return 0


def _standard_output() -> TextIO:
    return io.TextIOWrapper(os.fdopen(os.dup(sys.stdout.fileno()), "wb"), encoding="utf-8", newline="")


@contextlib.contextmanager
def _appearing(path: Path) -> Iterator[TextIO]:
    """A file that stands under its name when all of it is written, and not before. What is no file (/dev/null) is written to as it is."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as out:
            yield out
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:200]}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


async def export_to(conn: Connection, currency: str, out: TextIO) -> int:
    """Writes the catalog into a text file opened with newline=''; prices of `currency` stand in `Variant Price`. Returns the products."""
    writer = csv.writer(out)
    count = 0
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        layout = await _layout(conn, currency)
        categories = _category_names(await queries.categories_from_the_root(conn))
        writer.writerow(layout.columns)
        async for product in _products(conn):
            for cells in _product_rows(product, categories, layout):
                writer.writerow([cells.get(column, "") for column in layout.columns])
            count += 1
    return count


async def _layout(conn: Connection, currency: str) -> Layout:
    found = await queries.export_columns(conn, variant_columns=EXTRA_VARIANT_COLUMNS)
    locations = [row["code"] for row in await queries.stock_locations(conn)]
    others = tuple(code for code in found["currencies"] if code != currency)
    elsewhere = tuple(code for code in found["locations"] if code != locations[0])
    price_columns = [f"{name} / {code}" for code in others for name in ("Price", "Compare At Price")]
    standard = (*PRODUCT_COLUMNS, *OPTION_COLUMNS, *VARIANT_COLUMNS, *IMAGE_COLUMNS, *LATER_PRODUCT_COLUMNS, *LATER_VARIANT_COLUMNS)
    optional = {*EXTRA_PRODUCT_COLUMNS, *EXTRA_VARIANT_COLUMNS}
    kept = list(dict.fromkeys([*found["product_extra"], *found["variant_extra"]]))
    columns = dict.fromkeys(
        [
            *(name for name in standard if name not in optional or name in kept),
            *price_columns,
            *(f"Variant Inventory Qty / {code}" for code in elsewhere),
            *(["Variant Preorder", "Variant Backorder Limit"] if found["sells_ahead"] else []),
            *(f"Variant Backorder Limit / {code}" for code in elsewhere if found["sells_ahead"]),
            *(["Variant Active"] if found["has_inactive"] else []),
            *(attribute_column(name) for name in found["attributes"]),
            *kept,
            "Status",
        ]
    )
    return Layout(tuple(columns), currency, others, locations[0], elsewhere)


def attribute_column(name: str) -> str:
    """The header of an attribute's column."""
    return f"{name} (product.metafields.custom.{slugify(name, separator='_') or 'attribute'})"


def _category_names(rows: Iterable[Any]) -> dict[int, str]:
    """Category id to its names from the root, as Type has them: 'Kitchen > Cookware'. `rows`: parents before their children."""
    names: dict[int, str] = {}
    for row in rows:
        parent = names.get(row["parent_id"])
        names[row["id"]] = f"{parent} > {row['name']}" if parent else row["name"]
    return names


async def _products(conn: Connection) -> AsyncIterator[dict[str, Any]]:
    after = ""
    while rows := await queries.export_page(conn, after=after, most=PAGE):
        for row in rows:
            yield dict(row)
        after = rows[-1]["slug"]


def _product_rows(product: dict[str, Any], categories: dict[int, str], layout: Layout) -> list[dict[str, str]]:
    """One dict for each row: row n carries variant n and picture n; the first carries the product as well."""
    variants, pictures = product["variants"], product["pictures"]
    rows: list[dict[str, str]] = []
    for number in range(max(1, len(variants), len(pictures))):
        cells = {"Handle": product["slug"]}
        if number == 0:
            cells |= _product_cells(product, categories)
        if number < len(variants):
            cells |= _variant_cells(variants[number], layout, first=number == 0)
            cells |= _option_cells(product["option_names"], variants[number]["option_values"], named=number == 0)
        if number < len(pictures):
            picture = pictures[number]
            cells |= dict(zip(IMAGE_COLUMNS, (picture["url"], str(picture["position"]), picture["alt"]), strict=True))
        rows.append(cells)
    return rows


def _product_cells(product: dict[str, Any], categories: dict[int, str]) -> dict[str, str]:
    cells: dict[str, str] = dict(product["import_extra"])
    category = categories.get(product["category_id"], NO_CATEGORY if cells.get("Product Category") else "")
    cells |= {attribute_column(name): _attribute_text(values) for name, values in product["attributes"].items()}
    return cells | {
        "Title": product["title"],
        "Body (HTML)": product["description_html"],
        "Vendor": product["brand"],
        "Type": category,
        "Tags": ", ".join(product["tags"]),
        "Published": _word(product["published"]),
        "Gift Card": _word(product["gift_card"]),
        "SEO Title": product["seo_title"] or "",
        "SEO Description": product["seo_description"] or "",
        "Status": product["status"],
    }


def _attribute_text(values: list[str]) -> str:
    text = "; ".join(values)
    return text if attribute_values(text) == values else msgspec.json.encode(values).decode()


def _option_cells(names: list[str], values: list[str], *, named: bool) -> dict[str, str]:
    if not names:
        names, values = [NO_OPTIONS[0]], [NO_OPTIONS[1]]
    cells = {f"Option{number} Value": value for number, value in enumerate(values, 1)}
    if named:
        cells |= {f"Option{number} Name": name for number, name in enumerate(names, 1)}
    return cells


def _variant_cells(variant: dict[str, Any], layout: Layout, *, first: bool) -> dict[str, str]:
    cells = {name: text for name, text in variant["extra"].items() if not first or is_variant_column(name)}
    cells |= {
        "Variant SKU": variant["sku"],
        "Variant Grams": str(variant["weight_grams"]),
        "Variant Inventory Tracker": "shopify" if variant["track_stock"] else "",
        "Variant Inventory Qty": str(variant["quantities"].get(layout.main_location, 0)),
        "Variant Inventory Policy": "deny" if variant["stock_policy"] == "deny" else "continue",
        "Variant Requires Shipping": _word(variant["requires_delivery"]),
        "Variant Taxable": _word(variant["taxable"]),
        "Variant Barcode": variant["barcode"] or "",
        "Variant Image": variant["picture"] or "",
        "Variant Tax Code": variant["tax_code"] or "",
        "Variant Active": _word(variant["active"]),
    }
    for code in layout.other_locations:
        cells[f"Variant Inventory Qty / {code}"] = str(variant["quantities"].get(code, ""))
    if variant["stock_policy"] != "deny":
        cells["Variant Preorder"] = _word(variant["stock_policy"] == "preorder")
        cells["Variant Backorder Limit"] = str(variant["limits"].get(layout.main_location, 0))
        cells |= {f"Variant Backorder Limit / {code}": str(variant["limits"].get(code, "")) for code in layout.other_locations}
    prices = variant["prices"]
    cells |= _price_cells(prices.get(layout.currency), layout.currency, "Variant Price", "Variant Compare At Price")
    for code in layout.other_currencies:
        cells |= _price_cells(prices.get(code), code, f"Price / {code}", f"Compare At Price / {code}")
    return cells


def _price_cells(price: list[int | None] | None, currency: str, column: str, compare_column: str) -> dict[str, str]:
    if price is None:
        return {}
    amount, compare_at = (format(to_major(part, currency), "f") if part is not None else "" for part in price)
    return {column: amount, compare_column: compare_at}


def _word(value: bool) -> str:
    return "true" if value else "false"
