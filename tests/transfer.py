"""What the tests of import and export stand on: empty shops of their own, files, and the whole catalog laid out to compare."""

import csv
import io
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from storefront.catalog.exporter import export_to
from storefront.catalog.importer import ImportResult, connect, import_file
from storefront.platform.database import Connection
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.migrations import APP_ROLE

CATALOG_TABLES = ("product", "variant", "variant_price", "media", "category", "stock", "stock_movement", "slug_redirect", "change_log")


@asynccontextmanager
async def empty_database(postgres: Postgres) -> AsyncIterator[str]:
    """The name of a migrated database without products, which is gone afterwards."""
    name = f"transfer_{uuid.uuid4().hex[:12]}"
    conn = await asyncpg.connect(postgres.dsn(database="postgres"))
    try:
        await conn.execute(f"CREATE DATABASE {name} TEMPLATE template_shop STRATEGY FILE_COPY")
        yield name
        await conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await conn.close()


@asynccontextmanager
async def empty_shop(postgres: Postgres) -> AsyncIterator[Connection]:
    """A connection of the serving role to an empty shop, as the import has it."""
    async with empty_database(postgres) as name:
        conn = await connect(postgres.dsn(APP_ROLE, name))
        try:
            yield conn
        finally:
            await conn.close()


def csv_text(*rows: dict[str, str]) -> str:
    """A file whose header has every column that a row fills in."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


async def load(conn: Connection, folder: Path, text: str | bytes) -> ImportResult:
    """Imports a file of this text."""
    path = folder / "catalog.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return await import_file(conn, path, "EUR")


async def exported(conn: Connection) -> str:
    """The catalog as a file."""
    text = io.StringIO(newline="")
    await export_to(conn, "EUR", text)
    return text.getvalue()


async def row_versions(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the catalog with the transaction that wrote it: equal before and after means that nothing was touched."""
    return {
        table: sorted((str(row["xmin"]), row["content"]) for row in await conn.fetch(f"SELECT xmin, t::text AS content FROM {table} t"))
        for table in CATALOG_TABLES
    }


def nothing_done(result: ImportResult) -> bool:
    """Whether an import created and changed nothing."""
    tally = result.tally
    return not (tally.products_created or tally.products_updated or any(tally.created.values()) or any(tally.changed.values()))


async def stored_product(conn: Connection, slug: str) -> dict[str, Any] | None:
    """A product with all that hangs on it, in plain values. Prices: currency to (amount, compare-at); stock: location to on hand."""
    row = await conn.fetchrow(
        """
        SELECT p.*, c.path AS category_path, p.published_at <= now() AS published,
               (SELECT array_agg(a.name ORDER BY a.path) FROM category a WHERE starts_with(c.path || '/', a.path || '/')) AS category
        FROM product p LEFT JOIN category c ON c.id = p.category_id WHERE p.slug = $1
        """,
        slug,
    )
    if row is None:
        return None
    variants = await conn.fetch(
        """
        SELECT v.*, m.url AS picture,
               (SELECT jsonb_object_agg(currency, jsonb_build_array(amount, compare_at))
                  FROM variant_price WHERE variant_id = v.id) AS prices,
               (SELECT jsonb_object_agg(l.code, s.on_hand) FROM stock s JOIN stock_location l ON l.id = s.location_id
                 WHERE s.variant_id = v.id) AS stock
        FROM variant v LEFT JOIN media m ON m.id = v.media_id WHERE v.product_id = $1 ORDER BY v.position, v.id
        """,
        row["id"],
    )
    pictures = await conn.fetch("SELECT url, alt, position FROM media WHERE product_id = $1 ORDER BY position, id", row["id"])
    kept = ("title", "description_html", "brand", "category_path", "category", "tags", "attributes", "option_names", "status", "published")
    kept += ("seo_title", "seo_description", "gift_card", "import_extra")
    kept_of_variants = ("sku", "option_values", "barcode", "weight_grams", "requires_delivery", "taxable", "tax_code", "track_stock")
    kept_of_variants += ("stock_policy", "active", "picture", "prices", "stock", "import_extra")
    return {
        **{name: row[name] for name in kept},
        "pictures": [tuple(picture.values()) for picture in pictures],
        "variants": [{name: variant[name] for name in kept_of_variants} for variant in variants],
    }
