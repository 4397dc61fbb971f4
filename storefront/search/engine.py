"""One search, from a query to ids and counts, against one state of the index. It blocks, and lets other threads run meanwhile."""

import functools
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import tantivy
from tantivy import Query

from storefront.catalog.model import Highlight, ListingQuery, ListingResult
from storefront.search import sorting
from storefront.search.best import MANY, best
from storefront.search.counting import LARGE, Counts, Memo, count
from storefront.search.filters import all_of, any_of, filters, published_by, sold_in, within
from storefront.search.highlighting import highlighted, snippet
from storefront.search.language import words_of
from storefront.search.matching import Reader, Reading
from storefront.search.pinning import among, page_with_pins, with_pins
from storefront.search.rules import Rules
from storefront.search.schema import shown
from storefront.search.sorting import page_by_field
from storefront.search.vocabulary import Vocabulary

LITTLE = 5  # found products below which another spelling is thought of, and some words may be missing
ENOUGH = 48  # found products, two pages, below which those follow that are called by some of the words


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


def search(snapshot: Snapshot, query: ListingQuery, now: datetime) -> ListingResult:
    """One page of a listing with its facets. Its semantics are those of `storefront.catalog.store.find`; text is understood better."""
    on = filters(snapshot.schema, query)
    if not query.text:
        before = snapshot.scope(query, now)
        return _answer(snapshot, query, before, on, *_page(snapshot, query, all_of(before, *on.values()), None))
    reader = snapshot.reader()
    reading = reader.read(query.text)
    text = _Text(snapshot, query, now, reader)
    strict = reader.strict(reading)
    before = text.listed(strict)
    naming = snapshot.reader(naming=True)
    page, total = _page(snapshot, query, all_of(before, *on.values()), lambda: naming.having(naming.read(query.text)))
    enough = ENOUGH if query.sort == "relevance" else LITTLE  # in another order, what has some of the words only would not come last
    count = total if total >= enough or not on else snapshot.count(before)
    suggestion = reading.suggestion
    if count < enough and not (count and reader.is_code(query.text)):
        if suggestion is None and count < LITTLE:
            suggestion = _better(text, reader.second_thought(reading), count)
        having = reader.having(reading)
        wider, reading = _wider(text, reading, count, enough)
        if wider is not None:
            before = text.listed(reader.mixed(strict, wider))
            page, total = _page(snapshot, query, all_of(before, *on.values()), lambda: having)
    answer = _answer(snapshot, query, before, on, page, total)
    return msgspec.structs.replace(answer, suggestion=suggestion, highlights=_highlights(snapshot, reading, answer.ids))


class _Text(msgspec.Struct, frozen=True):
    """A listing of a text, and where it is searched."""

    snapshot: Snapshot
    query: ListingQuery
    now: datetime
    reader: Reader

    def listed(self, found: Query) -> Query:
        """What is found, as an operator wants it listed, before any filter."""
        snapshot = self.snapshot
        return snapshot.scope(self.query, self.now, with_pins(snapshot.schema, found, snapshot.rules.pins(self.query.text)))

    def count(self, found: Query) -> int:
        """How many products of the listing a query finds."""
        return self.snapshot.count(self.snapshot.scope(self.query, self.now, found))


def _answer(snapshot: Snapshot, query: ListingQuery, before: Query, on: dict[str, Query], ids: list[int], total: int) -> ListingResult:
    counts = _counts(snapshot, query, before, on, total)
    return ListingResult(tuple(ids), total, counts.facets, counts.price_min, counts.price_max, estimated=counts.estimated)


def _counts(snapshot: Snapshot, query: ListingQuery, before: Query, on: dict[str, Query], total: int) -> Counts:
    key = msgspec.structs.replace(query, sort="", page=1, page_size=0)
    kept = snapshot.memo.get(key, snapshot.state) if total >= LARGE else None
    if kept is not None:
        return kept
    began = time.monotonic()
    # A listing of one category has no choice of others.
    categories = [] if query.category_path else snapshot.rules.open_categories(dict(query.selected).get("category", ()))
    counts = count(snapshot.searcher, snapshot.schema, query, before, on, total, categories)
    if total >= LARGE:
        snapshot.memo.keep(key, snapshot.state, began, counts)
    return counts


def _page(snapshot: Snapshot, query: ListingQuery, found: Query, closest: Callable[[], Query] | None) -> tuple[list[int], int]:
    """The page's ids and how many products there are. `closest` makes the query for what matches a text best."""
    first = (query.page - 1) * query.page_size
    if query.sort == "relevance" and closest is not None:
        searcher, schema, pins = snapshot.searcher, snapshot.schema, snapshot.rules.pins(query.text)
        total = snapshot.count(found)
        scored: list[Query] = []
        if total >= MANY:
            exact = snapshot.reader().exact(query.text)
            also = among(schema, pins) + ([exact] if exact is not None else [])
            scored = best(searcher, schema, snapshot.levels, found, closest(), total, also)
        return page_with_pins(searcher, schema, found, scored, total, pins, first, query.page_size)
    sort = "popular" if query.sort == "relevance" else query.sort
    return page_by_field(snapshot.searcher, snapshot.schema, found, sort, query.currency, first, query.page_size)


def _wider(text: _Text, reading: Reading, count: int, enough: int) -> tuple[Query | None, Reading]:
    """What else may be shown for a text that finds little: words that its last one begins, then what is called by some of its words.

    Also how the text is read now.
    """
    reader = text.reader
    begun = None
    if count < LITTLE:
        reading = reader.read(reading.text, unfinished=True)
        begun = reader.strict(reading)
        found = text.count(begun)
        if found <= count:
            begun = None
        elif found >= enough:
            return begun, reading
        count = max(count, found)
    naming = text.snapshot.reader(naming=True)
    named = naming.read(reading.text)
    if len(named.groups) == 1:
        named = naming.read(reading.text, apart=True)
    loose, found = _loosened(text, reading, named, enough)
    if count + found < enough:
        further, _ = _loosened(text, reading, reader.read(reading.text, apart=True), enough)
        loose = reader.mixed(loose, further) if loose is not None and further is not None else loose or further
    if begun is not None and loose is not None:
        return reader.mixed(begun, loose), reading
    return begun or loose, reading


def _better(text: _Text, other: str | None, count: int) -> str | None:
    """The other spelling, when it finds more."""
    if other is None:
        return None
    return other if text.count(text.reader.strict(text.reader.read(other))) > count else None


def _loosened(text: _Text, reading: Reading, named: Reading, enough: int) -> tuple[Query | None, int]:
    """What has all but one of the words, then half of them, then one, until there are enough; and how many products that are."""
    needed = sum(group.needed for group in named.groups)
    loose: Query | None = None
    found = 0
    for least in sorted({needed - 1, (needed + 1) // 2, 1}, reverse=True):
        if 0 < least < needed and found < enough:
            looser = text.reader.loose(reading, least, named)
            loose = text.reader.mixed(loose, looser) if loose is not None and found else looser
            found = text.count(looser)
    return loose, found


def _highlights(snapshot: Snapshot, reading: Reading, ids: Sequence[int]) -> dict[int, Highlight]:
    """Where each product has a word that was looked for; without an entry it has none."""
    stem = snapshot.rules.language.stem
    terms = {stem(word) for group in reading.groups if group.needed for word in group.words}

    @functools.cache
    def is_meant(word: str) -> bool:
        plain = word.isascii() and word.isalnum()  # most words are, and need not be taken apart
        return any(stem(part) in terms for part in ([word.lower()] if plain else words_of(word)))

    if not ids:
        return {}
    listed = any_of(Query.term_query(snapshot.schema, "id", product_id, "basic") for product_id in ids)
    addresses = [address for _, address in snapshot.searcher.search(listed, len(ids), count=False).hits]
    found = {}
    for product_id, address in zip(snapshot.searcher.fast_field_values("id", addresses), addresses, strict=True):
        product = shown(snapshot.searcher.doc(address))
        title, quoted = highlighted(product.title, is_meant), snippet(product.description, is_meant)
        if quoted or "<mark>" in title:
            found[int(product_id or 0)] = Highlight(title, quoted)
    return found
