"""Several SELECTs of different domains, asked in one round trip.

Each domain keeps its own statement and reads its own rows; they travel together, and are answered from one snapshot. What a request costs
is mostly the trips: waking the server and being woken takes longer than most of our statements run.
"""

import re
from collections.abc import Callable
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


@overload
async def ask(conn: Connection, a: Question[A], /) -> tuple[A]: ...
@overload
async def ask(conn: Connection, a: Question[A], b: Question[B], /) -> tuple[A, B]: ...
@overload
async def ask(conn: Connection, a: Question[A], b: Question[B], c: Question[C], /) -> tuple[A, B, C]: ...
@overload
async def ask(conn: Connection, a: Question[A], b: Question[B], c: Question[C], d: Question[D], /) -> tuple[A, B, C, D]: ...


async def ask(conn: Connection, *questions: Question[Any]) -> tuple[Any, ...]:
    """The answers, in the order of the questions; one statement on the wire."""
    given = [ordered(question.query, question.parameters) for question in questions]
    statement = _together(tuple((question.query.sql, len(values)) for question, values in zip(questions, given, strict=True)))
    row = await conn.fetchrow(statement, *(value for values in given for value in values))
    assert row is not None
    return tuple(question.read(rows) for question, rows in zip(questions, row, strict=True))


@lru_cache(maxsize=256)
def _together(parts: tuple[tuple[str, int], ...]) -> str:
    """One SELECT with a column of rows for each statement; `parts` are their texts and how many parameters each has."""
    columns, before = [], 0
    for sql, count in parts:
        text = _after(before, sql.strip().rstrip(";"))
        columns.append(f"(SELECT coalesce(jsonb_agg(to_jsonb(answer.*)), '[]') FROM (\n{text}\n) AS answer)")  # noqa: S608
        before += count
    return "SELECT " + ",\n".join(columns)


def _after(before: int, sql: str) -> str:
    """The statement with its places ($1, $2, …) behind those of others."""
    return _PLACE.sub(lambda found: f"${int(found[1]) + before}", sql)
