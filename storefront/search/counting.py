"""Facets with their counts, and the price span, of one listing."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec
import tantivy
from tantivy import Query

from storefront.catalog.model import ListingQuery
from storefront.search import sorting
from storefront.search.filters import KINDS, Facets, all_of, choice, counting, facets_of, price_span, sample
from storefront.search.schema import HALVINGS

LARGE = 10_000  # products from which on counts are estimated, and kept
COUNTED = 2_500  # products that are counted for more than those, about
ROUGHLY = 6  # halvings of the catalog, by what is left of which it is seen how many products there are
KEPT = 256  # listings
SAME_SECONDS = 60.0  # that counts are kept while the index does not change
CHANGED_SECONDS = 0.5  # that they are kept over a change: a page may be a second late (docs/architecture.md)


class Counts(msgspec.Struct, frozen=True):
    """`facets` by key, most products first; the lowest and highest price are minor units, before any filter.

    Those of LARGE listings are `estimated`: over a part of the products, so that they cost the same however many there are.
    """

    facets: Facets
    price_min: int | None
    price_max: int | None
    estimated: bool


class Memo:
    """Counts of large listings, which cost many times what a page of them costs. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[ListingQuery, tuple[int, float, Counts]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: ListingQuery, state: int) -> Counts | None:
        """Counts of this state of the index, or of one that was current a moment ago."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            made_of, made_at, counts = found
            age = time.monotonic() - made_at
            if age > (SAME_SECONDS if made_of == state else CHANGED_SECONDS):
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return counts

    def keep(self, key: ListingQuery, state: int, began: float, counts: Counts) -> None:
        """Keeps counts that began to be made at `began` (monotonic)."""
        with self._lock:
            self._kept[key] = (state, began, counts)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._kept.clear()


def count(
    searcher: tantivy.Searcher,
    schema: tantivy.Schema,
    query: ListingQuery,
    before: Query,
    on: dict[str, Query],
    total: int,
    categories: Sequence[str],
) -> Counts:
    """Counts of every facet, each without its own selection; of the categories only these, as no others can be chosen next.

    `before` finds what no filter narrowed, `on` are the filters by key, and `total` is how many products they leave.
    """
    span = price_span(query.currency)
    wanted = counting(query.currency, KINDS, categories)
    counted, times = _aggregated(searcher, schema, all_of(before, *on.values()), wanted if on else wanted | span, total)
    facets = {key: pairs for key, pairs in facets_of(counted, times).items() if key not in on}
    estimated = times > 1
    selected = dict(query.selected)
    spanned = None if on else counted
    for key in on:
        if key == "category" and not categories:
            continue
        others = all_of(before, *(chosen for name, chosen in on.items() if name != key))
        wanted = counting(query.currency, [key.partition(".")[0]], categories)
        alone, times = _aggregated(searcher, schema, others, wanted | span if len(on) == 1 else wanted)
        estimated |= times > 1
        if len(on) == 1:  # then the others are what no filter narrowed
            spanned = alone
        pairs = facets_of(alone, times).get(key, [])
        pairs += _missing(searcher, schema, query.currency, key, selected.get(key, ()), pairs, others)
        if pairs:
            facets[key] = pairs
    if spanned is None:
        spanned, _ = _aggregated(searcher, schema, before, span)
    return Counts(facets, _amount(spanned["lowest"]), _amount(spanned["highest"]), estimated)


def _aggregated(
    searcher: tantivy.Searcher, schema: tantivy.Schema, found: Query, wanted: dict[str, Any], total: int | None = None
) -> tuple[dict[str, Any], float]:
    """The aggregation over the `total` products that a query finds, or over a part of them when they are many.

    Also how many products each one that was counted stands for.
    """
    if searcher.num_docs < LARGE:
        return searcher.aggregate(found, wanted), 1.0
    if total is None:
        total = roughly(searcher, schema, found)
    if total < LARGE:
        return searcher.aggregate(found, wanted), 1.0
    halvings = min(HALVINGS, round(math.log2(total / COUNTED)))
    return searcher.aggregate(all_of(sample(schema, halvings), found), wanted), 2.0**halvings


def roughly(searcher: tantivy.Searcher, schema: tantivy.Schema, found: Query) -> int:
    """About how many products a query finds, by a part of the catalog."""
    return sorting.count(searcher, all_of(sample(schema, ROUGHLY), found)) << ROUGHLY


def _missing(
    searcher: tantivy.Searcher,
    schema: tantivy.Schema,
    currency: str,
    key: str,
    values: tuple[str, ...],
    pairs: list[tuple[str, int]],
    others: Query,
) -> list[tuple[str, int]]:
    """Selected values that were too rare to be counted with the rest."""
    known = {value for value, _ in pairs}
    found = []
    for value in values:
        if value not in known:
            products = sorting.count(searcher, all_of(others, choice(schema, currency, key, [value])))
            if products:
                found.append((value, products))
    return found


def _amount(found: dict[str, Any]) -> int | None:
    value = found["value"]
    return None if value is None else int(value)
