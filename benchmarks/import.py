"""How long 100,000 generated products take to import, again unchanged, and to export; beside a bare COPY of the same rows.

`python3 run.py bench import`: `run.py import catalog` as an operator starts it, on a PostgreSQL of its own with fsync on. The bound reads
the same file with Python's csv and copies the same values with asyncpg into plain tables without keys, indexes or triggers, in batches of
the same size.
"""

import argparse
import asyncio
import contextlib
import csv
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks._bench import ROOT, result, say, table
from storefront.catalog.importer import BATCH
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.migrations import APP_ROLE, migrate

ALLOWED_SECONDS = 180
COLUMNS = (
    *("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value", "Variant SKU"),
    *("Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy", "Variant Price"),
    *("Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Image Src", "Image Position"),
    *("Image Alt Text", "SEO Title", "Material (product.metafields.custom.material)", "Status"),
)
WORDS = (
    "oak",
    "linen",
    "clay",
    "steel",
    "wool",
    "glass",
    "copper",
    "paper",
    "stone",
    "leather",
    "cork",
    "silk",
    "brass",
    "felt",
    "ash",
    "slate",
)
THINGS = ("table", "lamp", "pot", "chair", "jacket", "shirt", "vase", "bowl", "shelf", "rug", "bag", "clock")
SIZES = ("Small", "Medium", "Large")


def main(argv: list[str]) -> int:
    """Prints the table and, last, the JSON object with the fields import_seconds, again_seconds, export_seconds and import_vs_copy."""
    parser = argparse.ArgumentParser(prog="run.py bench import", description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often the bound is measured")
    options = parser.parse_args(argv)
    with _server() as (server, folder):
        file = folder / "catalog.csv"
        rows = _write_catalog(file, options.products)
        say(f"{options.products:,} products in {rows:,} rows, {file.stat().st_size / 1024 / 1024:.0f} MB")
        bounds = []
        for number in range(options.rounds):
            say(f"bare COPY: round {number + 1} of {options.rounds}")
            bounds.append(asyncio.run(_copy(server.dsn(database="bound"), file)))
        first = _command(server, folder, "import", "catalog", str(file))
        again = _command(server, folder, "import", "catalog", str(file))
        export = _command(server, folder, "export", "catalog", str(folder / "export.csv"))
    bound = median(bounds)
    figures = {"import": first, "import again, unchanged": again, "export": export, "bare COPY (bound)": bound}
    table(
        ("what", "seconds", "products/s", "rows/s", "times the bound"),
        [(name, seconds, options.products / seconds, rows / seconds, seconds / bound) for name, seconds in figures.items()],
    )
    allowed = ALLOWED_SECONDS * options.products / 100_000
    print(f"allowed for the import: {allowed:.0f} s")
    result(
        products=options.products,
        rows=rows,
        import_seconds=first,
        again_seconds=again,
        export_seconds=export,
        copy_seconds=bound,
        import_vs_copy=first / bound,
        within_allowed=first <= allowed,
    )
    return 0 if first <= allowed else 1


@contextlib.contextmanager
def _server() -> Iterator[tuple[Postgres, Path]]:
    """A PostgreSQL with a migrated shop in `postgres` and an empty database `bound`, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="storefront-bench-"))
    folder.chmod(0o755)
    server = Postgres(folder / "postgresql", fsync=True)
    try:
        server.start()
        asyncio.run(_prepare(server))
        yield server, folder
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _prepare(server: Postgres) -> None:
    await migrate(server.dsn())
    conn = await asyncpg.connect(server.dsn())
    await conn.execute("CREATE DATABASE bound")
    await conn.close()


def _command(server: Postgres, folder: Path, *arguments: str) -> float:
    """Runs `run.py`, whose progress goes to stderr; returns its seconds from start to end."""
    say(f"run.py {' '.join(arguments[:2])}")
    given = {"DATA__DIR": str(folder), "DATABASE__URL": server.dsn(APP_ROLE), "DATABASE__MIGRATE_URL": server.dsn(), "CACHE__URL": "none"}
    env = os.environ | {f"STOREFRONT_{name}": value for name, value in given.items()}
    started = time.monotonic()
    subprocess.run([sys.executable, str(ROOT / "run.py"), *arguments], env=env, stdout=sys.stderr, check=True)
    return time.monotonic() - started


def _write_catalog(path: Path, products: int) -> int:
    """Two thirds of the products have one variant, a third have three; returns the rows below the header."""
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for number in range(products):
            for row in _product(number):
                writer.writerow(row)
                rows += 1
    return rows


def _product(number: int) -> Iterator[dict[str, str]]:
    first, second, thing = WORDS[number % 16], WORDS[number // 16 % 16], THINGS[number % 12]
    sizes = SIZES if number % 3 == 0 else (None,)
    for place, size in enumerate(sizes, 1):
        row = {
            "Handle": f"{first}-{second}-{thing}-{number}",
            "Option1 Value": size or "Default Title",
            "Variant SKU": f"B-{number}-{place}",
            "Variant Grams": str(100 + number % 900),
            "Variant Inventory Tracker": "shopify",
            "Variant Inventory Qty": str(number % 40),
            "Variant Inventory Policy": "deny",
            "Variant Price": f"{5 + number % 500}.{number % 100:02}",
            "Variant Compare At Price": f"{600 + number % 100}.00" if number % 4 == 0 else "",
            "Variant Requires Shipping": "true",
            "Variant Taxable": "true",
            "Variant Barcode": f"40{number:010}{place}",
            "Image Src": f"https://pictures.example/{number}-{place}.jpg",
            "Image Position": str(place),
            "Image Alt Text": f"A {thing} of {first}",
        }
        if place == 1:
            row |= {
                "Title": f"{first.title()} and {second} {thing} {number}",
                "Body (HTML)": f"<p>A {thing} of <strong>{first}</strong> &amp; {second}, made to be used every day.</p>" * 3,
                "Vendor": f"Maker {number % 200}",
                "Type": f"Department {number % 10} > {thing.title()}s > Range {number % 7}",
                "Tags": f"{first}, {second}, {thing}",
                "Published": "true",
                "Option1 Name": "Size" if size else "Title",
                "SEO Title": f"{first.title()} {thing}",
                "Material (product.metafields.custom.material)": f"{first.title()}; {second.title()}",
                "Status": "active",
            }
        yield row


BOUND_TABLES = {
    "product": (
        "Handle",
        "Title",
        "Body (HTML)",
        "Vendor",
        "Type",
        "Tags",
        "Published",
        "Option1 Name",
        "SEO Title",
        COLUMNS[-2],
        "Status",
    ),
    "variant": (
        "Handle",
        "Option1 Value",
        "Variant SKU",
        "Variant Grams",
        "Variant Barcode",
        "Variant Requires Shipping",
        "Variant Taxable",
    ),
    "price": ("Variant SKU", "Variant Price", "Variant Compare At Price"),
    "stock": ("Variant SKU", "Variant Inventory Qty", "Variant Inventory Policy"),
    "picture": ("Handle", "Image Src", "Image Position", "Image Alt Text"),
}


async def _copy(dsn: str, file: Path) -> float:
    conn = await asyncpg.connect(dsn)
    for name, columns in BOUND_TABLES.items():
        await conn.execute(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({', '.join(f'c{n} text' for n in range(len(columns)))})")
    started = time.monotonic()
    with file.open(encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        at = {column: place for place, column in enumerate(next(reader))}
        while rows := list(itertools.islice(reader, BATCH)):
            async with conn.transaction():
                for name, columns in BOUND_TABLES.items():
                    places = [at[column] for column in columns]
                    records = [tuple(row[place] for place in places) for row in rows if name != "product" or row[at["Title"]]]
                    await conn.copy_records_to_table(name, records=records)
    seconds = time.monotonic() - started
    await conn.close()
    return seconds
