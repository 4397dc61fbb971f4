"""Where a product matches a text: marked, escaped, and cut where nothing is lost."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.search.highlighting import BEFORE, LONGEST, highlighted, snippet

TEXTS = st.lists(st.one_of(st.sampled_from(["leather", "<b>", "&amp;", '"', "men’s", "</mark>", "LEATHER", "é"]), st.text(max_size=12)))


def leather(word: str) -> bool:
    return word.casefold() == "leather"


def without_marks(html: str) -> str:
    return re.sub("</?mark>", "", html)


@given(TEXTS.map(" ".join))
def test_whatever_a_text_is_it_is_escaped_and_nothing_of_it_is_lost(text: str):
    html = highlighted(text, leather)
    assert not re.findall("[<>\"']", without_marks(html))
    assert unescape(without_marks(html)) == text
    assert all(leather(unescape(marked)) for marked in re.findall("<mark>(.*?)</mark>", html))


@given(TEXTS.map(" ".join), st.integers(0, 30))
def test_a_snippet_is_short_escaped_and_has_what_was_looked_for(text: str, repeated: int):
    text = f"{'word ' * repeated}{text}"
    html = snippet(text, leather)
    if "<mark>" not in highlighted(text, leather):
        assert html == ""
        return
    assert "<mark>" in html
    plain = unescape(without_marks(html)).removeprefix("… ").removesuffix(" …")
    assert plain in text
    assert len(plain) <= LONGEST + BEFORE
    assert not re.findall("[<>\"']", without_marks(html))


def test_a_snippet_is_taken_where_most_of_the_words_are():
    text = "A leather strap. " + "Made with care by people who like it. " * 8 + "The soft leather bag has a pocket."
    html = snippet(text, lambda word: word in ("leather", "bag"))
    assert "<mark>leather</mark> <mark>bag</mark>" in html
    assert html.startswith("… ")


@pytest.mark.parametrize(("text", "html"), [("Men’s Belt", "<mark>Men’s</mark> Belt"), ("T-Men", "T-<mark>Men</mark>")])
def test_a_word_is_marked_whole(text: str, html: str):
    assert highlighted(text, lambda word: word.casefold().startswith("men")) == html
