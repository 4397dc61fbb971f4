"""What one cell says: its text to a value, or to the reason why not. Each function is told the column, for that reason."""

import contextlib
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeVar

import msgspec

from storefront.catalog.csv_format import GRAMS
from storefront.catalog.slugs import made_slug
from storefront.platform.money import to_minor

Text = TypeVar("Text", str, str | None)

LARGEST_INT = 2_000_000_000
LARGEST_AMOUNT = 10**12
LONGEST_TEXT = 255
LONGEST_NUMBER = 40
LARGEST_KEY_BYTES = 2000
"""What an index of the database takes with room to spare; its limit is a third of a page, about 2,700 bytes."""
MOST_TAGS = 250
"""As many as Shopify allows a product."""

_PICTURE_URL = re.compile(r"(?:https?://[^\s/]+|/media)/\S+")
_TRUE = frozenset(("true", "yes", "1", "t", "y"))
_FALSE = frozenset(("false", "no", "0", "f", "n"))


class BadCell(Exception):
    """A cell that cannot be read: its column, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


def short(text: str) -> str:
    """The text as a reason quotes it."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


def line_of_text(column: str, text: Text) -> Text:
    """The text, when it is no longer than a name may be."""
    if text and len(text) > LONGEST_TEXT:
        raise BadCell(column, f"It has {len(text):,} characters; {LONGEST_TEXT} are the most.")
    return text


def yes_or_no(column: str, text: str | None) -> bool | None:
    """None for a blank."""
    if not text:
        return None
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise BadCell(column, f"{short(text)} is neither true nor false.")


def one_of(column: str, text: str | None, words: tuple[str, ...]) -> str | None:
    """One of the words, lower case; None for a blank."""
    if not text:
        return None
    if text.lower() in words:
        return text.lower()
    raise BadCell(column, f"{short(text)} is none of {', '.join(words)}.")


def _decimal(text: str) -> Decimal | None:
    """A finite number, None for anything else."""
    if len(text) > LONGEST_NUMBER:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= LONGEST_NUMBER else None


def whole_number(column: str, text: str | None, least: int) -> int | None:
    """None for a blank. 12.0 is whole too."""
    if not text:
        return None
    value = _decimal(text)
    if value is None or value != value.to_integral_value() or not least <= value <= LARGEST_INT:
        raise BadCell(column, f"{short(text)} is not a whole number from {least:,} to {LARGEST_INT:,}.")
    return int(value)


def amount(column: str, text: str, currency: str) -> int:
    """Minor units of the currency."""
    if _decimal(text) is None:
        raise BadCell(column, f"{short(text)} is not an amount of money.")
    try:
        minor = to_minor(text, currency)
    except ValueError as error:
        raise BadCell(column, f"{error}.") from error
    if not 0 <= minor <= LARGEST_AMOUNT:
        raise BadCell(column, f"{short(text)} is {'below 0' if minor < 0 else 'too large for a price'}.")
    return minor


def grams(column: str, text: str, unit: str) -> int:
    """A weight in `unit`, as whole grams; a blank weighs nothing."""
    if unit not in GRAMS:
        raise BadCell("Variant Weight Unit", f"{short(unit)} is none of {', '.join(GRAMS)}.")
    value = _decimal(text or "0")
    weight = None if value is None else (value * Decimal(GRAMS[unit])).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    if weight is None or not 0 <= weight <= LARGEST_INT:
        raise BadCell(column, f"{short(text)} is not a weight.")
    return int(weight)


def picture_url(column: str, text: str) -> str:
    """An absolute address, or a path under /media/. What it leads to is not asked."""
    url = f"https:{text}" if text.startswith("//") else text
    if len(url.encode()) > LARGEST_KEY_BYTES or not _PICTURE_URL.fullmatch(url):
        raise BadCell(column, f"{short(text)} is not the address of a picture (https://… or /media/…).")
    return url


def tags(column: str, text: str | None) -> tuple[str, ...] | None:
    """'men, blue' as two tags, each once."""
    if text is None:
        return None
    found = tuple(dict.fromkeys(line_of_text(column, tag) for part in text.split(",") if (tag := part.strip())))
    if len(found) > MOST_TAGS:
        raise BadCell(column, f"There are {len(found):,} tags; {MOST_TAGS} are the most.")
    return found


def category_names(column: str, text: str) -> tuple[str, ...]:
    """'Furniture > Tables' as names from the root."""
    names = tuple(line_of_text(column, name) for part in text.split(">") if (name := part.strip()))
    if sum(len(made_slug(name)) + 1 for name in names) > LARGEST_KEY_BYTES:
        raise BadCell(column, "The categories are nested too deeply.")
    return names


def options(column: str, texts: list[str]) -> tuple[str, ...]:
    """The names or values that are not blank."""
    found = tuple(line_of_text(column, text) for text in texts if text)
    if sum(len(text.encode()) for text in found) > LARGEST_KEY_BYTES:
        raise BadCell(column, "The options together are too long.")
    return found


def barcode(column: str, text: str | None) -> str | None:
    """Without the apostrophe that spreadsheets put before digits which are not a number."""
    return line_of_text(column, text.lstrip("'").strip()) if text else text


def attribute_values(text: str) -> list[str]:
    """'Oak; Steel' as two values, each once; also a JSON list, which stands for values with a semicolon in them."""
    text = text.strip()
    parts = text.split(";")
    if text.startswith("["):
        with contextlib.suppress(msgspec.DecodeError):
            parts = msgspec.json.decode(text, type=list[str])
    return list(dict.fromkeys(value for part in parts if (value := part.strip())))
