"""Statements that change at most so many rows change no more, however PostgreSQL plans them."""

import re

import pytest

from storefront.settings import ROOT

STATEMENTS = {
    f"{path.stem}.{name}": text
    for path in sorted((ROOT / "sql" / "queries").glob("*.sql"))
    for name, text in re.findall(r"^-- name: (\w+)\S*\n(.*?)(?=^-- name:|\Z)", path.read_text(), re.MULTILINE | re.DOTALL)
}


@pytest.mark.parametrize("name", [name for name, text in STATEMENTS.items() if "SKIP LOCKED" in text])
def test_rows_that_are_locked_up_to_a_limit_are_looked_for_once(name: str) -> None:
    """As the inner side of a join, `IN (SELECT … LIMIT … FOR UPDATE SKIP LOCKED)` is run again for each row, and finds others each time."""
    text = re.sub(r"--.*", "", STATEMENTS[name])
    assert not re.search(r"\bIN\s*\(\s*SELECT\b[^;]*\bLIMIT\b[^;]*\bSKIP LOCKED", text)


def test_the_statements_are_found() -> None:
    assert sum("SKIP LOCKED" in text for text in STATEMENTS.values()) > 5
