"""Starts what the settings leave to us (PostgreSQL, Valkey, the sandbox provider), keeps it running, and stops it in order."""

import asyncio
import fcntl
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

import structlog

from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.process import Child, EmbeddedError
from storefront.platform.embedded.valkey import Valkey
from storefront.platform.migrations import APP_ROLE
from storefront.platform.tasks import stop
from storefront.settings import PREFIX, ROOT, SECRETS, Settings

log = structlog.get_logger("supervisor")


class FolderInUse(EmbeddedError):
    """Another run holds the data folder."""


class Embedded:
    """The embedded servers of one data folder. After `start()` the settings name them like external ones."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock: IO[str] | None = None
        self.postgres: Postgres | None = None
        self.standbys: list[Postgres] = []
        self.valkey: Valkey | None = None
        self.provider: Child | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def _runtime_file(self) -> Path:
        return self._settings.data_dir / "runtime.json"

    def lock(self) -> None:
        """Takes the data folder. Raises FolderInUse; the kernel gives the lock back when we die, however we die."""
        folder = self._settings.data_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = (folder / "lock").open("a+")
        except OSError as error:
            raise EmbeddedError(
                f"data.dir: {folder} cannot be used ({error.strerror}). Set STOREFRONT_DATA__DIR to a folder of yours."
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.seek(0)
            pid = handle.read().strip()
            raise FolderInUse(
                f"data.dir: {folder} is in use by another run (process {pid or 'unknown'}). Stop it, or set STOREFRONT_DATA__DIR."
            ) from error
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        self._lock = handle
        self._runtime_file.unlink(missing_ok=True)  # a killed run's: its servers are gone

    def attach(self) -> bool:
        """Uses the servers of the run that holds the folder, if there is one; for commands beside a serving shop."""
        try:
            self.lock()
            return False
        except FolderInUse as error:
            runtime = self._await_runtime()
            if runtime is None or not runtime["serving"]:
                raise error
            self._adopt(runtime)
            return True

    def _await_runtime(self, seconds: float = 20) -> dict[str, Any] | None:
        """What the run that holds the folder says of its servers; it may be starting them right now."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                return dict(json.loads(self._runtime_file.read_text()))
            except (OSError, ValueError):
                time.sleep(0.05)
        return None

    def _adopt(self, runtime: dict[str, Any]) -> None:
        database, cache = self._settings.database, self._settings.cache
        if not database.url:
            database.url, database.migrate_url = runtime["database_url"], runtime["migrate_url"]
        if not cache.url:
            cache.url = runtime["cache_url"]

    def start_data(self, *, serving: bool = False) -> None:
        """PostgreSQL (and standbys) and Valkey, as far as the settings name no servers. Raises EmbeddedError.

        Beside a `serving` run, commands may use its servers; those of a command end with it.
        """
        settings = self._settings
        if not settings.database.url:
            self.postgres = Postgres(settings.data_dir / "postgresql", fsync=settings.database.fsync)
            self.postgres.start()
            settings.database.url = self.postgres.dsn(APP_ROLE)
            settings.database.migrate_url = self.postgres.dsn()
            for number in range(settings.database.embedded_replicas):
                standby = self.postgres.standby(settings.data_dir / f"standby-{number + 1}")
                self.standbys.append(standby)
                standby.start_following(self.postgres)
                settings.database.replica_urls.append(standby.dsn(APP_ROLE))
        if not settings.cache.url:
            self.valkey = Valkey(settings.data_dir / "valkey")
            self.valkey.start()
            settings.cache.url = self.valkey.url
        self._tell_others(serving)

    def _tell_others(self, serving: bool) -> None:
        told = {
            "serving": serving,
            "database_url": self._settings.database.url,
            "migrate_url": self._settings.database.migrate_url or self._settings.database.url,
            "cache_url": self._settings.cache.url,
        }
        partial = self._runtime_file.with_suffix(".partial")
        partial.touch(mode=0o600)  # the addresses of external servers may hold a password
        partial.write_text(json.dumps(told))
        partial.rename(self._runtime_file)

    def start_provider(self) -> None:
        """The sandbox payment provider, a process of its own; returns when it answers. Raises EmbeddedError."""
        self.begin_provider()
        self.await_provider()

    def begin_provider(self) -> None:
        """Starts it without waiting: it is as slow to start as the shop itself, and needs none of the other servers."""
        if not self._settings.embedded_sandbox:
            return
        _await_free_port(self._settings.sandbox_port)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment |= _as_environment(self._settings)
        command = [sys.executable, str(ROOT / "run.py"), "provider"]
        self.provider = Child(
            "The sandbox payment provider", command, log=self._settings.data_dir / "sandbox" / "provider.log", env=environment
        )
        self.provider.start()

    def await_provider(self) -> None:
        """Returns when the provider answers. Raises EmbeddedError."""
        if self.provider:
            self.provider.wait_until(lambda: _answers(f"{self._settings.provider_base}/livez"), 20)

    async def watch(self) -> None:
        """Restarts a child that died. Runs until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            for child in self._children():
                if not child.alive and child.restart_when_due():
                    log.error("child_died_and_was_restarted", child=child.name)

    def start_watch(self) -> None:
        self._watch = asyncio.create_task(self.watch())

    async def stop_watch(self) -> None:
        if self._watch:
            await stop([self._watch])

    def _children(self) -> list[Child]:
        servers = [self.postgres, *self.standbys, self.valkey]
        children = [server.child for server in servers if server is not None]
        return [child for child in [*children, self.provider] if child is not None]

    def stop(self) -> None:
        """Stops the children, the database last."""
        if self.provider:
            self.provider.stop(5)
        if self.valkey:
            self.valkey.stop()
        for standby in self.standbys:
            standby.stop()
        if self.postgres:
            self.postgres.stop()
        if self._lock:
            self._runtime_file.unlink(missing_ok=True)
            self._lock.close()


def _as_environment(settings: Settings) -> dict[str, str]:
    """What the provider's process needs of the settings; secrets by environment, which only this user can read."""
    given = {
        "DATA__DIR": str(settings.data_dir),
        "DATABASE__FSYNC": str(settings.database.fsync).lower(),
        "SERVER__PORT": str(settings.server.port),
        "SERVER__PUBLIC_URL": settings.server.public_url,
        "PAYMENTS__SANDBOX_PORT": str(settings.sandbox_port),
        "PAYMENTS__PUBLISHABLE_KEY": settings.payments.publishable_key,
        "TELEMETRY__LOG_FORMAT": settings.telemetry.log_format,
    }
    for section, key in SECRETS:
        if section == "payments":
            given[f"{section.upper()}__{key.upper()}"] = getattr(settings.payments, key)
    return {PREFIX + name: value for name, value in given.items()}


def _await_free_port(port: int, seconds: float = 5) -> None:
    """The provider of a run that was killed a moment ago may still be letting go of its port."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"payments.sandbox_port: 127.0.0.1:{port} cannot be bound ({error.strerror}). "
                        "Stop what listens there, or set STOREFRONT_PAYMENTS__SANDBOX_PORT."
                    ) from error
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
