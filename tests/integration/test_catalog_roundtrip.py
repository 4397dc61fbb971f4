"""Whatever a shop holds: importing its export changes nothing, and fills an empty shop that exports the same bytes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from storefront.catalog.sanitise import sanitise_html
from storefront.catalog.slugs import made_slug
from storefront.platform.database import Connection, prepare_connection
from storefront.platform.embedded.postgres import Postgres
from tests.transfer import empty_shop, exported, load, nothing_done, row_versions

LOCATIONS = ("main", "east")
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
NASTY = st.sampled_from(
    ["=1+1", '"', "'x", "a,b", "a;b", "[1]", '["x"]', "two\nlines", "a\rb", "ñandú", "Default Title", "; ", "a\u2028b", "-", "#N/A"]
)
TEXT = st.one_of(st.text(LETTERS, max_size=10), NASTY).map(str.strip)
"""As the shop stores it: trimmed."""
NAME = TEXT.map(lambda text: text or "-")
AMOUNT = st.integers(0, 10**12)


def without(characters: str) -> st.SearchStrategy[str]:
    return NAME.map(lambda text: "".join(c for c in text if c not in characters).strip() or "-")


@st.composite
def prices(draw: DrawFn) -> dict[str, tuple[int, int | None]]:
    found = {}
    for currency in draw(st.sets(st.sampled_from(["EUR", "USD", "JPY", "KWD"]))):
        amount = draw(AMOUNT)
        found[currency] = (amount, draw(st.one_of(st.none(), st.integers(amount + 1, amount + 10**9))) if amount < 10**11 else None)
    return found


@st.composite
def variants(draw: DrawFn, options: int, pictures: int) -> list[dict[str, Any]]:
    values = draw(st.lists(st.tuples(*[NAME] * options), min_size=1, max_size=4 if options else 1, unique=True))
    found = []
    for number, option_values in enumerate(values):
        policy = draw(st.sampled_from(["deny", "backorder", "preorder"]))
        limits = {location: 0 if policy == "deny" else draw(st.sampled_from([0, 5, 1_000_000])) for location in LOCATIONS}
        counted = draw(st.sets(st.sampled_from(LOCATIONS), min_size=0 if policy == "deny" else 1))
        kept = ["Variant Weight Unit", "Cost per item", "Variant Metafield: Fit"] + (
            ["Google Shopping / MPN", "Odd, column"] if number else []
        )
        found.append(
            {
                "option_values": list(option_values),
                "barcode": draw(st.one_of(st.none(), without("'"))),
                "weight_grams": draw(st.integers(0, 2_000_000_000)),
                "requires_delivery": draw(st.booleans()),
                "taxable": draw(st.booleans()),
                "tax_code": draw(st.one_of(st.none(), NAME)),
                "track_stock": draw(st.booleans()),
                "stock_policy": policy,
                "active": draw(st.booleans()),
                "position": draw(st.integers(0, 5)),
                "picture": draw(st.one_of(st.none(), st.integers(0, pictures - 1))) if pictures else None,
                "prices": draw(prices()),
                "stock": {code: (draw(st.integers(-limits[code], 2_000_000_000)), limits[code]) for code in counted},
                "extra": draw(st.dictionaries(st.sampled_from(kept), NAME, max_size=2)),
            }
        )
    return sorted(found, key=lambda variant: variant["position"])


@st.composite
def products(draw: DrawFn, categories: int) -> dict[str, Any]:
    option_names = draw(st.lists(NAME, max_size=3, unique=True).filter(lambda names: names != ["Title"]))
    urls = draw(
        st.lists(st.sampled_from([f"https://cdn.example/{n}.jpg?a=1,2" for n in range(4)] + ["/media/9f.webp"]), max_size=4, unique=True)
    )
    return {
        "title": draw(NAME),
        "description_html": sanitise_html(
            draw(st.one_of(st.text(LETTERS, max_size=20), st.just('<p>One,<br>\ntwo &amp; "three"</p>\n<pre>\n\nx</pre>')))
        ),
        "brand": draw(TEXT),
        "category": draw(st.one_of(st.none(), st.integers(0, categories - 1))) if categories else None,
        "tags": draw(st.lists(without(","), max_size=3, unique=True)),
        "attributes": draw(
            st.dictionaries(
                st.one_of(NAME, st.just("Fit (product.metafields.a.b)")), st.lists(NAME, min_size=1, max_size=3, unique=True), max_size=2
            )
        ),
        "option_names": option_names,
        "status": draw(st.sampled_from(["draft", "active", "archived"])),
        "published": draw(st.booleans()),
        "seo_title": draw(st.one_of(st.none(), NAME)),
        "seo_description": draw(st.one_of(st.none(), NAME)),
        "gift_card": draw(st.booleans()),
        "extra": draw(st.dictionaries(st.sampled_from(["Product Category", "Google Shopping / MPN", "Odd, column"]), NAME, max_size=2)),
        "pictures": [(url, draw(TEXT), draw(st.integers(0, 4))) for url in urls],
        "variants": draw(variants(len(option_names), len(urls))),
    }


@st.composite
def catalogs(draw: DrawFn) -> tuple[list[tuple[int | None, str, str]], list[dict[str, Any]]]:
    """Categories as (index of the parent, name, slug), parents first, and products."""
    categories: list[tuple[int | None, str, str]] = []
    for number, name in enumerate(draw(st.lists(without(">"), max_size=4))):
        parent = draw(st.one_of(st.none(), st.integers(0, len(categories) - 1))) if categories else None
        slug = draw(st.sampled_from([made_slug(name), f"own-{number}"]))
        siblings = [(made_slug(other), taken) for above, other, taken in categories if above == parent]
        if all(made_slug(name) not in taken and slug not in taken for taken in siblings):
            categories.append((parent, name, slug))
    return categories, draw(st.lists(products(len(categories)), max_size=4))


async def fill(owner: asyncpg.Connection, categories: list[tuple[int | None, str, str]], shelf: list[dict[str, Any]]) -> None:
    """Writes the catalog as it is, past every rule of the import."""
    places: list[tuple[int, str]] = []
    for parent, name, slug in categories:
        above = places[parent] if parent is not None else None
        path = f"{above[1]}/{slug}" if above else slug
        insert = "INSERT INTO category (parent_id, slug, path, name) VALUES ($1, $2, $3, $4) RETURNING id"
        places.append((await owner.fetchval(insert, above[0] if above else None, slug, path, name), path))
    for number, product in enumerate(shelf):
        await _add_product(owner, f"p-{number}-Ü", places[product["category"]][0] if product["category"] is not None else None, product)


async def _add_product(owner: asyncpg.Connection, slug: str, category_id: int | None, product: dict[str, Any]) -> None:
    columns = (
        "title",
        "description_html",
        "brand",
        "tags",
        "attributes",
        "option_names",
        "status",
        "seo_title",
        "seo_description",
        "gift_card",
    )
    product_id = await owner.fetchval(
        f"INSERT INTO product (slug, category_id, import_extra, published_at, {', '.join(columns)}) "
        "VALUES ($1, $2, $3, CASE WHEN $4 THEN now() END, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
        *(slug, category_id, product["extra"], product["published"]),
        *(product[column] for column in columns),
    )
    insert = "INSERT INTO media (product_id, url, alt, position) VALUES ($1, $2, $3, $4) RETURNING id"
    media = [await owner.fetchval(insert, product_id, *picture) for picture in product["pictures"]]
    columns = (
        "option_values",
        "barcode",
        "weight_grams",
        "requires_delivery",
        "taxable",
        "tax_code",
        "track_stock",
        "stock_policy",
        "active",
    )
    for number, variant in enumerate(product["variants"]):
        variant_id = await owner.fetchval(
            f"INSERT INTO variant (product_id, sku, position, media_id, import_extra, {', '.join(columns)}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
            *(product_id, f"{slug}/{number}", variant["position"]),
            *(media[variant["picture"]] if variant["picture"] is not None else None, variant["extra"]),
            *(variant[column] for column in columns),
        )
        for currency, (amount, compare_at) in variant["prices"].items():
            await owner.execute("INSERT INTO variant_price VALUES ($1, $2, $3, $4)", variant_id, currency, amount, compare_at)
        for location, (on_hand, limit) in variant["stock"].items():
            await owner.execute(
                "INSERT INTO stock (variant_id, location_id, on_hand, backorder_limit) "
                "SELECT $1, id, $2, $3 FROM stock_location WHERE code = $4",
                *(variant_id, on_hand, limit, location),
            )


class Shop:
    """A shop by two connections: `conn` of the serving role, `owner` of the owner of its tables."""

    def __init__(self, conn: Connection, owner: asyncpg.Connection) -> None:
        self.conn = conn
        self.owner = owner

    async def clear(self) -> None:
        await self.owner.execute("TRUNCATE product, category, change_log CASCADE")


@pytest.fixture
async def shops(postgres: Postgres) -> AsyncIterator[tuple[Shop, Shop]]:
    """Two shops with the same two stock locations."""
    async with empty_shop(postgres) as first, empty_shop(postgres) as second:
        found = []
        for conn in (first, second):
            owner = await asyncpg.connect(postgres.dsn(database=await conn.fetchval("SELECT current_database()")))
            await prepare_connection(owner)
            await owner.execute("INSERT INTO stock_location (code, name) VALUES ('east', 'East')")
            found.append(Shop(conn, owner))
        yield found[0], found[1]
        for shop in found:
            await shop.owner.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(catalog=catalogs())
async def test_an_export_is_the_shop(
    shops: tuple[Shop, Shop], tmp_path: Path, catalog: tuple[list[tuple[int | None, str, str]], list[dict[str, Any]]]
) -> None:
    shop, empty = shops
    await shop.clear()
    await empty.clear()
    await fill(shop.owner, *catalog)
    text = await exported(shop.conn)
    before = await row_versions(shop.conn)
    result = await load(shop.conn, tmp_path, text)
    assert result.problems == []
    assert nothing_done(result)
    assert await row_versions(shop.conn) == before
    result = await load(empty.conn, tmp_path, text)
    assert result.refused == []
    assert await exported(empty.conn) == text
