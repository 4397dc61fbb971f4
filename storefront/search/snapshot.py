"""What searches are answered from."""

from datetime import datetime

import msgspec
import tantivy
from tantivy import Query

from storefront.catalog.model import ListingQuery
from storefront.search import sorting
from storefront.search.counting import Memo
from storefront.search.filters import all_of, published_by, sold_in, within
from storefront.search.matching import Reader
from storefront.search.rules import Rules
from storefront.search.vocabulary import Vocabulary


class Snapshot(msgspec.Struct, frozen=True):
    """One state of the index, with what is known beside it. `state` is another number for every other state."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    vocabulary: Vocabulary
    rules: Rules
    memo: Memo
    state: int
    latest: int  # when the last of the products is published, in seconds since 1970
    everywhere: frozenset[str]  # the currencies that every product has a price in
    levels: tuple[float, ...]  # which part of the products is of each level of weight or a higher one

    def scope(self, query: ListingQuery, now: datetime, found: Query | None = None) -> Query:
        """The products that a listing is of before any filter, among those that `found` finds. Only what narrows them is asked for."""
        parts = [found, within(self.schema, query)]
        if query.currency not in self.everywhere or parts == [None, None]:
            parts.append(sold_in(self.schema, query.currency))
        if self.latest > now.timestamp():
            parts.append(published_by(self.schema, now))
        return all_of(*parts)

    def count(self, query: Query) -> int:
        """How many products a query finds."""
        return sorting.count(self.searcher, query)

    def reader(self, *, naming: bool = False) -> Reader:
        """What understands texts here; with `naming`, by what products are called only."""
        return Reader(self.searcher, self.schema, self.vocabulary, self.rules, naming=naming)
