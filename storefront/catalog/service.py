"""What the catalog does for pages, for the JSON API and for the rooms above it."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from storefront.catalog import store
from storefront.catalog.model import (
    Card,
    Category,
    Collection,
    CollectionWithCards,
    ListingQuery,
    ListingResult,
    ProductPage,
    Redirect,
    SaleVariant,
    SearchDocument,
)
from storefront.platform.cache import CACHE
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import NotFound
from storefront.platform.questions import Of, Question, ask

HOME_CARDS = 8
NAVIGATION_TAG = "navigation"  # of every page and JSON answer: they all name categories
WITHOUT_NAVIGATION: Final = web.RequestKey("without_navigation", bool)  # of a request: that its page lacks it, and is not for keeping
CATEGORIES_TAG = "categories"  # of the tree with its counts


async def product_page(conn: Connection, slug: str, currency: str) -> ProductPage | Redirect:
    """All that a product page shows, in two statements; an old slug leads to the new one. Raises NotFound."""
    found = await store.product(conn, slug, currency)
    if found is None:
        moved = await store.moved_product(conn, slug)
        if moved is None:
            raise NotFound("There is no such product.")
        return Redirect(f"/p/{moved}")
    page, related_ids = found
    if not related_ids:
        return page
    related = await store.cards(conn, related_ids, currency)
    return msgspec.structs.replace(page, related=tuple(related))


async def slug_by_id(conn: Connection, product_id: int) -> str:
    """The slug of a published product. Raises NotFound."""
    slug = await store.slug_by_id(conn, product_id)
    if slug is None:
        raise NotFound("There is no such product.")
    return slug


async def cards(conn: Connection, product_ids: Sequence[int], currency: str) -> list[Card]:
    """Cards in the order of the ids, in one statement; those unpublished or without a price in the currency are left out."""
    return await store.cards(conn, product_ids, currency) if product_ids else []


async def category_tree(conn: Connection) -> list[Category]:
    """All categories in one statement, by position and name; `product_count` is of all below a category too."""
    flat = await store.categories(conn)
    parents = {category.id: category.parent_id for category in flat}
    counts = dict.fromkeys(parents, 0)
    for category in flat:
        above: int | None = category.id
        while above is not None:
            counts[above] += category.product_count
            above = parents[above]
    return [msgspec.structs.replace(category, product_count=counts[category.id]) for category in flat]


def forest(categories: Sequence[Category], *, parent_id: int | None = None) -> tuple[Category, ...]:
    """The categories as a tree: those at the top, each with its children. Those that hold no product are left out."""
    below: dict[int | None, list[Category]] = {}
    for category in categories:
        below.setdefault(category.parent_id, []).append(category)

    def grow(under: int | None) -> tuple[Category, ...]:
        grown = []
        for category in below.get(under, ()):
            if category.product_count:
                grown.append(msgspec.structs.replace(category, children=grow(category.id)))
        return tuple(grown)

    return grow(parent_id)


async def categories(request: web.Request) -> list[Category]:
    """`category_tree`, through the cache."""

    async def load() -> list[Category]:
        async with request.app[DATABASE].read() as conn:
            return await category_tree(conn)

    found: list[Category] = await request.app[CACHE].get_or_load("categories", {CATEGORIES_TAG}, list[Category], load)
    return found


async def navigation(request: web.Request) -> tuple[Category, ...]:
    """The top categories with their children, for the head of every page; through the cache."""

    async def load() -> tuple[Category, ...]:
        return forest(await categories(request))

    found: tuple[Category, ...] = await request.app[CACHE].get_or_load("navigation", {CATEGORIES_TAG}, tuple[Category, ...], load)
    return found


async def category_by_path(conn: Connection, path: str) -> Category | Redirect:
    """A category; an old path leads to the new one. Raises NotFound."""
    found = await store.category_by_path(conn, path)
    if found is not None:
        return found
    moved = await store.moved_category(conn, path)
    if moved is None:
        raise NotFound("There is no such category.")
    return Redirect(f"/c/{moved}")


async def collection_by_slug(conn: Connection, slug: str) -> Collection | Redirect:
    """A published collection; an old slug leads to the new one. Raises NotFound."""
    found = await store.collection_by_slug(conn, slug)
    if found is not None:
        return found
    moved = await store.moved_collection(conn, slug)
    if moved is None:
        raise NotFound("There is no such collection.")
    return Redirect(f"/collections/{moved}")


async def collections(conn: Connection, after_id: int, limit: int) -> list[Collection]:
    """Published collections by id."""
    return await store.collections(conn, after_id, limit)


async def home_collections(conn: Connection, currency: str) -> list[CollectionWithCards]:
    """The collections of the home page with their first products, in two statements; also those that have none now."""
    found = await store.home_collections(conn, currency, HOME_CARDS)
    wanted = list(dict.fromkeys(product_id for _, ids in found for product_id in ids))
    by_id = {card.id: card for card in await cards(conn, wanted, currency)}
    return [CollectionWithCards(collection, tuple(by_id[i] for i in ids if i in by_id)) for collection, ids in found]


async def listing_from_sql(conn: Connection, query: ListingQuery) -> ListingResult:
    """One page of a listing with its facets in one statement, without the index. Ties end at the id."""
    return await store.find(conn, query)


async def published_after(
    conn: Connection,
    after_id: int,
    limit: int,
    currency: str,
    *,
    category_path: str | None = None,
    collection: str | None = None,
) -> list[int]:
    """Ids of products that can be shown in the currency, by id; of a category with all below it, or of a collection."""
    return await store.published_after(conn, after_id, limit, currency, category_path=category_path, collection=collection)


def sale_variants(variant_ids: Sequence[int] | Of, currency: str | Of) -> Question[dict[int, SaleVariant]]:
    """Variants as the till needs them, by id; unknown ids are missing."""
    return store.sale_variants(variant_ids, currency)


def memberships(variant_ids: Sequence[int] | Of) -> Question[dict[int, tuple[tuple[int, ...], tuple[int, ...]]]]:
    """By variant: the ids of its category and all above, and of the collections that its product is in."""
    return store.memberships(variant_ids)


async def variants_of(conn: Connection, product_ids: Sequence[int], currency: str) -> list[SaleVariant]:
    """The variants of these products that can be bought in the currency, in order, in two statements."""
    ids = await store.variants_of(conn, product_ids)
    (found,) = await ask(conn, store.sale_variants(ids, currency))
    return [found[id_] for id_ in ids if id_ in found and found[id_].on_sale and found[id_].amount is not None]


async def search_documents(conn: Connection, product_ids: Sequence[int]) -> list[SearchDocument]:
    """Products as the search index takes them, in one statement, by id; unknown ids are missing."""
    return await store.search_documents(conn, product_ids) if product_ids else []


async def product_ids_after(conn: Connection, after_id: int, limit: int) -> list[int]:
    """Ids of all products, published or not, by id."""
    return await store.product_ids_after(conn, after_id, limit)


async def indexed_count(conn: Connection) -> int:
    """How many products the search can find, now or once their time has come."""
    return await store.indexed_count(conn)


async def product_ids_of(conn: Connection, category_ids: Sequence[int], collection_ids: Sequence[int]) -> list[int]:
    """Ids of all products of categories (with all below them) and of collections, published or not; in one statement."""
    return await store.product_ids_of(conn, category_ids, collection_ids)


async def has_products(conn: Connection) -> bool:
    """Whether there is any product, published or not."""
    return bool(await store.product_ids_after(conn, 0, 1))
