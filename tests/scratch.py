"""Where a test run keeps its files: in memory when there is room, for few tests are about disks. Those ask for a folder `on_disk`.

A file is made there in a fraction of the time, and every database, index and browser profile is hundreds of them.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
DISK = Path("/var/tmp")
ROOM = 6 * 1024**3  # bytes; several times what a whole run has at once
NAME = "storefront-tests-"


class InMemory:
    """A folder for all temporary files of this process and those it starts, until `forget`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=NAME, dir=MEMORY))
        self._lock = (self._folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # given back by the kernel, however this process ends
        self._folder.chmod(0o755)  # PostgreSQL's own user goes through it
        os.environ["TMPDIR"] = tempfile.tempdir = str(self._folder)

    def forget(self) -> None:
        """Gives the memory back."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()


def in_memory() -> InMemory | None:
    """None where there is no room, or nothing may be run (Varnish compiles its configuration to a program)."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return None
    _sweep()
    return InMemory() if min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) >= ROOM else None


def _sweep() -> None:
    """Removes what killed runs have left."""
    for lock in MEMORY.glob(f"{NAME}*/lock"):
        try:
            with lock.open("a") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:  # in use, or another user's
            continue


def on_disk(prefix: str) -> Path:
    """A new folder on a disk, which PostgreSQL's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=DISK))
    folder.chmod(0o755)
    return folder
