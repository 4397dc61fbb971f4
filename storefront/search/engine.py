"""One search, from a query to ids and counts, against one state of the index. It blocks, and lets other threads run meanwhile."""

import functools
from collections.abc import Sequence
from datetime import datetime

import msgspec
from tantivy import Query

from storefront.catalog.model import Highlight, ListingQuery, ListingResult
from storefront.search.filters import filters
from storefront.search.highlighting import highlighted, snippet
from storefront.search.language import words_of
from storefront.search.listed import Listed, Text
from storefront.search.matching import Reader, Reading
from storefront.search.schema import shown
from storefront.search.snapshot import Snapshot
from storefront.search.sorting import Hit

LITTLE = 5  # found products below which another spelling is thought of, and some words may be missing
ENOUGH = 48  # found products, two pages, below which those follow that are called by some of the words


def search(snapshot: Snapshot, query: ListingQuery, now: datetime) -> ListingResult:
    """One page of a listing with its facets. Its semantics are those of `storefront.catalog.store.find`; text is understood better."""
    on = filters(snapshot.schema, query)
    if not query.text:
        everything = snapshot.scope(query, now)
        return _answer(Listed(snapshot, query, on, lambda: everything, lambda _: everything))
    reader = snapshot.reader()
    reading = reader.read(query.text)
    text = Text(snapshot, query, now, reader, on)
    listing = text.strict(reading)
    enough = ENOUGH if query.sort == "relevance" else LITTLE  # in another order, what has some of the words only would not come last
    size, late = listing.size, listing.late
    count = size.total if size.total >= enough or not on else snapshot.count(listing.found(0))
    suggestion = reading.suggestion
    if count < enough and not (count and reader.is_code(query.text)):
        if suggestion is None and count < LITTLE:
            suggestion = _better(text, reader.second_thought(reading), count)
        strict = reading
        wider, reading = _wider(text, reading, count, enough)
        if wider is not None:
            listing = text.mixed(strict, wider)
    answer, highlights = _answer(listing), _highlights(snapshot, reading, listing.page[0])
    return msgspec.structs.replace(answer, suggestion=suggestion, highlights=highlights, late=late or answer.late)


def _answer(listing: Listed) -> ListingResult:
    hits, size = listing.page
    counts = listing.counts(size)
    return ListingResult(
        tuple(product_id for product_id, _ in hits),
        size.total,
        counts.facets,
        counts.price_min,
        counts.price_max,
        estimated=counts.estimated,
        total_estimated=not size.exact,
        late=listing.late,
    )


def _wider(text: Text, reading: Reading, count: int, enough: int) -> tuple[Query | None, Reading]:
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
    loose, found = _loosened(text, reading, naming, named, enough)
    if count + found < enough:
        further, _ = _loosened(text, reading, reader, reader.read(reading.text, apart=True), enough)
        loose = reader.mixed(loose, further) if loose is not None and further is not None else loose or further
    if begun is not None and loose is not None:
        return reader.mixed(begun, loose), reading
    return begun or loose, reading


def _better(text: Text, other: str | None, count: int) -> str | None:
    """The other spelling, when it finds more."""
    if other is None:
        return None
    return other if text.count(text.reader.strict(text.reader.read(other))) > count else None


def _loosened(text: Text, reading: Reading, reader: Reader, named: Reading, enough: int) -> tuple[Query | None, int]:
    """What has all but one of the words, then half of them, then one, until there are enough; and how many products that are."""
    needed = sum(group.needed for group in named.groups)
    loose: Query | None = None
    found = 0
    for least in sorted({needed - 1, (needed + 1) // 2, 1}, reverse=True):
        if 0 < least < needed and found < enough:
            looser = text.reader.scored(reading, reader.having_some(named, least))
            loose = text.reader.mixed(loose, looser) if loose is not None and found else looser
            found = text.count(looser)
    return loose, found


def _highlights(snapshot: Snapshot, reading: Reading, hits: Sequence[Hit]) -> dict[int, Highlight]:
    """Where each product has a word that was looked for; without an entry it has none."""
    stem = snapshot.rules.language.stem
    terms = {stem(word) for group in reading.groups if group.needed for word in group.words}

    @functools.cache
    def is_meant(word: str) -> bool:
        plain = word.isascii() and word.isalnum()  # most words are, and need not be taken apart
        return any(stem(part) in terms for part in ([word.lower()] if plain else words_of(word)))

    found = {}
    for product_id, address in hits:
        product = shown(snapshot.searcher.doc(address))
        title, quoted = highlighted(product.title, is_meant), snippet(product.description, is_meant)
        if quoted or "<mark>" in title:
            found[product_id] = Highlight(title, quoted)
    return found
