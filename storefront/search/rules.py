"""What an operator taught the search: synonyms, redirects, and what is put first for a text."""

from collections.abc import Iterable, Mapping, Sequence

from storefront.search.model import CategoryName, Pin
from storefront.search.schema import normal, stem, words_of

Words = tuple[str, ...]


class Rules:
    """Everything that is known beside the index. It never changes: what an operator edits makes a new one."""

    def __init__(
        self,
        synonyms: Iterable[Sequence[str]] = (),
        redirects: Mapping[str, str] | None = None,
        pins: Iterable[tuple[str, Pin]] = (),
        categories: Iterable[CategoryName] = (),
    ) -> None:
        self._synonyms: dict[Words, list[Words]] = {}
        for terms in synonyms:
            self._add_synonyms(terms)
        self.longest_synonym = max(map(len, self._synonyms), default=0)
        self._redirects = {normal(text): url for text, url in (redirects or {}).items()}
        self._pins: dict[str, list[Pin]] = {}
        for text, pin in pins:
            self._pins.setdefault(normal(text), []).append(pin)
        self.categories = tuple((category, frozenset(words_of(category.name))) for category in categories)

    def _add_synonyms(self, terms: Sequence[str]) -> None:
        spelled = [tuple(words_of(term)) for term in terms]
        for words in spelled:
            key = tuple(stem(word) for word in words)
            known = self._synonyms.setdefault(key, []) if key else []
            known += [other for other in spelled if other and other != words and other not in known]

    def synonyms(self, stems: Words) -> list[Words]:
        """What else these words may be called, as words."""
        return self._synonyms.get(stems, [])

    def redirect(self, text: str) -> str | None:
        """The page that a text leads to."""
        return self._redirects.get(normal(text))

    def pins(self, text: str) -> list[Pin]:
        """What was put first, or weighs more or less, for a text."""
        return self._pins.get(normal(text), [])
