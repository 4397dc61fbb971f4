"""What the index holds of a product, and how text becomes terms. Whatever changes here changes the version, and the index is built anew."""

import hashlib
import math
import zlib
from collections.abc import Iterator, Sequence
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import msgspec
import tantivy

from storefront.catalog.model import Offer, SearchDocument
from storefront.catalog.prices import price_band
from storefront.search.language import PLAIN, Language, normal, without_apostrophes, words_of

SEPARATOR = "\x1f"  # between the kind, name and value of a facet; no parameter of a request can contain it
LONGEST_SHOWN = 1000  # characters of a description that a result quotes from
HALVINGS = 12  # times that the catalog may be halved, so that a part of it can be counted for the whole
FINENESS = 4  # parts of a halving: what is left is seldom much more than was wanted
SAMPLED = (2, 4, 6, 8, 10)  # after so many halvings what is left has lists of words of its own, and is looked through without the rest
LEVELS = 32  # by which products are parted by weight, so that the best of very many can be looked at alone
BEGINNINGS = (2, 3)  # letters by which what is called by a word is found at once; with more, so many words begin no longer
SORTED_BY = "place"  # what is read together lies together (see `_place`)
LONGEST_SORTED = 200  # characters of a title that its order is decided by

_AVAILABLE = 0.12  # how much more a product weighs that can be bought now
_POPULAR = 0.02  # for each doubling of what was sold
_MOST_POPULAR = 0.3
_BRANCHES = (64, 256)  # categories that are told apart at the top and below it, as products lie in order
_FINEST = 1000  # steps of weight, likewise
_APART = 0.001  # spread over products that are otherwise equal, so that their order is one and the same in every replica
_SPAN = _MOST_POPULAR + _AVAILABLE + _APART  # from what weighs least to what weighs most


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """What a result shows of a product: texts as they were written, the description cut."""

    slug: str
    title: str
    description: str


def shown(document: tantivy.Document) -> Shown:
    """What is stored with a document."""
    return msgspec.msgpack.decode(document["shown"][0], type=Shown)


def build_schema(currencies: Sequence[str]) -> tantivy.Schema:
    """The fields. Text that is looked through has stems; `words` has the words as they are, for typing mistakes and half words."""
    builder = tantivy.SchemaBuilder()
    for name in ("mark", "position"):  # of the one document that says where the change feed stood (platform/feed.py)
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name="stemmed", index_option="position")
    for name in ("brand", "category", "details", "description"):
        builder.add_text_field(name, tokenizer_name="stemmed", index_option="freq")
    # What a product must have is looked for in these: one list for each word, and nothing is scored.
    for name in ("all", "named"):
        for halvings in (0, *SAMPLED):
            builder.add_text_field(listed_in(name, halvings), tokenizer_name="stemmed", index_option="basic")
    builder.add_text_field("begins", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("level", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", tokenizer_name="plain", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("shown", stored=True)
    builder.add_text_field("sample", tokenizer_name="raw", index_option="basic")
    for name in ("category_path", "sorted_title"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("collection", indexed=True)
    for name in ("popularity", "published_at", "stars"):
        builder.add_integer_field(name, indexed=True, fast=True)
    builder.add_float_field("weight", fast=True)
    builder.add_integer_field("place", fast=True)
    builder.add_text_field("currency", tokenizer_name="raw", index_option="basic")
    for currency in currencies:
        builder.add_integer_field(f"price_{currency}", indexed=True, fast=True)
    for name in ("brand_name", "facets", *(f"facets_{currency}" for currency in currencies)):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def facet_field(kind: str, currency: str) -> str:
    """The field that the values of a kind of facet are in. Few are counted faster than many; brands are too many to be with others."""
    if kind == "brand":
        return "brand_name"
    return f"facets_{currency}" if kind in ("availability", "price", "opt") else "facets"


def facet_term(kind: str, *said: str) -> str:
    """How a facet value stands in its field: after its kind, and for options and attributes after their name."""
    return SEPARATOR.join((kind, *said))


def listed_in(field: str, halvings: int) -> str:
    """The field that has the same of what is left of the catalog when it is halved so many times."""
    return f"{field}_{halvings}" if halvings else field


def whole_steps(halvings: float) -> float:
    """So many halvings, or a little fewer: as many as products are marked by."""
    return min(HALVINGS, int(halvings * FINENESS) / FINENESS)


def sample_term(halvings: float) -> str:
    """The term, in the field `sample`, of what is left of the catalog when it is halved so many times."""
    return str(int(halvings * FINENESS))


def register(index: tantivy.Index, language: Language) -> None:
    """Tells an index its analyzers; they are not kept on disk."""
    index.register_tokenizer("stemmed", language.stemmed)
    index.register_tokenizer("plain", PLAIN)


def version(currencies: Sequence[str], language: Language) -> str:
    """Names what an index was made by: this file and that of the languages, the library, the language and the currencies."""
    files = [Path(__file__), Path(__file__).with_name("language.py")]
    made_by = [*(file.read_text(encoding="utf-8") for file in files), library_version("tantivy"), language.code, *sorted(currencies)]
    return hashlib.sha256("\n".join(made_by).encode()).hexdigest()[:12]


def document_of(product: SearchDocument, currencies: Sequence[str]) -> tantivy.Document:
    """A product as a document."""
    offers = {currency: offer for currency, offer in product.offers.items() if currency in currencies}
    values = [value for _, found in _choices(product) for value in found]
    details = _text(*product.tags, *values)
    title, brand, category = (without_apostrophes(text) for text in (product.title, product.brand, " ".join(product.category_names)))
    description = without_apostrophes(product.description)
    factor, halvings = _factor(product), _halvings(product.id)
    words = {"named": [title, brand, category], "all": [title, brand, category, details, description]}
    fields: dict[str, Any] = {
        "id": product.id,
        "title": title,
        "brand": brand,
        "category": category,
        "details": details,
        "description": description,
        "begins": list({word[:letters] for word in words_of(f"{title} {brand} {category}") for letters in BEGINNINGS}),
        "level": [str(level) for level in range(1, _level(factor) + 1)],
        "words": _text(title, brand, category, details),
        "exact": [code.casefold() for code in (*product.skus, *product.barcodes, product.slug)] + [normal(product.title)],
        "shown": msgspec.msgpack.encode(Shown(product.slug, product.title, product.description[:LONGEST_SHOWN])),
        "sample": [sample_term(step / FINENESS) for step in range(1, int(halvings * FINENESS) + 1)],
        "stars": product.stars,
        "category_path": list(product.category_paths),
        "sorted_title": product.title.lower()[:LONGEST_SORTED],
        "collection": list(product.collection_ids),
        "popularity": product.popularity,
        "published_at": product.published_at,
        "weight": 2**factor - 2,  # the library multiplies the score by log2(2 + weight)
        "place": _place(product.category_paths, factor, halvings),
        "currency": list(offers),
        "facets": list(_facets(product)),
    }
    if product.brand:
        fields["brand_name"] = facet_term("brand", product.brand)
    for currency, offer in offers.items():
        fields |= {f"price_{currency}": offer.lowest, f"facets_{currency}": list(_facets_of(offer))}
    for times in (0, *SAMPLED):
        if times <= halvings:
            fields |= {listed_in(name, times): found for name, found in words.items()}
    return tantivy.Document(**fields)


def _facets(product: SearchDocument) -> Iterator[str]:
    """What a product counts for in every currency. Of its categories the one at the top: seldom another can be chosen next."""
    if product.category_paths:
        yield facet_term("category", product.category_paths[0])
    if product.stars:
        yield facet_term("rating", str(product.stars))
    for name, found in product.attributes.items():
        for value in dict.fromkeys(found):
            yield facet_term("attr", name, value)


def _facets_of(offer: Offer) -> Iterator[str]:
    yield facet_term("availability", offer.availability)
    yield facet_term("price", price_band(offer.lowest))
    for name, found in offer.options.items():
        for value in dict.fromkeys(found):
            yield facet_term("opt", name, value)


def _choices(product: SearchDocument) -> list[tuple[str, list[str]]]:
    options: dict[str, list[str]] = {}
    for offer in product.offers.values():
        for name, found in offer.options.items():
            known = options.setdefault(name, [])
            known += [value for value in found if value not in known]
    return [*product.attributes.items(), *options.items()]


def _text(*pieces: str) -> str:
    return without_apostrophes(" ".join(pieces))


def _factor(product: SearchDocument) -> float:
    """What the score is multiplied by."""
    factor = 1 + min(_POPULAR * math.log2(1 + max(0, product.popularity)), _MOST_POPULAR)
    if any(offer.availability != "sold_out" for offer in product.offers.values()):
        factor += _AVAILABLE
    return factor + _APART * _spread(product.id) / 2**32


def _place(category_paths: Sequence[str], factor: float, halvings: float) -> int:
    """The higher, the sooner a product lies: what is left of the catalog after more of SAMPLED first, so that the rest is not read with it;
    then one category after another, since what a text finds is mostly of few; then the weightiest, which are scored of very many.
    """
    place = sum(times <= halvings for times in SAMPLED)
    for branches, path in zip(_BRANCHES, (*category_paths[:2], "", ""), strict=False):
        place = place * branches + zlib.crc32(path.encode()) % branches
    return place * (_FINEST + 1) + int((factor - 1) / _SPAN * _FINEST)


def _level(factor: float) -> int:
    """From 0 for what weighs least to LEVELS for what weighs most."""
    return min(LEVELS, int((factor - 1) / _SPAN * LEVELS))


def _halvings(product_id: int) -> float:
    """How many times the catalog may be halved with the product still in the half. Of equals, those that weigh most are."""
    return whole_steps(math.log2(2**32 / (2**32 - _spread(product_id))))


def _spread(product_id: int) -> int:
    """A number below 2**32 that has nothing to do with the order of the ids (Knuth's multiplicative hash)."""
    return product_id * 2_654_435_761 % 2**32
