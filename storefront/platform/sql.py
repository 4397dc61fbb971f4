"""Named statements: sql/queries/<domain>.sql, loaded once with aiosql, so that SQL is read as SQL and found by name."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import aiosql

FOLDER = Path(__file__).resolve().parent.parent.parent / "sql" / "queries"


@lru_cache(maxsize=64)
def load(domain: str) -> Any:
    """The statements of a domain as functions: `await queries.name(conn, parameter=value)`."""
    return aiosql.from_path(FOLDER / f"{domain}.sql", "asyncpg")
