"""What an operator taught the search: synonyms, redirects, and what is put first for a text."""

from collections.abc import Iterable, Mapping, Sequence

from storefront.search.language import ENGLISH, Language, normal, words_of
from storefront.search.model import CategoryName, Pin

Words = tuple[str, ...]

SHORTEST_ABOVE = 3  # letters by which a category is named with the one above it


def _spelled(terms: Iterable[str]) -> list[Words]:
    return [tuple(words_of(term)) for term in terms]


class Rules:
    """Everything that is known beside the index. It never changes: what an operator edits makes a new one."""

    def __init__(
        self,
        synonyms: Iterable[Sequence[str]] = (),
        redirects: Mapping[str, str] | None = None,
        pins: Iterable[tuple[str, Pin]] = (),
        categories: Iterable[CategoryName] = (),
        *,
        language: Language = ENGLISH,
        means: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`synonyms` are groups that mean the same; `means` says what else a word means, which does not hold the other way."""
        self.language = language
        self._synonyms: dict[Words, list[Words]] = {}
        for terms in synonyms:
            spelled = _spelled(terms)
            for term in spelled:
                self._add_synonyms(term, spelled)
        for word, others in (means or {}).items():
            self._add_synonyms(tuple(words_of(word)), _spelled(others))
        self.longest_synonym = max(map(len, self._synonyms), default=0)
        self._redirects = {normal(text): url for text, url in (redirects or {}).items()}
        self._pins: dict[str, list[Pin]] = {}
        for text, pin in pins:
            self._pins.setdefault(normal(text), []).append(pin)
        self.categories = tuple((category, frozenset(words_of(category.name))) for category in categories)
        self._below: dict[str, list[str]] = {}
        for category, _ in self.categories:
            self._below.setdefault(category.path.rpartition("/")[0], []).append(category.path)
        self._by_name: dict[frozenset[str], list[CategoryName]] = {}
        for category, words in self.categories:
            self._by_name.setdefault(frozenset(map(language.stem, words)), []).append(category)

    def _add_synonyms(self, words: Words, others: Sequence[Words]) -> None:
        if words:
            known = self._synonyms.setdefault(self._key(words), [])
            known += [other for other in others if other and other != words and other not in known]

    def _key(self, words: Words) -> Words:
        return tuple(self.language.stem(word) for word in words)

    def synonyms(self, words: Words) -> list[Words]:
        """What else these words may be called, as words."""
        return self._synonyms.get(self._key(words), [])

    def categories_called(self, words: Sequence[str]) -> list[CategoryName]:
        """The categories that several words name with the one above: "home lighting" is Lighting in Home Decor.

        Each word is of the category's name or begins one of the name above, and none of the category's is missing.
        """
        found = []
        for split in range(1, len(words)):
            for above, name in ((words[:split], words[split:]), (words[split:], words[:split])):
                for category in self._by_name.get(frozenset(map(self.language.stem, name)), ()):
                    parents = words_of(category.parent_name)
                    if all(len(word) >= SHORTEST_ABOVE and any(parent.startswith(word) for parent in parents) for word in above):
                        found.append(category)
        return found

    def open_categories(self, chosen: Iterable[str]) -> list[str]:
        """The paths that can be chosen next: those at the top, and one level below each that is chosen and each above it."""
        opened = {""}
        for path in chosen:
            opened.update("/".join(path.split("/")[:level]) for level in range(1, path.count("/") + 2))
        return [path for above in sorted(opened) for path in self._below.get(above, ())]

    def redirect(self, text: str) -> str | None:
        """The page that a text leads to."""
        return self._redirects.get(normal(text))

    def pins(self, text: str) -> list[Pin]:
        """What was put first, or weighs more or less, for a text."""
        return self._pins.get(normal(text), [])
