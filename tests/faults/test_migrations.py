"""An index that was being built when everything died is built by the next run."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.process import EmbeddedError
from storefront.platform.migrations import CONCURRENTLY, FOLDER, migrate
from storefront.settings import ROOT
from tests.sandbox import eventually

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
    scratch = Path(tempfile.mkdtemp(prefix="storefront-migrations-"))
    scratch.chmod(0o755)
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
    await owner.close()


async def test_a_build_whose_migrator_died_is_finished_by_the_database_and_noted_by_the_next_run(server: Postgres, folder: Path) -> None:
    await migrate(server.dsn())
    writer = await asyncpg.connect(server.dsn())
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
    await writer.close()
