"""Facets with their counts, and the price span, of one listing."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
import tantivy
from tantivy import Query

from storefront.catalog.model import ListingQuery
from storefront.catalog.prices import band_limits, is_band
from storefront.search import sorting
from storefront.search.filters import KINDS, Facets, all_of, choice, counting, facets_of, in_two_digits, price_span, priced, sample
from storefront.search.schema import SAMPLED, whole_steps

LARGE = 2_000  # products from which on counts are estimated, and kept
COUNTED = 500  # products that are counted for more than those, at least, as far as it can be told before
LOOKED_THROUGH = 5_000  # products of the catalog, at least, by which it is seen whether a listing is LARGE
KEPT = 256  # listings
SAME_SECONDS = 60.0  # that counts are kept while the index does not change
CHANGED_SECONDS = 0.5  # that they are kept over a change: a page may be a second late, and is then kept for no longer


Key = tuple[ListingQuery, str]  # whose counts, without sort and page, and what the text was taken for

Found = Callable[[int], Query]
"""What finds a listing: all of it for 0, or by the lists of what is left of the catalog after so many halvings (`schema.SAMPLED`)."""


class Size(msgspec.Struct, frozen=True):
    """How many products a listing has: exactly, or estimated by a part of them. So many as `seen` there are in any case."""

    total: int
    seen: int
    exact: bool


class Counts(msgspec.Struct, frozen=True):
    """`facets` by key, most products first; the lowest and highest price are minor units, before any filter.

    Those of LARGE listings are `estimated`: over a part of the products, so that they cost the same however many there are. So is the size.
    `late` are those of before a change, which hold for a moment.
    """

    facets: Facets
    price_min: int | None
    price_max: int | None
    estimated: bool
    size: Size
    late: bool = False


class Memo:
    """Counts of large listings, which cost many times what a page of them costs. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[int, float, Counts]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, state: int) -> Counts | None:
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
            return counts if made_of == state else msgspec.structs.replace(counts, late=True)

    def keep(self, key: Key, state: int, began: float, counts: Counts) -> None:
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
    before: Found,
    on: dict[str, Query],
    total: int,
    categories: Sequence[str],
) -> Counts:
    """Counts of every facet, each without its own selection; of the categories only these, as no others can be chosen next.

    `before` finds what no filter narrowed, `on` are the filters by key, and `total` is about how many products they leave.
    """

    def wanted(kinds: Collection[str], span: bool) -> dict[str, Any]:
        return counting(query.currency, kinds, categories) | (price_span(query.currency) if span else {})

    listed = _Listed(searcher, schema, before, tuple(on.values()))
    counted, times = listed.aggregated(wanted(KINDS, True), total)
    facets = {key: pairs for key, pairs in facets_of(counted, KINDS, categories, times).items() if key not in on}
    estimated = times > 1
    seen = int(counted["prices"]["count"])
    size = Size(in_two_digits(seen * times) if estimated else seen, seen, not estimated)
    spanned = None if on else counted
    for key in on:
        if key == "category" and not categories:
            continue
        others = _Listed(searcher, schema, before, tuple(chosen for name, chosen in on.items() if name != key))
        kind = [key.partition(".")[0]]
        alone, times = others.aggregated(wanted(kind, len(on) == 1))
        estimated |= times > 1
        if len(on) == 1:  # then the others are what no filter narrowed
            spanned = alone
        pairs = facets_of(alone, kind, categories, times).get(key, [])
        pairs += _missing(others, query, key, pairs)
        if pairs:
            facets[key] = pairs
    if spanned is None:
        spanned, _ = _Listed(searcher, schema, before, ()).aggregated(wanted((), True))
    return Counts(facets, _amount(spanned["prices"]["min"]), _amount(spanned["prices"]["max"]), estimated, size)


def roughly(searcher: tantivy.Searcher, schema: tantivy.Schema, found: Found) -> Size:
    """About how many products there are, by a part of the catalog; exactly in a small one."""
    halvings = max(halvings for halvings in (0, *SAMPLED) if not halvings or searcher.num_docs >> halvings >= LOOKED_THROUGH)
    seen = sorting.count(searcher, _left(schema, found, halvings))
    return Size(seen << halvings, seen, not halvings)


class _Listed(msgspec.Struct, frozen=True):
    """The products of a listing that some filters leave."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    before: Found
    on: Sequence[Query]

    def found(self, halvings: int) -> Query:
        """What finds them; see `Found`."""
        return all_of(self.before(halvings), *self.on)

    def aggregated(self, wanted: dict[str, Any], total: int | None = None) -> tuple[dict[str, Any], float]:
        """The aggregation over the products, about `total`, or over a part of them when they are many.

        Also how many products each one that was counted stands for.
        """
        if total is None:
            total = roughly(self.searcher, self.schema, self.found).total if self.searcher.num_docs >= LARGE else 0
        halvings = whole_steps(math.log2(total / COUNTED)) if total >= LARGE else 0
        counted = self.searcher.aggregate(_left(self.schema, self.found, halvings), wanted)
        return counted, 2.0**halvings


def _left(schema: tantivy.Schema, found: Found, halvings: float) -> Query:
    """What is found in what is left of the catalog when it is halved so many times."""
    return all_of(sample(schema, halvings), found(_listed(halvings)))


def _listed(halvings: float) -> int:
    """After how many halvings there are lists that have all that is left after so many."""
    return max(listed for listed in (0, *SAMPLED) if listed <= halvings)


def _missing(others: _Listed, query: ListingQuery, key: str, pairs: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """What is chosen, or above it, and was too rare to be counted with the rest."""
    known = {value for value, _ in pairs}
    found = []
    for value in _chosen(query, key):
        if value not in known:
            limits = band_limits(value) if key == "price" else None
            chosen = (
                choice(others.schema, query.currency, key, [value]) if limits is None else priced(others.schema, query.currency, *limits)
            )
            products = sorting.count(others.searcher, all_of(others.found(0), chosen))
            if products:
                found.append((value, products))
    return found


def _chosen(query: ListingQuery, key: str) -> list[str]:
    """The values of a facet that are shown whatever they count."""
    values = dict(query.selected).get(key, ())
    if key == "price":
        band = is_band(query.price_min, query.price_max)
        return [band] if band else []
    if key == "category":
        return list(dict.fromkeys("/".join(path.split("/")[:level]) for path in values for level in range(1, path.count("/") + 2)))
    return list(values)


def _amount(value: float | None) -> int | None:
    return None if value is None else int(value)
