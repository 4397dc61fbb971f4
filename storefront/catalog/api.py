"""The catalog as JSON under /api/v1. Answers are shared pages: kept, and with a strong ETag."""

from typing import Annotated, Any, Literal, NoReturn

import msgspec
from aiohttp import web
from msgspec import Meta
from yarl import URL

from storefront.catalog import service
from storefront.catalog.cache_tags import SEARCH_TAG, card_tags, collection_tags
from storefront.catalog.listing import LISTING_FINDER, build_listing
from storefront.catalog.model import (
    Availability,
    Listing,
    Redirect,
)
from storefront.catalog.query import LONGEST_VALUE, MOST_VALUES, Frame, category_frame, collection_frame, is_plain, parse
from storefront.catalog.representation import (
    CategoryList,
    CollectionList,
    ProductDetail,
    ProductListing,
    ProductPageOfList,
    category_item,
    collection_item,
    detail,
    product_listing,
    summary,
)
from storefront.platform.database import DATABASE
from storefront.platform.errors import InvalidInput, NotFound
from storefront.platform.http import json_response, shared_page_headers
from storefront.platform.openapi import IF_NONE_MATCH, operation, read_query
from storefront.platform.page_cache import asked_query, shared_page
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

FILTERS = ("currency", "sort", "page", "limit", "price_min", "price_max", "brand", "availability", "rating", "opt.*", "attr.*")

Limit = Annotated[int, Meta(ge=1, le=100)]
Cursor = Annotated[str, Meta(pattern="^[0-9]{1,18}$", description="`next_cursor` of the answer before.")]
CurrencyCode = Annotated[
    str,
    Meta(
        pattern="^[A-Z]{3}$",
        description="One of the shop's currencies; the shop's own if not given.",
        extra_json_schema={"format": "currency"},
    ),
]
Sort = Literal["relevance", "popular", "newest", "price", "-price", "title"]
FacetValue = Annotated[str, Meta(max_length=LONGEST_VALUE)]
MajorAmount = Annotated[str, Meta(pattern=r"^[0-9]{1,12}([.][0-9]{1,3})?$", description="In major units: 19.99")]


class CurrencyQuery(msgspec.Struct):
    currency: CurrencyCode = ""


class PageQuery(msgspec.Struct):
    cursor: Cursor = "0"
    limit: Limit = 24


class ProductsQuery(msgspec.Struct):
    """`category` is a path as in `kitchen/cookware`, `collection` a slug; at most one of them."""

    currency: CurrencyCode = ""
    cursor: Cursor = "0"
    limit: Limit = 24
    category: str = ""
    collection: str = ""


class ListingParameters(msgspec.Struct):
    """`brand`, `availability`, options and attributes (`opt.Size=M`) may be repeated: a product matches when it has any of the values."""

    currency: CurrencyCode = ""
    sort: Sort | msgspec.UnsetType = msgspec.UNSET  # as an optional one it would take the text "null"
    page: Annotated[int, Meta(ge=1, le=10_000)] = 1
    limit: Limit = 24
    price_min: MajorAmount | None = None
    price_max: MajorAmount | None = None
    brand: Annotated[list[FacetValue], Meta(max_length=MOST_VALUES)] = []
    availability: Annotated[list[Availability], Meta(max_length=MOST_VALUES)] = []
    rating: Annotated[Literal["1", "2", "3", "4"], Meta(description="Stars at least.")] | msgspec.UnsetType = msgspec.UNSET
    category: Annotated[str, Meta(description="A category's path, with those below it.")] | None = None


@routes.get("/api/v1/products")
@shared_page("currency", "cursor", "limit", "category", "collection", database_only=True)
@operation(
    summary="List products",
    tag="Catalog",
    query=ProductsQuery,
    response=ProductPageOfList,
    headers=(IF_NONE_MATCH,),
    answers={304: None},
    links={"read_product": {"slug_or_id": "/items/0/slug"}},
)
async def list_products(request: web.Request) -> web.Response:
    """Published products by id, a page at a time; `next_cursor` leads to the next. To search, see /api/v1/search."""
    query: ProductsQuery = read_query(request, ProductsQuery)
    currency = asked_currency(request, query.currency)
    if query.category and query.collection:
        raise InvalidInput.of("collection", "Give a category or a collection, not both.")
    if not all(is_plain(text, 2000) for text in (query.category, query.collection) if text):
        return shared_json(ProductPageOfList([], None), {SEARCH_TAG})
    async with request.app[DATABASE].read() as conn:
        ids = await service.published_after(
            conn,
            int(query.cursor),
            query.limit + 1,
            currency,
            category_path=query.category or None,
            collection=query.collection or None,
        )
        cards = await service.cards(conn, ids[: query.limit], currency)
    more = str(ids[query.limit - 1]) if len(ids) > query.limit else None
    tags = card_tags(cards) | {SEARCH_TAG} | ({"collections"} if query.collection else set())
    return shared_json(ProductPageOfList([summary(card) for card in cards], more), tags)


@routes.get("/api/v1/products/{slug_or_id}")
@shared_page("currency", database_only=True)
@operation(
    summary="Read a product",
    tag="Catalog",
    query=CurrencyQuery,
    response=ProductDetail,
    errors=(NotFound,),
    headers=(IF_NONE_MATCH,),
    answers={301: None, 304: None},
)
async def read_product(request: web.Request) -> web.Response:
    """A published product by its slug or id; an old slug answers 301."""
    query: CurrencyQuery = read_query(request, CurrencyQuery)
    currency = asked_currency(request, query.currency)
    asked = request.match_info["slug_or_id"]
    if not is_plain(asked):
        raise NotFound("There is no such product.")
    async with request.app[DATABASE].read() as conn:
        slug = await service.slug_by_id(conn, int(asked)) if _is_id(asked) else asked
        page = await service.product_page(conn, slug, currency)
    if isinstance(page, Redirect):
        move_to(request, "/api/v1/products/" + page.url.removeprefix("/p/"))
    return shared_json(detail(page), {f"product:{page.id}"} | card_tags(page.related))


def _is_id(text: str) -> bool:
    """Whether the text is a product's id and not its slug."""
    return text.isascii() and text.isdigit() and len(text) <= 18


@routes.get("/api/v1/categories")
@shared_page(database_only=True)
@operation(
    summary="List categories",
    tag="Catalog",
    response=CategoryList,
    headers=(IF_NONE_MATCH,),
    answers={304: None},
    links={"list_category_products": {"path": "/items/0/path"}},
)
async def list_categories(request: web.Request) -> web.Response:
    """The whole tree, flat; `parent_id` gives its shape."""
    items = [category_item(category) for category in await service.categories(request)]
    return shared_json(CategoryList(items), {service.CATEGORIES_TAG})


@routes.get("/api/v1/categories/{path:.+}/products")
@shared_page(*FILTERS)
@operation(
    summary="List the products of a category",
    tag="Catalog",
    query=ListingParameters,
    facets=True,
    response=ProductListing,
    errors=(NotFound,),
    headers=(IF_NONE_MATCH,),
    answers={301: None, 304: None},
)
async def list_category_products(request: web.Request) -> web.Response:
    """Products of the category and of all below it, with filters, counts and sorts."""
    query: ListingParameters = read_query(request, ListingParameters)
    currency = asked_currency(request, query.currency)
    path = request.match_info["path"]
    categories = await service.categories(request)
    found = next((known for known in categories if known.path == path), None)
    if found is None:
        if not is_plain(path, 2000):
            raise NotFound("There is no such category.")
        async with request.app[DATABASE].read() as conn:
            answer = await service.category_by_path(conn, path)
        if isinstance(answer, Redirect):
            move_to(request, f"/api/v1/categories/{answer.url.removeprefix('/c/')}/products")
        found = answer
    listing = await _listing(request, category_frame(found, categories, currency), query)
    return shared_json(product_listing(listing), {f"category:{found.id}"} | card_tags(listing.cards), listing.shared_seconds)


@routes.get("/api/v1/collections")
@shared_page("cursor", "limit", database_only=True)
@operation(
    summary="List collections",
    tag="Catalog",
    query=PageQuery,
    response=CollectionList,
    headers=(IF_NONE_MATCH,),
    answers={304: None},
    links={"list_collection_products": {"slug": "/items/0/slug"}},
)
async def list_collections(request: web.Request) -> web.Response:
    """Published collections by id."""
    query: PageQuery = read_query(request, PageQuery)
    async with request.app[DATABASE].read() as conn:
        found = await service.collections(conn, int(query.cursor), query.limit + 1)
    shown = found[: query.limit]
    more = str(shown[-1].id) if len(found) > query.limit else None
    tags = {"collections"} | {f"collection:{collection.id}" for collection in shown}
    return shared_json(CollectionList([collection_item(collection) for collection in shown], more), tags)


@routes.get("/api/v1/collections/{slug}/products")
@shared_page("category", *FILTERS)
@operation(
    summary="List the products of a collection",
    tag="Catalog",
    query=ListingParameters,
    facets=True,
    response=ProductListing,
    errors=(NotFound,),
    headers=(IF_NONE_MATCH,),
    answers={301: None, 304: None},
)
async def list_collection_products(request: web.Request) -> web.Response:
    """Products of the collection, with filters, counts and sorts. A curated one is in its own order unless another sort is asked."""
    query: ListingParameters = read_query(request, ListingParameters)
    currency = asked_currency(request, query.currency)
    slug = request.match_info["slug"]
    if not is_plain(slug):
        raise NotFound("There is no such collection.")
    async with request.app[DATABASE].read() as conn:
        answer = await service.collection_by_slug(conn, slug)
    if isinstance(answer, Redirect):
        move_to(request, f"/api/v1/collections/{answer.url.removeprefix('/collections/')}/products")
    frame = collection_frame(answer, await service.categories(request), currency)
    listing = await _listing(request, frame, query)
    return shared_json(product_listing(listing), collection_tags(answer) | card_tags(listing.cards), listing.shared_seconds)


async def _listing(request: web.Request, frame: Frame, asked: ListingParameters) -> Listing:
    query = parse(request.query.items(), frame, page_size=asked.limit)
    return await build_listing(request.app[DATABASE], query, frame, find=request.app.get(LISTING_FINDER), clamp=False)


def asked_currency(request: web.Request, code: str) -> str:
    """The currency that a client asked for, or the shop's. Raises InvalidInput for one the shop does not sell in."""
    shop = request.app[SETTINGS].shop
    if not code:
        return shop.currency
    if code not in shop.currencies:
        raise InvalidInput.of("currency", f"The shop sells in {', '.join(shop.currencies)}.")
    return code


def shared_json(body: Any, tags: set[str], seconds: int = 60) -> web.Response:
    """A JSON answer that is the same for everyone; the page cache gives it its ETag."""
    return json_response(body, headers=shared_page_headers(tags | {service.NAVIGATION_TAG}, max_age=seconds))


def move_to(request: web.Request, url: str) -> NoReturn:
    """301 to where the thing is now, with the parameters that came along."""
    raise web.HTTPMovedPermanently(URL(url).with_query(asked_query(request)), headers={"Cache-Control": "public, max-age=300"})
