"""Listings: category, collection and search pages, from the address a shopper asked for to everything the page shows.

`parse` takes the parameters it knows, in one normal form; `build_listing` finds, fetches the cards and adds the addresses around them.
The finder is the search index, wired by the application; when there is none, or it fails, plain SQL answers instead.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from urllib.parse import quote, urlencode

import msgspec
import structlog
from aiohttp import web

from storefront.catalog import service
from storefront.catalog.model import (
    Category,
    Collection,
    Crumb,
    Facet,
    FacetValue,
    Listing,
    ListingQuery,
    ListingResult,
    SortChoice,
)
from storefront.catalog.prices import band_limits, is_band
from storefront.platform.database import Database
from storefront.platform.money import format_amount, to_major, to_minor

log = structlog.get_logger("catalog")

Finder = Callable[[ListingQuery], Awaitable[ListingResult]]
LISTING_FINDER: web.AppKey[Finder] = web.AppKey("listing_finder")

PAGE_SIZE = 24
LAST_PAGE = 10_000
LONGEST_TEXT = 200
LONGEST_VALUE = 255
MOST_VALUES = 20  # selected in one facet
MOST_FACETS = 10  # with a selection
SHOWN_VALUES = 40  # of one facet

SORT_LABELS = {
    "relevance": "Best match",
    "popular": "Most popular",
    "newest": "Newest",
    "price": "Price: low to high",
    "-price": "Price: high to low",
    "title": "Name: A to Z",
}
AVAILABILITY_LABELS = {
    "in_stock": "In stock",
    "few_left": "Only a few left",
    "preorder": "Pre-order",
    "backorder": "Back-order",
    "sold_out": "Sold out",
}
_NAMED_FACETS = ("category", "brand", "availability")
_SIZES = ("xxs", "xs", "s", "m", "l", "xl", "xxl", "2xl", "3xl", "4xl", "5xl")
_DIGITS = re.compile(r"(\d+)")


class Frame(msgspec.Struct, frozen=True):
    """What a listing is of, and what stands around it. `path` is the page's address without parameters."""

    title: str
    path: str
    currency: str
    text: str = ""
    category: Category | None = None
    collection: Collection | None = None
    categories: Sequence[Category] = ()  # the whole tree, flat: for names of the category facet and for subcategories
    description_html: str = ""
    breadcrumbs: tuple[Crumb, ...] = ()
    text_parameter: str = "q"

    @property
    def by_hand(self) -> bool:
        """Whether someone put the products in order."""
        return self.collection is not None and self.collection.curated

    @property
    def default_sort(self) -> str:
        return "relevance" if self.text or self.by_hand else "popular"

    @property
    def sorts(self) -> dict[str, str]:
        """The sorts on offer, with their labels."""
        offered = dict(SORT_LABELS)
        if self.by_hand and not self.text:
            offered["relevance"] = "Featured"
        elif not self.text:
            del offered["relevance"]
        return offered


def is_plain(value: str, longest: int = LONGEST_VALUE) -> bool:
    """Whether a parameter may reach a database or an index: short, without control characters, and Unicode that can be encoded."""
    return 0 < len(value) <= longest and not any(ch < " " or ch == "\x7f" or "\ud800" <= ch <= "\udfff" for ch in value)


def clean_text(value: str) -> str:
    """A search text in normal form: blanks single, nothing unprintable, at most LONGEST_TEXT characters."""
    printable = "".join(ch if ch >= " " and ch != "\x7f" and not "\ud800" <= ch <= "\udfff" else " " for ch in value)
    return " ".join(printable.split())[:LONGEST_TEXT].rstrip()


def parse(parameters: Iterable[tuple[str, str]], frame: Frame, *, page_size: int = PAGE_SIZE) -> ListingQuery:
    """The query of an address. What is unknown is ignored, what is wrong counts as not given; the order of parameters does not matter."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if is_plain(name) and is_plain(value.strip()):
            given.setdefault(name, []).append(value.strip())
    low, high = _price(given, "price_min", frame.currency), _price(given, "price_max", frame.currency)
    if low is not None and high is not None and low > high:
        low, high = high, low
    sort = given.get("sort", [""])[-1]
    return ListingQuery(
        currency=frame.currency,
        text=frame.text,
        category_path=frame.category.path if frame.category else None,
        collection_id=frame.collection.id if frame.collection else None,
        sort=sort if sort in frame.sorts else frame.default_sort,
        page=_page(given.get("page", [""])[-1]),
        page_size=page_size,
        selected=_selected(given, frame),
        price_min=low,
        price_max=high,
    )


def _price(given: dict[str, list[str]], name: str, currency: str) -> int | None:
    text = given.get(name, [""])[-1]
    if "." not in text:
        text = text.replace(",", ".")
    try:
        amount = to_minor(text, currency)
    except ValueError:
        return None
    return amount if amount >= 0 else None


def _page(text: str) -> int:
    return min(int(text), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 and int(text) > 0 else 1


def _selected(given: dict[str, list[str]], frame: Frame) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, tuple[str, ...]] = {}
    for key, values in given.items():
        if key == "category":
            known = {category.path for category in frame.categories}
            values = [] if frame.category else [value for value in values if value in known][-1:]
        elif key == "availability":
            values = [value for value in values if value in AVAILABILITY_LABELS]
        elif key != "brand" and not (key.startswith(("opt.", "attr.")) and key.partition(".")[2]):
            continue
        if values:
            found[key] = tuple(sorted(set(values))[:MOST_VALUES])
    return tuple(sorted(found.items())[:MOST_FACETS])


def parameters_of(query: ListingQuery, frame: Frame, *, page: int = 1) -> list[tuple[str, str]]:
    """The parameters of a query in their one stable order; what is a default is left out."""
    selected = dict(query.selected)
    found = [(frame.text_parameter, query.text)] if query.text else []
    for key in [*_NAMED_FACETS, *sorted(set(selected) - set(_NAMED_FACETS))]:
        found += [(key, value) for value in selected.get(key, ())]
    if query.price_min is not None:
        found.append(("price_min", typed_price(query.price_min, query.currency)))
    if query.price_max is not None:
        found.append(("price_max", typed_price(query.price_max, query.currency)))
    if query.sort != frame.default_sort:
        found.append(("sort", query.sort))
    if page > 1:
        found.append(("page", str(page)))
    return found


def address(query: ListingQuery, frame: Frame, *, page: int = 1) -> str:
    """The canonical address of a query: equal queries have equal addresses."""
    parameters = urlencode(parameters_of(query, frame, page=page), quote_via=quote)
    return f"{frame.path}?{parameters}" if parameters else frame.path


def typed_price(amount: int, currency: str) -> str:
    """Minor units as a shopper types them: "20", "19.99"."""
    major = to_major(amount, currency)
    whole = major.to_integral_value()
    return str(int(whole)) if major == whole else format(Decimal(major), "f")


async def build_listing(
    database: Database, query: ListingQuery, frame: Frame, *, find: Finder | None, clamp: bool = True
) -> Listing:
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
        facets=_facets(query, result, frame),
        breadcrumbs=frame.breadcrumbs,
        description_html=frame.description_html,
        category=frame.category,
        subcategories=service.forest(frame.categories, parent_id=frame.category.id) if frame.category else (),
        collection=frame.collection,
        previous_url=address(query, frame, page=query.page - 1) if 1 < query.page <= page_count else None,
        next_url=address(query, frame, page=query.page + 1) if query.page < page_count else None,
        clear_url=address(unfiltered, frame) if filtered else None,
        page_links=tuple((page, address(query, frame, page=page)) for page in _pages_around(query.page, page_count)),
        price_min=result.price_min,
        price_max=result.price_max,
        currency=query.currency,
        price_from="" if query.price_min is None else typed_price(query.price_min, query.currency),
        price_to="" if query.price_max is None else typed_price(query.price_max, query.currency),
        parameters=tuple((name, value) for name, value in parameters if name not in ("price_min", "price_max")),
        query=query.text,
        did_you_mean=(suggestion, f"{frame.path}?{urlencode({frame.text_parameter: suggestion}, quote_via=quote)}")
        if suggestion
        else None,
    )


def _pages_around(page: int, page_count: int) -> list[int]:
    """First, last, and two on each side."""
    near = range(max(1, page - 2), min(page_count, page + 2) + 1)
    return sorted({1, *near, page_count}) if page_count > 1 else []


def _facets(query: ListingQuery, result: ListingResult, frame: Frame) -> tuple[Facet, ...]:
    selected = dict(query.selected)
    keys = set(result.facets) | set(selected)
    named = [key for key in ("category", "price", "brand", "availability") if key in keys]
    others = sorted((key for key in keys if key.startswith(("opt.", "attr."))), key=lambda key: (key.startswith("attr."), key))
    found = []
    for key in [*named, *others]:
        counts = dict(result.facets.get(key, ()))
        if key == "price":
            facet = _price_facet(query, counts, frame)
        elif key == "category":
            facet = _category_facet(query, counts, frame, selected.get(key, ()))
        else:
            facet = _value_facet(query, key, counts, frame, selected.get(key, ()))
        if any(value.selected for value in facet.values) or _narrows(facet, result.total):
            found.append(facet)
    return tuple(found)


def _narrows(facet: Facet, total: int) -> bool:
    """A facet whose one value holds for every product is no choice."""
    return len(facet.values) > 1 or any(value.count < total for value in facet.values)


def _value_facet(query: ListingQuery, key: str, counts: dict[str, int], frame: Frame, selected: Sequence[str]) -> Facet:
    ranked = sorted(counts, key=lambda value: (value not in selected, -counts[value], value))
    shown = [*ranked[:SHOWN_VALUES], *(value for value in selected if value not in counts)]
    labels = AVAILABILITY_LABELS if key == "availability" else {}
    if key == "availability":
        shown.sort(key=list(AVAILABILITY_LABELS).index)
    elif key.startswith("opt."):
        shown.sort(key=natural_order)
    else:
        shown.sort(key=lambda value: (-counts.get(value, 0), value.casefold(), value))
    values = []
    for value in shown:
        now = [other for other in selected if other != value] if value in selected else [*selected, value]
        values.append(
            FacetValue(value, labels.get(value, value), counts.get(value, 0), value in selected, _switched(query, key, now, frame))
        )
    label = {"brand": "Brand", "availability": "Availability"}.get(key, key.partition(".")[2])
    return Facet(key, label, tuple(values))


def _category_facet(query: ListingQuery, counts: dict[str, int], frame: Frame, selected: Sequence[str]) -> Facet:
    """One level at a time: the top, and what is below the selected category."""
    if frame.category:
        return Facet("category", "Category", ())
    by_id = {category.id: category for category in frame.categories}
    chosen = next((category for category in frame.categories if category.path in selected), None)
    opened: set[int | None] = {None}
    trail: set[int] = set()
    while chosen is not None:
        opened.add(chosen.id)
        trail.add(chosen.id)
        chosen = by_id.get(chosen.parent_id) if chosen.parent_id is not None else None
    values = []
    for category in frame.categories:
        count = counts.get(category.path, 0)
        if category.parent_id in opened and (count or category.id in trail):
            on = category.path in selected
            url = _switched(query, "category", [] if on else [category.path], frame)
            values.append(FacetValue(category.path, category.name, count, on, url))
    values.sort(key=lambda value: value.value.split("/"))
    return Facet("category", "Category", tuple(values))


def _price_facet(query: ListingQuery, counts: dict[str, int], frame: Frame) -> Facet:
    chosen = is_band(query.price_min, query.price_max)
    if query.price_min is None and query.price_max is None:
        chosen = None
    values = []
    for band in sorted({*counts, *([chosen] if chosen else [])}, key=lambda band: band_limits(band)[0]):
        low, high = (None, None) if band == chosen else band_limits(band)
        url = address(msgspec.structs.replace(query, price_min=low or None, price_max=high), frame)
        values.append(FacetValue(band, band_label(band, query.currency), counts.get(band, 0), band == chosen, url))
    return Facet("price", "Price", tuple(values))


def band_label(band: str, currency: str) -> str:
    """A price band for people: "€25.00 – €49.99", "From €2,500.00"."""
    low, high = band_limits(band)
    if high is None:
        return f"From {format_amount(low, currency)}"
    return f"{format_amount(low, currency)} – {format_amount(high, currency)}" if low else f"Up to {format_amount(high, currency)}"


def _switched(query: ListingQuery, key: str, values: Sequence[str], frame: Frame) -> str:
    selected = dict(query.selected)
    selected.pop(key, None)
    if values:
        selected[key] = tuple(sorted(values))
    return address(msgspec.structs.replace(query, selected=tuple(sorted(selected.items()))), frame)


def natural_order(value: str) -> tuple[int, list[tuple[int, int, str]], str]:
    """Sorts option values as people do: XS before S before M, 9 before 10."""
    folded = value.casefold()
    if folded in _SIZES:
        return 0, [(0, _SIZES.index(folded), "")], value
    pieces = [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in _DIGITS.split(folded) if piece]
    return 1, pieces, value
