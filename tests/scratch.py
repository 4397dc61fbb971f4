"""Where a test run keeps its files: in memory when there is room, for few tests are about disks. Those ask for a folder `on_disk`.

A file is made there in a fraction of the time, and every database, index and browser profile is hundreds of them.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
DISK = Path("/var/tmp")
ROOM = 6 * 1024**3  # bytes; about twice what a whole run has at once
NAME = "storefront-tests-"  # with the process's number


def use_memory() -> Path | None:
    """Makes a folder for all temporary files of this process and those it starts; None where there is no room. `forget` removes it."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:  # Varnish runs what it compiles
        return None
    _sweep()
    if min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) < ROOM:
        return None
    folder = MEMORY / f"{NAME}{os.getpid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)  # whatever the umask: PostgreSQL's own user goes through it
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def forget(folder: Path) -> None:
    """Gives the memory back."""
    shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """What runs that were killed have left."""
    for left in MEMORY.glob(f"{NAME}*"):
        number = left.name.removeprefix(NAME)
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)


def on_disk(prefix: str) -> Path:
    """A new folder on a disk, which PostgreSQL's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=DISK))
    folder.chmod(0o755)
    return folder
