"""The catalog's statements, mapped to its types and nothing else. Each function is one statement."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from storefront.catalog.model import (
    Card,
    Category,
    Collection,
    Crumb,
    ListingQuery,
    ListingResult,
    Media,
    Offer,
    Option,
    OptionValue,
    Price,
    ProductPage,
    SaleVariant,
    SearchDocument,
    Variant,
)
from storefront.catalog.prices import PRICE_EDGES, band_of_bucket
from storefront.catalog.sanitise import plain_text
from storefront.platform.database import Connection
from storefront.platform.questions import Of, Question
from storefront.platform.sql import load

queries = load("catalog")

RELATED = 8
UNTRACKED = 1_000_000_000  # what is available of a variant whose stock nobody counts
_WORD = re.compile(r"[^\W_]+")


async def product(conn: Connection, slug: str, currency: str) -> tuple[ProductPage, list[int]] | None:
    """The published product without its related cards, and the ids of these."""
    row = await queries.product_by_slug(conn, slug=slug, currency=currency, related=RELATED)
    if row is None:
        return None
    categories = msgspec.convert(row["categories"] or [], tuple[Category, ...])
    variants = msgspec.convert(row["variants"] or [], tuple[Variant, ...])
    page = ProductPage(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        brand=row["brand"],
        description_html=row["description_html"],
        attributes=_lists(row["attributes"]),
        tags=tuple(row["tags"]),
        options=_options(row["option_names"], variants),
        variants=variants,
        media=_media(row["media"]),
        breadcrumbs=tuple(Crumb(category.name, category.url) for category in categories),
        related=(),
        availability=best_availability(variant.availability for variant in variants),
        updated_at=row["updated_at"],
        published_at=row["published_at"],
        seo_title=row["seo_title"],
        seo_description=row["seo_description"],
        rating_average=_average(row),
        rating_count=row["rating_count"],
        categories=categories,
    )
    return page, list(row["related_ids"] or [])


async def moved_product(conn: Connection, slug: str) -> str | None:
    """The slug that answers for an old one."""
    found: str | None = await queries.moved_product(conn, slug=slug)
    return found


async def moved_category(conn: Connection, path: str) -> str | None:
    """The path that answers for an old one."""
    found: str | None = await queries.moved_category(conn, path=path)
    return found


async def moved_collection(conn: Connection, slug: str) -> str | None:
    """The slug that answers for an old one."""
    found: str | None = await queries.moved_collection(conn, slug=slug)
    return found


async def slug_by_id(conn: Connection, product_id: int) -> str | None:
    """The slug of a published product."""
    found: str | None = await queries.slug_by_id(conn, product_id=product_id)
    return found


async def cards(conn: Connection, product_ids: Sequence[int], currency: str) -> list[Card]:
    """Cards in the order of the ids; those unpublished or without a price in the currency are left out."""
    rows = await queries.cards(conn, product_ids=list(product_ids), currency=currency)
    return [_card(row, currency) for row in rows]


async def categories(conn: Connection) -> list[Category]:
    """All categories, by position and name; `product_count` is their own products only."""
    rows = await queries.categories(conn)
    return [_category(row, row["own_products"]) for row in rows]


async def category_by_path(conn: Connection, path: str) -> Category | None:
    """One category; `product_count` is of all below it too."""
    row = await queries.category_by_path(conn, path=path)
    return None if row is None else _category(row, row["product_count"])


async def collection_by_slug(conn: Connection, slug: str) -> Collection | None:
    """A published collection."""
    row = await queries.collection_by_slug(conn, slug=slug)
    return None if row is None else Collection(**dict(row))


async def collections(conn: Connection, after_id: int, most: int) -> list[Collection]:
    """Published collections by id."""
    return [Collection(**dict(row)) for row in await queries.collections(conn, after_id=after_id, most=most)]


async def home_collections(conn: Connection, currency: str, cards: int) -> list[tuple[Collection, list[int]]]:
    """The collections of the home page, each with the ids of its first products; an empty one too."""
    found = []
    for row in await queries.home_collections(conn, currency=currency, cards=cards):
        fields = dict(row)
        product_ids = fields.pop("product_ids")
        found.append((Collection(**fields), list(product_ids or ())))
    return found


async def find(conn: Connection, query: ListingQuery) -> ListingResult:
    """A listing by plain SQL."""
    words = _WORD.findall(query.text.lower())
    row = await queries.find(
        conn,
        words=" & ".join(f"{word}:*" for word in words[:16]) if query.text else None,
        sku=query.text or None,
        text=query.text,
        collection_id=query.collection_id,
        category_path=query.category_path,
        currency=query.currency,
        selected=dict(query.selected),
        price_min=query.price_min,
        price_max=query.price_max,
        price_edges=list(PRICE_EDGES),
        sort=query.sort,
        skip=(query.page - 1) * query.page_size,
        most=query.page_size,
    )
    facets = {key: [(value, count) for value, count in pairs] for key, pairs in (row["facets"] or {}).items()}
    if "price" in facets:
        facets["price"] = [(band_of_bucket(int(bucket)), count) for bucket, count in facets["price"]]
    return ListingResult(
        ids=tuple(row["ids"]),
        total=row["total"],
        facets=facets,
        price_min=row["price_min"],
        price_max=row["price_max"],
    )


async def product_ids_after(conn: Connection, after_id: int, limit: int) -> list[int]:
    """Ids of all products, published or not, by id."""
    return [row["id"] for row in await queries.product_ids_after(conn, after_id=after_id, most=limit)]


async def indexed_count(conn: Connection) -> int:
    """How many products the search can find, now or once their time has come."""
    return int(await queries.indexed_count(conn))


async def product_ids_of(conn: Connection, category_ids: Sequence[int], collection_ids: Sequence[int]) -> list[int]:
    """Ids of the products of categories (with all below them) and of collections, published or not."""
    rows = await queries.product_ids_of(conn, category_ids=list(category_ids), collection_ids=list(collection_ids))
    return [row["id"] for row in rows]


async def published_after(
    conn: Connection,
    after_id: int,
    limit: int,
    currency: str,
    *,
    category_path: str | None = None,
    collection: str | None = None,
) -> list[int]:
    """Ids of products that can be shown in the currency, by id; of a category (with all below it) or a collection."""
    given = {"after_id": after_id, "most": limit, "currency": currency}
    if category_path is not None:
        rows = await queries.published_after_in_category(conn, category_path=category_path, **given)
    elif collection is not None:
        rows = await queries.published_after_in_collection(conn, collection=collection, **given)
    else:
        rows = await queries.published_after(conn, **given)
    return [row["id"] for row in rows]


def sale_variants(variant_ids: Sequence[int] | Of, currency: str | Of) -> Question[dict[int, SaleVariant]]:
    """Variants as the till needs them, by id; unknown ids are missing."""
    parameters = {"variant_ids": variant_ids if isinstance(variant_ids, Of) else list(variant_ids), "currency": currency}
    return Question(queries.sale_variants, parameters, lambda rows: {row["id"]: _sale_variant(row) for row in rows})


def memberships(variant_ids: Sequence[int] | Of) -> Question[dict[int, tuple[tuple[int, ...], tuple[int, ...]]]]:
    """(category ids, collection ids) by variant."""
    parameters = {"variant_ids": variant_ids if isinstance(variant_ids, Of) else list(variant_ids)}
    return Question(
        queries.memberships,
        parameters,
        lambda rows: {row["id"]: (tuple(row["category_ids"]), tuple(row["collection_ids"])) for row in rows},
    )


async def variants_of(conn: Connection, product_ids: Sequence[int]) -> list[int]:
    return [row["id"] for row in await queries.variants_of(conn, product_ids=list(product_ids))]


async def search_documents(conn: Connection, product_ids: Sequence[int]) -> list[SearchDocument]:
    """Products as the index takes them, by id; unknown ids are missing."""
    return [_document(row) for row in await queries.search_documents(conn, product_ids=list(product_ids))]


async def last_product_id(conn: Connection) -> int:
    """The highest product id there is."""
    row = await queries.sitemap_size(conn)
    return int(row["last_product_id"])


async def sitemap_pages(conn: Connection) -> list[tuple[str, datetime]]:
    """Path and time of change of each category and collection page."""
    return [(row["url"], row["updated_at"]) for row in await queries.sitemap_pages(conn)]


async def sitemap_products(conn: Connection, after_id: int, until_id: int, most: int) -> list[tuple[int, str, datetime]]:
    """Id, slug and time of change of published products, by id."""
    rows = await queries.sitemap_products(conn, after_id=after_id, until_id=until_id, most=most)
    return [(row["id"], row["slug"], row["updated_at"]) for row in rows]


_BEST_FIRST = ("in_stock", "few_left", "preorder", "backorder", "sold_out")


def best_availability(found: Iterable[Any]) -> Any:
    """The best of several, as for a product of many variants; of none: sold out."""
    return min(found, key=_BEST_FIRST.index, default="sold_out")


def _options(names: Sequence[str], variants: Sequence[Variant]) -> tuple[Option, ...]:
    options = []
    for place, name in enumerate(names):
        available: dict[str, bool] = {}
        for variant in variants:
            if place < len(variant.option_values):
                value = variant.option_values[place]
                available[value] = available.get(value, False) or variant.availability != "sold_out"
        options.append(Option(name, tuple(OptionValue(value, open_) for value, open_ in available.items())))
    return tuple(options)


def _card(row: Mapping[str, Any], currency: str) -> Card:
    media = _media(row["media"])
    return Card(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        brand=row["brand"],
        price=Price(row["amount"], currency, row["compare_at"]),
        price_varies=row["highest"] > row["amount"],
        availability=row["availability"],
        media=media[0] if media else None,
        hover_media=media[1] if len(media) > 1 else None,
        rating_average=_average(row),
        rating_count=row["rating_count"],
        single_variant_id=row["single_variant_id"],
    )


def _category(row: Mapping[str, Any], product_count: int) -> Category:
    return Category(
        id=row["id"],
        parent_id=row["parent_id"],
        slug=row["slug"],
        path=row["path"],
        name=row["name"],
        description_html=row["description_html"],
        position=row["position"],
        media=msgspec.convert(row["media"], Media | None),
        product_count=product_count,
        seo_title=row["seo_title"],
        seo_description=row["seo_description"],
    )


def _sale_variant(row: Mapping[str, Any]) -> SaleVariant:
    return SaleVariant(
        id=row["id"],
        product_id=row["product_id"],
        sku=row["sku"],
        title=row["title"],
        slug=row["slug"],
        options=tuple(zip(row["option_names"], row["option_values"], strict=False)),
        amount=row["amount"],
        compare_at=row["compare_at"],
        image_url=row["image_url"],
        weight_grams=row["weight_grams"],
        taxable=row["taxable"],
        tax_code=row["tax_code"],
        requires_delivery=row["requires_delivery"],
        track_stock=row["track_stock"],
        on_sale=row["on_sale"],
        available=row["available"] if row["track_stock"] else UNTRACKED,
    )


def _document(row: Mapping[str, Any]) -> SearchDocument:
    published_at = row["published_at"]
    return SearchDocument(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        brand=row["brand"],
        category_names=tuple(row["category_names"] or ()),
        category_paths=tuple(row["category_paths"] or ()),
        tags=tuple(row["tags"]),
        description=plain_text(row["description_html"]),
        skus=tuple(row["skus"] or ()),
        barcodes=tuple(row["barcodes"] or ()),
        attributes=_lists(row["attributes"]),
        offers={currency: _offer(row["option_names"], offer) for currency, offer in (row["offers"] or {}).items()},
        popularity=row["popularity"],
        rating_average=_average(row),
        rating_count=row["rating_count"],
        published_at=int(published_at.timestamp()) if published_at else 0,
        published=row["published"],
        collection_ids=tuple(row["collection_ids"]),
        stars=row["stars"],
    )


def _offer(names: Sequence[str], offer: Mapping[str, Any]) -> Offer:
    options: dict[str, list[str]] = {name: [] for name in names}
    for choice in offer["choices"]:
        for name, value in zip(names, choice, strict=False):
            if value not in options[name]:
                options[name].append(value)
    return Offer(offer["lowest"], offer["highest"], offer["availability"], options)


def _media(found: Any) -> tuple[Media, ...]:
    return msgspec.convert(found or [], tuple[Media, ...])


def _lists(attributes: Any) -> dict[str, list[str]]:
    return {name: [str(value) for value in values] for name, values in attributes.items() if isinstance(values, list)}


def _average(row: Mapping[str, Any]) -> float | None:
    return round(row["rating_sum"] / row["rating_count"], 1) if row["rating_count"] else None
