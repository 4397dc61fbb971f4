"""What the driver asks each new connection about PostgreSQL's own types, answered from memory: it is the same in every database, and to
plan that statement takes the server longer than all else that a connection costs.
"""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import asyncpg

FIRST_OWN = 16384  # the number of the first type that a database may have of its own
ARRAYS = ("bigint", "boolean", "int", "jsonb", "numeric", "text", "timestamptz", "uuid")

_known: dict[int, list[Any]] = {}  # rows by the type's number
_nothing_sent = SimpleNamespace(name="known")  # for the statement that would have asked


def remember_types() -> None:
    """From now on, in this process and those that it forks."""
    connection: Any = asyncpg.Connection
    ask = connection._introspect_types

    async def introspect(self: Any, typeoids: Iterable[int], timeout: float | None) -> Any:
        wanted, statement = set(typeoids), _nothing_sent
        if max(wanted) >= FIRST_OWN:
            return await ask(self, wanted, timeout)
        for number in wanted - _known.keys():
            _known[number], statement = await ask(self, {number}, timeout)
        return [row for number in wanted for row in _known[number]], statement

    connection._introspect_types = introspect


async def learn_arrays(dsn: str) -> None:
    """For processes that are forked before they could."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.fetch("SELECT " + ", ".join(f"NULL::{name}[]" for name in ARRAYS))
    finally:
        await conn.close()
