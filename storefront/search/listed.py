"""What a page is of: which products, in which order, and how many, before and after the filters. Queries are made here, and asked once."""

import functools
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec
from tantivy import Query

from storefront.catalog.model import ListingQuery
from storefront.search.best import AIM, MANY, STEP, BestFirst, Part, best
from storefront.search.counting import LARGE, Counts, Found, Key, Size, count, roughly
from storefront.search.filters import all_of, any_of
from storefront.search.matching import Reader, Reading
from storefront.search.model import Pin
from storefront.search.pinning import among, page_with_pins, with_pins
from storefront.search.snapshot import Snapshot
from storefront.search.sorting import Hit, page_by_field

LINKED_AHEAD = 2  # pages that a page links to (catalog.listing)


class Listed:
    """What a page is of: `scored` makes what ranks it; `found` scores nothing, and is told which lists to look through."""

    def __init__(self, snapshot: Snapshot, query: ListingQuery, on: dict[str, Query], scored: Callable[[], Query], found: Found) -> None:
        self.snapshot = snapshot
        self.query = query
        self.on = on
        self._scored = scored
        self.found = functools.cache(found)
        self._anew: Counts | None = None

    @functools.cached_property
    def scored(self) -> Query:
        """All of it, ranked. Of very many it is seldom needed."""
        return self.filtered(self._scored())

    def filtered(self, found: Query) -> Query:
        """What the filters leave."""
        return all_of(found, *self.on.values())

    @functools.cached_property
    def page(self) -> tuple[list[Hit], Size]:
        """The page's products, and how many the filters leave."""
        snapshot, query = self.snapshot, self.query
        first, sort = (query.page - 1) * query.page_size, "popular" if query.sort == "relevance" else query.sort
        hits, total = page_by_field(snapshot.searcher, snapshot.schema, self.scored, sort, query.currency, first, query.page_size)
        return hits, Size(total, total, True)

    @property
    def size(self) -> Size:
        """How many products the filters leave."""
        return self.page[1]

    def counts(self, size: Size) -> Counts:
        """The counts of a listing of about this size; those of LARGE ones are kept."""
        if size.total >= LARGE and self._kept is not None:
            return self._kept
        if self._anew is None:
            began = time.monotonic()
            self._anew = self._counted(size)
            if size.total >= LARGE:
                self.snapshot.memo.keep(self._key, self.snapshot.state, began, self._anew)
        return self._anew

    @property
    def late(self) -> bool:
        """Whether what is counted may be of before a change."""
        return self._kept is not None and self._kept.late

    def _counted(self, size: Size) -> Counts:
        snapshot, query = self.snapshot, self.query
        # A listing of one category has no choice of others.
        categories = [] if query.category_path else snapshot.rules.open_categories(dict(query.selected).get("category", ()))
        counts = count(snapshot.searcher, snapshot.schema, query, self.found, self.on, size.total, categories)
        return msgspec.structs.replace(counts, size=size) if size.exact else counts

    @functools.cached_property
    def _kept(self) -> Counts | None:
        return self.snapshot.memo.get(self._key, self.snapshot.state)

    @property
    def _key(self) -> Key:
        return msgspec.structs.replace(self.query, sort="", page=1, page_size=0), type(self).__name__


class Ranked(Listed):
    """The listing of a text, best match first."""

    def __init__(self, text: "Text", scored: Callable[[], Query], found: Found, closest: Found) -> None:
        """`closest` is of the listing what matches the text best, in the same way as `found`."""
        self.text = text
        self._found = functools.cache(found)
        super().__init__(
            text.snapshot, text.query, text.on, lambda: text.listed(scored()), lambda halvings: text.listed(self._found(halvings))
        )
        self._closest = functools.cache(closest)

    @functools.cached_property
    def size(self) -> Size:
        """How many products the filters leave. That of a LARGE listing is estimated, while its pages are surely there."""
        snapshot = self.snapshot
        size = self._kept.size if self._kept else roughly(snapshot.searcher, snapshot.schema, self._left)
        if size.total >= LARGE or not size.exact:
            size = self.counts(size).size
        if size.exact or (self.query.page + LINKED_AHEAD) * self.query.page_size <= size.seen:
            return size
        total = snapshot.count(self._left(0))
        return Size(total, total, True)

    @functools.cached_property
    def page(self) -> tuple[list[Hit], Size]:
        """The page's products, and how many the filters leave."""
        snapshot, query, pins = self.snapshot, self.query, self.text.pins
        pages = BestFirst(snapshot.searcher, lambda: self.scored, self._best, self.part, self.size.total)
        return page_with_pins(pages, snapshot.schema, pins, (query.page - 1) * query.page_size, query.page_size), self.size

    def _best(self) -> Iterator[Part]:
        """What is scored of very many."""
        snapshot = self.snapshot
        if self.size.total >= MANY:
            closest, also = self._closest(0), self.text.also
            yield from best(snapshot.schema, snapshot.levels, lambda: self._found(0), self.size.total, closest, self.close, also)

    @property
    def close(self) -> int:
        """About how many of the listing match the text best."""
        return roughly(self.snapshot.searcher, self.snapshot.schema, self._close).total

    def part(self, part: Part) -> Query:
        """What is in a part of the listing, ranked."""
        return all_of(self.scored, Query.const_score_query(part.found, 0.0))

    def _left(self, halvings: int) -> Query:
        return self.filtered(self.found(halvings))

    def _close(self, halvings: int) -> Query:
        return self.filtered(self.text.listed(self._closest(halvings)))


class Strict(Ranked):
    """What has every word."""

    def __init__(self, text: "Text", reading: Reading, found: Found) -> None:
        reader = text.reader
        super().__init__(text, lambda: reader.strict(reading), found, lambda halvings: reader.having(reading, named=True, sampled=halvings))
        self._reading = reading

    @property
    def close(self) -> int:
        """About how many of the listing match the text best. They are looked for only where they may be few, and then all matter."""
        expected = int(self.size.total * self.text.reader.named_share(self._reading))
        return expected if expected >= STEP * AIM and not self._reading.categories else super().close

    def part(self, part: Part) -> Query:
        """What is in a part of the listing, ranked. What is called by every word has every word, and need not be asked for that again."""
        if self.text.pins:
            return super().part(part)
        return self.filtered(self.text.listed(self.text.reader.scored(self._reading, part.found, part.near)))


class Text(msgspec.Struct, frozen=True, dict=True):
    """A text to list, and where it is searched."""

    snapshot: Snapshot
    query: ListingQuery
    now: datetime
    reader: Reader
    on: dict[str, Query]

    def listing(self, found: Found) -> Listed:
        """A listing in another order than by best match."""
        return Listed(self.snapshot, self.query, self.on, lambda: self.listed(found(0)), lambda halvings: self.listed(found(halvings)))

    def strict(self, reading: Reading) -> Listed:
        """What has every word."""
        exact = [self.exact] if self.exact is not None else []

        def found(halvings: int) -> Query:
            return any_of([self.reader.having(reading, sampled=halvings), *exact])

        return self.listing(found) if self.query.sort != "relevance" else Strict(self, reading, found)

    def mixed(self, strict: Reading, wider: Query) -> Listed:
        """What has every word, and behind it what else is found."""
        reader = self.reader
        every = reader.mixed(reader.strict(strict), wider)
        if self.query.sort != "relevance":
            return self.listing(lambda _: every)
        return Ranked(self, lambda: every, lambda _: every, lambda halvings: reader.having(strict, sampled=halvings))

    @functools.cached_property
    def pins(self) -> list[Pin]:
        """What an operator did to products for the text."""
        return self.snapshot.rules.pins(self.query.text)

    @functools.cached_property
    def exact(self) -> Query | None:
        """What is called exactly so."""
        return self.reader.exact(self.query.text)

    @property
    def also(self) -> list[Query]:
        """What is ranked in any case."""
        return [*among(self.snapshot.schema, self.pins), *([self.exact] if self.exact is not None else [])]

    def listed(self, found: Query) -> Query:
        """What is found, as an operator wants it listed, before any filter."""
        snapshot = self.snapshot
        return snapshot.scope(self.query, self.now, with_pins(snapshot.schema, found, self.pins))

    def count(self, found: Query) -> int:
        """How many products of the listing a query finds."""
        return self.snapshot.count(self.snapshot.scope(self.query, self.now, found))
