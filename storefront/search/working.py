"""Where an index in use is written: a folder in memory, into which its files on disk are linked.

For each commit the library writes some thirty small files and waits for the disk after each of them, and while prices change all the time
that is most of what a change takes until it is found. So commits go to memory, and what was committed last is brought to the disk now and
then, whole. What a crash of the machine takes is told by the change feed again, from where the index on disk stood.

Files of an index never change once they are written, but for `meta.json`, which says what belongs to a commit and is replaced in one step.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO, Self

import msgspec

NAME = "storefront-search-"
ROOM = 32_000_000  # bytes that must be free, beside twice the index: its parts may be merged into one
TRIES = 5  # to read a commit whole while the library merges its parts and removes what it was made of

_META, _MANAGED = "meta.json", ".managed.json"
_KINDS = ("fast", "fieldnorm", "idx", "pos", "store", "term")


class _Deletes(msgspec.Struct):
    opstamp: int


class _Segment(msgspec.Struct):
    segment_id: str
    deletes: _Deletes | None


class _Meta(msgspec.Struct):
    segments: list[_Segment]


def _files_of(meta: bytes) -> set[str]:
    """The files that belong to a commit."""
    names = set()
    for segment in msgspec.json.decode(meta, type=_Meta).segments:
        stem = segment.segment_id.replace("-", "")
        names |= {f"{stem}.{kind}" for kind in _KINDS}
        if segment.deletes is not None:
            names.add(f"{stem}.{segment.deletes.opstamp}.del")
    return names


class WorkingCopy:
    """An index of the disk, in memory. One thread may call `keep` while others write to `folder`."""

    def __init__(self, kept: Path, memory: Path) -> None:
        """Raises OSError or msgspec.ValidationError when the index on disk is not whole."""
        self._kept = kept
        self._lock = threading.Lock()
        self._meta = (kept / _META).read_bytes()
        files = _files_of(self._meta)
        _sweep(kept, files)
        self.folder, self._held = _own_folder(memory)
        for name in files:
            (self.folder / name).symlink_to(kept / name)
        (self.folder / _MANAGED).write_bytes(_managed(files))
        (self.folder / _META).write_bytes(self._meta)

    @classmethod
    def where_there_is_room(cls, kept: Path, memory: Path) -> Self | None:
        """A copy in `memory`, or None when that is no folder with enough room."""
        try:
            free = os.statvfs(memory)
            size = sum(file.stat().st_size for file in kept.iterdir())
            if free.f_bavail * free.f_frsize < ROOM + 2 * size or not os.access(memory, os.W_OK):
                return None
            _sweep_dead(memory)
        except OSError:
            return None
        return cls(kept, memory)

    def keep(self) -> None:
        """Brings the last commit to the disk. Raises OSError when that cannot be; the one before is there then."""
        with self._lock:
            meta, new = self._open_new()
            with contextlib.ExitStack() as stack:
                for file in new.values():
                    stack.enter_context(file)
                if meta == self._meta:
                    return
                for name, file in new.items():
                    _write(self._kept / name, file)
            files = _files_of(meta)
            _write(self._kept / _MANAGED, [_managed(files)])
            _sync_folder(self._kept)
            _write(self._kept / _META, [meta])
            _sync_folder(self._kept)
            self._meta = meta
            self._link(new)
            _sweep(self._kept, files)

    def _open_new(self) -> tuple[bytes, dict[str, IO[bytes]]]:
        """The last commit, and its files that are not on disk yet. Open: the library may remove them at any time."""
        for _ in range(TRIES):
            meta = (self.folder / _META).read_bytes()
            with contextlib.ExitStack() as stack:
                try:
                    new: dict[str, IO[bytes]] = {
                        name: stack.enter_context((self.folder / name).open("rb"))
                        for name in _files_of(meta)
                        if not (self._kept / name).exists()
                    }
                except FileNotFoundError:
                    continue
                stack.pop_all()
                return meta, new
        raise FileNotFoundError(f"files of {self.folder / _META} are missing")

    def _link(self, names: Iterable[str]) -> None:
        """Frees the memory of what is on disk now."""
        for name in names:
            if (self.folder / name).exists():
                link = self.folder / f"{name}.link"
                link.symlink_to(self._kept / name)
                link.replace(self.folder / name)

    def close(self) -> None:
        """Frees the memory; what is not kept is lost."""
        with self._lock:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._held.close()


def _own_folder(memory: Path) -> tuple[Path, IO[bytes]]:
    """A new folder, and the lock that says whose it is for as long as this process lives. It has its name when it is locked."""
    made = Path(tempfile.mkdtemp(prefix=f".{NAME}", dir=memory))
    held = (made / "lock").open("ab")
    fcntl.flock(held, fcntl.LOCK_EX)
    return made.rename(memory / made.name[1:]), held


def _sweep_dead(memory: Path) -> None:
    """Frees what processes have left that were killed."""
    for folder in memory.glob(f"{NAME}*"):
        with contextlib.suppress(OSError), (folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path, files: Collection[str]) -> None:
    """Removes what belongs to no commit any more, or was to belong to one that did not come about."""
    for file in folder.iterdir():
        if file.name not in files and file.name[0] != "." and file.name != _META:
            file.unlink(missing_ok=True)


def _managed(files: Iterable[str]) -> bytes:
    """What the library may remove when it is no longer needed."""
    return msgspec.json.encode(sorted({*files, _META}))


def _write(file: Path, content: Iterable[bytes]) -> None:
    """Writes a file in one step, so that what stands under its name is whole."""
    new = file.with_name(f"{file.name}.new")
    with new.open("wb") as written:
        written.writelines(content)
        written.flush()
        os.fsync(written.fileno())
    new.replace(file)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
