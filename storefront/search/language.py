"""How a shop's language becomes terms, and what is known of the language whatever a shop sells (languages/*.toml)."""

import tomllib
from functools import cache
from pathlib import Path

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""The languages that the library finds the stems of, by their code."""

MOST_STEMS = 50_000  # remembered; asking the library takes twenty times as long
FOLDER = Path(__file__).parent / "languages"


def _analyzer(*filters: Filter) -> TextAnalyzer:
    # Accents go first: who types without them must end at the same stem.
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.ascii_fold()).filter(Filter.lowercase())
    for added in filters:
        builder = builder.filter(added)
    return builder.build()


PLAIN = _analyzer()


def words_of(text: str) -> list[str]:
    """The words of a text: folded to ASCII where that can be, lower case, apostrophes gone ("Men’s" is "mens")."""
    return PLAIN.analyze(without_apostrophes(text))


def normal(text: str) -> str:
    """A text as two spellings of it are compared: "Gift-Card!" and "gift card" are one."""
    return " ".join(words_of(text)) or text.casefold()


def without_apostrophes(text: str) -> str:
    """The text with words like "men’s" in one piece."""
    return text.replace("'", "").replace("’", "")


class Language:
    """One language.

    `same` are groups of words that mean the same; `means` says what else a word means, which does not hold the other way.
    """

    def __init__(self, locale: str) -> None:
        """Of a locale as in "de" or "de-AT". Raises ValueError for one whose stems nobody knows."""
        self.code = locale.lower().partition("-")[0]
        if self.code not in STEMMERS:
            raise ValueError(f"the search does not know the language {locale!r}; it knows {', '.join(STEMMERS)}")
        self.stemmed = _analyzer(Filter.stemmer(STEMMERS[self.code]))
        file = FOLDER / f"{self.code}.toml"
        known = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self.stop_words = frozenset(str(known.get("stop_words", "")).split())
        self.same: list[list[str]] = known.get("same", [])
        self.means: dict[str, list[str]] = known.get("means", {})
        self._stems: dict[str, str] = {}

    def stem(self, word: str) -> str:
        """The term that a word of `words_of` is indexed as."""
        found = self._stems.get(word)
        if found is None:
            stems = self.stemmed.analyze(word)
            found = stems[0] if stems else word
            if len(self._stems) >= MOST_STEMS:
                self._stems.clear()
            self._stems[word] = found
        return found


@cache
def language_of(locale: str) -> Language:
    """The language of a locale, which remembers the stems it has found for all of the process. Raises as Language does."""
    return Language(locale)


ENGLISH = language_of("en")
