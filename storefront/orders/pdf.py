"""An invoice or credit note as PDF: A4, with as many pages as it takes. The same paper is the same bytes.

Set in DejaVu Sans, which has Latin, Greek and Cyrillic with all their accents, Armenian and Georgian. What it has not (Chinese, Japanese,
Korean, Indic scripts), and what is written from right to left, is printed in Latin letters instead.
"""

import io
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from text_unidecode import unidecode

from storefront.orders.papers import Paper, PaperLine

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
SIZE, SMALL, LARGE = 9.0, 7.5, 16.0
LEADING = 12.5
WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 20 * mm, WIDTH - 20 * mm, HEIGHT - 20 * mm, 25 * mm
GREY = 0.35
# Right edges of the columns of figures; titles take what is left of the first.
QUANTITY, UNIT, RATE, AMOUNT = RIGHT - 78 * mm, RIGHT - 48 * mm, RIGHT - 28 * mm, RIGHT

Stroke = Callable[[Canvas], None]


def render(paper: Paper) -> bytes:
    """The paper as a PDF document."""
    _fonts()
    sheets = _Sheets()
    _head(sheets, paper)
    _table(sheets, paper.lines)
    _totals(sheets, paper)
    _taxes(sheets, paper)
    for note in paper.notes:
        sheets.text(LEFT, note, size=SMALL, grey=True)
        sheets.down(LEADING)
    return _drawn(sheets.pages, paper)


@cache
def _fonts() -> dict[int, object]:
    """Registers the fonts, once; answers the characters that they have."""
    faces = [TTFont(name, FONTS / f"{name}.ttf") for name in (PLAIN, BOLD)]
    for face in faces:
        pdfmetrics.registerFont(face)
    return dict.fromkeys(faces[0].face.charToGlyph.keys() & faces[1].face.charToGlyph.keys())


@cache
def _printable(character: str) -> str:
    if unicodedata.category(character)[0] == "C":
        return " "
    if ord(character) in _fonts() and unicodedata.bidirectional(character) not in ("R", "AL"):
        return character
    return str(unidecode(character))


def printable(text: str) -> str:
    """The text in characters that the fonts have."""
    return " ".join("".join(map(_printable, unicodedata.normalize("NFC", text))).split())


class _Sheets:
    """Pages as lists of strokes, filled from top to bottom."""

    def __init__(self) -> None:
        self.pages: list[list[Stroke]] = [[]]
        self.y = TOP

    def down(self, by: float) -> None:
        self.y -= by

    def room_for(self, height: float) -> bool:
        """Whether it fits; if not, a new page is begun."""
        if self.y - height >= BOTTOM:
            return True
        self.pages.append([])
        self.y = TOP
        return False

    def text(self, x: float, text: str, *, size: float = SIZE, bold: bool = False, grey: bool = False, to_the_right: bool = False) -> None:
        """One line at the height that was reached."""
        y, font, shown = self.y, BOLD if bold else PLAIN, printable(text)

        def stroke(canvas: Canvas) -> None:
            canvas.setFont(font, size)
            canvas.setFillGray(GREY if grey else 0)
            (canvas.drawRightString if to_the_right else canvas.drawString)(x, y, shown)

        self.pages[-1].append(stroke)

    def rule(self, start: float = LEFT) -> None:
        y = self.y

        def stroke(canvas: Canvas) -> None:
            canvas.setStrokeGray(0.75)
            canvas.setLineWidth(0.5)
            canvas.line(start, y, RIGHT, y)

        self.pages[-1].append(stroke)


def _wrapped(text: str, width: float, size: float = SIZE) -> list[str]:
    """The text in lines that fit; a word that is too long is cut."""
    lines, line = [], ""
    for word in printable(text).split():
        longer = f"{line} {word}".strip()
        if pdfmetrics.stringWidth(longer, PLAIN, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while pdfmetrics.stringWidth(word, PLAIN, size) > width:
            fits = max(1, next(n for n in range(len(word), 0, -1) if n == 1 or pdfmetrics.stringWidth(word[:n], PLAIN, size) <= width))
            lines.append(word[:fits])
            word = word[fits:]
        line = word
    return [*lines, line] if line else lines


def _head(sheets: _Sheets, paper: Paper) -> None:
    half = (RIGHT - LEFT) / 2 - 5 * mm
    middle = LEFT + half + 10 * mm
    sheets.text(LEFT, paper.seller[0][:60], size=12, bold=True)
    sheets.text(RIGHT, paper.kind, size=LARGE, to_the_right=True)
    sheets.down(LEADING)
    top = sheets.y
    for line in paper.seller[1:]:
        for part in _wrapped(line, half, SMALL):
            sheets.text(LEFT, part, size=SMALL, grey=True)
            sheets.down(LEADING - 2)
    left_end, sheets.y = sheets.y, top - 6
    for label, value in (("Number", paper.number), ("Date", f"{paper.issued_at:%Y-%m-%d}"), *paper.facts):
        sheets.text(middle, label, grey=True)
        sheets.text(RIGHT, value, to_the_right=True)
        sheets.down(LEADING)
    sheets.y = min(left_end, sheets.y) - 8 * mm
    top = sheets.y
    _address(sheets, LEFT, half, "To", paper.buyer)
    bottom, sheets.y = sheets.y, top
    if paper.delivered_to:
        _address(sheets, middle, half, "Delivered to", paper.delivered_to)
    sheets.y = min(bottom, sheets.y) - 8 * mm


def _address(sheets: _Sheets, x: float, width: float, label: str, lines: Sequence[str]) -> None:
    sheets.text(x, label, size=SMALL, grey=True)
    sheets.down(LEADING)
    for line in lines:
        for part in _wrapped(line, width):
            sheets.text(x, part)
            sheets.down(LEADING)


def _table_head(sheets: _Sheets) -> None:
    sheets.text(LEFT, "Item", size=SMALL, grey=True)
    for right, label in ((QUANTITY, "Quantity"), (UNIT, "Price"), (RATE, "Tax"), (AMOUNT, "Amount")):
        sheets.text(right, label, size=SMALL, grey=True, to_the_right=True)
    sheets.down(4)
    sheets.rule()
    sheets.down(LEADING)


def _table(sheets: _Sheets, lines: Sequence[PaperLine]) -> None:
    _table_head(sheets)
    width = QUANTITY - LEFT - 18 * mm
    for line in lines:
        title, detail = _wrapped(line.title, width), _wrapped(line.detail, width, SMALL)
        if not sheets.room_for(len(title) * LEADING + len(detail) * LEADING):
            _table_head(sheets)
        for right, value in ((QUANTITY, line.quantity), (UNIT, line.unit), (RATE, line.tax_rate), (AMOUNT, line.amount)):
            sheets.text(right, value, to_the_right=True)
        for part in title:
            sheets.text(LEFT, part)
            sheets.down(LEADING)
        for part in detail:
            sheets.text(LEFT, part, size=SMALL, grey=True)
            sheets.down(LEADING - 2)
        sheets.down(3)
    sheets.rule()
    sheets.down(LEADING + 2)


def _totals(sheets: _Sheets, paper: Paper) -> None:
    sheets.room_for(len(paper.totals) * LEADING)
    for place, (label, amount) in enumerate(paper.totals):
        bold = place == paper.strong
        sheets.text(UNIT, label, bold=bold, grey=not bold, to_the_right=True)
        sheets.text(AMOUNT, amount, bold=bold, to_the_right=True)
        sheets.down(LEADING)
    sheets.down(LEADING)


def _taxes(sheets: _Sheets, paper: Paper) -> None:
    sheets.room_for((len(paper.taxes) + 3) * LEADING)
    columns = (LEFT + 25 * mm, LEFT + 60 * mm, LEFT + 95 * mm, LEFT + 130 * mm)
    for x, label in zip(columns, ("Tax rate", "Net", "Tax", "Gross"), strict=True):
        sheets.text(x, label, size=SMALL, grey=True, to_the_right=True)
    sheets.down(LEADING)
    for row in paper.taxes:
        for x, value in zip(columns, row, strict=True):
            sheets.text(x, value, to_the_right=True)
        sheets.down(LEADING)
    sheets.down(LEADING)


def _drawn(pages: Sequence[Sequence[Stroke]], paper: Paper) -> bytes:
    """The strokes on paper. `invariant`: no time of making and no chance in the file."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=1, lang="en")
    canvas.setTitle(f"{paper.kind} {paper.number}")
    canvas.setAuthor(printable(paper.seller[0]))
    for number, strokes in enumerate(pages, start=1):
        for stroke in strokes:
            stroke(canvas)
        canvas.setFont(PLAIN, SMALL)
        canvas.setFillGray(GREY)
        canvas.drawString(LEFT, 15 * mm, printable(f"{paper.seller[0]} · {paper.kind} {paper.number}"))
        canvas.drawRightString(RIGHT, 15 * mm, f"Page {number} of {len(pages)}")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()
