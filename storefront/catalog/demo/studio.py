"""Draws the pictures of the demo shop in worker processes (`painter`), all cores busy.

A worker holds nothing but its pipes: when the shop dies, however it dies, its answers find no reader and it ends too.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from storefront.catalog.demo.pictures.composing import PictureOrder
from storefront.catalog.media import StoredPicture
from storefront.settings import ROOT

MOST_WORKERS = 8


class DrawingFailed(Exception):
    """A worker ended before its pictures were drawn; its own words are on the terminal."""


async def draw_all(orders: Sequence[PictureOrder], folder: Path, drawn: Callable[[int], None]) -> dict[PictureOrder, StoredPicture]:
    """Draws and keeps every picture; `drawn` is told how many there are after each. Raises DrawingFailed."""
    found: dict[PictureOrder, StoredPicture] = {}

    def kept(order: PictureOrder, picture: StoredPicture) -> None:
        found[order] = picture
        drawn(len(found))

    workers = min(MOST_WORKERS, len(os.sched_getaffinity(0)))
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(_employ(_share(orders, number, workers), folder, kept))
    except* DrawingFailed as failures:
        raise failures.exceptions[0] from None
    return found


def _share(orders: Sequence[PictureOrder], number: int, workers: int) -> list[PictureOrder]:
    """Pictures of one product stay together: what they have in common is drawn once."""
    subjects = list(dict.fromkeys(order.subject for order in orders))
    mine = set(subjects[number::workers])
    return [order for order in orders if order.subject in mine]


async def _employ(orders: list[PictureOrder], folder: Path, kept: Callable[[PictureOrder, StoredPicture], None]) -> None:
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "storefront.catalog.demo.painter", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(b"".join(msgspec.json.encode(order) + b"\n" for order in orders))
        worker.stdin.close()
        for order in orders:
            line = await worker.stdout.readline()
            if not line:
                raise DrawingFailed(f"the pictures of the demo shop could not be drawn: a worker ended at {order.subject}.")
            kept(order, msgspec.json.decode(line, type=StoredPicture))
    except BaseException:
        worker.terminate()
        raise
    finally:
        await worker.wait()
