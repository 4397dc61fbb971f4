"""What a listing is asked: from the parameters of an address to a query in one normal form, and back to the one address of a query."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from urllib.parse import quote, urlencode

import msgspec

from storefront.catalog.model import Category, Collection, Crumb, ListingQuery
from storefront.platform.money import to_major, to_minor

PAGE_SIZE = 24
LAST_PAGE = 10_000
LONGEST_TEXT = 200
LONGEST_VALUE = 255
MOST_VALUES = 20  # selected in one facet
MOST_FACETS = 10  # with a selection

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
RATINGS = ("1", "2", "3", "4")  # stars at least
_NAMED_FACETS = ("category", "brand", "availability", "rating")


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
        elif key == "rating":
            values = [value for value in values if value in RATINGS][-1:]
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


def category_frame(found: Category, categories: Sequence[Category], currency: str) -> Frame:
    """The frame of a category's listing."""
    by_id = {category.id: category for category in categories}
    trail = [found]
    while (parent_id := trail[0].parent_id) is not None and parent_id in by_id:
        trail.insert(0, by_id[parent_id])
    return Frame(
        title=found.name,
        path=found.url,
        currency=currency,
        category=found,
        categories=categories,
        description_html=found.description_html,
        breadcrumbs=tuple(Crumb(category.name, category.url) for category in trail),
    )


def collection_frame(found: Collection, categories: Sequence[Category], currency: str) -> Frame:
    """The frame of a collection's listing."""
    return Frame(
        title=found.name,
        path=found.url,
        currency=currency,
        collection=found,
        categories=categories,
        description_html=found.description_html,
        breadcrumbs=(Crumb(found.name, found.url),),
    )
