"""Suggestions while someone types: whole words for the last one, categories, products. Quick enough to be answered inline."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

import tantivy
from tantivy import Query

from storefront.catalog.model import ListingQuery
from storefront.platform.money import format_amount
from storefront.search import best
from storefront.search.language import words_of
from storefront.search.matching import Reader, Reading
from storefront.search.model import Suggestion
from storefront.search.schema import shown
from storefront.search.snapshot import Snapshot

MOST_QUERIES = 4
MOST_CATEGORIES = 3
MOST_PRODUCTS = 5
LOOKED_AT = 16  # products whose titles say how a text may go on
FIRST = 600  # products among which they are looked for first
WIDE = 50_000  # products among which those that are shown are enough: with more, a pair of frequent words takes too long


def suggest(snapshot: Snapshot, text: str, currency: str, now: datetime) -> list[Suggestion]:
    """What the text may become: queries, then categories, then products."""
    words = words_of(text)
    if not words:
        return []
    reader = snapshot.reader(naming=True)
    reading = reader.read(text, unfinished=True)
    addresses = _best(snapshot, snapshot.scope(ListingQuery(currency), now, reader.strict(reading)))
    documents = [shown(snapshot.searcher.doc(address)) for address in addresses]
    titles = [document.title for document in documents]
    prices = snapshot.searcher.fast_field_values(f"price_{currency}", addresses)
    products = [
        Suggestion("product", title, f"/p/{quote(document.slug)}", format_amount(int(price or 0), currency))
        for title, document, price in zip(titles, documents, prices, strict=True)
    ]
    return [*_queries(reader, reading, titles), *_categories(snapshot, words), *products[:MOST_PRODUCTS]]


def _best(snapshot: Snapshot, found: Query) -> list[tantivy.DocAddress]:
    """The products to suggest, looked for among the weightiest first: many more are found than anybody looks at."""
    expected = 0.0  # the size of a part that may have enough, by those before
    for step in best.steps(snapshot.schema, snapshot.levels, snapshot.searcher.num_docs, FIRST):
        if step.size >= expected:
            addresses = _weightiest(snapshot, best.within(found, step))
            if len(addresses) >= (LOOKED_AT if step.size < WIDE else MOST_PRODUCTS):
                return addresses
            expected = step.size * LOOKED_AT / max(1, len(addresses))
    return _weightiest(snapshot, found)


def _weightiest(snapshot: Snapshot, found: Query) -> list[tantivy.DocAddress]:
    hits = snapshot.searcher.search(found, LOOKED_AT, count=False, weight_by_field="weight").hits
    return [address for _, address in hits]


def _queries(reader: Reader, reading: Reading, titles: Sequence[str]) -> list[Suggestion]:
    """The text spelled right, or with its last word completed so that something is found."""
    *before, last = reading.spelled
    if last != reading.words[-1]:
        found = [" ".join(reading.spelled)]
    elif before:
        counts = Counter(word for title in titles for word in set(words_of(title)) if word.startswith(last))
        found = [" ".join([*before, word]) for word, _ in counts.most_common() if word != last]
    else:
        found = [word for word in reader.completions(last, MOST_QUERIES + 1) if word != last]
    return [Suggestion("query", whole, "/search?" + urlencode({"q": whole}, quote_via=quote)) for whole in found[:MOST_QUERIES]]


def _categories(snapshot: Snapshot, words: list[str]) -> list[Suggestion]:
    """Categories with a word for each of the text's: the last may be half."""
    *before, last = words
    found = []
    for category, names in snapshot.rules.categories:
        named = all(word in names for word in before) and any(name.startswith(last) for name in names)
        if named and snapshot.searcher.doc_freq("category_path", category.path):
            found.append(Suggestion("category", category.name, f"/c/{quote(category.path)}", category.parent_name))
    return found[:MOST_CATEGORIES]
