"""The best of very many: which products of a large listing are worth scoring. The others come behind them, and count all the same."""

import math
from collections.abc import Callable, Iterator, Sequence

import msgspec
import tantivy
from tantivy import Occur, Query

from storefront.search.filters import all_of, any_of, sample
from storefront.search.schema import LEVELS, whole_steps
from storefront.search.sorting import Hit, page_by_score

MANY = 2_000  # products from which on not all are scored
STEP = 2  # times as many products are looked at next, when too few of the weightiest are found
AIM = 340  # products that a part is to have, as far as it can be told before
ENOUGH = 200  # products that are scored at least; so much less than the AIM that a part seldom has too few, and is seldom looked at in vain


class Part(msgspec.Struct, frozen=True):
    """What is scored of a listing: what `found` finds. Where its words may stand together is found by `near`, which costs less."""

    found: Query
    near: Query


def shares(searcher: tantivy.Searcher) -> tuple[float, ...]:
    """Which part of the products weighs so much or more, for each level from 1."""
    products = max(1, searcher.num_docs)
    return tuple(searcher.doc_freq("level", str(level)) / products for level in range(1, LEVELS + 1))


def best(
    schema: tantivy.Schema,
    levels: Sequence[float],
    found: Callable[[], Query],
    total: int,
    closest: Query,
    close: int,
    also: Sequence[Query],
) -> Iterator[Part]:
    """What is scored of the `total` products found, MANY or more: the `close` ones that match closest, or the weightiest of those that do.

    More and more, for when less has too few that are found; after the last, only all would be more. `also` is scored in any case.
    """
    if close < ENOUGH:
        for step in steps(schema, levels, total, AIM):
            yield Part(any_of([closest, within(found(), step), *also]), closest)
        return
    for step in steps(schema, levels, close, AIM) if close >= STEP * AIM else ():
        yield Part(any_of([within(closest, step), *also]), step.around or closest)
    yield Part(any_of([closest, *also]), closest)


class BestFirst(msgspec.Struct, frozen=True):
    """A listing of `total` products: first what the first of `best` finds that finds enough, ranked by its `part`.

    Most pages need one of these, and so the next is not made before.
    """

    searcher: tantivy.Searcher
    query: Callable[[], Query]
    best: Callable[[], Iterator[Part]]
    part: Callable[[Part], Query]
    total: int

    def page(self, first: int, most: int) -> list[Hit]:
        """As `page_by_score`."""
        parts = self.best()
        part = next(parts, None)
        while part is not None:
            hits, count = page_by_score(self.searcher, self.part(part), first, most)
            following = next(parts, None) if count < ENOUGH else None
            if following is None:
                if len(hits) < most and first + len(hits) < self.total:
                    rest = Query.boolean_query([(Occur.Must, self.query()), (Occur.MustNot, part.found)])
                    hits += page_by_score(self.searcher, rest, max(0, first - count), most - len(hits))[0]
                return hits
            part = following
        return page_by_score(self.searcher, self.query(), first, most)[0]

    def without(self, others: Sequence[Query]) -> "BestFirst":
        """What is left when each of the others, which are of one product of the listing, is gone."""

        def rest(found: Query) -> Query:
            return Query.boolean_query([(Occur.Must, found), *((Occur.MustNot, other) for other in others)])

        return BestFirst(self.searcher, lambda: rest(self.query()), self.best, lambda part: rest(self.part(part)), self.total - len(others))


class Step(msgspec.Struct, frozen=True):
    """A part of about `size` products, which the lists find together, and one list that has them all and others."""

    lists: Sequence[Query]
    around: Query | None
    size: float


def within(found: Query, step: Step) -> Query:
    """What is found in the part. One list with another, each time: what is in any of two is slow to look through."""
    each = [all_of(found, one) for one in step.lists]
    return each[0] if len(each) == 1 else Query.disjunction_max_query(each)


def steps(schema: tantivy.Schema, levels: Sequence[float], total: int, aim: int) -> Iterator[Step]:
    """Larger and larger parts of so many products, the weightiest first; the first has about as many as the `aim`."""
    shares = (1.0, *levels, 0.0)
    wanted = float(aim)
    while wanted < total:
        level = max(level for level, share in enumerate(shares) if total * share >= wanted)
        # Many may weigh the same, as in a shop that has sold nothing yet: then a part of these is enough.
        above, here = total * shares[level + 1], total * (shares[level] - shares[level + 1])
        halvings = whole_steps(math.log2(here / (wanted - above)))
        if shares[level] >= 1 and not halvings:
            return
        size = above + here / 2**halvings
        yield Step(_lists(schema, level, halvings), _at_least(schema, level), size)
        wanted = size * STEP


def _lists(schema: tantivy.Schema, level: int, halvings: float) -> Sequence[Query]:
    """What is of a higher level than this, and of this what is left when it is halved so many times."""
    part, higher = all_of(sample(schema, halvings), _at_least(schema, level)), _at_least(schema, level + 1)
    return [part, higher] if halvings and higher is not None else [part]


def _at_least(schema: tantivy.Schema, level: int) -> Query | None:
    if not 1 <= level <= LEVELS:
        return None
    return Query.const_score_query(Query.term_query(schema, "level", str(level), "basic"), 0.0)
