"""Named statements: sql/queries/<domain>.sql, loaded once with aiosql, so that SQL is read as SQL and found by name."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter

FOLDER = Path(__file__).resolve().parent.parent.parent / "sql" / "queries"


class _Adapter(AsyncPGAdapter):  # type: ignore[misc, unused-ignore]
    """aiosql's adapter for asyncpg, made to answer lists where its own yields rows one by one.

    Told that it is no async driver, aiosql hands our coroutines through as they are. It is only ever given connections, never a pool,
    so there is nothing to acquire.
    """

    is_aio_driver = False

    async def select(self, conn: Any, name: str, sql: str, parameters: Any, record_class: Any = None) -> Any:
        return await conn.fetch(sql, *self._ordered(name, parameters))

    async def select_one(self, conn: Any, name: str, sql: str, parameters: Any, record_class: Any = None) -> Any:
        return await conn.fetchrow(sql, *self._ordered(name, parameters))

    async def select_value(self, conn: Any, name: str, sql: str, parameters: Any) -> Any:
        return await conn.fetchval(sql, *self._ordered(name, parameters))

    async def insert_update_delete(self, conn: Any, name: str, sql: str, parameters: Any) -> Any:
        return await conn.execute(sql, *self._ordered(name, parameters))

    def _ordered(self, name: str, parameters: Any) -> Any:
        return self.maybe_order_params(name, parameters)  # type: ignore[no-untyped-call]


def ordered(query: Any, parameters: dict[str, Any]) -> list[Any]:
    """The values of a loaded statement's parameters in the order of its places ($1, $2, …)."""
    found: list[Any] = query.__self__.driver_adapter.maybe_order_params(query.__name__, parameters)
    return found


@lru_cache(maxsize=64)
def load(domain: str) -> Any:
    """The statements of a domain as functions: `await queries.name(conn, parameter=value)`.

    A name that ends in `^` gives a row or None, in `$` a value or None, in `!` the status as text, in none of these a list of rows.
    """
    adapter: Any = _Adapter
    return aiosql.from_path(FOLDER / f"{domain}.sql", adapter, mandatory_parameters=False)
