"""Filters and facets: which products a listing is of, and how many of them each further choice would leave."""

import functools
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query

from storefront.catalog.model import ListingQuery
from storefront.search.schema import SEPARATOR, facet_field, facet_term, sample_term

STARS = (1, 2, 3, 4)  # at least
MOST_BRANDS = 50  # that are counted, those of most products
MOST_VALUES = 5_000  # of any other field

Facets = dict[str, list[tuple[str, int]]]


def all_of(*queries: Query | None) -> Query:
    """What every one of the queries finds; None narrows nothing, and one at least is a query."""
    found = [query for query in queries if query is not None]
    return found[0] if len(found) == 1 else Query.boolean_query([(Occur.Must, query) for query in found])


def any_of(queries: Iterable[Query]) -> Query:
    """What one of the queries finds."""
    found = list(queries)
    return found[0] if len(found) == 1 else Query.boolean_query([(Occur.Should, query) for query in found])


def sample(schema: tantivy.Schema, halvings: float) -> Query | None:
    """The part of the catalog that is left when it is halved so many times (see `schema.whole_steps`)."""
    return Query.const_score_query(Query.term_query(schema, "sample", sample_term(halvings), "basic"), 0.0) if halvings else None


def sold_in(schema: tantivy.Schema, currency: str) -> Query:
    """Every product with a price in the currency."""
    return Query.const_score_query(Query.term_query(schema, "currency", currency, "basic"), 0.0)


def within(schema: tantivy.Schema, query: ListingQuery) -> Query | None:
    """The category and the collection that the listing is of."""
    parts = []
    if query.category_path is not None:
        parts.append((Occur.Must, Query.term_query(schema, "category_path", query.category_path, "basic")))
    if query.collection_id is not None:
        parts.append((Occur.Must, Query.term_query(schema, "collection", query.collection_id, "basic")))
    return Query.const_score_query(Query.boolean_query(parts), 0.0) if parts else None


def published_by(schema: tantivy.Schema, now: datetime) -> Query:
    """What is published by now."""
    until = Query.range_query(schema, "published_at", FieldType.Integer, None, int(now.timestamp()))
    return Query.const_score_query(until, 0.0)


def filters(schema: tantivy.Schema, query: ListingQuery) -> dict[str, Query]:
    """The filters that are on, by facet key."""
    found = {key: choice(schema, query.currency, key, values) for key, values in query.selected}
    if query.price_min is not None or query.price_max is not None:
        found["price"] = priced(schema, query.currency, query.price_min, query.price_max)
    return {key: Query.const_score_query(chosen, 0.0) for key, chosen in found.items()}


def priced(schema: tantivy.Schema, currency: str, lowest: int | None, highest: int | None) -> Query:
    """The products with a price between these, both included."""
    return Query.range_query(schema, f"price_{currency}", FieldType.Integer, lowest, highest)


def choice(schema: tantivy.Schema, currency: str, key: str, values: Sequence[str]) -> Query:
    """The products that have one of the values of a facet."""
    kind, _, name = key.partition(".")
    if kind == "rating":
        return Query.range_query(schema, "stars", FieldType.Integer, min(map(int, values)), None)
    if kind == "category":
        return any_of(Query.term_query(schema, "category_path", value, "basic") for value in values)
    said = (name,) if name else ()
    field = facet_field(kind, currency)
    return any_of(Query.term_query(schema, field, facet_term(kind, *said, value), "basic") for value in values)


KINDS = ("brand", "availability", "category", "rating", "price", "opt", "attr")


def counting(currency: str, kinds: Collection[str], categories: Sequence[str]) -> dict[str, Any]:
    """The aggregation that counts the facets of these kinds, for `facets_of`; of the categories only these matter."""
    found: dict[str, Any] = {}
    for kind in kinds:
        if kind != "category" or categories:
            most = MOST_BRANDS if kind == "brand" else MOST_VALUES
            field = facet_field(kind, currency)
            found[field] = {"terms": {"field": field, "size": most, "segment_size": 2 * most}}
    if "category" in kinds and _are_deep(categories):
        found["category_path"] = {"terms": {"field": "category_path", "size": len(categories), "include": list(categories)}}
    return found


def _are_deep(categories: Sequence[str]) -> bool:
    """Whether some are below others. Those at the top are facet values like any; others are looked for by their paths."""
    return any("/" in path for path in categories)


def price_span(currency: str) -> dict[str, Any]:
    """The aggregation that finds the lowest and the highest price, and how many products there are."""
    return {"prices": {"stats": {"field": f"price_{currency}"}}}


def facets_of(counted: Mapping[str, Any], kinds: Collection[str], categories: Sequence[str], times: float = 1.0) -> Facets:
    """The answer to `counting` of the same, by facet key: most products first. `times` is how many products each stands for."""
    found: Facets = {}
    if "category_path" in counted:
        found["category"] = [(str(bucket["key"]), int(bucket["doc_count"])) for bucket in counted["category_path"]["buckets"]]
    kinds = set(kinds) - set(found)
    said = functools.cache(lambda count: in_two_digits(count * times)) if times != 1.0 else int
    found = {key: [(value, said(count)) for value, count in pairs] for key, pairs in found.items()}
    for bucket in itertools.chain.from_iterable(answer.get("buckets", ()) for name, answer in counted.items() if name != "category_path"):
        kind, key, value = _meant(bucket["key"])
        if kind in kinds and (kind != "category" or value in categories):
            found.setdefault(key, []).append((value, said(bucket["doc_count"])))
    if "rating" in found:
        found["rating"] = _at_least(dict(found["rating"]))
    for pairs in found.values():
        pairs.sort()
        pairs.sort(key=itemgetter(1), reverse=True)
    return found


@functools.lru_cache(maxsize=MOST_VALUES)
def _meant(term: str) -> tuple[str, str, str]:
    """The kind, the facet's key and the value that a term stands for (see `schema.facet_term`)."""
    kind, _, value = term.partition(SEPARATOR)
    if kind not in ("opt", "attr"):
        return kind, kind, value
    name, _, value = value.partition(SEPARATOR)
    return kind, f"{kind}.{name}", value


def _at_least(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """From how many products have so many stars to how many have so many or more."""
    found = {str(least): sum(count for stars, count in counts.items() if int(stars) >= least) for least in STARS}
    return [(least, count) for least, count in found.items() if count]


def in_two_digits(estimated: float) -> int:
    """An estimate in two digits: more would say more than is known."""
    whole, unit = round(estimated), 1
    while whole >= 100 * unit:
        unit *= 10
    return (whole + unit // 2) // unit * unit
