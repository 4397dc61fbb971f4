"""What strangers write as rich text is safe to show, and stays what it is when it is cleaned again."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storefront.catalog.sanitise import ATTRIBUTES, TAGS, plain_text, sanitise_html


class _Elements(HTMLParser):
    """The elements that a text has, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in _Elements(html).found:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set()) | ({"rel"} if tag == "a" else set())
        for address in (attributes.get("href"), attributes.get("src")):
            scheme, colon, _ = (address or "").partition(":")
            assert not colon or "/" in scheme or scheme.strip().lower() in {"http", "https", "mailto", "tel"}


@pytest.mark.parametrize(
    ("hostile", "clean"),
    [
        ("<script>steal()</script><p>Oak.</p>", "<p>Oak.</p>"),
        ('<p onclick="steal()">Oak.</p>', "<p>Oak.</p>"),
        ('<img src="x.jpg" onerror="steal()">', '<img src="x.jpg">'),
        ("<style>* { display: none }</style>Oak.", "Oak."),
        ('<iframe src="https://evil.example"></iframe>Oak.', "Oak."),
        ('<form action="https://evil.example"><input name="card"></form>Oak.', "Oak."),
        ('<p style="position:fixed">Oak.</p>', "<p>Oak.</p>"),
        ('<a href="javascript:steal()">Oak</a>', '<a rel="noopener nofollow">Oak</a>'),
        ('<a href="JAVA&#10;SCRIPT:steal()">Oak</a>', '<a rel="noopener nofollow">Oak</a>'),
        ('<a href="data:text/html,x" target="_top">Oak</a>', '<a rel="noopener nofollow">Oak</a>'),
        ('<a href="https://oak.example/" rel="opener">Oak</a>', '<a href="https://oak.example/" rel="noopener nofollow">Oak</a>'),
        ("<svg><style><img src=x onerror=steal()></style></svg>", '<img src="x">'),
        ("<base href=https://evil.example><meta http-equiv=refresh content=0>Oak.", "Oak."),
        ("<!-- <p> -->Oak.<!--", "Oak."),
        ("<h1>Oak</h1>", "Oak"),
        ("</div></main><p>Oak.", "<p>Oak.</p>"),
        ("\x00<scr\x00ipt>steal()</script>Oak.", "Oak."),
    ],
)
def test_what_could_harm_a_page_is_gone_and_the_words_stay(hostile: str, clean: str) -> None:
    assert sanitise_html(hostile) == clean


@pytest.mark.parametrize(
    "html",
    [
        "",
        'Oak, 12" wide.',
        "<p>Solid <strong>oak</strong> &amp; steel.<br>Made by <em>hand</em>.</p>",
        "<ul>\n<li>Oak</li>\n<li>Steel</li>\n</ul>",
        '<table><tbody><tr><th scope="row">Width</th><td colspan="2">12 cm</td></tr></tbody></table>',
        '<img src="/media/1.webp" alt="A table" width="640" height="480">',
        "<pre>\n\n  two lines down</pre>",
    ],
)
def test_honest_text_stays_as_it_is(html: str) -> None:
    assert sanitise_html(html) == html


def test_line_ends_are_of_one_kind() -> None:
    assert sanitise_html("one\r\ntwo\rthree") == "one\ntwo\nthree"
    assert sanitise_html("<p>one&#13;two</p>") == "<p>one\ntwo</p>"


TAG_PIECES = (
    *("p", "b", "i", "a", "table", "tr", "td", "pre", "ul", "li", "h2", "svg", "math", "mtext", "mglyph", "style", "script", "textarea"),
    *("noscript", "template", "select", "option", "title", "frameset", "plaintext", "xmp", "form", "button", "body", "caption"),
)
OTHER_PIECES = (
    *("<a href='javascript:x'>", "<img/src=x/onerror=y>", "<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&amp;", "&#13;", "&#0;", "&nbsp;"),
    *("<", ">", '"', "'", "=", "/", "x", "\r", "\n", "\x00", "ñ"),
)
PIECES = st.sampled_from([*(f"<{tag}>" for tag in TAG_PIECES), *(f"</{tag}>" for tag in TAG_PIECES), *OTHER_PIECES])


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
@example("<pre>\n\nx</pre>")
@example("<p><select><p>")
def test_anything_becomes_harmless_and_stays_the_same_when_cleaned_again(html: str) -> None:
    clean = sanitise_html(html)
    assert_harmless(clean)
    assert sanitise_html(clean) == clean


def test_plain_text_is_the_words_on_one_line() -> None:
    assert (
        plain_text("<p>Solid oak.</p><ul>\n<li>Oiled &amp; waxed</li><li>12 cm</li></ul>one<br>two")
        == "Solid oak. Oiled & waxed 12 cm one two"
    )
    assert plain_text("") == ""
