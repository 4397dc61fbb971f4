"""Where a product matches a text, as HTML: everything is escaped, and what was looked for stands in <mark>."""

import re
from collections.abc import Callable, Collection
from html import escape

LONGEST = 160  # characters of a snippet, about
BEFORE = 40  # of them before the first match, about

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

IsMeant = Callable[[str], bool]


def highlighted(text: str, is_meant: IsMeant) -> str:
    """The whole text. `is_meant` says of a word whether it was looked for."""
    return _marked(text, _spans(text, is_meant))


def snippet(text: str, is_meant: IsMeant) -> str:
    """The part of a longer text in which most of what was looked for is near together; empty when nothing is."""
    spans = _spans(text, is_meant)
    if not spans:
        return ""
    first = max(spans, key=lambda span: (_within(text, spans, span[0]), -span[0]))[0]
    begin = _blank_after(text, first - BEFORE) if first > BEFORE else 0
    end = _blank_before(text, begin + LONGEST) if begin + LONGEST < len(text) else len(text)
    end = max(end, next(stop for start, stop in spans if start == first))
    inside = [(start - begin, stop - begin) for start, stop in spans if begin <= start and stop <= end]
    return f"{'… ' if begin else ''}{_marked(text[begin:end], inside)}{' …' if end < len(text) else ''}"


def _spans(text: str, is_meant: IsMeant) -> list[tuple[int, int]]:
    """Where words stand that were looked for. Most texts have none, and then no word is looked at twice."""
    meant = {word for word in set(_WORD.findall(text)) if is_meant(word)}
    return [found.span() for found in _WORD.finditer(text) if found.group() in meant] if meant else []


def _within(text: str, spans: Collection[tuple[int, int]], first: int) -> int:
    """How many different words that were looked for are in a snippet that begins with this one."""
    return len({text[start:stop].casefold() for start, stop in spans if first <= start and stop <= first + LONGEST - BEFORE})


def _blank_after(text: str, place: int) -> int:
    found = text.find(" ", place, place + BEFORE)
    return place if found < 0 else found + 1


def _blank_before(text: str, place: int) -> int:
    found = text.rfind(" ", place - BEFORE, place + 1)
    return place if found < 0 else found


def _marked(text: str, spans: Collection[tuple[int, int]]) -> str:
    pieces = []
    done = 0
    for start, stop in spans:
        pieces.append(f"{escape(text[done:start])}<mark>{escape(text[start:stop])}</mark>")
        done = stop
    return "".join([*pieces, escape(text[done:])])
