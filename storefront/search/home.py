"""Where an index of this process lives: `<folder>/<version>/<number>/<build>`, one number for each process that runs beside others.

A number belongs to the process that holds its lock, which the system frees when the process dies. `current` names the build that is in
use; it is replaced in one step when a new one is whole.
"""

import fcntl
import os
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

MOST_PROCESSES = 1000


class Home:
    """The folder of this process."""

    def __init__(self, folder: Path, version: str) -> None:
        """Takes the first number that is free. Raises OSError when the folder cannot be written."""
        self._under_way: set[Path] = set()  # builds that are made now, or came to nothing
        self._all_versions = folder
        self._version = folder / version
        for number in range(MOST_PROCESSES):
            self._folder = self._version / str(number)
            lock = _lock(self._folder)
            if lock is not None:
                self._held = lock
                return
        raise OSError(f"{self._version} is in use by {MOST_PROCESSES} processes")

    def current(self) -> Path | None:
        """The build in use."""
        try:
            name = (self._folder / "current").read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        found = self._folder / name
        return found if name.isalnum() and found.is_dir() else None

    def built_at(self) -> datetime | None:
        """When the build in use was put in its place."""
        try:
            return datetime.fromtimestamp((self._folder / "current").stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def new(self) -> Path:
        """A folder for a new build, which `tidy` leaves alone until it is in use."""
        build = self._folder / uuid.uuid4().hex
        self._under_way.add(build)
        return build

    def switch(self, build: Path) -> None:
        """Makes the build the one in use."""
        written = self._folder / "next"
        with written.open("w", encoding="ascii") as file:
            file.write(build.name)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._folder / "current")
        self._under_way.discard(build)

    def tidy(self) -> None:
        """Removes builds of this number that nobody uses or makes, and what no process holds of other versions."""
        for found in self._folder.iterdir():
            # In this order: a build stops being under way only when it is in use.
            if found.is_dir() and found not in self._under_way and found != self.current():
                shutil.rmtree(found, ignore_errors=True)
        for version in self._all_versions.iterdir():
            if version != self._version and version.is_dir():
                for folder in version.iterdir():
                    _remove_if_free(folder)

    def close(self) -> None:
        """Gives the number back."""
        self._held.close()


def _lock(folder: Path) -> IO[bytes] | None:
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _remove_if_free(folder: Path) -> None:
    if not folder.is_dir():
        return
    lock = _lock(folder)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()
