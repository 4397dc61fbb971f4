"""The search as JSON under /api/v1. Answers are shared pages."""

from typing import Literal

import msgspec
from aiohttp import web

from storefront.catalog.api import (
    FILTERS,
    CurrencyCode,
    ListingParameters,
    asked_currency,
    shared_json,
)
from storefront.catalog.cache_tags import SEARCH_TAG, card_tags
from storefront.catalog.listing import LISTING_FINDER, build_listing
from storefront.catalog.query import clean_text, parse
from storefront.catalog.representation import ProductListing, product_listing
from storefront.platform.database import DATABASE
from storefront.platform.http import json_response
from storefront.platform.openapi import IF_NONE_MATCH, operation, read_query
from storefront.platform.page_cache import shared_page
from storefront.search.index import SEARCH
from storefront.search.model import IndexMissing
from storefront.search.pages import search_frame

routes = web.RouteTableDef()


class SearchParameters(ListingParameters):
    """As for the products of a category, and `q`: the text. Without it, everything in the shop is listed."""

    q: str = ""


class ItemHighlight(msgspec.Struct):
    """HTML, escaped, with <mark> around what was looked for. `snippet` is a part of the description, or empty."""

    id: int
    title: str
    snippet: str


class SearchListing(ProductListing):
    """`did_you_mean` is a better spelling of the text, if there is one; `highlights` is where items match the text."""

    did_you_mean: str | None
    highlights: list[ItemHighlight]


class SuggestionsQuery(msgspec.Struct):
    q: str = ""
    currency: CurrencyCode = ""


class SuggestionItem(msgspec.Struct):
    """`detail` is a product's price for people, or a category's parent."""

    kind: Literal["query", "category", "product"]
    text: str
    url: str
    detail: str


class SuggestionList(msgspec.Struct):
    items: list[SuggestionItem]


@routes.get("/api/v1/search")
@shared_page("q", "category", *FILTERS)
@operation(
    summary="Search products",
    tag="Search",
    query=SearchParameters,
    facets=True,
    response=SearchListing,
    headers=(IF_NONE_MATCH,),
    answers={304: None},
    links={"read_product": {"slug_or_id": "/items/0/slug"}},
)
async def search_products(request: web.Request) -> web.Response:
    """Products that have the words of `q`, typing mistakes forgiven, with filters, counts and sorts."""
    asked: SearchParameters = read_query(request, SearchParameters)
    frame = await search_frame(request, clean_text(asked.q), asked_currency(request, asked.currency))
    query = parse(request.query.items(), frame, page_size=asked.limit)
    listing = await build_listing(request.app[DATABASE], query, frame, find=request.app.get(LISTING_FINDER), clamp=False)
    found = msgspec.structs.asdict(product_listing(listing))
    body = SearchListing(
        **found,
        did_you_mean=listing.did_you_mean[0] if listing.did_you_mean else None,
        highlights=[
            ItemHighlight(card.id, at.title, at.snippet) for card in listing.cards if (at := listing.highlights.get(card.id)) is not None
        ],
    )
    return shared_json(body, {SEARCH_TAG} | card_tags(listing.cards), listing.shared_seconds)


@routes.get("/api/v1/search/suggestions")
@shared_page("q", "currency")
@operation(
    summary="Suggest while someone types",
    tag="Search",
    query=SuggestionsQuery,
    response=SuggestionList,
    headers=(IF_NONE_MATCH,),
    answers={304: None},
)
async def list_suggestions(request: web.Request) -> web.Response:
    """What the unfinished text `q` may become: texts to search for, categories and products."""
    asked: SuggestionsQuery = read_query(request, SuggestionsQuery)
    currency = asked_currency(request, asked.currency)
    try:
        found = await request.app[SEARCH].suggest(clean_text(asked.q), currency)
    except IndexMissing:
        return json_response(SuggestionList([]), headers={"Cache-Control": "no-store"})
    return shared_json(SuggestionList([SuggestionItem(item.kind, item.text, item.url, item.detail) for item in found]), {SEARCH_TAG})
