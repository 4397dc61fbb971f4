"""The best of very many: which products of a large listing are worth scoring. The others come behind them, and count all the same."""

from collections.abc import Iterator, Sequence

import tantivy
from tantivy import Query

from storefront.search.counting import roughly
from storefront.search.filters import all_of, any_of
from storefront.search.schema import LEVELS

MANY = 4_000  # products from which on not all are scored
STEP = 16  # times as many products are looked at next, when too few of the weightiest are found
ENOUGH = 1_000  # products that are scored at least, about


def shares(searcher: tantivy.Searcher) -> tuple[float, ...]:
    """Which part of the products weighs so much or more, for each level from 1."""
    products = max(1, searcher.num_docs)
    return tuple(searcher.doc_freq("level", str(level)) / products for level in range(1, LEVELS + 1))


def best(
    searcher: tantivy.Searcher, schema: tantivy.Schema, levels: Sequence[float], found: Query, closest: Query, total: int, also: list[Query]
) -> Query | None:
    """What is scored of `total` products that are found: those that match closest, or the weightiest of those if they too are many.

    `also` is scored in any case. None stands for all; no query scores anything.
    """
    if total < MANY:
        return None
    close = roughly(searcher, schema, all_of(found, closest))
    if close < ENOUGH:
        return any_of([closest, *_weightiest(schema, levels, total), *also])
    return any_of([all_of(closest, *(_weightiest(schema, levels, close) if close >= MANY else ())), *also])


def _weightiest(schema: tantivy.Schema, levels: Sequence[float], total: int) -> list[Query]:
    """The highest level that leaves enough of so many products; nothing where even the lowest would leave too few."""
    level = _highest(levels, total, ENOUGH)
    return [_of_level(schema, level)] if level else []


def steps(schema: tantivy.Schema, levels: Sequence[float], total: int) -> Iterator[Query | None]:
    """Larger and larger parts of the products, the weightiest first; None, at last, is all of them."""
    wanted = ENOUGH
    while wanted < total and (level := _highest(levels, total, wanted)):
        yield _of_level(schema, level)
        wanted = max(wanted, int(total * levels[level - 1])) * STEP
    yield None


def _highest(levels: Sequence[float], total: int, wanted: int) -> int:
    return max((level for level, share in enumerate(levels, 1) if total * share >= wanted), default=0)


def _of_level(schema: tantivy.Schema, level: int) -> Query:
    return Query.const_score_query(Query.term_query(schema, "level", str(level), "basic"), 0.0)
