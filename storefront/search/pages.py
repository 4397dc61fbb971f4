"""Search pages: results, and the suggestions under the search field. They are shared pages, as all browsing pages are."""

import aiohttp_jinja2
import msgspec
from aiohttp import web
from yarl import URL

from storefront.catalog import service as catalog
from storefront.catalog.cache_tags import SEARCH_TAG, card_tags
from storefront.catalog.model import Listing
from storefront.catalog.pages import FILTERS, listing_of, render_shared
from storefront.catalog.query import Frame, clean_text
from storefront.platform.http import shared_page_headers
from storefront.platform.page_cache import shared_page
from storefront.search.index import SEARCH
from storefront.search.model import IndexMissing
from storefront.settings import SETTINGS

routes = web.RouteTableDef()


async def search_frame(request: web.Request, text: str, currency: str) -> Frame:
    """The frame of a search; without a text, of everything."""
    return Frame(
        title=text or "Everything in the shop",
        path="/search",
        currency=currency,
        text=text,
        categories=await catalog.categories(request),
    )


@routes.get("/search")
@shared_page("q", "category", *FILTERS)
async def results(request: web.Request) -> web.Response:
    """What was found for `q`; without it, everything. A text that an operator gave a page of its own leads there."""
    text = clean_text(request.query.get("q", ""))
    url = request.app[SEARCH].redirect(text) if text else None
    if url is not None:
        raise web.HTTPFound(URL(url), headers={"Cache-Control": "no-store"})
    frame = await search_frame(request, text, request.app[SETTINGS].shop.currency)
    listing = await listing_of(request, frame)
    return _page(request, listing)


def _page(request: web.Request, listing: Listing) -> web.Response:
    tags = {SEARCH_TAG} | card_tags(listing.cards)
    return render_shared(request, "search/results.html", {"listing": listing}, tags, max_age=listing.shared_seconds)


@routes.get("/search/suggest")
@shared_page("q")
async def suggest(request: web.Request) -> web.Response:
    """The lines of the suggestions box, as a fragment."""
    try:
        found = await request.app[SEARCH].suggest(clean_text(request.query.get("q", "")), request.app[SETTINGS].shop.currency)
    except IndexMissing:
        return web.Response(text="", content_type="text/html", headers={"Cache-Control": "no-store"})
    context = {"suggestions": [msgspec.structs.asdict(suggestion) for suggestion in found]}
    response = aiohttp_jinja2.render_template("search/suggest.html", request, context)
    response.headers.update(shared_page_headers({SEARCH_TAG, catalog.NAVIGATION_TAG}))
    return response
