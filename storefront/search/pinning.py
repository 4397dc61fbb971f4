"""What an operator pinned or boosted for a text."""

import tantivy
from tantivy import Occur, Query

from storefront.search.best import BestFirst
from storefront.search.filters import all_of
from storefront.search.model import Pin
from storefront.search.sorting import Hit, hits_of


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


def page_with_pins(listing: BestFirst, schema: tantivy.Schema, pins: list[Pin], first: int, most: int) -> list[Hit]:
    """As the page of the listing; pinned products stand at their places, the others follow one another around them."""
    places = _places(listing.searcher, schema, listing.query(), pins) if pins else {}
    if not places:
        return listing.page(first, most)
    there = {product_id for product_id, _ in places.values()}
    pinned = [pin for pin in pins if pin.product_id in there]
    total = listing.total - len(places)
    # Where there are fewer products than a place says, the pinned ones close up.
    places = {min(place, total + rank): places[place] for rank, place in enumerate(sorted(places))}
    before = sum(place < first for place in places)
    rest = iter(listing.without([_is(schema, pin) for pin in pinned]).page(first - before, most))
    shown = range(first, min(first + most, total + len(places)))
    return [places[place] if place in places else next(rest) for place in shown]


def _places(searcher: tantivy.Searcher, schema: tantivy.Schema, found: Query, pins: list[Pin]) -> dict[int, Hit]:
    """Products by their place, from 0; of two with one place the second comes next. Those that a filter leaves out are not there."""
    places: dict[int, Hit] = {}
    for place, _, pin in sorted((pin.place, pin.product_id, pin) for pin in pins if pin.place is not None):
        for hit in hits_of(searcher, all_of(found, _is(schema, pin)), 1):
            free = max(0, place - 1)
            while free in places:
                free += 1
            places[free] = hit
    return places
