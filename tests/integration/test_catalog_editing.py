"""What an operator changes by hand: titles, addresses, prices; and the product list that leads there."""

import asyncpg
import pytest

from storefront.catalog import editing
from storefront.catalog.editing import ProductChange
from storefront.platform.clock import utc_now
from storefront.platform.database import Connection, Database
from storefront.platform.errors import InvalidInput, NotFound
from tests.buying import offer

CHANGE = ProductChange(title="Clay pot", slug="clay-pot", status="active", description_html="<p>Clay.</p>")


@pytest.fixture
async def product_id(owner: asyncpg.Connection) -> int:
    """A published product with one variant at 15.00 EUR, alone in the shop."""
    await owner.execute("TRUNCATE product, slug_redirect CASCADE")
    variant_id = await offer(owner, amount=1500, on_hand=10)
    return int(await owner.fetchval("SELECT product_id FROM variant WHERE id = $1", variant_id))


def change(**fields: str) -> ProductChange:
    return ProductChange(**({name: getattr(CHANGE, name) for name in CHANGE.__struct_fields__} | fields))


async def saved(conn: Connection, product_id: int, wanted: ProductChange) -> editing.EditableProduct:
    await editing.save_product(conn, product_id, wanted, utc_now())
    return await editing.product(conn, product_id, "EUR")


async def test_a_change_is_kept_trimmed_and_harmless(database: Database, product_id: int) -> None:
    async with database.write() as conn:
        product = await saved(
            conn, product_id, change(title="  Clay pot ", slug=" clay-pot ", description_html="<script>x()</script><p>Clay.")
        )
        assert (product.title, product.slug, product.description_html) == ("Clay pot", "clay-pot", "<p>Clay.</p>")


async def test_an_old_address_leads_to_the_new_one(database: Database, product_id: int) -> None:
    async with database.write() as conn:
        old = (await editing.product(conn, product_id, "EUR")).slug
        await saved(conn, product_id, CHANGE)
        assert await conn.fetchval("SELECT target_id FROM slug_redirect WHERE kind = 'product' AND old_slug = $1", old) == product_id


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": "  "}, ["title"]),
        ({"title": "x" * 256}, ["title"]),
        ({"title": "a\x00b"}, ["title"]),
        ({"slug": ""}, ["slug"]),
        ({"slug": "two words"}, ["slug"]),
        ({"slug": "a\u2003b"}, ["slug"]),
        ({"slug": "a/b"}, ["slug"]),
        ({"slug": ".."}, ["slug"]),
        ({"slug": "a\x00b"}, ["slug"]),
        ({"title": "", "slug": "?"}, ["title", "slug"]),
    ],
)
async def test_what_cannot_be_is_named_and_nothing_is_changed(
    database: Database, product_id: int, fields: dict[str, str], named: list[str]
) -> None:
    async with database.write() as conn:
        before = await editing.product(conn, product_id, "EUR")
        with pytest.raises(InvalidInput) as caught:
            await saved(conn, product_id, change(**fields))
        assert list(caught.value.messages()) == named
        assert await editing.product(conn, product_id, "EUR") == before


async def test_an_address_belongs_to_one_product(database: Database, owner: asyncpg.Connection, product_id: int) -> None:
    other = await owner.fetchval("SELECT p.slug FROM product p JOIN variant v ON v.product_id = p.id WHERE v.id = $1", await offer(owner))
    async with database.write() as conn:
        with pytest.raises(InvalidInput) as caught:
            await saved(conn, product_id, change(slug=other))
        assert list(caught.value.messages()) == ["slug"]


async def test_a_price_is_set_and_an_earlier_price_is_above_it(database: Database, product_id: int) -> None:
    async with database.write() as conn:
        (variant,) = (await editing.product(conn, product_id, "EUR")).variants
        await editing.set_price(conn, product_id, variant.id, "EUR", 1200, 1500)
        (variant,) = (await editing.product(conn, product_id, "EUR")).variants
        assert (variant.amount, variant.compare_at) == (1200, 1500)
        for amount, compare_at, field in ((-1, None, "amount"), (10**13, None, "amount"), (1200, 1200, "compare_at")):
            with pytest.raises(InvalidInput) as caught:
                await editing.set_price(conn, product_id, variant.id, "EUR", amount, compare_at)
            assert list(caught.value.messages()) == [field]


async def test_the_same_price_again_tells_nobody(database: Database, product_id: int) -> None:
    async with database.write() as conn:
        (variant,) = (await editing.product(conn, product_id, "EUR")).variants
        before = await conn.fetchval("SELECT count(*) FROM change_log")
        await editing.set_price(conn, product_id, variant.id, "EUR", 1500, None)
        assert await conn.fetchval("SELECT count(*) FROM change_log") == before


async def test_what_is_not_there_is_not_found(database: Database, owner: asyncpg.Connection, product_id: int) -> None:
    elsewhere = await offer(owner)
    async with database.write() as conn:
        with pytest.raises(NotFound):
            await editing.product(conn, 2**40, "EUR")
        with pytest.raises(NotFound):
            await editing.save_product(conn, 2**40, CHANGE, utc_now())
        with pytest.raises(NotFound):
            await editing.set_price(conn, product_id, elsewhere, "EUR", 1, None)


async def test_the_list_finds_words_of_a_title_addresses_and_skus(database: Database, owner: asyncpg.Connection, product_id: int) -> None:
    async with database.write() as conn:
        await saved(conn, product_id, change(title="100% Clay_pot", slug="clay"))
        await offer(owner)
        sku = await conn.fetchval("SELECT sku FROM variant WHERE product_id = $1", product_id)
        for text, found in (("clay", 1), ("CLAY", 1), ("100%", 1), ("%", 1), ("_", 1), (sku, 1), ("clay-", 0), ("", 2)):
            rows = await editing.products(conn, text, 0, 50)
            assert len(rows) == found, text
        assert (rows[0].id, rows[0].variant_count, rows[0].available) == (product_id, 1, 10)
        assert [row.id for row in await editing.products(conn, "", product_id, 50)] == [rows[1].id]
