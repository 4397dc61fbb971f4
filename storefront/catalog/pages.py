"""Browsing pages. They are the same bytes for every shopper: no session is read and no cookie set."""

from typing import Any, NoReturn

import aiohttp_jinja2
from aiohttp import web
from yarl import URL

from storefront.catalog import service, sitemap
from storefront.catalog.cache_tags import card_tags, collection_tags
from storefront.catalog.listing import LISTING_FINDER, build_listing
from storefront.catalog.model import Category, Listing, ProductPage, Redirect, Variant
from storefront.catalog.query import Frame, category_frame, collection_frame, is_plain, parse
from storefront.catalog.structured_data import listing_data, product_data
from storefront.platform.database import DATABASE
from storefront.platform.errors import NotFound
from storefront.platform.http import shared_page_headers
from storefront.platform.page_cache import asked_query, shared_page
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

FILTERS = ("sort", "page", "price_min", "price_max", "brand", "availability", "rating", "opt.*", "attr.*")


@routes.get("/")
@shared_page(database_only=True)
async def home(request: web.Request) -> web.Response:
    """The home page: collections with their first products, and the top categories."""
    async with request.app[DATABASE].read() as conn:
        collections = await service.home_collections(conn, request.app[SETTINGS].shop.currency)
    categories = await service.navigation(request)
    tags = {"home", service.CATEGORIES_TAG}
    for chosen in collections:
        tags |= collection_tags(chosen.collection) | card_tags(chosen.cards)
    shown = [chosen for chosen in collections if chosen.cards]
    return render_shared(request, "catalog/home.html", {"collections": shown, "categories": categories}, tags)


@routes.get("/c/{path:.+}")
@shared_page(*FILTERS)
async def category(request: web.Request) -> web.Response:
    """A category with all below it."""
    path = request.match_info["path"]
    if path.endswith("/"):
        move_to(request, f"/c/{path.strip('/')}")
    categories = await service.categories(request)
    found = next((known for known in categories if known.path == path), None)
    if found is None:
        found = await _category_from_database(request, path)
    frame = category_frame(found, categories, request.app[SETTINGS].shop.currency)
    listing = await listing_of(request, frame)
    tags = {f"category:{crumb.id}" for crumb in (found, *listing.subcategories)} | card_tags(listing.cards)
    return listing_page(request, listing, tags)


async def _category_from_database(request: web.Request, path: str) -> Category:
    if not is_plain(path, 2000):
        raise NotFound("There is no such category.")
    async with request.app[DATABASE].read() as conn:
        answer = await service.category_by_path(conn, path)
    if isinstance(answer, Redirect):
        move_to(request, answer.url)
    return answer


@routes.get("/collections/{slug}")
@shared_page("category", *FILTERS)
async def collection(request: web.Request) -> web.Response:
    """A curated or rule-made collection."""
    slug = request.match_info["slug"]
    if not is_plain(slug):
        raise NotFound("There is no such collection.")
    async with request.app[DATABASE].read() as conn:
        answer = await service.collection_by_slug(conn, slug)
    if isinstance(answer, Redirect):
        move_to(request, answer.url)
    frame = collection_frame(answer, await service.categories(request), request.app[SETTINGS].shop.currency)
    listing = await listing_of(request, frame)
    return listing_page(request, listing, collection_tags(answer) | card_tags(listing.cards))


@routes.get("/p/{slug}")
@shared_page("variant", database_only=True)
async def product(request: web.Request) -> web.Response:
    """A product. `?variant=ID` chooses one of its variants without JavaScript."""
    slug = request.match_info["slug"]
    if not is_plain(slug):
        raise NotFound("There is no such product.")
    settings = request.app[SETTINGS]
    async with request.app[DATABASE].read() as conn:
        page = await service.product_page(conn, slug, settings.shop.currency)
    if isinstance(page, Redirect):
        move_to(request, page.url)
    context = {
        "product": page,
        "selected": selected_variant(page, request.query.get("variant", "")),
        "structured_data": product_data(page, settings.server.public_url),
    }
    return render_shared(request, "catalog/product.html", context, {f"product:{page.id}"} | card_tags(page.related))


def selected_variant(page: ProductPage, asked: str) -> Variant | None:
    """The variant that was asked for, else the first that can be bought, else the first."""
    for variant in page.variants:
        if str(variant.id) == asked:
            return variant
    buyable = (variant for variant in page.variants if variant.availability != "sold_out")
    return next(buyable, page.variants[0] if page.variants else None)


@routes.get("/sitemap.xml")
async def sitemap_index(request: web.Request) -> web.StreamResponse:
    """All pages, or an index of sitemaps where they are too many for one."""
    database, public_url = request.app[DATABASE], request.app[SETTINGS].server.public_url
    if await sitemap.fits_one(database):
        return await _stream_xml(request, sitemap.whole(database, public_url))
    return await _stream_xml(request, sitemap.index(database, public_url))


@routes.get(r"/sitemap-pages.xml")
async def sitemap_pages(request: web.Request) -> web.StreamResponse:
    """The pages of categories and collections."""
    return await _stream_xml(request, sitemap.pages(request.app[DATABASE], request.app[SETTINGS].server.public_url))


@routes.get(r"/sitemap-products-{number:\d{1,6}}.xml")
async def sitemap_products(request: web.Request) -> web.StreamResponse:
    """One chunk of the product pages."""
    number = int(request.match_info["number"])
    if not 1 <= number <= await sitemap.chunk_count(request.app[DATABASE]):
        raise NotFound("There is no such sitemap.")
    return await _stream_xml(request, sitemap.products(request.app[DATABASE], request.app[SETTINGS].server.public_url, number))


async def _stream_xml(request: web.Request, pieces: sitemap.Pieces) -> web.StreamResponse:
    headers = shared_page_headers({"sitemap"}, max_age=3600)
    response = web.StreamResponse(headers=headers | {"Content-Type": "application/xml; charset=utf-8"})
    await response.prepare(request)
    if request.method != "HEAD":
        async for piece in pieces:
            await response.write(piece.encode())
    await response.write_eof()
    return response


@routes.get("/robots.txt")
async def robots(request: web.Request) -> web.Response:
    """What crawlers should leave alone: what is personal, and the endless space of filters."""
    text = sitemap.robots_text(request.app[SETTINGS].server.public_url)
    return web.Response(text=text, content_type="text/plain", headers=shared_page_headers({"robots"}, max_age=3600))


async def listing_of(request: web.Request, frame: Frame) -> Listing:
    """The listing that the address asks for."""
    query = parse(request.query.items(), frame)
    return await build_listing(request.app[DATABASE], query, frame, find=request.app.get(LISTING_FINDER))


def listing_page(request: web.Request, listing: Listing, tags: set[str]) -> web.Response:
    """A listing as a page. One that was found without the index is kept only for seconds."""
    data = listing_data(listing.cards, listing.breadcrumbs, request.app[SETTINGS].server.public_url)
    context = {"listing": listing, "structured_data": data}
    return render_shared(request, "catalog/listing.html", context, tags, max_age=listing.shared_seconds)


def render_shared(request: web.Request, template: str, context: dict[str, Any], tags: set[str], *, max_age: int = 60) -> web.Response:
    """A page that a CDN may keep and purge by tag, unless something of it was not to be had."""
    response = aiohttp_jinja2.render_template(template, request, context)
    whole = service.WITHOUT_NAVIGATION not in request
    response.headers.update(
        shared_page_headers(tags | {service.NAVIGATION_TAG}, max_age=max_age) if whole else {"Cache-Control": "no-store"}
    )
    return response


def move_to(request: web.Request, url: str) -> NoReturn:
    """301 to another page of the shop, with the parameters that came along."""
    query = asked_query(request)
    target = URL(url).with_query(query) if query else URL(url)
    raise web.HTTPMovedPermanently(target, headers={"Cache-Control": "public, max-age=300"})
