"""Migrations: numbered plain SQL, forward only, each in one transaction, safe while the previous release still serves.

A file whose first line is `-- concurrently` is for the indexes of large tables: it holds `CREATE [UNIQUE] INDEX CONCURRENTLY name ON …` and
`DROP INDEX CONCURRENTLY IF EXISTS name`, nothing else, and is no transaction. While it builds, the shop goes on writing. PostgreSQL leaves
an invalid index behind when a build dies; the next run drops it and builds it again.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).resolve().parent.parent.parent / "sql" / "migrations"
_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_LOCK = 0x53746F7265  # "Store": one migrator at a time
_LOOK_SECONDS = 0.2  # between looks whether another migrator has ended

CONCURRENTLY = "-- concurrently\n"
_CREATE = re.compile(r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+([a-z_0-9]+)\s+ON\s.*", re.I | re.S)
_DROP = re.compile(r"DROP\s+INDEX\s+CONCURRENTLY\s+IF\s+EXISTS\s+[a-z_0-9]+", re.I)

LOCK_SECONDS = 2  # that a migration waits for a table in use; whoever wants the table after it waits as long
PAUSE_SECONDS = 1.0
TRIES = 60

APP_ROLE = "storefront_app"

# SHA-256 of an earlier text that shops may have applied, which comes to the same with the migrations after it.
EARLIER_TEXTS = {"0015_fewer_trips.sql": "e2a26f9080b3613a3f1cbbf4ef6ec371e9ca92c79c78a8577b70cfed4519cf9c"}


class MigrationError(Exception):
    """The database and the migration files do not fit together."""


def files(folder: Path = FOLDER) -> list[Path]:
    """The migrations, in order."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


async def migrate(dsn: str, say: Callable[[str], None] = lambda text: None, folder: Path = FOLDER) -> int:
    """Applies what is missing as the owner of the tables; returns how many were applied. Raises MigrationError."""
    conn = await _connect(dsn)
    try:
        await _alone(conn)
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
                text = path.read_text("utf-8")
                await (_apply_concurrently(conn, path, text) if text.startswith(CONCURRENTLY) else _apply(conn, path))
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


async def _alone(conn: asyncpg.Connection) -> None:
    """Not by waiting in a statement, which holds a snapshot: an index that is built concurrently waits for those in turn."""
    while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)


def _check_unchanged(applied: dict[str, str], folder: Path) -> None:
    for path in files(folder):
        if path.name in applied and applied[path.name] not in (_checksum(path), EARLIER_TEXTS.get(path.name)):
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
            await _note(conn, path)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        raise
    except asyncpg.PostgresError as error:
        reason = " ".join(str(error).split())
        raise MigrationError(f"{path.name}: {reason}. Nothing of it was applied; mend the file and run again.") from error


async def _apply_concurrently(conn: asyncpg.Connection, path: Path, text: str) -> None:
    """Statement by statement. It waits for whoever reads or writes for long, and nobody waits for it."""
    statements = _statements(path, text)
    try:
        for statement in statements:
            created = _CREATE.fullmatch(statement)
            if created is None or not await _is_built(conn, created[1]):
                await conn.execute(statement)
    except asyncpg.PostgresError as error:
        for created in filter(None, map(_CREATE.fullmatch, statements)):
            await _is_built(conn, created[1])
        reason = " ".join(str(error).split())
        raise MigrationError(f"{path.name}: {reason}. What it had built before stays; mend the reason and run again.") from error
    await _note(conn, path)


def _statements(path: Path, text: str) -> list[str]:
    """Those of a concurrent migration. Raises MigrationError for any that a second run could not repeat."""
    bare = re.sub(r"--[^\n]*", "", text)
    found = [statement.strip() for statement in bare.split(";") if statement.strip()]
    for statement in found:
        if not (_CREATE.fullmatch(statement) or _DROP.fullmatch(statement)):
            shown = " ".join(statement.split())[:60]
            raise MigrationError(f"{path.name}: only indexes are created and dropped concurrently, not “{shown}”. Mend the file.")
    return found


async def _is_built(conn: asyncpg.Connection, index: str) -> bool:
    """Whether there is such an index already; one that a build left invalid is dropped."""
    valid: bool | None = await conn.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", index)
    if valid is False:
        await conn.execute(f"DROP INDEX CONCURRENTLY {index}")
    return bool(valid)


async def _note(conn: asyncpg.Connection, path: Path) -> None:
    await conn.execute("INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", path.name, _checksum(path))


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
