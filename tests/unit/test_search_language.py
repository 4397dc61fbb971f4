"""A shop's language: stems, words that say nothing, words that mean the same."""

import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.catalog.model import ListingQuery
from storefront.search.counting import Memo
from storefront.search.disk import DiskIndex
from storefront.search.engine import search
from storefront.search.language import ENGLISH, FOLDER, STEMMERS, Language, words_of
from storefront.search.rules import Rules
from storefront.search.schema import version
from storefront.settings import Locale
from tests.unit.test_search_matching import NOW, product

GERMAN = Language("de-AT")


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskIndex]:
    """An index of a German shop."""
    made = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000, GERMAN)
    made.add(
        [
            product(1, "Häuser für Vögel"),
            product(2, "Gestreifte Jacken mit Kapuze"),
            product(3, "Der Krug"),
            product(4, "Stuhl"),
        ]
    )
    made.commit("1:1:")
    made.relearn()
    yield made
    made.close()


def found(index: DiskIndex, text: str, language: Language) -> list[int]:
    rules = Rules(language.same, language=language, means=language.means)
    return list(search(index.snapshot(rules, Memo()), ListingQuery("EUR", text=text, sort="relevance"), NOW).ids)


@pytest.mark.parametrize(("text", "first"), [("haus", 1), ("vogel haus", 1), ("jacke gestreift", 2), ("krüge", 3), ("der stuhl", 4)])
def test_words_are_found_in_every_form_that_the_shops_language_gives_them(german: DiskIndex, text: str, first: int):
    assert found(german, text, GERMAN)[0] == first


def test_words_that_say_nothing_are_those_of_the_language(german: DiskIndex):
    assert "der" in GERMAN.stop_words
    assert "der" not in ENGLISH.stop_words
    assert found(german, "der stuhl", GERMAN) == [4]


def test_every_language_that_can_be_set_is_known_and_no_other():
    codes = set(re.search(r"\((.*?)\)", typing.get_args(Locale)[1].pattern).group(1).split("|"))
    assert codes == set(STEMMERS)
    for code in codes:
        assert Language(code).stem("chair")
    with pytest.raises(ValueError, match="tlh"):
        Language("tlh")


def test_an_index_of_another_language_is_another_version():
    assert version(["EUR"], ENGLISH) != version(["EUR"], GERMAN)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_what_is_known_of_a_language_can_be_typed(file: Path):
    language = Language(file.stem)
    assert all(words_of(word) == [word] for word in language.stop_words)
    for group in language.same:
        assert len(group) >= 2
        assert len({tuple(words_of(term)) for term in group}) == len(group), group
    terms = [term for group in language.same for term in group] + list(language.means)
    assert all(set(words_of(term)) - language.stop_words for term in terms)


@given(st.text(alphabet=st.characters(categories=["L"]), min_size=1, max_size=20))
def test_a_stem_is_remembered_as_it_was_found(word: str):
    for term in words_of(word):
        assert ENGLISH.stem(term) == ENGLISH.stem(term) == (ENGLISH.stemmed.analyze(term) or [term])[0]
