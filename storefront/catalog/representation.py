"""What the JSON API shows of the catalog: its types, and how they are made from the catalog's own."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storefront.catalog.model import (
    Availability,
    Card,
    Category,
    Collection,
    Listing,
    Media,
    Price,
    ProductPage,
    Variant,
)
from storefront.platform.money import Money


class Image(msgspec.Struct):
    url: str
    alt: str
    width: int | None
    height: int | None


class Rating(msgspec.Struct):
    average: float
    count: int


class ProductSummary(msgspec.Struct):
    """A product in a list. `price` is the lowest of its variants; `variant_id` is set when it has only one."""

    id: int
    slug: str
    url: str
    title: str
    brand: str
    price: Money
    compare_at: Money | None
    price_varies: bool
    availability: Availability
    image: Image | None
    rating: Rating | None
    variant_id: int | None


class ProductVariant(msgspec.Struct):
    """`options` maps option names to this variant's values."""

    id: int
    sku: str
    options: dict[str, str]
    price: Money
    compare_at: Money | None
    availability: Availability
    barcode: str | None
    weight_grams: int
    image: Image | None


class ProductOptionValue(msgspec.Struct):
    value: str
    available: bool


class ProductOption(msgspec.Struct):
    name: str
    values: list[ProductOptionValue]


class CategoryReference(msgspec.Struct):
    id: int
    name: str
    path: str


class ProductDetail(msgspec.Struct):
    """A product with all its variants that have a price in the currency. `categories` run from the root down."""

    id: int
    slug: str
    url: str
    title: str
    brand: str
    description_html: str
    attributes: dict[str, list[str]]
    tags: list[str]
    options: list[ProductOption]
    variants: list[ProductVariant]
    images: list[Image]
    categories: list[CategoryReference]
    related: list[ProductSummary]
    availability: Availability
    rating: Rating | None
    published_at: datetime | None
    updated_at: datetime


class ProductPageOfList(msgspec.Struct):
    items: list[ProductSummary]
    next_cursor: str | None


class CategoryItem(msgspec.Struct):
    """`product_count` counts published products of the category and of all below it."""

    id: int
    parent_id: int | None
    slug: str
    path: str
    url: str
    name: str
    description_html: str
    image: Image | None
    product_count: int


class CategoryList(msgspec.Struct):
    items: list[CategoryItem]
    next_cursor: None = None


class CollectionItem(msgspec.Struct):
    id: int
    slug: str
    url: str
    name: str
    description_html: str


class CollectionList(msgspec.Struct):
    items: list[CollectionItem]
    next_cursor: str | None


class FacetChoice(msgspec.Struct):
    value: str
    label: str
    count: int
    selected: bool


class FacetItem(msgspec.Struct):
    """A filter: send `key=value`, except for price, whose values are bands in minor units, both ends included."""

    key: str
    label: str
    values: list[FacetChoice]


class ProductListing(msgspec.Struct):
    """A page of a listing. `price_min` and `price_max` span the products before any filter.

    `counts_estimated` says that facets were counted over a part of very many products, `total_estimated` that these were, and so the pages.
    """

    items: list[ProductSummary]
    total: int
    total_estimated: bool
    page: int
    page_count: int
    sort: str
    facets: list[FacetItem]
    price_min: Money | None
    price_max: Money | None
    counts_estimated: bool


def summary(card: Card) -> ProductSummary:
    """A card as JSON."""
    return ProductSummary(
        id=card.id,
        slug=card.slug,
        url=card.url,
        title=card.title,
        brand=card.brand,
        price=Money(card.price.amount, card.price.currency),
        compare_at=_compare_at(card.price),
        price_varies=card.price_varies,
        availability=card.availability,
        image=_image(card.media),
        rating=_rating(card.rating_average, card.rating_count),
        variant_id=card.single_variant_id,
    )


def detail(page: ProductPage) -> ProductDetail:
    """A product page as JSON."""
    names = [option.name for option in page.options]
    return ProductDetail(
        id=page.id,
        slug=page.slug,
        url=page.url,
        title=page.title,
        brand=page.brand,
        description_html=page.description_html,
        attributes=page.attributes,
        tags=list(page.tags),
        options=[
            ProductOption(option.name, [ProductOptionValue(value.value, value.available) for value in option.values])
            for option in page.options
        ],
        variants=[_variant(variant, names, page.media) for variant in page.variants],
        images=[image for media in page.media if (image := _image(media))],
        categories=[CategoryReference(category.id, category.name, category.path) for category in page.categories],
        related=[summary(card) for card in page.related],
        availability=page.availability,
        rating=_rating(page.rating_average, page.rating_count),
        published_at=page.published_at,
        updated_at=page.updated_at,
    )


def _variant(variant: Variant, names: Sequence[str], media: Sequence[Media]) -> ProductVariant:
    return ProductVariant(
        id=variant.id,
        sku=variant.sku,
        options=dict(zip(names, variant.option_values, strict=False)),
        price=Money(variant.price.amount, variant.price.currency),
        compare_at=_compare_at(variant.price),
        availability=variant.availability,
        barcode=variant.barcode,
        weight_grams=variant.weight_grams,
        image=_image(next((picture for picture in media if picture.id == variant.media_id), None)),
    )


def product_listing(listing: Listing) -> ProductListing:
    """A listing as JSON."""

    def money(amount: int | None) -> Money | None:
        return None if amount is None else Money(amount, listing.currency)

    return ProductListing(
        items=[summary(card) for card in listing.cards],
        total=listing.total,
        total_estimated=listing.total_estimated,
        page=listing.page,
        page_count=listing.page_count,
        sort=next(sort.key for sort in listing.sorts if sort.selected),
        facets=[
            FacetItem(
                facet.key,
                facet.label,
                [FacetChoice(choice.value, choice.label, choice.count, choice.selected) for choice in facet.values],
            )
            for facet in listing.facets
        ],
        price_min=money(listing.price_min),
        price_max=money(listing.price_max),
        counts_estimated=listing.estimated,
    )


def category_item(category: Category) -> CategoryItem:
    """A category as JSON."""
    return CategoryItem(
        id=category.id,
        parent_id=category.parent_id,
        slug=category.slug,
        path=category.path,
        url=category.url,
        name=category.name,
        description_html=category.description_html,
        image=_image(category.media),
        product_count=category.product_count,
    )


def collection_item(collection: Collection) -> CollectionItem:
    """A collection as JSON."""
    return CollectionItem(collection.id, collection.slug, collection.url, collection.name, collection.description_html)


def _compare_at(price: Price) -> Money | None:
    return None if price.compare_at is None else Money(price.compare_at, price.currency)


def _image(media: Media | None) -> Image | None:
    return None if media is None else Image(media.url, media.alt, media.width, media.height)


def _rating(average: float | None, count: int) -> Rating | None:
    return None if average is None else Rating(average, count)
