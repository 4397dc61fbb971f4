"""The filters around a listing: each value with its count and the address that switches it."""

import itertools
import re
from collections.abc import Sequence

import msgspec

from storefront.catalog.model import Facet, FacetValue, ListingQuery, ListingResult
from storefront.catalog.prices import band_limits, is_band
from storefront.catalog.query import AVAILABILITY_LABELS, Frame, address
from storefront.platform.money import format_amount

SHOWN_VALUES = 40  # of one facet
_SIZES = ("xxs", "xs", "s", "m", "l", "xl", "xxl", "2xl", "3xl", "4xl", "5xl")
_DIGITS = re.compile(r"(\d+)")


def facets_of(query: ListingQuery, result: ListingResult, frame: Frame) -> tuple[Facet, ...]:
    """The facets worth showing, in a fixed order; a selected value is shown even when it counts nothing."""
    selected = dict(query.selected)
    keys = set(result.facets) | set(selected)
    named = [key for key in ("category", "price", "brand", "availability") if key in keys]
    # What a shopper chooses by before what others thought of it: a page shows the first few open.
    others = [sorted(key for key in keys if key.startswith(prefix)) for prefix in ("opt.", "rating", "attr.")]
    found = []
    for key in itertools.chain(named, *others):
        counts = dict(result.facets.get(key, ()))
        if key == "price":
            facet = _price_facet(query, counts, frame)
        elif key == "category":
            facet = _category_facet(query, counts, frame, selected.get(key, ()))
        elif key == "rating":
            facet = _rating_facet(query, counts, frame, selected.get(key, ()))
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


def _rating_facet(query: ListingQuery, counts: dict[str, int], frame: Frame, selected: Sequence[str]) -> Facet:
    """One choice at a time: each counts all that have as many stars or more."""
    values = []
    for value in sorted({*counts, *selected}, reverse=True):
        on = value in selected
        label = f"{value} {'star' if value == '1' else 'stars'} and up"
        values.append(FacetValue(value, label, counts.get(value, 0), on, _switched(query, "rating", [] if on else [value], frame)))
    return Facet("rating", "Rating", tuple(values))


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
