"""Child processes that never outlive us."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LONGEST_PAUSE_SECONDS = 30.0
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class EmbeddedError(Exception):
    """A server that the shop brings along cannot run here. One line for the operator."""


def unprivileged_user() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root: then it runs as `nobody`. None when we are no root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def before_exec(user: tuple[int, int] | None, death_signal: int, parent: int) -> Callable[[], None]:
    """What a child does before it becomes its program: another user, and a signal from the kernel when `parent` dies."""

    def prepare() -> None:
        os.setpgid(0, 0)  # Ctrl-C reaches us alone; we stop the children in order
        if user is not None:
            os.setgroups([])
            os.setgid(user[1])
            os.setuid(user[0])
        if _libc is not None:
            # After setuid, which clears it.
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


class Child:
    """A server process. Start it from the main thread: the kernel's death signal follows the thread that forked."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        user: tuple[int, int] | None = None,
        stop_signal: int = signal.SIGTERM,
        death_signal: int = signal.SIGTERM,
        env: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._log = log
        self._user = user
        self._stop_signal = stop_signal
        self._death_signal = death_signal
        self._env = env
        self.process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = 0.0

    def start(self) -> None:
        """Starts the process; its output goes to the log file."""
        self._started_at = time.monotonic()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd="/",
                preexec_fn=before_exec(self._user, self._death_signal, os.getpid()),
            )

    def restart_when_due(self) -> bool:
        """Starts it again after it died, with growing pauses when it dies at once. Returns whether it was started now."""
        lived = time.monotonic() - self._started_at
        if lived < self._pause:
            return False
        self._pause = 0.5 if lived > _LONGEST_PAUSE_SECONDS * 2 else min(_LONGEST_PAUSE_SECONDS, max(0.5, self._pause * 2))
        self.start()
        return True

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits for the server to answer. Raises EmbeddedError with the end of its log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive:
                raise EmbeddedError(f"{self.name} stopped at its start. {self._last_words()}")
            if ready():
                return
            time.sleep(0.01)
        raise EmbeddedError(f"{self.name} did not answer within {seconds:.0f} s. {self._last_words()}")

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return f"Its last words: {' | '.join(lines[-3:])} (see {self._log})" if lines else f"See {self._log}."

    def stop(self, seconds: float = 10) -> None:
        """Asks it to stop, then makes it."""
        if not self.alive or self.process is None:
            return
        self.process.send_signal(self._stop_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
