"""The provider's books: what is answered is committed, and transactions of one moment share a commit without sharing their fate."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storefront.payments.sandbox import ledger
from storefront.payments.sandbox.ledger import Ledger

PAUSE = 0.3  # seconds between commits here: long enough that none comes between two lines of a test


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "PAUSE", PAUSE)


async def one_turn() -> None:
    """Of the loop: every task that was made before has run as far as it can, and waits for its commit."""
    await asyncio.sleep(0)


class Books:
    """A ledger, and what somebody else sees in its file: what would be left if the process died."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = Ledger(path)

    async def put(self, object_id: str) -> None:
        async with self.ledger.transaction():
            self.ledger.put({"id": object_id, "object": "charge", "created": 1})

    async def fail(self, object_id: str) -> None:
        async with self.ledger.transaction():
            self.ledger.put({"id": object_id, "object": "charge", "created": 1})
            raise ValueError(object_id)

    def kept(self) -> list[str]:
        with sqlite3.connect(self.path) as other:
            return [row[0] for row in other.execute("SELECT id FROM object ORDER BY seq")]


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    books = Books(tmp_path / "ledger.sqlite3")
    yield books
    books.ledger.close()


async def test_what_is_done_is_committed(books: Books) -> None:
    for number in range(5):
        await books.put(f"ch_{number}")
        assert f"ch_{number}" in books.kept()


async def test_those_of_one_moment_are_committed_at_once(books: Books) -> None:
    await books.put("ch_first")
    puts = [asyncio.create_task(books.put(f"ch_{number}")) for number in range(20)]
    seen = {len(books.kept())}
    while not all(put.done() for put in puts):
        await one_turn()
        seen.add(len(books.kept()))
    assert seen == {1, 21}


async def test_one_that_fails_takes_nobody_along(books: Books) -> None:
    outcomes = await asyncio.gather(books.put("ch_a"), books.fail("ch_b"), books.put("ch_c"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    assert books.kept() == ["ch_a", "ch_c"]


async def test_who_leaves_early_takes_nobody_along(books: Books) -> None:
    await books.put("ch_first")  # so that the next commit is a while away
    stays, leaves = asyncio.create_task(books.put("ch_stays")), asyncio.create_task(books.put("ch_leaves"))
    await one_turn()
    assert not stays.done()
    leaves.cancel()
    await stays
    assert books.kept() == ["ch_first", "ch_stays", "ch_leaves"]


async def test_a_commit_that_fails_is_told_to_all(books: Books) -> None:
    await books.put("ch_first")
    puts = [asyncio.create_task(books.put(f"ch_{number}")) for number in range(3)]
    await one_turn()
    assert not any(put.done() for put in puts)
    books.ledger._db.execute("ROLLBACK")  # as SQLite itself does on a full disk
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [sqlite3.OperationalError] * 3
    await books.put("ch_after")
    assert books.kept() == ["ch_first", "ch_after"]


async def test_what_comes_after_sqlite_has_rolled_back_is_not_lost_with_what_came_before(books: Books) -> None:
    await books.put("ch_first")
    before = asyncio.create_task(books.put("ch_before"))
    await one_turn()

    async def full() -> None:
        async with books.ledger.transaction():
            books.ledger._db.execute("ROLLBACK")  # as SQLite itself does on a full disk
            raise sqlite3.OperationalError("database or disk is full")

    outcomes = await asyncio.gather(before, full(), books.put("ch_a"), books.put("ch_b"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [sqlite3.OperationalError, sqlite3.OperationalError, type(None), type(None)]
    assert books.kept() == ["ch_first", "ch_a", "ch_b"]


async def test_nothing_is_left_behind_at_the_end(tmp_path: Path) -> None:
    books = Books(tmp_path / "ledger.sqlite3")
    await books.put("ch_first")
    last = asyncio.create_task(books.put("ch_last"))
    await one_turn()
    assert not last.done()
    books.ledger.close()
    assert books.kept() == ["ch_first", "ch_last"]
    await last
