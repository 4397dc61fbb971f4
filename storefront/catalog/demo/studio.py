"""Draws the pictures of the demo shop in worker processes (`painter`), all cores busy.

A worker holds nothing but its pipes: when the shop dies, however it dies, no order comes any more and the worker ends too.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from storefront.catalog.demo.pictures.composing import PictureOrder
from storefront.catalog.demo.portfolio import Portfolio
from storefront.catalog.media import StoredPicture
from storefront.platform.embedded.process import EmbeddedError
from storefront.settings import ROOT

MOST_WORKERS = 8

Waiting = SimpleQueue[list[PictureOrder]]
Painter = subprocess.Popen[bytes]


class DrawingFailed(EmbeddedError):
    """A worker ended before its pictures were drawn; its own words are on the terminal."""


async def draw_all(orders: Sequence[PictureOrder], folder: Path, drawn: Callable[[int], None]) -> dict[PictureOrder, StoredPicture]:
    """Draws and keeps every picture that is not there yet; `drawn` is told how many there are after each. Raises DrawingFailed."""
    portfolio = Portfolio(folder)
    found: dict[PictureOrder, StoredPicture] = {}
    loop = asyncio.get_running_loop()

    def have(order: PictureOrder, picture: StoredPicture) -> None:
        found[order] = picture
        drawn(len(found))

    def kept(order: PictureOrder, picture: StoredPicture) -> None:
        portfolio.note(order, picture)
        have(order, picture)

    for order in orders:
        if order in portfolio.known:
            have(order, portfolio.known[order])
    waiting: Waiting = SimpleQueue()
    missing = [order for order in orders if order not in found]
    for _, group in groupby(missing, lambda order: order.subject):  # what one product's pictures have in common is drawn once
        waiting.put(sorted(group, key=lambda order: order.shot != "front"))
    command = [sys.executable, "-m", "storefront.catalog.demo.painter", str(folder)]
    count = min(MOST_WORKERS, len(os.sched_getaffinity(0)), waiting.qsize())
    painters = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)  # noqa: ASYNC220, S603
        for _ in range(count)
    ]
    try:
        await asyncio.gather(
            *(asyncio.to_thread(_employ, painter, waiting, lambda *done: loop.call_soon_threadsafe(kept, *done)) for painter in painters)
        )
    finally:
        for painter in painters:
            painter.terminate()  # those that still draw; their threads then hear nothing more and end
    return found


def _employ(painter: Painter, waiting: Waiting, kept: Callable[[PictureOrder, StoredPicture], object]) -> None:
    """One worker's life: it is given product after product until none waits."""
    with painter:
        assert painter.stdin is not None
        assert painter.stdout is not None
        while True:
            try:
                orders = waiting.get_nowait()
            except Empty:
                return
            painter.stdin.write(b"".join(msgspec.json.encode(order) + b"\n" for order in orders))
            painter.stdin.flush()
            for order in orders:
                line = painter.stdout.readline()
                if not line:
                    raise DrawingFailed(f"the pictures of the demo shop could not be drawn: a worker ended at {order.subject}.")
                kept(order, msgspec.json.decode(line, type=StoredPicture))
