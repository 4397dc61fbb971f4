"""An index on disk with its writer. All of it blocks; one thread writes at a time, any may read, and `keep` may be called by another.

Where the change feed stood at a commit is a document of the index, so that both become durable together.
"""

import contextlib
import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import tantivy
from tantivy import Occur, Order, Query

from storefront.catalog.model import SearchDocument
from storefront.search.best import shares
from storefront.search.counting import Memo
from storefront.search.filters import sold_in
from storefront.search.language import ENGLISH, Language, words_of
from storefront.search.rules import Rules
from storefront.search.schema import SORTED_BY, build_schema, document_of, register
from storefront.search.snapshot import Snapshot
from storefront.search.sorting import count_of
from storefront.search.vocabulary import Vocabulary
from storefront.search.working import WorkingCopy

MERGED_AT_ONCE = 8  # parts of about one size: the library's own rule, which cannot be set
LARGEST_PART = 30_000  # products

_states = itertools.count(1)
_ANY = "position"  # the term that the document with the position is found and replaced by


def part_of(products: int) -> int:
    """How many products a part has, so that as few parts as can be are left when they are merged."""
    part = max(LARGEST_PART // MERGED_AT_ONCE, products)
    while part > LARGEST_PART:
        part = math.ceil(part / MERGED_AT_ONCE)
    return part


class DiskIndex:
    """Opens the index in a folder, or makes an empty one. Raises ValueError or OSError for one that cannot be read."""

    def __init__(self, folder: Path, currencies: Sequence[str], heap_bytes: int, language: Language = ENGLISH) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.schema = build_schema(currencies)
        self._currencies = tuple(currencies)
        self._heap_bytes = heap_bytes
        self._language = language
        self._copy: WorkingCopy | None = None
        self._part: int | None = None  # products of a part, while many are added
        self._in_part = 0
        self._open(folder)
        self.vocabulary = Vocabulary()
        self.vocabulary.learn(word for word, _ in self.searcher.terms_with_prefix("words", ""))

    def _open(self, folder: Path) -> None:
        self._index = tantivy.Index(self.schema, str(folder), sort_by_field=SORTED_BY, sort_order=Order.Desc)
        register(self._index, self._language)
        self._index.config_reader("manual")
        self._writer = self._open_writer()
        self._look()

    def _look(self) -> None:
        """Takes up what was committed last, and what is true of all its products: searches need not ask for that."""
        searcher = self._index.searcher()
        last = searcher.search(Query.all_query(), 1, count=False, order_by_field="published_at").hits
        self._latest = int(last[0][0] or 0) if last else 0
        self.searcher = searcher
        # Counted, since the library's frequencies have in them what was deleted.
        sold = {currency: count_of(searcher.search(sold_in(self.schema, currency), 1)) for currency in self._currencies}
        self._everywhere = frozenset(currency for currency, count in sold.items() if count == self.products)
        self._levels = shares(searcher)
        self.state = next(_states)

    def _open_writer(self) -> tantivy.IndexWriter:
        return self._index.writer(self._heap_bytes, 1)

    @property
    def products(self) -> int:
        """How many products there are."""
        return max(0, self.searcher.num_docs - (self.position is not None))

    @property
    def segments(self) -> int:
        """In how many parts the library keeps them."""
        return self.searcher.num_segments

    def snapshot(self, rules: Rules, memo: Memo) -> Snapshot:
        """What searches are answered from: this state, until the next commit."""
        state = self.state  # before the searcher: an old number for a new state does no harm, a new one for an old state would
        return Snapshot(self.searcher, self.schema, self.vocabulary, rules, memo, state, self._latest, self._everywhere, self._levels)

    def probe(self) -> None:
        """Reads from every part of the index. Raises when one is damaged."""
        everything = Query.all_query()
        self.searcher.search(everything, 1, weight_by_field="weight")
        self.searcher.aggregate(everything, {"brands": {"terms": {"field": "brand_name", "size": 1}}})
        for _, address in self.searcher.search(everything, 1, order_by_field="id").hits:
            self.searcher.doc(address)

    @property
    def position(self) -> str | None:
        """Where the change feed stood at the last commit that said so."""
        hits = self.searcher.search(Query.term_query(self.schema, "mark", _ANY, "basic"), 1).hits
        return str(self.searcher.doc(hits[0][1])["position"][0]) if hits else None

    def in_collections(self, collection_ids: Iterable[int]) -> list[int]:
        """The products that the index has in one of the collections."""
        parts = [(Occur.Should, Query.term_query(self.schema, "collection", found, "basic")) for found in collection_ids]
        if not parts or not self.searcher.num_docs:
            return []
        hits = self.searcher.search(Query.boolean_query(parts), self.searcher.num_docs, count=False, order_by_field="id").hits
        return [int(product_id) for product_id, _ in hits]

    def expect(self, products: int) -> None:
        """So many products are going to be added. Until `settle` they go into parts of a size that leaves one when the parts are merged."""
        self._part = part_of(products)

    def settle(self) -> None:
        """Waits until what was expected is merged."""
        self._part = None
        self._writer.commit()
        self._writer.wait_merging_threads()
        self.reopen()

    def add(self, products: Iterable[SearchDocument]) -> None:
        """Adds products that are not in the index yet, with the next commit."""
        for product in products:
            if product.published and product.offers:
                self._writer.add_document(document_of(product, self._currencies))
                self._in_part += 1
                if self._in_part == self._part:
                    self._writer.commit()
                    self._in_part = 0

    def replace(self, product_ids: Iterable[int], products: Sequence[SearchDocument]) -> None:
        """Takes the ids out and puts in what is there of them now, with the next commit."""
        for product_id in product_ids:
            self._writer.delete_documents_by_term("id", product_id)
        self.add(products)

    def commit(self, position: str | None = None) -> None:
        """Makes what was written durable and visible. A position replaces the one before; without one the old stays."""
        if position is not None:
            self._writer.delete_documents_by_term("mark", _ANY)
            self._writer.add_document(tantivy.Document(mark=_ANY, position=position))
        self._writer.commit()
        self._index.reload()
        self._look()

    def learn(self, products: Iterable[SearchDocument]) -> None:
        """Adds the products' words to the vocabulary."""
        found: list[str] = []
        for product in products:
            found += words_of(" ".join((product.title, product.brand, *product.category_names, *product.tags)))
        self.vocabulary.learn(found)

    def relearn(self) -> None:
        """Adds all words of the index to the vocabulary."""
        self.vocabulary.learn(word for word, _ in self.searcher.terms_with_prefix("words", ""))

    def work_in(self, memory: Path) -> None:
        """Commits go to memory from here on, if there is room, and to the disk with `keep`."""
        self._let_go()
        self._copy = WorkingCopy.where_there_is_room(self.folder, memory)
        self._open(self._copy.folder if self._copy else self.folder)

    def keep(self) -> None:
        """Brings the last commit to the disk, beside whatever else is done. Raises OSError when that cannot be."""
        copy = self._copy
        if copy is not None:
            copy.keep()

    def reopen(self) -> None:
        """Gives up what is not committed and begins with a new writer, after the old one has failed; on the disk, as memory may be full."""
        self._let_go()
        self._leave_memory()
        self._open(self.folder)

    def close(self) -> None:
        """Gives up what is not committed and lets go of the folder."""
        self._let_go()
        self._leave_memory()

    def _leave_memory(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            try:
                copy.keep()
            finally:
                copy.close()

    def _let_go(self) -> None:
        with contextlib.suppress(AttributeError):
            del self._writer  # the library ends its threads and frees its lock with the last reference
