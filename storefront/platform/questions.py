"""Several SELECTs of different domains, asked in one round trip; also beside a statement whose row they are about.

Each domain keeps its own statement and reads its own rows; they travel together, and are answered from one snapshot. What a request costs
is mostly the trips: waking the server and being woken takes longer than most of our statements run.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, overload

import msgspec

from storefront.platform.database import Connection
from storefront.platform.sql import ordered

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
T = TypeVar("T")

_PLACE = re.compile(r"\$(\d+)")


class Question(msgspec.Struct, Generic[T], frozen=True):
    """A named statement that only reads, its parameters, and how its rows become an answer. Rows come as JSON has them: times and ids are
    text, which `msgspec.convert` reads.
    """

    query: Any
    parameters: dict[str, Any]
    read: Callable[[list[dict[str, Any]]], T]


class Of(msgspec.Struct, frozen=True):
    """A parameter that is not known yet: an expression over `about`, the row that a question is about. See `ask_about`."""

    expression: str


@overload
async def ask(conn: Connection, a: Question[A], /) -> tuple[A]: ...
@overload
async def ask(conn: Connection, a: Question[A], b: Question[B], /) -> tuple[A, B]: ...
@overload
async def ask(conn: Connection, a: Question[A], b: Question[B], c: Question[C], /) -> tuple[A, B, C]: ...
@overload
async def ask(conn: Connection, a: Question[A], b: Question[B], c: Question[C], d: Question[D], /) -> tuple[A, B, C, D]: ...
@overload
async def ask(conn: Connection, *questions: Question[Any]) -> tuple[Any, ...]: ...


async def ask(conn: Connection, *questions: Question[Any]) -> tuple[Any, ...]:
    """The answers, in the order of the questions; one statement on the wire."""
    given = [ordered(question.query, question.parameters) for question in questions]
    statement = _together(tuple((question.query.sql, len(values)) for question, values in zip(questions, given, strict=True)))
    row = await conn.fetchrow(statement, *(value for values in given for value in values))
    assert row is not None
    return tuple(question.read(rows) for question, rows in zip(questions, row, strict=True))


async def ask_about(
    conn: Connection, statement: str, arguments: Sequence[Any], questions: Sequence[Question[Any]]
) -> tuple[Any, tuple[Any, ...]] | None:
    """The row of a statement that gives one at most, and the answers to questions about it, in one statement on the wire.

    The statement may change what it returns. The questions see everything else as it was when it began, and of its own row what it returns.
    """
    text, values = _asked_about(statement, len(arguments), questions)
    row = await conn.fetchrow(text, *arguments, *values)
    return (row, _answers(row, questions)) if row is not None else None


async def ask_about_each(
    conn: Connection, statement: str, arguments: Sequence[Any], questions: Sequence[Question[Any]]
) -> list[tuple[Any, tuple[Any, ...]]]:
    """As `ask_about`, of a statement that may give several rows: each with its own answers."""
    text, values = _asked_about(statement, len(arguments), questions)
    return [(row, _answers(row, questions)) for row in await conn.fetch(text, *arguments, *values)]


def _asked_about(statement: str, count: int, questions: Sequence[Question[Any]]) -> tuple[str, list[Any]]:
    given = [ordered(question.query, question.parameters) for question in questions]
    parts = tuple((question.query.sql, _expressions(values)) for question, values in zip(questions, given, strict=True))
    return _about(statement, count, parts), [value for values in given for value in values if not isinstance(value, Of)]


def _answers(row: Any, questions: Sequence[Question[Any]]) -> tuple[Any, ...]:
    return tuple(question.read(row[f"answer_{number}"]) for number, question in enumerate(questions))


def _expressions(values: Sequence[Any]) -> tuple[str | None, ...]:
    """What stands at each place of a statement: an expression, or None for a value."""
    return tuple(value.expression if isinstance(value, Of) else None for value in values)


@lru_cache(maxsize=256)
def _about(statement: str, count: int, parts: tuple[tuple[str, tuple[str | None, ...]], ...]) -> str:
    columns, before = ["about.*"], count
    for number, (sql, places) in enumerate(parts):
        text, taken = _placed(sql.strip().rstrip(";"), places, before)
        columns.append(f"{_rows(text)} AS answer_{number}")
        before += taken
    return f"WITH about AS (\n{statement.strip().rstrip(';')}\n) SELECT " + ",\n".join(columns) + " FROM about"  # noqa: S608


def _placed(sql: str, places: tuple[str | None, ...], before: int) -> tuple[str, int]:
    """The statement with expressions and later places instead of its own, and how many places it still has."""
    now: list[str] = []
    taken = 0
    for expression in places:
        taken += expression is None
        now.append(f"({expression})" if expression is not None else f"${before + taken}")
    return _PLACE.sub(lambda found: now[int(found[1]) - 1], sql), taken


@lru_cache(maxsize=256)
def _together(parts: tuple[tuple[str, int], ...]) -> str:
    """One SELECT with a column of rows for each statement; `parts` are their texts and how many parameters each has."""
    columns, before = [], 0
    for sql, count in parts:
        text, _ = _placed(sql.strip().rstrip(";"), (None,) * count, before)
        columns.append(_rows(text))
        before += count
    return "SELECT " + ",\n".join(columns)


def _rows(text: str) -> str:
    return f"(SELECT coalesce(json_agg(answer.*), '[]') FROM (\n{text}\n) AS answer)"  # noqa: S608
