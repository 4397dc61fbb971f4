"""Listings: category, collection and search pages, from a query to everything the page shows.

The finder is the search index, wired by the application; when there is none, or it fails, plain SQL answers instead.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlencode

import msgspec
import structlog
from aiohttp import web

from storefront.catalog import service
from storefront.catalog.facets import facets_of
from storefront.catalog.model import Listing, ListingQuery, ListingResult, SortChoice
from storefront.catalog.query import Frame, address, clean_text, parameters_of, parse, typed_price
from storefront.platform.database import Database

__all__ = ["LISTING_FINDER", "Finder", "Frame", "assemble", "build_listing", "clean_text", "parse"]

log = structlog.get_logger("catalog")

Finder = Callable[[ListingQuery], Awaitable[ListingResult]]
LISTING_FINDER: web.AppKey[Finder] = web.AppKey("listing_finder")


class FinderAway(Exception):
    """The finder cannot answer yet. It is expected, so that nobody is told."""


async def build_listing(database: Database, query: ListingQuery, frame: Frame, *, find: Finder | None, clamp: bool = True) -> Listing:
    """The listing of a query: one find, and one statement for the cards.

    A page past the last one becomes the last one (`clamp`), else it is empty. Without `find`, or when it fails, plain SQL finds and the
    listing is marked as degraded. What someone put in order by hand is always read from the database.
    """
    result, degraded = await _find(database, query, frame, find)
    page_count = max(1, -(-result.total // query.page_size))
    if clamp and query.page > page_count:
        query = msgspec.structs.replace(query, page=page_count)
        result, degraded = await _find(database, query, frame, find)
    async with database.read() as conn:
        cards = await service.cards(conn, result.ids, query.currency)
    listing = assemble(query, result, frame)
    return msgspec.structs.replace(listing, cards=tuple(cards), degraded=degraded)


async def _find(database: Database, query: ListingQuery, frame: Frame, find: Finder | None) -> tuple[ListingResult, bool]:
    if find is not None and not frame.by_hand:
        try:
            return await find(query), False
        except FinderAway:
            pass
        except Exception:
            log.exception("listing_degraded", path=frame.path)
    async with database.read() as conn:
        return await service.listing_from_sql(conn, query), not frame.by_hand


def assemble(query: ListingQuery, result: ListingResult, frame: Frame) -> Listing:
    """The listing without its cards: what surrounds the products, with the address of every choice."""
    page_count = max(1, -(-result.total // query.page_size))
    filtered = bool(query.selected) or query.price_min is not None or query.price_max is not None
    unfiltered = msgspec.structs.replace(query, selected=(), price_min=None, price_max=None)
    parameters = parameters_of(query, frame)
    suggestion = result.suggestion
    return Listing(
        title=frame.title,
        url=address(msgspec.structs.replace(unfiltered, sort=frame.default_sort), frame),
        cards=(),
        total=result.total,
        page=query.page,
        page_count=page_count,
        sorts=tuple(
            SortChoice(key, label, key == query.sort, address(msgspec.structs.replace(query, sort=key), frame))
            for key, label in frame.sorts.items()
        ),
        facets=facets_of(query, result, frame),
        breadcrumbs=frame.breadcrumbs,
        description_html=frame.description_html,
        category=frame.category,
        subcategories=service.forest(frame.categories, parent_id=frame.category.id) if frame.category else (),
        collection=frame.collection,
        previous_url=address(query, frame, page=query.page - 1) if 1 < query.page <= page_count else None,
        next_url=address(query, frame, page=query.page + 1) if query.page < page_count else None,
        clear_url=address(unfiltered, frame) if filtered else None,
        page_links=tuple(
            (page, address(query, frame, page=page)) for page in _pages_around(query.page, page_count, result.total_estimated)
        ),
        price_min=result.price_min,
        price_max=result.price_max,
        currency=query.currency,
        price_from="" if query.price_min is None else typed_price(query.price_min, query.currency),
        price_to="" if query.price_max is None else typed_price(query.price_max, query.currency),
        parameters=tuple((name, value) for name, value in parameters if name not in ("price_min", "price_max")),
        query=query.text,
        estimated=result.estimated,
        total_estimated=result.total_estimated,
        late=result.late,
        highlights=result.highlights,
        did_you_mean=(suggestion, f"{frame.path}?{urlencode({frame.text_parameter: suggestion}, quote_via=quote)}") if suggestion else None,
    )


def _pages_around(page: int, page_count: int, estimated: bool) -> list[int]:
    """First, last, and two on each side; not the last while nobody knows which it is."""
    near = range(max(1, page - 2), min(page_count, page + 2) + 1)
    return sorted({1, *near, *(() if estimated else (page_count,))}) if page_count > 1 else []
