"""Named statements: sql/queries/<domain>.sql, loaded once with aiosql, so that SQL is read as SQL and found by name."""

from collections.abc import Awaitable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter

FOLDER = Path(__file__).resolve().parent.parent.parent / "sql" / "queries"


class _Adapter(AsyncPGAdapter):
    """aiosql's adapter for asyncpg, made to answer lists where its own yields rows one by one.

    Told that it is no async driver, aiosql hands our coroutine through as it is. Only connections are given, never a pool, so there is
    nothing to acquire.
    """

    is_aio_driver = False

    def select(
        self, conn: Any, name: str, sql: str, parameters: Mapping[str, Any], record_class: Any = None
    ) -> Awaitable[list[Any]]:
        found: Awaitable[list[Any]] = conn.fetch(sql, *self.maybe_order_params(name, parameters))
        return found

    def select_one(
        self, conn: Any, name: str, sql: str, parameters: Mapping[str, Any], record_class: Any = None
    ) -> Awaitable[Any]:
        found: Awaitable[Any] = conn.fetchrow(sql, *self.maybe_order_params(name, parameters))
        return found

    def select_value(self, conn: Any, name: str, sql: str, parameters: Mapping[str, Any]) -> Awaitable[Any]:
        found: Awaitable[Any] = conn.fetchval(sql, *self.maybe_order_params(name, parameters))
        return found

    def insert_update_delete(self, conn: Any, name: str, sql: str, parameters: Mapping[str, Any]) -> Awaitable[str]:
        status: Awaitable[str] = conn.execute(sql, *self.maybe_order_params(name, parameters))
        return status


@lru_cache(maxsize=64)
def load(domain: str) -> Any:
    """The statements of a domain as functions: `await queries.name(conn, parameter=value)`.

    A name that ends in `^` gives a row or None, in `$` a value or None, in `!` the status text, in none of these a list of rows.
    """
    return aiosql.from_path(FOLDER / f"{domain}.sql", _Adapter, mandatory_parameters=False)
