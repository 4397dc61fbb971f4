"""The servers that the shop brings along: they end with it however it ends, and whatever it left behind, the next start works."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.process import Child, EmbeddedError
from storefront.platform.embedded.supervisor import Embedded, FolderInUse
from storefront.platform.embedded.valkey import Valkey
from storefront.settings import ROOT
from tests.conftest import settings_for
from tests.scratch import on_disk

HOLDER = """
import signal, sys, time
from storefront.platform.embedded.supervisor import Embedded
from storefront.settings import load_settings
embedded = Embedded(load_settings())
embedded.lock()
embedded.start_data(serving=True)
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder on a disk."""
    scratch = on_disk("storefront-embedded-")
    yield scratch / "data"
    shutil.rmtree(scratch, ignore_errors=True)


def _holder(folder: Path) -> "subprocess.Popen[str]":
    env = os.environ | {"STOREFRONT_DATA__DIR": str(folder), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", HOLDER], env=env, stdout=subprocess.PIPE, text=True)


def _started(folder: Path) -> "subprocess.Popen[str]":
    holder = _holder(folder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "started\n"
    return holder


def _kill(holder: "subprocess.Popen[str]") -> None:
    """SIGKILL; returns when everything that it had started is gone, fails when something stays."""
    family = psutil.Process(holder.pid).children(recursive=True)
    holder.kill()
    holder.wait()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive, f"orphans: {alive}"


async def _sql(server: Postgres, statement: str) -> object:
    conn = await asyncpg.connect(server.dsn())
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


def test_a_killed_shop_leaves_no_server_and_no_committed_row_behind(folder: Path) -> None:
    holder = _started(folder)
    server = Postgres(folder / "postgresql")
    asyncio.run(_sql(server, "CREATE TABLE kept (id int)"))
    asyncio.run(_sql(server, "INSERT INTO kept VALUES (1)"))
    _kill(holder)
    server.start()
    try:
        assert asyncio.run(_sql(server, "SELECT id FROM kept")) == 1
    finally:
        server.stop()


@pytest.mark.parametrize("seconds", [0.25, 0.4, 0.55, 0.7])
def test_a_shop_killed_while_it_makes_its_database_starts_the_next_time(folder: Path, seconds: float) -> None:
    holder = _holder(folder)
    time.sleep(seconds)
    holder.kill()
    holder.wait()
    again = _started(folder)
    left = [path.name for path in (folder / "postgresql").glob("data.partial*")]
    _kill(again)
    assert left in ([], left[:1]), "what the killed run left is cleared away, now or at the next start"


def test_a_process_number_used_again_after_a_crash_does_not_stop_postgresql(folder: Path) -> None:
    server = Postgres(folder / "postgresql", fsync=False)
    server.start()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    assert server.child is not None
    assert server.child.process is not None
    server.child.process.send_signal(signal.SIGQUIT)
    server.child.process.wait()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    try:
        assert asyncio.run(_sql(server, "SELECT 1")) == 1
    finally:
        server.stop()


def test_a_path_too_long_for_a_socket_is_no_obstacle(folder: Path) -> None:
    deep = folder / ("x" * 100)
    deep.mkdir(parents=True)
    server, valkey = Postgres(deep / "postgresql", fsync=False), Valkey(deep / "valkey")
    try:
        server.start()
        valkey.start()
        assert asyncio.run(_sql(server, "SELECT 1")) == 1
    finally:
        server.stop()
        valkey.stop()
        shutil.rmtree(server.sockets, ignore_errors=True)


def test_a_standby_of_another_cluster_is_copied_anew(folder: Path) -> None:
    former, primary = (Postgres(folder / name, fsync=False) for name in ("former", "primary"))
    for server in (former, primary):
        server.start()
    standby = former.standby(folder / "standby")
    try:
        standby = primary.standby(folder / "standby")
        standby.start_following(primary)
        asyncio.run(_sql(primary, "CREATE TABLE followed ()"))
        _eventually(lambda: asyncio.run(_sql(standby, "SELECT to_regclass('followed')")) == "followed")
    finally:
        for server in (standby, primary, former):
            server.stop()


def test_a_command_uses_the_servers_of_a_serving_shop_and_two_shops_never_share_a_folder(folder: Path) -> None:
    holder = _started(folder)
    try:
        settings = settings_for(folder)
        with pytest.raises(FolderInUse, match=f"in use by another run .process {holder.pid}.. Stop it, or set STOREFRONT_DATA__DIR"):
            Embedded(settings).lock()
        assert Embedded(settings).attach()
        assert settings.database.url.startswith("postgresql://storefront_app@")
        assert settings.cache.url.startswith("unix://")
    finally:
        _kill(holder)
    after = Embedded(settings_for(folder))
    assert not after.attach(), "nobody holds the folder any more, whatever the killed run wrote there"
    after.stop()


async def test_a_server_that_dies_is_started_again(folder: Path) -> None:
    embedded = Embedded(settings_for(folder, DATABASE__FSYNC="false"))
    embedded.lock()
    embedded.start_data()
    try:
        embedded.start_watch()
        assert embedded.postgres is not None
        assert embedded.postgres.child is not None
        assert embedded.postgres.child.process is not None
        embedded.postgres.child.process.kill()
        deadline = time.monotonic() + 15
        while True:
            try:
                assert await _sql(embedded.postgres, "SELECT 1") == 1
                break
            except (OSError, asyncpg.PostgresError):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
    finally:
        await embedded.stop_watch()
        embedded.stop()


def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    child = Child("The server", [sys.executable, "-c", "print('no such key'); raise SystemExit(3)"], log=tmp_path / "log")
    child.start()
    with pytest.raises(EmbeddedError, match=r"^The server stopped at its start\. Its last words: no such key \(see .*log\)$"):
        child.wait_until(lambda: False, 10)


def _eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
