"""Filters and facets: which products a listing is of, and how many of them each further choice would leave."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query

from storefront.catalog.model import ListingQuery
from storefront.catalog.prices import PRICE_EDGES, band_of_bucket
from storefront.search.schema import SEPARATOR

# How many values are counted, those of most products; of options and attributes, all names together.
STARS = (1, 2, 3, 4)  # at least
MOST_VALUES = {"brand": 100, "category": 1000, "availability": 10, "opt": 3000, "attr": 3000}

Facets = dict[str, list[tuple[str, int]]]


def all_of(*queries: Query | None) -> Query:
    """What every one of the queries finds; None narrows nothing, and one at least is a query."""
    found = [query for query in queries if query is not None]
    return found[0] if len(found) == 1 else Query.boolean_query([(Occur.Must, query) for query in found])


def any_of(queries: Iterable[Query]) -> Query:
    """What one of the queries finds."""
    found = list(queries)
    return found[0] if len(found) == 1 else Query.boolean_query([(Occur.Should, query) for query in found])


def sample(schema: tantivy.Schema, halvings: int) -> Query | None:
    """The part of the catalog that is left when it is halved so many times."""
    return Query.const_score_query(Query.term_query(schema, "sample", str(halvings), "basic"), 0.0) if halvings else None


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
    field = _field(kind, currency)
    if kind == "rating":
        return Query.range_query(schema, field, FieldType.Integer, min(map(int, values)), None)
    if name:
        values = [name + SEPARATOR + value for value in values]
    return any_of(Query.term_query(schema, field, value, "basic") for value in values)


def _field(kind: str, currency: str) -> str:
    """Where the values of a facet are."""
    fields = {"brand": "brand_name", "category": "category_path", "attr": "attributes", "rating": "stars"}
    return fields.get(kind) or f"{'options' if kind == 'opt' else kind}_{currency}"


KINDS = ("brand", "availability", "category", "rating", "price", "opt", "attr")


def counting(currency: str, kinds: Iterable[str], categories: Sequence[str]) -> dict[str, Any]:
    """The aggregation that counts the facets of these kinds, and of the categories only these."""
    found = {kind: _count(kind, currency) for kind in kinds if kind != "category" or categories}
    if "category" in found:
        found["category"]["terms"]["include"] = list(categories)
    return found


def price_span(currency: str) -> dict[str, Any]:
    """The aggregation that finds the lowest and the highest price."""
    return {"lowest": {"min": {"field": f"price_{currency}"}}, "highest": {"max": {"field": f"price_{currency}"}}}


def _count(kind: str, currency: str) -> dict[str, Any]:
    field = _field(kind, currency)
    if kind == "rating":
        each = [{"key": str(stars), "from": stars, "to": stars + 1} for stars in range(1, 6)]
        return {"range": {"field": field, "ranges": each}}
    if kind != "price":
        return {"terms": {"field": field, "size": MOST_VALUES[kind], "segment_size": 2 * MOST_VALUES[kind]}}
    ranges = []
    for bucket in range(len(PRICE_EDGES) + 1):
        limits: dict[str, Any] = {"key": band_of_bucket(bucket)}
        if bucket > 0:
            limits["from"] = PRICE_EDGES[bucket - 1]
        if bucket < len(PRICE_EDGES):
            limits["to"] = PRICE_EDGES[bucket]
        ranges.append(limits)
    return {"range": {"field": field, "ranges": ranges}}


def facets_of(counted: Mapping[str, Any], times: float = 1.0) -> Facets:
    """The answer to `counting`, by facet key: most products first. `times` is how many products each stands for."""
    found: Facets = {}
    for kind in KINDS:
        buckets = counted.get(kind, {}).get("buckets", ())
        pairs = [(str(bucket["key"]), count) for bucket in buckets if (count := int(bucket["doc_count"]))]
        if times != 1.0:
            known = {count: in_two_digits(count * times) for count in {count for _, count in pairs}}
            pairs = [(value, known[count]) for value, count in pairs]
        if kind not in ("opt", "attr"):
            if pairs:
                found[kind] = pairs
            continue
        for both, count in pairs:
            name, _, value = both.partition(SEPARATOR)
            found.setdefault(f"{kind}.{name}", []).append((value, count))
    ratings = _at_least(dict(found.pop("rating", ())))
    if ratings:
        found["rating"] = ratings
    for pairs in found.values():
        pairs.sort()
        pairs.sort(key=itemgetter(1), reverse=True)
    return found


def _at_least(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """From how many products have so many stars to how many have so many or more."""
    found = {str(least): sum(count for stars, count in counts.items() if stars.isdigit() and int(stars) >= least) for least in STARS}
    return [(least, count) for least, count in found.items() if count]


def in_two_digits(estimated: float) -> int:
    """An estimate in two digits: more would say more than is known."""
    whole = round(estimated)
    return round(whole, 2 - len(str(whole)))
