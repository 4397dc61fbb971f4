"""Rich text that strangers wrote, made safe to show: nh3 (ammonia) with a short allow-list."""

import re
from html import escape, unescape

import nh3

TAGS = frozenset(
    (
        *("h2", "h3", "h4", "h5", "h6", "p", "div", "blockquote", "pre", "hr", "figure", "figcaption"),
        *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tfoot", "tr", "th", "td"),
        *("a", "b", "br", "code", "em", "i", "img", "s", "small", "span", "strong", "sub", "sup", "u"),
    )
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
ROUNDS = 8

_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={"script", "style"},
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    url_schemes=set(SCHEMES),
    link_rel="noopener nofollow",
)
_HAS_MARKUP = re.compile("[<&>]")
_BLOCK_END = re.compile(r"(?i)<br\s*/?>|</(?:p|div|li|h[1-6]|tr|td|th|dd|dt|blockquote|figcaption|pre)>")
_TAG = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"\s+")
_PRE_AND_LINE_END = re.compile(r"<pre>(?=\n)")


def sanitise_html(html: str) -> str:
    """The same text with only harmless tags, attributes and links. Cleaning twice gives what cleaning once gave."""
    html = _unix_lines(html).replace("\x00", "").strip()
    for _ in range(ROUNDS):
        if not _HAS_MARKUP.search(html):
            return html
        before, html = html, _clean(html)
        if html == before:
            return html
    return escape(plain_text(html), quote=False)


def _clean(html: str) -> str:
    """Once. What is left after a tag was taken out may be read otherwise by the next parser: `<p><select><p>` leaves a p in a p."""
    cleaned = _unix_lines(_CLEANER.clean(html)).strip()  # &#13; has become a carriage return
    return _PRE_AND_LINE_END.sub("<pre>\n", cleaned)  # a parser drops the first line end of a pre, so one more stands for it


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def plain_text(html: str) -> str:
    """The words of sanitised HTML on one line, without markup; for search and descriptions of pages."""
    return _SPACE.sub(" ", unescape(_TAG.sub("", _BLOCK_END.sub(" ", html)))).strip()
