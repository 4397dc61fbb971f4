"""Suggestions while someone types: whole words for the last one, categories, products. Quick enough to be answered inline."""

from datetime import datetime
from urllib.parse import quote, urlencode

import tantivy

from storefront.catalog.model import ListingQuery
from storefront.platform.money import format_amount
from storefront.search.engine import Snapshot
from storefront.search.filters import all_of, scope
from storefront.search.matching import Reader
from storefront.search.model import Suggestion
from storefront.search.schema import words_of

MOST_QUERIES = 4
MOST_CATEGORIES = 3
MOST_PRODUCTS = 5


def suggest(snapshot: Snapshot, text: str, currency: str, now: datetime) -> list[Suggestion]:
    """What the text may become: queries, then categories, then products."""
    words = words_of(text)
    if not words:
        return []
    reader = snapshot.reader()
    reading = reader.read(text, unfinished=True)
    query = all_of(reader.strict(reading), scope(snapshot.schema, ListingQuery(currency), now))
    return [*_queries(reader, words), *_categories(snapshot, words), *_products(snapshot, query, currency)]


def _queries(reader: Reader, words: list[str]) -> list[Suggestion]:
    """The text with its last word completed."""
    *before, last = words
    found: list[Suggestion] = []
    for word in reader.completions(last, MOST_QUERIES + 1):
        if word != last and len(found) < MOST_QUERIES:
            whole = " ".join([*before, word])
            found.append(Suggestion("query", whole, "/search?" + urlencode({"q": whole}, quote_via=quote)))
    return found


def _categories(snapshot: Snapshot, words: list[str]) -> list[Suggestion]:
    """Categories with a word for each of the text's: the last may be half."""
    *before, last = words
    found = []
    for category, names in snapshot.rules.categories:
        if all(word in names for word in before) and any(name.startswith(last) for name in names):
            found.append(Suggestion("category", category.name, f"/c/{quote(category.path)}", category.parent_name))
    return found[:MOST_CATEGORIES]


def _products(snapshot: Snapshot, query: tantivy.Query, currency: str) -> list[Suggestion]:
    searcher = snapshot.searcher
    addresses = [address for _, address in searcher.search(query, MOST_PRODUCTS, count=False, weight_by_field="weight").hits]
    prices = searcher.fast_field_values(f"price_{currency}", addresses)
    found: list[Suggestion] = []
    for address, price in zip(addresses, prices, strict=True):
        document = searcher.doc(address)
        title, slug = str(document["shown_title"][0]), str(document["slug"][0])
        found.append(Suggestion("product", title, f"/p/{quote(slug)}", format_amount(int(price or 0), currency)))
    return found
