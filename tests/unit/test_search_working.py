"""An index that is written in memory: what was brought to the disk is whole, whenever that was, and nothing else is left anywhere."""

import fcntl
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storefront.search import working
from storefront.search.disk import DiskIndex
from tests.unit.test_search_matching import product

PRODUCTS = 60


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """Where working copies go."""
    folder = tmp_path / "memory"
    folder.mkdir()
    return folder


@pytest.fixture
def index(tmp_path: Path, memory: Path) -> Iterator[DiskIndex]:
    """An index with its first commit, "0", on disk, that is written in memory from then on."""
    made = DiskIndex(tmp_path / "index", ["EUR"], 15_000_000)
    write(made, 0, range(1, PRODUCTS + 1))
    made.work_in(memory)
    yield made
    made.close()


def write(index: DiskIndex, number: int, product_ids: range | list[int]) -> None:
    """Makes commit `number`, which calls these products by it."""
    index.replace(product_ids, [product(product_id, f"Cup {number}", popularity=number) for product_id in product_ids])
    index.commit(str(number))


def on_disk(folder: Path) -> tuple[str | None, int]:
    """Position and products as a process finds them that opens the index after a crash; every part of it is read."""
    found = DiskIndex(folder, ["EUR"], 15_000_000)
    found.probe()
    try:
        return found.position, found.products
    finally:
        found.close()


def copies(memory: Path) -> list[Path]:
    return sorted(memory.glob(f"{working.NAME}*"))


def test_what_is_committed_is_found_at_once_and_on_disk_when_it_is_kept(index: DiskIndex, tmp_path: Path):
    write(index, 1, [3])
    assert (index.position, index.products) == ("1", PRODUCTS)
    assert on_disk(tmp_path / "index") == ("0", PRODUCTS)
    index.keep()
    assert on_disk(tmp_path / "index") == ("1", PRODUCTS)


def test_what_is_kept_no_longer_takes_memory_or_stays_longer_than_it_is_needed(index: DiskIndex, tmp_path: Path, memory: Path):
    for number in range(1, 30):  # so that parts are merged, and files of what they were made of are removed
        write(index, number, [number])
        if number % 7 == 0:
            index.keep()
    folder = tmp_path / "index"
    (copy,) = copies(memory)

    def held() -> list[Path]:
        """Parts of the index that are in memory only. A merge that the library began by itself may still be writing one."""
        index.keep()
        return [file for file in copy.iterdir() if not file.is_symlink() and file.suffix in (".term", ".idx", ".fast", ".store", ".pos")]

    tried = 0
    while held() and tried < 1000:
        tried += 1
        time.sleep(0.01)  # nothing tells when the library's merges end
    assert held() == []
    files = {file.name for file in folder.iterdir() if file.name[0] != "."}
    assert files == {"meta.json", *working._files_of((folder / "meta.json").read_bytes())}


def test_the_disk_has_a_whole_commit_at_any_time(index: DiskIndex, tmp_path: Path):
    ended = threading.Event()
    seen: list[tuple[str | None, int]] = []
    failures: list[BaseException] = []

    def keep() -> None:
        try:
            while not ended.is_set():
                index.keep()
                seen.append(on_disk(tmp_path / "index"))
        except BaseException as error:
            failures.append(error)

    keeping = threading.Thread(target=keep)
    keeping.start()
    chance = random.Random(5)
    try:
        for number in range(1, 60):
            write(index, number, chance.sample(range(1, PRODUCTS + 1), chance.randint(1, 8)))
    finally:
        ended.set()
        keeping.join()
    assert failures == []
    positions = [int(position or -1) for position, _ in seen]
    assert positions == sorted(positions)
    assert len(set(positions)) > 2
    assert {products for _, products in seen} == {PRODUCTS}


def test_files_that_are_merged_away_while_they_are_brought_to_the_disk_are_not_missed(
    index: DiskIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files_of, commits = working._files_of, iter([range(2, 30)])

    def meanwhile(meta: bytes) -> set[str]:
        files = files_of(meta)
        for number in next(commits, ()):
            write(index, number, [number])
        return files

    write(index, 1, [1])
    monkeypatch.setattr(working, "_files_of", meanwhile)
    index.keep()
    assert on_disk(tmp_path / "index") == ("29", PRODUCTS)


def test_a_commit_that_came_to_the_disk_in_part_is_not_there(index: DiskIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(index, 1, [1, 2, 3])
    sync, left = os.fsync, iter(range(4))

    def full(descriptor: int) -> None:
        if next(left, None) is None:
            os.ftruncate(descriptor, 3)
            raise OSError("disk full")
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="disk full"):
            index.keep()
    assert on_disk(tmp_path / "index") == ("0", PRODUCTS)
    index.keep()
    assert on_disk(tmp_path / "index") == ("1", PRODUCTS)


def test_an_index_that_is_closed_or_begins_with_a_new_writer_is_on_disk(index: DiskIndex, tmp_path: Path, memory: Path):
    write(index, 1, [1])
    index.reopen()
    assert copies(memory) == []
    write(index, 2, [2])
    index.work_in(memory)
    write(index, 3, [3])
    index.close()
    assert copies(memory) == []
    assert on_disk(tmp_path / "index") == ("3", PRODUCTS)


def test_without_room_commits_go_to_the_disk(index: DiskIndex, tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(working, "ROOM", 2**62)
    index.reopen()
    index.work_in(memory)
    assert copies(memory) == []
    write(index, 1, [1])
    assert on_disk_beside(index, tmp_path) == "1"
    index.work_in(tmp_path / "nowhere")
    write(index, 2, [2])
    assert on_disk_beside(index, tmp_path) == "2"


def on_disk_beside(index: DiskIndex, tmp_path: Path) -> str | None:
    """The position on disk of an index that is being written there."""
    index.close()
    position, _ = on_disk(tmp_path / "index")
    index.reopen()
    return position


def test_what_killed_processes_left_in_memory_is_freed_and_what_others_use_is_not(index: DiskIndex, tmp_path: Path, memory: Path):
    (used,) = copies(memory)
    dead = memory / f"{working.NAME}dead"
    dead.mkdir()
    (dead / "lock").touch()
    living = memory / f"{working.NAME}living"
    living.mkdir()
    with (living / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = DiskIndex(tmp_path / "other", ["EUR"], 15_000_000)
        other.commit("0")
        other.work_in(memory)
        assert {used, living} < set(copies(memory))
        assert not dead.exists()
        other.close()
