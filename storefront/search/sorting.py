"""Pages of a sort. The order is total: what ties ends at the id, so that no page repeats a product of another or loses one between them."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Order, Query

Hit = tuple[int, tantivy.DocAddress]  # a product's id, and where it is

LOOK_BACK = 256  # hits before a page in which the beginning of its first tie is looked for

_FIELDS = {"popular": ("popularity", Order.Desc), "newest": ("published_at", Order.Desc), "title": ("sorted_title", Order.Asc)}


def page_by_field(
    searcher: tantivy.Searcher, schema: tantivy.Schema, query: Query, sort: str, currency: str, first: int, most: int
) -> tuple[list[Hit], int]:
    """The products at places `first` and on of what the query finds, and how many it finds, ordered by `sort` and then by id.

    `sort` is popular, newest, price, -price or title.
    """
    field, order = _FIELDS.get(sort) or (f"price_{currency}", Order.Desc if sort == "-price" else Order.Asc)
    # One hit more on each side tells whether a tie reaches over the page's edge.
    before = 1 if first else 0
    found = searcher.search(query, most + before + 1, order_by_field=field, order=order, offset=first - before)
    total = count_of(found)
    hits = found.hits
    shown = hits[before : before + most]
    if not shown:
        return [], total
    ids = searcher.fast_field_values("id", [address for _, address in shown])
    groups: dict[Any, list[Hit]] = {}
    for (value, address), product_id in zip(shown, ids, strict=True):
        groups.setdefault(value, []).append((int(product_id or 0), address))
    for value, group in groups.items():
        group.sort(key=itemgetter(0))
        begins_before = before == 1 and hits[0][0] == value
        goes_on = len(hits) > before + most and hits[-1][0] == value
        if begins_before or goes_on:
            skip = first - _begin_of(searcher, schema, query, field, order, value, first) if begins_before else 0
            tied = Query.boolean_query([(Occur.Must, query), (Occur.Must, _equals(schema, field, value))])
            group[:] = hits_of(searcher, tied, len(group), skip)
    return [hit for group in groups.values() for hit in group], total


def count_of(found: tantivy.SearchResult) -> int:
    """How many documents a search found in all."""
    count: int | None = found.count  # type: ignore[attr-defined]  # the library's stub forgot it
    return count or 0


def count(searcher: tantivy.Searcher, query: Query) -> int:
    """How many products a query finds. Aggregated, since the library would score them for its search."""
    return int(searcher.aggregate(query, {"products": {"value_count": {"field": "id"}}})["products"]["value"])


def hits_of(searcher: tantivy.Searcher, query: Query, most: int, skip: int = 0) -> list[Hit]:
    """What a query finds, by id."""
    hits = searcher.search(query, most, count=False, order_by_field="id", order=Order.Asc, offset=skip).hits
    return [(int(product_id), address) for product_id, address in hits]


def _begin_of(searcher: tantivy.Searcher, schema: tantivy.Schema, query: Query, field: str, order: Order, value: Any, first: int) -> int:
    """How many hits come before those with this value; the one at `first` has it."""
    if isinstance(value, int):
        if order == Order.Asc:
            better = Query.range_query(schema, field, FieldType.Integer, None, value, include_upper=False)
        else:
            better = Query.range_query(schema, field, FieldType.Integer, value, None, include_lower=False)
        return count_of(searcher.search(Query.boolean_query([(Occur.Must, query), (Occur.Must, better)]), 1))
    reach = LOOK_BACK
    while True:
        start = max(0, first - reach)
        hits = searcher.search(query, first - start, count=False, order_by_field=field, order=order, offset=start).hits
        other = next((place for place in range(len(hits) - 1, -1, -1) if hits[place][0] != value), None)
        if other is not None:
            return start + other + 1
        if start == 0:
            return 0
        reach *= 4


def _equals(schema: tantivy.Schema, field: str, value: Any) -> Query:
    return Query.const_score_query(Query.term_query(schema, field, value, "basic"), 0.0)


def page_by_score(searcher: tantivy.Searcher, query: Query, first: int, most: int) -> tuple[list[Hit], int]:
    """As `page_by_field`, best score first; the score is weighed by what the product is worth (see `schema`)."""
    if most < 1:
        return [], count(searcher, query)
    slack = 16
    while True:
        wanted = first + most + slack
        found = searcher.search(query, wanted, weight_by_field="weight")
        hits = found.hits
        edge = first + most
        if len(hits) < wanted or hits[-1][0] != hits[edge - 1][0] or slack > MOST_SLACK:
            break
        slack *= 8
    ranked = _ranked(searcher, hits)
    return ranked[first:edge], count_of(found)


MOST_SLACK = 5_000  # equal scores that are put in order; beyond, they stay as the index has them


def _ranked(searcher: tantivy.Searcher, hits: Sequence[tuple[Any, tantivy.DocAddress]]) -> list[Hit]:
    addresses = [address for _, address in hits]
    ids = searcher.fast_field_values("id", addresses)
    places = sorted((-score, int(product_id or 0), place) for place, ((score, _), product_id) in enumerate(zip(hits, ids, strict=True)))
    return [(product_id, addresses[place]) for _, product_id, place in places]
