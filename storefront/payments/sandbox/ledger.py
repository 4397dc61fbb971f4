"""The provider's books: one SQLite file, every change committed before it is answered. No card number is ever in it."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from storefront.payments.sandbox.wire import Document

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    parent TEXT,
    attempt_id TEXT,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, seq);
CREATE INDEX IF NOT EXISTS object_parent ON object (parent, kind);
CREATE INDEX IF NOT EXISTS object_attempt ON object (attempt_id) WHERE attempt_id IS NOT NULL;

-- Money that moved; only ever added to. kind: authorize, capture, refund, refund_failed, release.
CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    intent TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_intent ON entry (intent);
CREATE TRIGGER IF NOT EXISTS entry_append_only_update BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_append_only_delete BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'append-only'); END;

CREATE TABLE IF NOT EXISTS idempotency_key (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS idempotency_key_created ON idempotency_key (created);

CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    url TEXT NOT NULL,
    due REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    forged INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    said TEXT
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (url, due) WHERE done = 0;

-- What happens to an object by itself, after a while.
CREATE TABLE IF NOT EXISTS later (
    seq INTEGER PRIMARY KEY,
    due REAL NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS later_due ON later (due);
"""


CACHED_KIB = 32 * 1024
CHECKPOINT_PAGES = 8000  # of 4 KiB: pages that change often are copied to the file once for many changes
PAUSE = 0.02  # seconds from one commit to the next: who comes in between shares it


class Ledger:
    """One connection, used from one thread: transactions never overlap, and those of one moment are committed at once."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # A commit survives the death of this process; WAL with NORMAL syncs at checkpoints, which is enough for play money.
        synchronous = "NORMAL" if fsync else "OFF"
        self._db.executescript(
            f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA busy_timeout = 5000; "
            f"PRAGMA cache_size = -{CACHED_KIB}; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};" + _SCHEMA
        )
        self._open: asyncio.Future[None] | None = None  # done when what is written now is committed
        self._committed_at = 0.0  # by the loop's clock

    def close(self) -> None:
        self._commit()
        self._db.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All or nothing, and committed at its end, as is whatever it has read. Nothing is awaited inside."""
        self._begin()
        self._db.execute("SAVEPOINT one")
        try:
            yield
        except BaseException:
            self._undo()
            raise
        else:
            self._db.execute("RELEASE one")
        finally:
            await self.committed()

    async def committed(self) -> None:
        """When all that was written up to now is committed. Raises sqlite3.Error when it could not be: then none of it has happened."""
        if self._open is not None:
            await asyncio.shield(self._open)  # shared with others, whom a caller that is cancelled does not take along

    def _begin(self) -> None:
        if self._open is not None and self._db.in_transaction:
            return
        self._commit()  # of what SQLite has rolled back by itself (a full disk): it is told to those who wait, and we are not among them
        self._db.execute("BEGIN IMMEDIATE")
        loop = asyncio.get_running_loop()
        self._open = loop.create_future()
        loop.call_later(max(0.0, self._committed_at + PAUSE - loop.time()), self._commit_that, self._open)

    def _undo(self) -> None:
        try:
            self._db.execute("ROLLBACK TO one")
            self._db.execute("RELEASE one")
        except sqlite3.Error:
            self._roll_back()  # of all who share it: half of one must not be committed with the others

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _commit_that(self, written: "asyncio.Future[None]") -> None:
        if written is self._open:
            self._commit()

    def _commit(self) -> None:
        if self._open is None:
            return
        written, self._open = self._open, None
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            written.set_exception(error)
            self._roll_back()
        else:
            written.set_result(None)
        self._committed_at = written.get_loop().time()

    # --- objects

    def put(self, document: Document, *, parent: str | None = None) -> None:
        """Keeps a new or changed object."""
        metadata = document.get("metadata") or {}
        self._db.execute(
            "INSERT INTO object (id, kind, created, parent, attempt_id, data) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET data = excluded.data, parent = coalesce(excluded.parent, parent)",
            (
                document["id"],
                document["object"],
                document["created"],
                parent,
                metadata.get("attempt_id"),
                msgspec.json.encode(document).decode(),
            ),
        )

    def get(self, object_id: str) -> Document | None:
        row = self._db.execute("SELECT data FROM object WHERE id = ?", (object_id,)).fetchone()
        return msgspec.json.decode(row["data"]) if row else None

    def find(
        self,
        kind: str,
        *,
        limit: int,
        after: str | None = None,
        since: int = 0,
        until: int | None = None,
        parent: str | None = None,
    ) -> list[Document]:
        """Objects of a kind, the latest first, up to `limit`."""
        rows = self._db.execute(
            "SELECT data FROM object WHERE kind = :kind AND created >= :since AND (:until IS NULL OR created <= :until) "
            "AND (:parent IS NULL OR parent = :parent) AND (:after IS NULL OR seq < (SELECT seq FROM object WHERE id = :after)) "
            "ORDER BY seq DESC LIMIT :limit",
            {"kind": kind, "since": since, "until": until, "parent": parent, "after": after, "limit": limit},
        )
        return [msgspec.json.decode(row["data"]) for row in rows]

    def search(self, kind: str, key: str, value: str, *, until: float, limit: int) -> list[Document]:
        """Objects whose metadata has `key` as `value`."""
        where = "attempt_id = ?" if key == "attempt_id" else "json_extract(data, '$.metadata.' || ?) = ?"
        wanted = (value,) if key == "attempt_id" else (json.dumps(key), value)
        rows = self._db.execute(
            f"SELECT data FROM object WHERE kind = ? AND created <= ? AND {where} ORDER BY seq DESC LIMIT ?",  # noqa: S608
            (kind, until, *wanted, limit),
        )
        return [msgspec.json.decode(row["data"]) for row in rows]

    # --- money

    def enter(self, intent: str, kind: str, amount: int, currency: str) -> None:
        """Adds a movement of money to the books."""
        self._db.execute(
            "INSERT INTO entry (at, intent, kind, amount, currency) VALUES (?, ?, ?, ?, ?)", (time.time(), intent, kind, amount, currency)
        )

    def entries(self, *, intent: str | None = None, after: int = 0, limit: int = 1000) -> list[Document]:
        """Movements in the order in which they happened."""
        rows = self._db.execute(
            "SELECT * FROM entry WHERE seq > ? AND (? IS NULL OR intent = ?) ORDER BY seq LIMIT ?", (after, intent, intent, limit)
        )
        return [dict(row) for row in rows]

    # --- idempotency keys

    def answered(self, key: str) -> tuple[str, int, str] | None:
        """(fingerprint of the request, status, body) of what a key was answered."""
        row = self._db.execute("SELECT fingerprint, status, body FROM idempotency_key WHERE key = ?", (key,)).fetchone()
        return (row["fingerprint"], row["status"], row["body"]) if row else None

    def remember(self, key: str, fingerprint: str, status: int, body: str) -> None:
        self._db.execute("INSERT INTO idempotency_key VALUES (?, ?, ?, ?, ?)", (key, fingerprint, status, body, int(time.time())))

    def forget_keys(self, before: float) -> None:
        self._db.execute("DELETE FROM idempotency_key WHERE created < ?", (int(before),))

    # --- webhooks and what happens by itself

    def add_delivery(self, event: str, url: str, due: float, *, forged: bool = False) -> None:
        self._db.execute("INSERT INTO delivery (event, url, due, forged) VALUES (?, ?, ?, ?)", (event, url, due, forged))

    def due_deliveries(self, url: str, now: float, limit: int) -> list[Any]:
        return self._db.execute(
            "SELECT * FROM delivery WHERE done = 0 AND url = ? AND due <= ? ORDER BY due, seq LIMIT ?", (url, now, limit)
        ).fetchall()

    def delivered(self, seq: int, said: str) -> None:
        self._db.execute("UPDATE delivery SET done = 1, tries = tries + 1, said = ? WHERE seq = ?", (said, seq))

    def deliver_again(self, seq: int, due: float, said: str) -> None:
        self._db.execute("UPDATE delivery SET due = ?, tries = tries + 1, said = ? WHERE seq = ?", (due, said, seq))

    def add_later(self, action: str, object_id: str, due: float) -> None:
        self._db.execute("INSERT INTO later (due, action, object) VALUES (?, ?, ?)", (due, action, object_id))

    def take_due(self, now: float) -> tuple[str, str] | None:
        """(action, object id) of the next thing that is due; it is off the list with the caller's transaction."""
        row = self._db.execute("SELECT * FROM later WHERE due <= ? ORDER BY due, seq LIMIT 1", (now,)).fetchone()
        if row is None:
            return None
        self._db.execute("DELETE FROM later WHERE seq = ?", (row["seq"],))
        return row["action"], row["object"]
