"""The best of very many: which products of a large listing are worth scoring. The others come behind them, and count all the same."""

import math
from collections.abc import Iterator, Sequence

import tantivy
from tantivy import Occur, Query

from storefront.search.counting import roughly
from storefront.search.filters import all_of, any_of, sample
from storefront.search.schema import HALVINGS, LEVELS
from storefront.search.sorting import page_by_score

MANY = 2_000  # products from which on not all are scored
STEP = 2  # times as many products are looked at next, when too few of the weightiest are found
AIM = 600  # products that a part is to have, as far as it can be told before
ENOUGH = 400  # products that are scored at least; so much less than the AIM that a part seldom has too few, and is seldom looked at in vain


def shares(searcher: tantivy.Searcher) -> tuple[float, ...]:
    """Which part of the products weighs so much or more, for each level from 1."""
    products = max(1, searcher.num_docs)
    return tuple(searcher.doc_freq("level", str(level)) / products for level in range(1, LEVELS + 1))


def best(
    searcher: tantivy.Searcher, schema: tantivy.Schema, levels: Sequence[float], found: Query, closest: Query, total: int, also: list[Query]
) -> list[Query]:
    """What is scored of `total` products, MANY or more: those that match closest, or the weightiest of those if they too are many.

    More and more, for when less has too few that are found; after the last, only all would be more. `also` is scored in any case.
    """
    close = roughly(searcher, schema, all_of(found, closest))
    if close < ENOUGH:
        return [any_of([closest, level, *also]) for level, _ in steps(schema, levels, total)]
    weighty = [all_of(closest, level) for level, _ in steps(schema, levels, close)] if close >= MANY else []
    return [any_of([part, *also]) for part in (*weighty, closest)]


def page_of_best(
    searcher: tantivy.Searcher, query: Query, best: Sequence[Query], total: int, first: int, most: int
) -> tuple[list[int], int]:
    """As `page_by_score`, and before the rest what the first of `best` finds that finds enough. `total` is how many there are."""
    for part in best:
        ids, count = page_by_score(searcher, all_of(query, Query.const_score_query(part, 0.0)), first, most)
        if count >= ENOUGH or part is best[-1]:
            if len(ids) < most and first + len(ids) < total:
                rest = Query.boolean_query([(Occur.Must, query), (Occur.MustNot, part)])
                ids += page_by_score(searcher, rest, max(0, first - count), most - len(ids))[0]
            return ids, total
    return page_by_score(searcher, query, first, most)


def steps(schema: tantivy.Schema, levels: Sequence[float], total: int) -> Iterator[tuple[Query, float]]:
    """Larger and larger parts of so many products, the weightiest first, and about how many products each has."""
    shares = (1.0, *levels, 0.0)
    wanted = float(AIM)
    while wanted < total:
        level = max(level for level, share in enumerate(shares) if total * share >= wanted)
        # Many may weigh the same, as in a shop that has sold nothing yet: then a part of these is enough.
        above, here = total * shares[level + 1], total * (shares[level] - shares[level + 1])
        halvings = min(HALVINGS, int(math.log2(here / (wanted - above))))
        if shares[level] >= 1 and not halvings:
            return
        part = _part(schema, level, halvings)
        size = above + here / 2**halvings
        yield part, size
        wanted = size * STEP


def _part(schema: tantivy.Schema, level: int, halvings: int) -> Query:
    """What is of a higher level than this, and of this what is left when it is halved so many times."""
    part, higher = all_of(sample(schema, halvings), _at_least(schema, level)), _at_least(schema, level + 1)
    return any_of([part, higher]) if halvings and higher is not None else part


def _at_least(schema: tantivy.Schema, level: int) -> Query | None:
    if not 1 <= level <= LEVELS:
        return None
    return Query.const_score_query(Query.term_query(schema, "level", str(level), "basic"), 0.0)
