"""From bytes to rows: whatever a spreadsheet, an editor or an accident makes of a file, each row is read right or named by its line."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.catalog.csv_format import Problem
from storefront.catalog.transfer.reading import LARGEST_CELL, UnreadableFile, groups, scan


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its file."""
    return tmp_path / "catalog.csv"


def read(path: Path) -> tuple[list[list[tuple[int, list[str]]]], list[Problem]]:
    """The groups of (line, cells), and what was wrong."""
    problems: list[Problem] = []
    found = scan(path, frozenset({"main"}))
    rows = [[(row.line, row.cells) for row in group] for group in groups(path, found, problems)]
    return rows, problems


def refused(problems: list[Problem]) -> list[int]:
    return [problem.line for problem in problems if problem.refused]


PLAIN = [[(2, ["pot", "Pot"])], [(3, ["lamp", "Lamp"])]]


@pytest.mark.parametrize(
    "data",
    [
        b"Handle,Title\npot,Pot\nlamp,Lamp\n",
        b"Handle,Title\npot,Pot\nlamp,Lamp",
        b"Handle,Title\r\npot,Pot\r\nlamp,Lamp\r\n",
        b"Handle,Title\rpot,Pot\rlamp,Lamp\r",
        b"\xef\xbb\xbfHandle,Title\npot,Pot\nlamp,Lamp\n",
        b"Handle;Title\npot;Pot\nlamp;Lamp\n",
        b"Handle\tTitle\npot\tPot\nlamp\tLamp\n",
        b'"Handle","Title"\n"pot","Pot"\n"lamp","Lamp"\n',
        "Handle,Title\npot,Pot\nlamp,Lamp\n".encode("utf-16"),
        "\ufeffHandle,Title\r\npot,Pot\r\nlamp,Lamp\r\n".encode("utf-16-be"),
        b"Handle,Title\npot,Pot\nlamp,Lamp\n,\n,,,,\n\n",
    ],
)
def test_the_same_rows_are_read_from_every_way_of_writing_them(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert read(file) == (PLAIN, [])


def test_a_row_is_known_by_the_line_it_begins_on(file: Path) -> None:
    file.write_bytes(b'Handle,Title\n\n"pot","Pot\r\nwith\na saucer"\n\nlamp,Lamp\n')
    assert read(file) == ([[(3, ["pot", "Pot\r\nwith\na saucer"])], [(7, ["lamp", "Lamp"])]], [])


def test_a_short_row_is_filled_up_with_blanks(file: Path) -> None:
    file.write_bytes(b"Handle,Title,Vendor\npot\nlamp,Lamp,Ada\n")
    assert read(file) == ([[(2, ["pot", "", ""])], [(3, ["lamp", "Lamp", "Ada"])]], [])


@pytest.mark.parametrize(
    ("bad", "handle", "reason"),
    [
        (b"cup,Cup,and saucer", "cup", "The row has 3 cells, the header has 2. Is a comma unquoted?"),
        (b"cup,Cup,", "cup", "The row has 3 cells, the header has 2. Is a comma unquoted?"),
        (b",Cup", "", "The handle is blank."),
        (b" ,Cup", "", "The handle is blank."),
        (b"cup,C\x00up", "cup", "The row holds a null character."),
        (b"cup,Caf\xe9", "cup", "The row holds text that is not UTF-8. Save the file as CSV UTF-8."),
        (b"c\xe9p,Cup", "c\ufffdp", "The row holds text that is not UTF-8. Save the file as CSV UTF-8."),
        (b"cup,\xed\xa0\x80", "cup", "The row holds text that is not UTF-8. Save the file as CSV UTF-8."),
        (b'cup,"Cup" and saucer', "", "The quotes of this row do not match: one is open at its end, or has text right behind it."),
        (b'cup,"Cup', "", "The quotes of this row do not match: one is open at its end, or has text right behind it."),
        (b"cup," + b"x" * (LARGEST_CELL + 1), "", f"A cell that begins here has more than {LARGEST_CELL:,} characters. Is a quote open?"),
    ],
)
def test_a_broken_row_is_named_and_costs_no_other(file: Path, bad: bytes, handle: str, reason: str) -> None:
    file.write_bytes(b"Handle,Title\npot,Pot\n" + bad + b'\nlamp,"Lamp"\n')
    rows, problems = read(file)
    assert rows == [[(2, ["pot", "Pot"])], [(4, ["lamp", "Lamp"])]]
    assert [(problem.line, problem.handle, problem.reason, problem.refused) for problem in problems] == [(3, handle, reason, True)]


def test_a_broken_row_at_the_end_is_named_too(file: Path) -> None:
    file.write_bytes(b'Handle,Title\npot,Pot\nlamp,"Lamp\n')
    rows, problems = read(file)
    assert rows == [[(2, ["pot", "Pot"])]]
    assert refused(problems) == [3]


def test_an_open_quote_swallows_nothing_that_follows(file: Path) -> None:
    lines = ["Handle,Title", 'cup,"Cup', *(f'thing-{number},"A ""thing"""' for number in range(5000))]
    file.write_text("\n".join(lines))
    rows, problems = read(file)
    assert len(rows) == 5000
    assert rows[-1] == [(5002, ["thing-4999", 'A "thing"'])]
    assert refused(problems) == [2]


def test_the_count_of_rows_is_all_rows_below_the_header_that_are_not_blank(file: Path) -> None:
    file.write_bytes(b'Handle,Title\npot,Pot\n,,\n\ncup,"Cup" x\n,nameless\nlamp,Lamp\n')
    assert scan(file, frozenset()).row_count == 4


def test_rows_of_a_product_are_gathered_wherever_they_stand(file: Path) -> None:
    file.write_bytes(b"Handle,Title\npot,Pot\nlamp,Lamp\npot,2\ncup,Cup\npot,3\nlamp,2\n")
    rows, problems = read(file)
    assert sorted(rows) == [
        [(2, ["pot", "Pot"]), (4, ["pot", "2"]), (6, ["pot", "3"])],
        [(3, ["lamp", "Lamp"]), (7, ["lamp", "2"])],
        [(5, ["cup", "Cup"])],
    ]
    assert not problems


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\n\n\r\n", "the file is empty"),
        (b"Title,Price\nPot,5\n", "no column Handle"),
        (b"just some words\nand more\n", "no column Handle"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "not UTF-8"),
        (b"PK\x03\x04\x14\x00", "a spreadsheet or an archive"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "no column Handle"),
        ("Handle,Title\npot,Pot\n".encode("utf-16-le"), "not UTF-8"),
        ("Handle,Title\n".encode("utf-16") + b"\x00\xdca\x00", "not UTF-16"),
        (b"H\xe4ndle,Title\n", "not UTF-8"),
        (b'"Handle,Title\npot,Pot\n', "not the header"),
        (b"Handle,Title,handle\n", "the column Handle stands in it twice"),
        (b"Handle,Google Shopping,Google Shopping\n", "the column Google Shopping stands in it twice"),
        (b"Handle,Price / USD,Variant Price / USD\n", "the column Price / USD stands in it twice"),
        (b"Handle,Compare At Price / USD\n", "but no Price / USD"),
        (b"Handle,Variant Compare At Price\n", "but no Variant Price"),
    ],
)
def test_what_is_no_product_csv_is_refused_in_one_line_that_says_why(file: Path, data: bytes, words: str) -> None:
    file.write_bytes(data)
    with pytest.raises(UnreadableFile) as caught:
        scan(file, frozenset({"main"}))
    assert str(caught.value).startswith(str(file))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(rows=st.lists(st.tuples(TEXT.map(lambda text: f"h{text.strip()}"), TEXT, TEXT), max_size=8))
def test_what_a_csv_writer_writes_is_read_back_to_the_letter(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("Handle", "Title", "Vendor"), *rows])
    file = tmp_path_factory.mktemp("csv") / "catalog.csv"
    file.write_bytes(text.getvalue().encode())
    found, problems = read(file)
    assert sorted(tuple(cells) for group in found for _, cells in group) == sorted(rows)
    assert not problems


@given(data=st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("csv") / "catalog.csv"
    file.write_bytes(b"Handle,Title\npot,Pot\n" + data)
    rows, problems = read(file)
    assert rows or problems
    assert all(line > 1 for group in rows for line, _ in group)
