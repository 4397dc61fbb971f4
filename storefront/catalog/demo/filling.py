"""Fills an empty shop with the demo catalog: pictures first, then all rows in one transaction, so that it is there whole or not at all."""

import time
from collections.abc import Awaitable, Callable, Mapping

from storefront.catalog.demo.model import Shop, html_of, read_shelves, read_shop
from storefront.catalog.demo.pictures.composing import PictureOrder
from storefront.catalog.demo.stock_room import Stocked, stock, written
from storefront.catalog.demo.studio import draw_all
from storefront.catalog.media import StoredPicture
from storefront.catalog.transfer.writing import Writer
from storefront.platform.database import Connection, Database
from storefront.platform.sql import load
from storefront.settings import Settings

queries = load("catalog_demo")

ACTOR = "demo shop"
TOLD_EVERY = 150


async def _nothing(conn: Connection, product_ids: Mapping[str, int]) -> None:
    return None


async def fill(
    database: Database,
    settings: Settings,
    say: Callable[[str], None],
    also: Callable[[Connection, Mapping[str, int]], Awaitable[None]] = _nothing,
) -> bool:
    """Fills a shop that has no product, and returns whether it did. `also` adds what other rooms have, in the same
    transaction, and is told the ids of the products by slug.

    Pictures that a killed run has drawn are found again, and nothing else is left of it.
    Raises `studio.DrawingFailed`.
    """
    started = time.monotonic()
    async with database.write() as conn:
        if await queries.has_products(conn):
            return False
    goods, words = stock(read_shelves()), read_shop()
    orders = [order for stocked in goods for order in stocked.orders]

    def drawn(count: int) -> None:
        if count % TOLD_EVERY == 0 or count == len(orders):
            say(f"{count} of {len(orders)} pictures drawn")

    pictures = await draw_all(orders, settings.data_dir / "media", drawn)

    async def write(conn: Connection) -> bool:
        await queries.lock_demo(conn)
        if await queries.has_products(conn):
            return False
        writer = await _write_goods(conn, settings, goods, words, pictures)
        await _describe(conn, goods, words, list(pictures.values()))
        await also(conn, {row["slug"]: row["id"] for row in await queries.product_ids(conn)})
        await writer.finish()
        return True

    filled = await database.transaction(write)
    if filled:
        say(f"{len(goods)} products in {len(words.category)} categories, in {time.monotonic() - started:.1f} s")
    return filled


async def _write_goods(
    conn: Connection, settings: Settings, goods: list[Stocked], words: Shop, pictures: dict[PictureOrder, StoredPicture]
) -> Writer:
    await queries.add_location(conn, code=words.location.code, name=words.location.name)
    writer = Writer(conn, ACTOR)
    await writer.prepare()
    currencies = list(dict.fromkeys([settings.shop.currency, *settings.shop.currencies]))
    await writer.write([written(stocked, pictures, currencies, words.location.code) for stocked in goods])
    if writer.problems:
        problem = writer.problems[0]
        raise ValueError(f"the demo shop has a mistake: {problem.handle}, {problem.column}: {problem.reason}")
    return writer


async def _describe(conn: Connection, goods: list[Stocked], words: Shop, pictures: list[StoredPicture]) -> None:
    """What a catalog file does not carry."""
    await queries.describe_products(
        conn,
        slugs=[stocked.goods.slug for stocked in goods],
        popularities=[stocked.goods.popularity for stocked in goods],
        rating_sums=[stocked.rating_sum for stocked in goods],
        rating_counts=[stocked.rating_count for stocked in goods],
        ages=[stocked.age_days for stocked in goods],
    )
    await queries.measure_pictures(
        conn,
        urls=[picture.url for picture in pictures],
        widths=[picture.width for picture in pictures],
        heights=[picture.height for picture in pictures],
    )
    await queries.allow_preorders(conn, slugs=[stocked.goods.slug for stocked in goods if stocked.goods.policy == "preorder"])
    await queries.describe_categories(
        conn,
        paths=[category.path for category in words.category],
        texts=[html_of(category.text) for category in words.category],
        seo_titles=[category.seo_title for category in words.category],
        seo_descriptions=[category.seo_description for category in words.category],
    )
    covers = {category.path: category.cover for category in words.category}
    await queries.add_category_pictures(conn, paths=list(covers), covers=list(covers.values()))
    for position, collection in enumerate(words.collection, start=1):
        collection_id = await queries.add_collection(
            conn,
            slug=collection.slug,
            name=collection.name,
            text=html_of(collection.text),
            rule=collection.rule,
            position=position,
            on_home=collection.on_home,
        )
        await queries.fill_collection(conn, collection_id=collection_id, slugs=collection.products)
    for terms in words.search.synonyms:
        await queries.add_synonyms(conn, terms=terms)
    for query, url in words.search.redirects.items():
        await queries.add_search_redirect(conn, query=query, url=url)
