"""Draws the pictures of the demo shop in worker processes (`painter`), all cores busy.

A worker holds nothing but its pipes: when the shop dies, however it dies, no order comes any more and the worker ends too.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from storefront.catalog.demo.pictures.composing import PictureOrder
from storefront.catalog.media import StoredPicture
from storefront.platform.embedded.process import EmbeddedError
from storefront.settings import ROOT

MOST_WORKERS = 8


class DrawingFailed(EmbeddedError):
    """A worker ended before its pictures were drawn; its own words are on the terminal."""


async def draw_all(orders: Sequence[PictureOrder], folder: Path, drawn: Callable[[int], None]) -> dict[PictureOrder, StoredPicture]:
    """Draws and keeps every picture; `drawn` is told how many there are after each. Raises DrawingFailed."""
    found: dict[PictureOrder, StoredPicture] = {}

    def kept(order: PictureOrder, picture: StoredPicture) -> None:
        found[order] = picture
        drawn(len(found))

    # What one product's pictures have in common is drawn once, so they stay together.
    waiting = iter([list(group) for _, group in groupby(orders, lambda order: order.subject)])
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(MOST_WORKERS, len(os.sched_getaffinity(0)))):
                group.create_task(_employ(waiting, folder, kept))
    except* DrawingFailed as failures:
        raise failures.exceptions[0] from None
    return found


async def _employ(waiting: Iterator[list[PictureOrder]], folder: Path, kept: Callable[[PictureOrder, StoredPicture], None]) -> None:
    """One worker's life: it is given product after product until none waits."""
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "storefront.catalog.demo.painter", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        for orders in waiting:
            worker.stdin.write(b"".join(msgspec.json.encode(order) + b"\n" for order in orders))
            for order in orders:
                line = await worker.stdout.readline()
                if not line:
                    raise DrawingFailed(f"the pictures of the demo shop could not be drawn: a worker ended at {order.subject}.")
                kept(order, msgspec.json.decode(line, type=StoredPicture))
        worker.stdin.close()
    except BaseException:
        if worker.returncode is None:
            worker.terminate()
        raise
    finally:
        await worker.wait()
