"""Types of the catalog. Amounts are integer minor units; times are aware UTC."""

from datetime import datetime
from typing import Literal
from urllib.parse import quote

import msgspec

Availability = Literal["in_stock", "few_left", "sold_out", "backorder", "preorder"]


class Media(msgspec.Struct, frozen=True):
    """A picture. `url` is an absolute address or a path under /media/."""

    id: int
    url: str
    alt: str
    width: int | None = None
    height: int | None = None


class Crumb(msgspec.Struct, frozen=True):
    name: str
    url: str


class Category(msgspec.Struct, frozen=True):
    """`path` is the slugs from the root joined by '/', as in /c/{path}."""

    id: int
    parent_id: int | None
    slug: str
    path: str
    name: str
    description_html: str = ""
    position: int = 0
    media: Media | None = None
    product_count: int = 0
    seo_title: str | None = None
    seo_description: str | None = None
    children: tuple["Category", ...] = ()  # filled in a navigation tree only

    @property
    def url(self) -> str:
        return f"/c/{quote(self.path)}"


class Collection(msgspec.Struct, frozen=True):
    """`curated` says that its products were chosen, and put in order, by hand; else a rule finds them."""

    id: int
    slug: str
    name: str
    description_html: str = ""
    curated: bool = True

    @property
    def url(self) -> str:
        return f"/collections/{quote(self.slug)}"


class Redirect(msgspec.Struct, frozen=True):
    """The page that was asked for has moved to `url` for good."""

    url: str


class Price(msgspec.Struct, frozen=True):
    """`compare_at` is the earlier price that a page strikes through, or None."""

    amount: int
    currency: str
    compare_at: int | None = None


class Card(msgspec.Struct, frozen=True):
    """A product as a listing shows it. `price` is the lowest of its variants; `price_varies` says there are higher ones."""

    id: int
    slug: str
    title: str
    brand: str
    price: Price
    price_varies: bool
    availability: Availability
    media: Media | None = None
    hover_media: Media | None = None
    rating_average: float | None = None
    rating_count: int = 0
    single_variant_id: int | None = None  # set when the product can be added to a cart from its card

    @property
    def url(self) -> str:
        return f"/p/{quote(self.slug)}"


class CollectionWithCards(msgspec.Struct, frozen=True):
    """A collection as the home page shows it: its first products."""

    collection: Collection
    cards: tuple[Card, ...]

    @property
    def name(self) -> str:
        return self.collection.name

    @property
    def slug(self) -> str:
        return self.collection.slug

    @property
    def url(self) -> str:
        return self.collection.url


class Variant(msgspec.Struct, frozen=True):
    id: int
    sku: str
    option_values: tuple[str, ...]
    price: Price
    availability: Availability
    barcode: str | None = None
    weight_grams: int = 0
    media_id: int | None = None


class OptionValue(msgspec.Struct, frozen=True):
    value: str
    available: bool


class Option(msgspec.Struct, frozen=True):
    name: str
    values: tuple[OptionValue, ...]


class ProductPage(msgspec.Struct, frozen=True):
    """All that a product page shows. `variants` holds active variants with a price in the page's currency, in order."""

    id: int
    slug: str
    title: str
    brand: str
    description_html: str
    attributes: dict[str, list[str]]
    tags: tuple[str, ...]
    options: tuple[Option, ...]
    variants: tuple[Variant, ...]
    media: tuple[Media, ...]
    breadcrumbs: tuple[Crumb, ...]
    related: tuple[Card, ...]
    availability: Availability
    updated_at: datetime
    published_at: datetime | None = None
    seo_title: str | None = None
    seo_description: str | None = None
    rating_average: float | None = None
    rating_count: int = 0
    categories: tuple[Category, ...] = ()  # its category and all above, the root first; without counts and pictures

    @property
    def url(self) -> str:
        return f"/p/{quote(self.slug)}"


class FacetValue(msgspec.Struct, frozen=True):
    """One choice of a facet. `url` is the listing with this choice switched."""

    value: str
    label: str
    count: int
    selected: bool
    url: str


class Facet(msgspec.Struct, frozen=True):
    """A filter. `key` is its URL parameter (brand, availability, price, opt.Size, attr.Material, category)."""

    key: str
    label: str
    values: tuple[FacetValue, ...]


class SortChoice(msgspec.Struct, frozen=True):
    key: str  # relevance, popular, newest, price, -price, title
    label: str
    selected: bool
    url: str


class Highlight(msgspec.Struct, frozen=True):
    """Where a product matches a text: HTML, escaped, with <mark> around what was looked for. `snippet` is of the description, or empty."""

    title: str
    snippet: str


class Listing(msgspec.Struct, frozen=True):
    """One page of products with the filters around it; the same type serves category, collection and search pages."""

    title: str
    url: str  # canonical, without page and filters
    cards: tuple[Card, ...]
    total: int
    page: int
    page_count: int
    sorts: tuple[SortChoice, ...]
    facets: tuple[Facet, ...] = ()
    breadcrumbs: tuple[Crumb, ...] = ()
    description_html: str = ""
    category: Category | None = None
    subcategories: tuple[Category, ...] = ()
    collection: Collection | None = None
    previous_url: str | None = None
    next_url: str | None = None
    clear_url: str | None = None  # set when a filter is on
    page_links: tuple[tuple[int, str], ...] = ()
    price_min: int | None = None  # minor units, of the unfiltered set
    price_max: int | None = None
    currency: str = ""
    price_from: str = ""  # the price filter as a shopper types it: major units
    price_to: str = ""
    parameters: tuple[tuple[str, str], ...] = ()  # what a price form must carry along: all but price and page
    query: str = ""
    did_you_mean: tuple[str, str] | None = None  # (text, url)
    degraded: bool = False  # answered without the index
    late: bool = False  # its counts may be of before the last change
    estimated: bool = False  # the counts of its facets were made from a part of the products
    total_estimated: bool = False  # so was the total; all pages that are linked are there
    highlights: dict[int, Highlight] = {}  # by product id, where a text matched

    @property
    def shared_seconds(self) -> int:
        """How long caches may keep a page of it: one that was found without the index, or counted before a change, for seconds only."""
        return 5 if self.degraded else 1 if self.late else 60


class ListingQuery(msgspec.Struct, frozen=True):
    """What a shopper asked of a listing, already validated and normalised (allow-list of parameters)."""

    currency: str
    text: str = ""
    category_path: str | None = None
    collection_id: int | None = None
    sort: str = "popular"
    page: int = 1
    page_size: int = 24
    selected: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (facet key, values), sorted
    price_min: int | None = None
    price_max: int | None = None


class ListingResult(msgspec.Struct, frozen=True):
    """What was found: one page of product ids in order, and counts for the filters.

    `facets` maps a facet key (brand, availability, rating, price, category, opt.Size, attr.Material) to (value, products). The counts of a
    facet ignore its own selection. Values: a category is its path, counted with all below it; a price is a band as in
    `storefront.catalog.listing.price_band`; a rating is "1" to "4", counted with all that have as many stars or more.
    `price_min` and `price_max` are minor units over the set before any filter. `suggestion` is a better spelling of the text, if there
    is one. `estimated` says that the counts were made from a part of the products, `total_estimated` that the total was; two pages after
    this one are there in any case. `late` says that counts may be of before the last change, and will be right in a moment.
    `highlights` is by product id.
    """

    ids: tuple[int, ...]
    total: int
    facets: dict[str, list[tuple[str, int]]] = {}
    price_min: int | None = None
    price_max: int | None = None
    suggestion: str | None = None
    estimated: bool = False
    total_estimated: bool = False
    late: bool = False
    highlights: dict[int, Highlight] = {}


class Offer(msgspec.Struct, frozen=True):
    """What a product is in one currency: active variants with a price in it. Prices are minor units."""

    lowest: int
    highest: int
    availability: Availability
    options: dict[str, list[str]]


class SearchDocument(msgspec.Struct, frozen=True):
    """A product as the search index takes it. Only active variants with a price count; `published_at` is seconds since 1970.

    `offers` is by currency. `published` says that it may be shown once `published_at` has come.
    """

    id: int
    slug: str
    title: str
    brand: str
    category_names: tuple[str, ...]  # from the root down
    category_paths: tuple[str, ...]  # likewise; the last is its own category
    tags: tuple[str, ...]
    description: str  # plain text
    skus: tuple[str, ...]
    barcodes: tuple[str, ...]
    attributes: dict[str, list[str]]
    offers: dict[str, Offer]
    popularity: int
    rating_average: float | None
    rating_count: int
    published_at: int
    published: bool
    collection_ids: tuple[int, ...]  # curated and rule-made
    stars: int = 0  # whole stars that its average rating reaches, as it is shown; 0 without a rating


class SaleVariant(msgspec.Struct, frozen=True):
    """A variant as the till needs it, read from the primary. `amount` is None when it has no price in the currency."""

    id: int
    product_id: int
    sku: str
    title: str
    slug: str
    options: tuple[tuple[str, str], ...]
    amount: int | None
    compare_at: int | None
    image_url: str | None
    weight_grams: int
    taxable: bool
    tax_code: str
    requires_delivery: bool
    track_stock: bool
    on_sale: bool  # variant active, product active and published
    available: int  # over all locations, with backorder limits counted in; a large number when not tracked
    category_ids: tuple[int, ...] = ()  # its category and all above: only where it was asked for (`memberships`)
    collection_ids: tuple[int, ...] = ()  # likewise
