"""Migrations: numbered plain SQL, forward only, each in one transaction, safe while the previous release still serves."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).resolve().parent.parent.parent / "sql" / "migrations"
_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_LOCK = 0x53746F7265  # "Store": one migrator at a time

LOCK_SECONDS = 2  # that a migration waits for a table in use; whoever wants the table after it waits as long
PAUSE_SECONDS = 1.0
TRIES = 60

APP_ROLE = "storefront_app"


class MigrationError(Exception):
    """The database and the migration files do not fit together."""


def files(folder: Path = FOLDER) -> list[Path]:
    """The migrations, in order."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


async def migrate(dsn: str, say: Callable[[str], None] = lambda text: None, folder: Path = FOLDER) -> int:
    """Applies what is missing as the owner of the tables; returns how many were applied. Raises MigrationError."""
    conn = await _connect(dsn)
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await conn.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration ("
            "name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied = {row["name"]: row["checksum"] for row in await conn.fetch("SELECT name, checksum FROM schema_migration")}
        _check_unchanged(applied, folder)
        count = 0
        for path in files(folder):
            if path.name not in applied:
                say(f"migration {path.name}")
                await _apply(conn, path)
                count += 1
        await grant(conn)
        return count
    finally:
        await conn.close()


async def _connect(dsn: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MigrationError(f"database.url: PostgreSQL cannot be used there ({reason}). Start it, or mend the address.") from error


def _check_unchanged(applied: dict[str, str], folder: Path) -> None:
    for path in files(folder):
        if path.name in applied and applied[path.name] != _checksum(path):
            raise MigrationError(f"{path.name} was changed after it was applied. Restore it and put the change into a new migration.")


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def _apply(conn: asyncpg.Connection, path: Path) -> None:
    """Gives way and comes again when somebody reads a table for long (an export, a backup): all others would queue behind us."""
    for tries_left in reversed(range(TRIES)):
        try:
            await _apply_now(conn, path)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if not tries_left:
                raise MigrationError(f"{path.name}: a table has been in use for too long. Nothing of it was applied; run again.") from error
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


async def _apply_now(conn: asyncpg.Connection, path: Path) -> None:
    try:
        async with conn.transaction():
            await conn.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            await conn.execute(path.read_text("utf-8"))  # noqa: ASYNC240
            await conn.execute("INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", path.name, _checksum(path))
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        raise
    except asyncpg.PostgresError as error:
        reason = " ".join(str(error).split())
        raise MigrationError(f"{path.name}: {reason}. Nothing of it was applied; mend the file and run again.") from error


_GRANTS = f"""
    GRANT USAGE ON SCHEMA public TO {APP_ROLE};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE};
    REVOKE UPDATE, DELETE ON operator_change FROM {APP_ROLE};
    REVOKE UPDATE, DELETE ON stock_movement, order_event, gift_card_entry, invoice, credit_note, invoice_seller FROM {APP_ROLE};
    REVOKE INSERT, UPDATE, DELETE ON schema_migration, order_move, return_move FROM {APP_ROLE};
"""  # noqa: S608


async def grant(conn: asyncpg.Connection) -> None:
    """Least privilege: the role that serves changes rows, never tables, and cannot rewrite a ledger or a history."""
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", APP_ROLE):
        return
    async with conn.transaction():
        await conn.execute(_GRANTS)
