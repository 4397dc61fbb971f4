"""From a file to groups of rows: encodings, delimiters, line numbers, and rows of one product that do not stand together."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec

from storefront.catalog.csv_format import Header, Problem

LARGEST_CELL = 16 * 1024 * 1024


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


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline()
    return max(",;\t", key=first.count)


def _rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """All rows that are not blank, the header first."""
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        line = 1
        for cells in reader:
            if any(cells):
                yield Row(line, cells)
            line = reader.line_num + 1


def scan(path: Path, locations: frozenset[str]) -> FileScan:
    """Reads the whole file once, before anything is written. Raises UnreadableFile."""
    encoding = _encoding(path)
    line = 1
    try:
        delimiter = _delimiter(path, encoding)
        rows = _rows(path, encoding, delimiter)
        first = next(rows, None)
        if first is None:
            raise UnreadableFile(f"{path}: the file is empty.")
        header = Header(first.cells, locations)
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
            f"{path}: after line {line} there is text that is not {'UTF-16' if encoding == 'utf-16' else 'UTF-8'}. "
            "Save the file as CSV UTF-8 and import it again."
        ) from error
    except csv.Error as error:
        raise UnreadableFile(f"{path}: after line {line} the rows cannot be told apart ({error}). Mend the quotes there.") from error
    except ValueError as error:
        raise UnreadableFile(f"{path}: {error}.") from error
    scattered.discard("")
    return FileScan(encoding, delimiter, header, total, {handle: counts[handle] for handle in scattered})


def groups(path: Path, file: FileScan, problems: list[Problem]) -> Iterator[list[Row]]:
    """The rows of one product at a time, each as wide as the header. Only rows of scattered products wait in memory for the others."""
    rows = _rows(path, file.encoding, file.delimiter)
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
    """Pads a short row; refuses one that is too long, nameless or holds what no text may."""
    if any(row.cells[width:]):
        problems.append(Problem(row.line, handle, "", f"The row has {len(row.cells)} cells, the header has {width}. Is a comma unquoted?"))
        return False
    if not handle:
        problems.append(Problem(row.line, "", "Handle", "The handle is blank."))
        return False
    if any("\x00" in cell for cell in row.cells):
        problems.append(Problem(row.line, handle, "", "The row holds a null character."))
        return False
    row.cells += [""] * (width - len(row.cells))
    return True
