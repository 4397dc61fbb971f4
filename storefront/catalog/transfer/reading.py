"""From a file to groups of rows: encodings, delimiters, line numbers, broken rows, and rows of one product that do not stand together."""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from storefront.catalog.csv_format import Header, Problem

LARGEST_CELL = 1024 * 1024
"""Characters. Also what an open quote can swallow before it is noticed."""

_NO_TEXT = re.compile("[\ud800-\udfff\x00]")
"""What no text may hold: bytes that were no UTF-8 (as `surrogateescape` keeps them), and the null character."""


class UnreadableFile(Exception):
    """The file as a whole cannot be read; nothing was imported. The text is one line for the operator."""


class Row(msgspec.Struct):
    """`line` is where the row begins, counted from 1 with the header."""

    line: int
    cells: list[str]


class FileScan(msgspec.Struct, frozen=True):
    """What a first look at the whole file tells. `scattered`: handles whose rows do not stand together, with their number of rows."""

    encoding: str
    delimiter: str
    header: Header
    row_count: int
    scattered: dict[str, int]


class _Lines:
    """The lines of a file. Those of a record that turned out to be none can be read again, from its second on."""

    def __init__(self, file: Iterable[str]) -> None:
        self._file = iter(file)
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self.line = 1  # where the record begins

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file)
        self._record.append(line)
        return line

    def begin_record(self) -> None:
        self.line += len(self._record)
        self._record.clear()

    def give_up_record(self) -> None:
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"PK\x03\x04"):
        raise UnreadableFile(f"{path}: this is a spreadsheet or an archive, not a CSV. Save it as CSV UTF-8 and import that.")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        first = file.readline(LARGEST_CELL)
    return max(",;\t", key=first.count)


def _rows(path: Path, encoding: str, delimiter: str, problems: list[Problem]) -> Iterator[Row]:
    """All rows that are not blank, the header first. A record that is none costs its first line: reading goes on at the next."""
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            lines.begin_record()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problems.append(Problem(lines.line, "", "", _csv_reason(error)))
                lines.give_up_record()
                continue
            if any(cells):
                yield Row(lines.line, cells)


def _csv_reason(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"A cell that begins here has more than {LARGEST_CELL:,} characters. Is a quote open?"
    return "The quotes of this row do not match: one is open at its end, or has text right behind it."


def scan(path: Path, locations: frozenset[str]) -> FileScan:
    """Reads the whole file once, before anything is written. Raises UnreadableFile."""
    encoding = _encoding(path)
    line = 1
    broken: list[Problem] = []
    try:
        delimiter = _delimiter(path, encoding)
        rows = _rows(path, encoding, delimiter, broken)
        first = next(rows, None)
        header = _header(path, first, broken, locations)
        at = header.at["Handle"]
        counts: dict[str, int] = {}
        scattered: set[str] = set()
        last, total = "", 0
        for row in rows:
            line, total = row.line, total + 1
            handle = row.cells[at].strip() if at < len(row.cells) else ""
            if handle != last and handle in counts:
                scattered.add(handle)
            counts[handle] = counts.get(handle, 0) + 1
            last = handle
    except UnicodeError as error:
        raise UnreadableFile(
            f"{path}: after line {line} the text is not UTF-16. Save the file as CSV UTF-8 and import it again."
        ) from error
    scattered.discard("")
    return FileScan(encoding, delimiter, header, total + len(broken), {handle: counts[handle] for handle in scattered})


def _header(path: Path, first: Row | None, broken: list[Problem], locations: frozenset[str]) -> Header:
    if broken:
        raise UnreadableFile(f"{path}: the first line is not the header of a CSV. {broken[0].reason}")
    if first is None:
        raise UnreadableFile(f"{path}: the file is empty.")
    if any(_NO_TEXT.search(cell) for cell in first.cells):
        raise UnreadableFile(f"{path}: the first line is not UTF-8 text. Save the file as CSV UTF-8 and import it again.")
    try:
        return Header(first.cells, locations)
    except ValueError as error:
        raise UnreadableFile(f"{path}: {error}.") from error


def groups(path: Path, file: FileScan, problems: list[Problem]) -> Iterator[list[Row]]:
    """The rows of one product at a time, each as wide as the header. Only rows of scattered products wait in memory for the others."""
    rows = _rows(path, file.encoding, file.delimiter, problems)
    next(rows)
    at, width = file.header.at["Handle"], file.header.width
    waiting: dict[str, list[Row]] = {}
    awaited = dict(file.scattered)
    group: list[Row] = []
    for row in rows:
        handle = row.cells[at].strip() if at < len(row.cells) else ""
        usable = _fit(row, width, handle, problems)
        if handle in awaited:
            waiting.setdefault(handle, []).extend([row] if usable else [])
            awaited[handle] -= 1
            if awaited[handle] == 0 and waiting[handle]:
                yield waiting.pop(handle)
            continue
        if group and group[0].cells[at].strip() != handle:
            yield group
            group = []
        if usable:
            group.append(row)
    if group:
        yield group


def _fit(row: Row, width: int, handle: str, problems: list[Problem]) -> bool:
    """Makes the row as wide as the header, as spreadsheets leave off blank cells at its end. Refuses what is no row of a product."""
    wrong = next((cell for cell in row.cells if not cell.isascii() or "\x00" in cell), None)
    if wrong is not None and (wrong := next((cell for cell in row.cells if _NO_TEXT.search(cell)), None)) is not None:
        reason = "a null character" if "\x00" in wrong else "text that is not UTF-8. Save the file as CSV UTF-8"
        problems.append(Problem(row.line, _NO_TEXT.sub("\ufffd", handle), "", f"The row holds {reason}."))
    elif len(row.cells) > width:  # even by blank cells: after an unquoted comma, all that follows stands in the wrong columns
        problems.append(Problem(row.line, handle, "", f"The row has {len(row.cells)} cells, the header has {width}. Is a comma unquoted?"))
    elif not handle:
        problems.append(Problem(row.line, "", "Handle", "The handle is blank."))
    else:
        row.cells += [""] * (width - len(row.cells))
        return True
    return False
