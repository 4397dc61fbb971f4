"""One search, from a query to ids and counts, against one state of the index. It blocks, and lets other threads run meanwhile."""

import time
from datetime import datetime

import msgspec
import tantivy
from tantivy import Query

from storefront.catalog.model import ListingQuery, ListingResult
from storefront.search.counting import LARGE, Counts, Memo, count
from storefront.search.filters import all_of, filters, scope
from storefront.search.matching import Reader, Reading
from storefront.search.pinning import page_with_pins, with_pins
from storefront.search.rules import Rules
from storefront.search.sorting import count_of, page_by_field
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

    def count(self, query: Query) -> int:
        """How many products a query finds."""
        return count_of(self.searcher.search(query, 1))

    def reader(self, *, naming: bool = False) -> Reader:
        """What understands texts here; with `naming`, by what products are called only."""
        return Reader(self.searcher, self.schema, self.vocabulary, self.rules, naming=naming)


def search(snapshot: Snapshot, query: ListingQuery, now: datetime) -> ListingResult:
    """One page of a listing with its facets. Its semantics are those of `storefront.catalog.store.find`; text is understood better."""
    within = scope(snapshot.schema, query, now)
    on = filters(snapshot.schema, query)
    if not query.text:
        return _answer(snapshot, query, within, on, None)
    reader = snapshot.reader()
    reading = reader.read(query.text)
    strict = reader.strict(reading)
    before = _with_rules(snapshot, query.text, strict, within)
    ids, total = _page(snapshot, query, all_of(before, *on.values()))
    enough = ENOUGH if query.sort == "relevance" else LITTLE  # in another order, what has some of the words only would not come last
    count = total if total >= enough or not on else snapshot.count(before)
    if count >= enough or (count and reader.is_code(query.text)):
        return _answer(snapshot, query, before, on, reading.suggestion, (ids, total))
    suggestion = reading.suggestion
    if suggestion is None and count < LITTLE:
        suggestion = _better(snapshot, reader, reader.second_thought(reading), within, count)
    wider = _wider(snapshot, reader, reading, within, count, enough)
    if wider is None:
        return _answer(snapshot, query, before, on, suggestion, (ids, total))
    before = _with_rules(snapshot, query.text, reader.mixed(strict, wider), within)
    return _answer(snapshot, query, before, on, suggestion)


def _answer(
    snapshot: Snapshot,
    query: ListingQuery,
    before: Query,
    on: dict[str, Query],
    suggestion: str | None,
    page: tuple[list[int], int] | None = None,
) -> ListingResult:
    ids, total = page or _page(snapshot, query, all_of(before, *on.values()))
    counts = _counts(snapshot, query, before, on, total)
    return ListingResult(tuple(ids), total, counts.facets, counts.price_min, counts.price_max, suggestion)


def _counts(snapshot: Snapshot, query: ListingQuery, before: Query, on: dict[str, Query], total: int) -> Counts:
    key = msgspec.structs.replace(query, sort="", page=1, page_size=0)
    kept = snapshot.memo.get(key, snapshot.state) if total >= LARGE else None
    if kept is not None:
        return kept
    began = time.monotonic()
    counts = count(snapshot.searcher, snapshot.schema, query, before, on)
    if total >= LARGE:
        snapshot.memo.keep(key, snapshot.state, began, counts)
    return counts


def _page(snapshot: Snapshot, query: ListingQuery, found: Query) -> tuple[list[int], int]:
    first = (query.page - 1) * query.page_size
    if query.sort == "relevance" and query.text:
        pins = snapshot.rules.pins(query.text)
        return page_with_pins(snapshot.searcher, snapshot.schema, found, pins, first, query.page_size)
    sort = "popular" if query.sort == "relevance" else query.sort
    return page_by_field(snapshot.searcher, snapshot.schema, found, sort, query.currency, first, query.page_size)


def _with_rules(snapshot: Snapshot, text: str, found: Query, within: Query) -> Query:
    return all_of(with_pins(snapshot.schema, found, snapshot.rules.pins(text)), within)


def _wider(snapshot: Snapshot, reader: Reader, reading: Reading, within: Query, count: int, enough: int) -> Query | None:
    """What else may be shown for a text that finds little: words that its last one begins, then what is called by some of its words."""
    begun = None
    if count < LITTLE:
        reading = reader.read(reading.text, unfinished=True)
        begun = reader.strict(reading)
        found = snapshot.count(all_of(begun, within))
        if found <= count:
            begun = None
        elif found >= enough:
            return begun
        count = max(count, found)
    named = snapshot.reader(naming=True).read(reading.text)
    loose, found = _loosened(snapshot, reader, reading, named, within, enough)
    if count + found < LITTLE:
        loose, found = _loosened(snapshot, reader, reading, reading, within, LITTLE)
    return begun if loose is None else loose if begun is None else reader.mixed(begun, loose)


def _better(snapshot: Snapshot, reader: Reader, other: str | None, within: Query, count: int) -> str | None:
    """The other spelling, when it finds more."""
    if other is None:
        return None
    return other if snapshot.count(all_of(reader.strict(reader.read(other)), within)) > count else None


def _loosened(snapshot: Snapshot, reader: Reader, reading: Reading, named: Reading, within: Query, enough: int) -> tuple[Query | None, int]:
    """What has all but one of the words, then half of them, then one, until there are enough; and how many products that are."""
    needed = sum(group.needed for group in reading.groups)
    loose: Query | None = None
    found = 0
    for least in sorted({needed - 1, (needed + 1) // 2, 1}, reverse=True):
        if 0 < least < needed and found < enough:
            looser = reader.loose(reading, least, named)
            loose = reader.mixed(loose, looser) if loose is not None and found else looser
            found = snapshot.count(all_of(looser, within))
    return loose, found
