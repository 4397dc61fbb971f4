"""The words of the catalog, to find those near a mistyped one. A small index in memory, since tantivy's automata are quick at that."""

from collections.abc import Iterable

import tantivy
from tantivy import Query

SHORTEST = 3
LONGEST = 32
MOST_NEAR = 200
HEAP_BYTES = 15_000_000  # the least that tantivy takes


def tolerance(word: str) -> int:
    """How many mistakes a word of this length may have: none below four letters or with a digit, two from eight letters on."""
    if len(word) < 4 or len(word) > LONGEST or not word.isalpha():
        return 0
    return 1 if len(word) < 8 else 2


class Vocabulary:
    """Words without their counts; words that are gone from the catalog stay until the next start, and count nothing."""

    def __init__(self) -> None:
        self._schema = tantivy.SchemaBuilder().add_text_field("word", stored=True, tokenizer_name="raw", index_option="basic").build()
        self._index = tantivy.Index(self._schema)
        self._index.config_reader("manual")
        self._writer = self._index.writer(HEAP_BYTES, 1)
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return self._searcher.num_docs

    def learn(self, words: Iterable[str]) -> None:
        """Adds what is new. One caller at a time."""
        new = [word for word in dict.fromkeys(words) if self._can_be_meant(word) and not self._searcher.doc_freq("word", word)]
        if not new:
            return
        for word in new:
            self._writer.add_document(tantivy.Document(word=word))
        self._writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()

    def near(self, word: str, distance: int, *, prefix: bool = False) -> list[str]:
        """Words within so many edits (a swap of neighbours is one), in no order; with `prefix`, words that begin so."""
        searcher = self._searcher
        query = Query.fuzzy_term_query(self._schema, "word", word, distance, transposition_cost_one=True, prefix=prefix)
        return [str(searcher.doc(address)["word"][0]) for _, address in searcher.search(query, MOST_NEAR, count=False).hits]

    @staticmethod
    def _can_be_meant(word: str) -> bool:
        return SHORTEST <= len(word) <= LONGEST and not any(ch.isdigit() for ch in word)
