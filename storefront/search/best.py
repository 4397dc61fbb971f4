"""The best of very many: which products of a large listing are worth scoring. The others come behind them, and count all the same."""

from collections.abc import Iterator, Sequence

import tantivy
from tantivy import Query

from storefront.search.counting import roughly
from storefront.search.filters import all_of, any_of
from storefront.search.schema import LEVELS
from storefront.search.sorting import count

MANY = 4_000  # products from which on not all are scored
STEP = 2  # times as many products are looked at next, when too few of the weightiest are found
ENOUGH = 1_000  # products that are scored at least, about


def shares(searcher: tantivy.Searcher) -> tuple[float, ...]:
    """Which part of the products weighs so much or more, for each level from 1."""
    products = max(1, searcher.num_docs)
    return tuple(searcher.doc_freq("level", str(level)) / products for level in range(1, LEVELS + 1))


def best(
    searcher: tantivy.Searcher, schema: tantivy.Schema, levels: Sequence[float], found: Query, closest: Query, total: int, also: list[Query]
) -> Query:
    """What is scored of `total` products, MANY or more: those that match closest, or the weightiest of those if they too are many.

    `also` is scored in any case.
    """
    close = roughly(searcher, schema, all_of(found, closest))
    if close < ENOUGH:
        return any_of([closest, _weightiest(searcher, schema, levels, found, total), *also])
    return any_of([_weightiest(searcher, schema, levels, all_of(found, closest), close), *also])


def _weightiest(searcher: tantivy.Searcher, schema: tantivy.Schema, levels: Sequence[float], found: Query, total: int) -> Query:
    """The part of what is found that is of the highest level with enough of it. It may be of lower levels than the whole catalog."""
    if total >= MANY:
        for level in steps(schema, levels, total):
            if level is not None and count(searcher, all_of(found, level)) >= ENOUGH:
                return all_of(found, level)
    return found


def steps(schema: tantivy.Schema, levels: Sequence[float], total: int) -> Iterator[Query | None]:
    """Larger and larger parts of so many products, the weightiest first; None, at last, is all of them."""
    wanted = float(ENOUGH)
    while wanted < total and (level := max((level for level, share in enumerate(levels, 1) if total * share >= wanted), default=0)):
        yield Query.const_score_query(Query.term_query(schema, "level", str(level), "basic"), 0.0)
        wanted = total * levels[level - 1] * STEP
    yield None
