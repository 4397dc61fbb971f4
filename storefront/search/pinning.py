"""What an operator pinned or boosted for a text."""

from collections.abc import Sequence

import tantivy
from tantivy import Occur, Query

from storefront.search.best import page_of_best
from storefront.search.filters import all_of
from storefront.search.model import Pin
from storefront.search.sorting import count


def with_pins(schema: tantivy.Schema, found: Query, pins: list[Pin]) -> Query:
    """The query with boosted products weighed. Pinned products belong to it whether they match or not."""
    boosted = [pin for pin in pins if pin.place is None]
    if boosted:
        parts = [(Occur.Should, _boosted(schema, pin, found)) for pin in boosted]
        rest = [(Occur.Must, found), *((Occur.MustNot, _is(schema, pin)) for pin in boosted)]
        found = Query.boolean_query([*parts, (Occur.Should, Query.boolean_query(rest))])
    pinned = [(Occur.Should, Query.const_score_query(_is(schema, pin), 0.0)) for pin in pins if pin.place is not None]
    return Query.boolean_query([(Occur.Should, found), *pinned]) if pinned else found


def among(schema: tantivy.Schema, pins: list[Pin]) -> list[Query]:
    """Each of the products that were pinned or boosted."""
    return [Query.const_score_query(_is(schema, pin), 0.0) for pin in pins]


def _boosted(schema: tantivy.Schema, pin: Pin, found: Query) -> Query:
    here = Query.const_score_query(_is(schema, pin), 0.0)
    return Query.boost_query(Query.boolean_query([(Occur.Must, found), (Occur.Must, here)]), pin.boost)


def _is(schema: tantivy.Schema, pin: Pin) -> Query:
    return Query.term_query(schema, "id", pin.product_id, "basic")


def page_with_pins(
    searcher: tantivy.Searcher,
    schema: tantivy.Schema,
    found: Query,
    best: Sequence[Query],
    total: int,
    pins: list[Pin],
    first: int,
    most: int,
) -> tuple[list[int], int]:
    """As `page_of_best`; pinned products stand at their places, the others follow one another around them."""
    places = _places(searcher, schema, found, pins)
    if not places:
        return page_of_best(searcher, found, best, total, first, most)
    others = Query.boolean_query([(Occur.Must, found), *((Occur.MustNot, _is(schema, pin)) for pin in pins if pin.place is not None)])
    total -= len(places)
    # Where there are fewer products than a place says, the pinned ones close up.
    places = {min(place, total + rank): product_id for rank, (place, product_id) in enumerate(sorted(places.items()))}
    before = sum(place < first for place in places)
    ids, _ = page_of_best(searcher, others, best, total, first - before, most)
    rest = iter(ids)
    shown = range(first, min(first + most, total + len(places)))
    return [places[place] if place in places else next(rest) for place in shown], total + len(places)


def _places(searcher: tantivy.Searcher, schema: tantivy.Schema, found: Query, pins: list[Pin]) -> dict[int, int]:
    """Products by their place, from 0; of two with one place the second comes next. Those that a filter leaves out are not there."""
    places: dict[int, int] = {}
    for place, product_id, pin in sorted((pin.place, pin.product_id, pin) for pin in pins if pin.place is not None):
        if count(searcher, all_of(found, _is(schema, pin))):
            free = max(0, place - 1)
            while free in places:
                free += 1
            places[free] = product_id
    return places
