"""The change feed when the database itself forgets: a crash, and a standby that takes over."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from storefront.platform.database import Database
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.process import EmbeddedError
from storefront.platform.feed import ANYTHING, Feed
from storefront.platform.migrations import migrate
from tests.buying import offer, violations
from tests.integration.test_feed import Listener, change


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL of its own. What is committed without waiting for the disk is not on it for long."""
    place = Path(tempfile.mkdtemp(prefix="storefront-feed-"))
    place.chmod(0o755)
    settings = {"synchronous_commit": "on", "wal_writer_delay": "10s", "autovacuum": "off"}
    postgres = Postgres(place / "postgres", fsync=False, settings=settings)
    postgres.start()
    yield postgres
    postgres.stop()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
async def shop(server: Postgres) -> AsyncIterator[Database]:
    await migrate(server.dsn())
    database = Database(server.dsn())
    await database.start()
    yield database
    await database.close()


def _start_again(server: Postgres, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return server.start()
        except EmbeddedError:  # backends of the killed one are still letting go of its memory
            assert time.monotonic() < deadline
            time.sleep(0.1)


async def test_a_change_that_takes_the_number_of_one_that_a_crash_undid_is_told(server: Postgres, shop: Database) -> None:
    feed, listener = Feed(shop), Listener()
    feed.follow("test", listener)
    await feed.start()
    conn = await asyncpg.connect(server.dsn())
    await offer(conn)
    await change(conn, "kept")
    await listener.heard("kept")
    async with asyncio.timeout(20):
        while not feed._listening:
            await asyncio.sleep(0.01)
    await conn.execute("SET synchronous_commit = off")
    await change(conn, "undone")
    undone = await conn.fetchval("SELECT xid::text::bigint FROM change_log WHERE key = 'undone'")
    await listener.heard("undone")
    assert server.child is not None
    server.child.process.kill()
    server.child.process.wait()
    usual, server.sockets = server.sockets, server.folder.parent / "elsewhere"  # unseen by the feed: what it saw is gone
    await asyncio.to_thread(_start_again, server)
    conn = await asyncpg.connect(server.dsn())
    await change(conn, "after")
    written = dict(await conn.fetch("SELECT key, xid::text::bigint FROM change_log"))
    assert "undone" not in written, "it was on disk, and this tests nothing"
    assert written["after"] == undone
    await conn.close()
    server.stop()
    server.sockets = usual
    await asyncio.to_thread(_start_again, server)
    await listener.heard("after", seconds=20)
    assert ANYTHING not in {told.topic for told in listener.told}, "nothing else was lost"
    conn = await asyncpg.connect(server.dsn())
    assert await violations(conn) == []
    await conn.close()
    await feed.close()


async def test_a_standby_that_takes_over_may_have_changed_anything(server: Postgres, shop: Database) -> None:
    standby = server.standby(server.folder.parent / "standby")
    standby.start()
    before = Database(server.dsn(), [standby.dsn()])
    await before.start()
    async with asyncio.timeout(20):
        while not before.replicas[0].healthy:
            await before._check_replicas()
    position = await Feed(before).here()
    conn = await asyncpg.connect(standby.dsn())
    await conn.fetchval("SELECT pg_promote()")
    await offer(conn)
    await before._check_replicas()
    assert not before.replicas[0].healthy, "it follows the primary no more"
    await before.close()

    after = Database(standby.dsn())
    await after.start()
    feed, old, new = Feed(after), Listener(), Listener()
    assert not await feed.still_has(position)
    feed.follow("old", old, since=position)
    feed.follow("new", new, since=await feed.here())
    await feed.start()
    await change(conn, "first")
    await old.heard("first")
    await new.heard("first")
    assert old.told[0].topic == ANYTHING
    assert ANYTHING not in {told.topic for told in new.told}
    assert await violations(conn) == []
    await conn.close()
    await feed.close()
    await after.close()
    standby.stop()
