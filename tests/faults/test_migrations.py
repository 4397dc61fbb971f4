"""An index that was being built when everything died is built by the next run."""

import asyncio
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.process import EmbeddedError
from storefront.platform.migrations import CONCURRENTLY, EARLIER_TEXTS, FOLDER, files, migrate
from storefront.settings import ROOT
from tests.buying import offer, violations
from tests.sandbox import eventually
from tests.scratch import on_disk

MIGRATOR = """
import asyncio, sys
from pathlib import Path
from storefront.platform.migrations import migrate
asyncio.run(migrate(sys.argv[1], folder=Path(sys.argv[2])))
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('large_id')"


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A cluster of this test's own, to be killed."""
    scratch = on_disk("storefront-migrations-")
    found = Postgres(scratch / "postgresql")
    found.start()
    yield found
    found.stop()
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's migrations, and one that builds an index concurrently."""
    found = tmp_path / "migrations"
    shutil.copytree(FOLDER, found)
    (found / "9001_large.sql").write_text(f"{CONCURRENTLY}CREATE INDEX CONCURRENTLY large_id ON large (id);")
    return found


def _start_again(server: Postgres, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return server.start()
        except EmbeddedError:  # backends of the killed one are still letting go of its memory
            assert time.monotonic() < deadline
            time.sleep(0.1)


async def _begun(server: Postgres, folder: Path, writer: asyncpg.Connection) -> "subprocess.Popen[bytes]":
    """A migrator whose index waits for the writer's transaction."""
    await writer.execute("INSERT INTO large VALUES (1)")
    migrator = subprocess.Popen([sys.executable, "-c", MIGRATOR, server.dsn(), str(folder)], cwd=ROOT)
    watcher = await asyncpg.connect(server.dsn())
    await eventually(lambda: watcher.fetchval(f"SELECT ({VALID}) IS NOT NULL"))
    await watcher.close()
    return migrator


async def test_a_build_that_died_with_the_database_is_begun_anew(server: Postgres, folder: Path) -> None:
    await migrate(server.dsn())
    writer = await asyncpg.connect(server.dsn())
    await offer(writer)
    await writer.execute("CREATE TABLE large (id int)")
    await writer.execute("BEGIN")
    migrator = await _begun(server, folder, writer)
    assert server.child is not None
    assert server.child.process is not None
    migrator.kill()
    server.child.process.kill()
    server.child.process.wait()
    migrator.wait()
    writer.terminate()
    _start_again(server)
    owner = await asyncpg.connect(server.dsn())
    assert await owner.fetchval(VALID) is False, "what the killed run left is of no use"
    assert await migrate(server.dsn(), folder=folder) == 1
    assert await owner.fetchval(VALID)
    assert await migrate(server.dsn(), folder=folder) == 0
    assert await violations(owner) == []
    await owner.close()


async def test_a_build_whose_migrator_died_is_finished_by_the_database_and_noted_by_the_next_run(server: Postgres, folder: Path) -> None:
    await migrate(server.dsn())
    writer = await asyncpg.connect(server.dsn())
    await offer(writer)
    await writer.execute("CREATE TABLE large (id int)")
    await writer.execute("BEGIN")
    migrator = await _begun(server, folder, writer)
    migrator.kill()
    migrator.wait()
    index = await writer.fetchval("SELECT to_regclass('large_id')::oid")
    again = asyncio.create_task(migrate(server.dsn(), folder=folder))
    await writer.execute("COMMIT")
    assert await again == 1
    assert await writer.fetchval(VALID)
    assert await writer.fetchval("SELECT to_regclass('large_id')::oid") == index, "it was not built twice"
    assert await violations(writer) == []
    await writer.close()


# Of 0015_fewer_trips.sql: what stands there, and what stood there in the text that some shops have applied.
BEFORE = (
    ("has less by now or is closed, or a cart holds", "has less by now or a cart holds"),
    (
        """        LEFT JOIN stock s ON s.variant_id = w.variant_id AND s.location_id = w.location_id
        LEFT JOIN stock_location l ON l.id = s.location_id AND l.active
        GROUP BY w.variant_id, w.location_id, s.on_hand, s.reserved, l.id HAVING l.id IS NULL OR s.on_hand - s.reserved < sum(w.quantity)
""",
        """        JOIN stock s ON s.variant_id = w.variant_id AND s.location_id = w.location_id
        GROUP BY s.variant_id, s.location_id, s.on_hand, s.reserved HAVING s.on_hand - s.reserved < sum(w.quantity)
""",
    ),
    (
        "\n-- A key's row is written four times",
        "\n-- Holds are looked for by cart and by order; this one cost each hold two entries.\nDROP INDEX reservation_variant;\n"
        "\n-- A key's row is written four times",
    ),
)
SCHEMA = """SELECT (SELECT string_agg(pg_get_functiondef(oid), E'\\n' ORDER BY oid::regprocedure::text) FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'),
               (SELECT string_agg(indexdef, E'\\n' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public')"""


async def test_a_shop_that_applied_the_earlier_text_of_a_migration_comes_to_the_same(server: Postgres, tmp_path: Path) -> None:
    name = "0015_fewer_trips.sql"
    text = (FOLDER / name).read_text("utf-8")
    for now, before in BEFORE:
        assert text.count(now) == 1
        text = text.replace(now, before)
    assert hashlib.sha256(text.encode()).hexdigest() == EARLIER_TEXTS[name]

    for path in files():
        if path.name <= name:
            shutil.copy(path, tmp_path)
    (tmp_path / name).write_text(text)
    owner = await asyncpg.connect(server.dsn())
    await owner.execute("CREATE DATABASE earlier")
    await migrate(server.dsn(database="earlier"), folder=tmp_path)
    earlier = await asyncpg.connect(server.dsn(database="earlier"))
    await offer(earlier)
    assert await migrate(server.dsn(database="earlier")) == len(files()) - len(files(tmp_path))
    await migrate(server.dsn())
    assert await earlier.fetchrow(SCHEMA) == await owner.fetchrow(SCHEMA)
    assert await violations(earlier) == []
    await earlier.close()
    await owner.close()
