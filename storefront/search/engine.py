"""One search, from a query to ids and counts, against one state of the index. It blocks, and lets other threads run meanwhile."""

from datetime import datetime
from typing import Any

import msgspec
import tantivy
from tantivy import Occur, Query

from storefront.catalog.model import ListingQuery, ListingResult
from storefront.search.filters import KINDS, Facets, all_of, counting, facets_of, filters, price_span, scope
from storefront.search.matching import Reader, Reading
from storefront.search.model import Pin
from storefront.search.rules import Rules
from storefront.search.sorting import count_of, page_by_field, page_by_score
from storefront.search.vocabulary import Vocabulary

LITTLE = 5  # found products below which another spelling is thought of, and some words may be missing


class Snapshot(msgspec.Struct, frozen=True):
    """One state of the index, with what is known beside it."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    vocabulary: Vocabulary
    rules: Rules

    def reader(self) -> Reader:
        """What understands texts here."""
        return Reader(self.searcher, self.schema, self.vocabulary, self.rules)

    def count(self, query: Query) -> int:
        """How many products a query finds."""
        return count_of(self.searcher.search(query, 1))


class _Found(msgspec.Struct, frozen=True):
    """The products before any filter, and a better spelling of the text."""

    query: Query
    suggestion: str | None


def search(snapshot: Snapshot, query: ListingQuery, now: datetime) -> ListingResult:
    """One page of a listing with its facets. Its semantics are those of `storefront.catalog.store.find`; text is understood better."""
    found = _before_filters(snapshot, query, now)
    on = filters(snapshot.schema, query)
    ids, total = _page(snapshot, query, all_of(found.query, *on.values()))
    facets, low, high = _facets(snapshot, query, found.query, on)
    return ListingResult(ids=tuple(ids), total=total, facets=facets, price_min=low, price_max=high, suggestion=found.suggestion)


def _before_filters(snapshot: Snapshot, query: ListingQuery, now: datetime) -> _Found:
    within = scope(snapshot.schema, query, now)
    if not query.text:
        return _Found(within, None)
    reader = snapshot.reader()
    reading = reader.read(query.text)
    strict = reader.strict(reading)
    weighed = all_of(_weighed(snapshot, query.text, strict), within)
    count = snapshot.count(weighed)
    if count >= LITTLE:
        return _Found(weighed, reading.suggestion)
    suggestion = reading.suggestion or _better(snapshot, reader, reader.second_thought(reading), within, count)
    wider = _wider(snapshot, reader, query.text, within, count)
    if wider is not None:
        weighed = all_of(_weighed(snapshot, query.text, reader.mixed(strict, wider)), within)
    return _Found(weighed, suggestion)


def _wider(snapshot: Snapshot, reader: Reader, text: str, within: Query, count: int) -> Query | None:
    """What else may be shown for a text that finds little: words that its last one begins, else what has some of its words only."""
    begun = reader.read(text, unfinished=True)
    wider = reader.strict(begun)
    found = snapshot.count(all_of(wider, within))
    if found >= LITTLE:
        return wider
    loose = _loosened(snapshot, reader, begun, within)
    if loose is None:
        return wider if found > count else None
    return reader.mixed(wider, loose)


def _better(snapshot: Snapshot, reader: Reader, other: str | None, within: Query, count: int) -> str | None:
    """The other spelling, when it finds more."""
    if other is None:
        return None
    return other if snapshot.count(all_of(reader.strict(reader.read(other)), within)) > count else None


def _loosened(snapshot: Snapshot, reader: Reader, reading: Reading, within: Query) -> Query | None:
    """What has as many of the words as enough products have: all but one, half of them, one."""
    needed = sum(group.needed for group in reading.groups)
    loose = None
    for least in sorted({needed - 1, (needed + 1) // 2, 1}, reverse=True):
        if 0 < least < needed:
            loose = reader.loose(reading, least)
            if snapshot.count(all_of(loose, within)) >= LITTLE:
                break
    return loose


def _weighed(snapshot: Snapshot, text: str, found: Query) -> Query:
    """The query with what an operator pinned or boosted for the text. Pinned products belong to it whether they match or not."""
    pins = snapshot.rules.pins(text)
    boosted = [pin for pin in pins if pin.place is None]
    parts = [(Occur.Should, _only(snapshot, pin, found)) for pin in boosted]
    if boosted:
        rest = [(Occur.Must, found), *((Occur.MustNot, _is(snapshot, pin)) for pin in boosted)]
        parts.append((Occur.Should, Query.boolean_query(rest)))
        found = Query.boolean_query(parts)
    pinned = [(Occur.Should, Query.const_score_query(_is(snapshot, pin), 0.0)) for pin in pins if pin.place is not None]
    return Query.boolean_query([(Occur.Should, found), *pinned]) if pinned else found


def _only(snapshot: Snapshot, pin: Pin, found: Query) -> Query:
    here = Query.const_score_query(_is(snapshot, pin), 0.0)
    return Query.boost_query(Query.boolean_query([(Occur.Must, found), (Occur.Must, here)]), pin.boost)


def _is(snapshot: Snapshot, pin: Pin) -> Query:
    return Query.term_query(snapshot.schema, "id", pin.product_id, "basic")


def _page(snapshot: Snapshot, query: ListingQuery, found: Query) -> tuple[list[int], int]:
    first = (query.page - 1) * query.page_size
    searcher, schema = snapshot.searcher, snapshot.schema
    if query.sort == "relevance" and query.text:
        return _page_with_pins(snapshot, query, found, first)
    sort = "popular" if query.sort == "relevance" else query.sort
    return page_by_field(searcher, schema, found, sort, query.currency, first, query.page_size)


def _page_with_pins(snapshot: Snapshot, query: ListingQuery, found: Query, first: int) -> tuple[list[int], int]:
    """Pinned products stand at their places, the others follow one another around them."""
    pins = [pin for pin in snapshot.rules.pins(query.text) if pin.place is not None]
    places: dict[int, int] = {}  # from 0
    for pin in sorted(pins, key=lambda pin: (pin.place or 0, pin.product_id)):
        if snapshot.count(all_of(found, _is(snapshot, pin))):
            place = max(0, (pin.place or 1) - 1)
            while place in places:
                place += 1
            places[place] = pin.product_id
    if not places:
        return page_by_score(snapshot.searcher, found, first, query.page_size)
    others = Query.boolean_query([(Occur.Must, found), *((Occur.MustNot, _is(snapshot, pin)) for pin in pins)])
    total = snapshot.count(others)
    # Where there are fewer products than a place says, the pinned ones close up.
    places = {min(place, total + rank): product_id for rank, (place, product_id) in enumerate(sorted(places.items()))}
    before = sum(place < first for place in places)
    ids, _ = page_by_score(snapshot.searcher, others, first - before, query.page_size)
    rest = iter(ids)
    whole = range(first, min(first + query.page_size, total + len(places)))
    return [places[place] if place in places else next(rest) for place in whole], total + len(places)


def _facets(snapshot: Snapshot, query: ListingQuery, before: Query, on: dict[str, Query]) -> tuple[Facets, int | None, int | None]:
    """Counts of every facet, each without its own selection, and the price span before any filter."""
    span = price_span(query.currency)
    wanted = counting(query.currency, KINDS)
    everything = all_of(before, *on.values())
    counted = snapshot.searcher.aggregate(everything, wanted if on else wanted | span)
    facets = {key: pairs for key, pairs in facets_of(counted).items() if key not in on}
    for key in on:
        others = [chosen for name, chosen in on.items() if name != key]
        kind = key.partition(".")[0]
        alone = snapshot.searcher.aggregate(all_of(before, *others), counting(query.currency, [kind]))
        pairs = facets_of(alone).get(key)
        if pairs:
            facets[key] = pairs
    spanned = snapshot.searcher.aggregate(before, span) if on else counted
    return facets, _amount(spanned["lowest"]), _amount(spanned["highest"])


def _amount(found: dict[str, Any]) -> int | None:
    value = found["value"]
    return None if value is None else int(value)
