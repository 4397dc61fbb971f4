"""A worker of the studio: reads its orders as JSON lines, keeps each picture in the media store FOLDER and answers a line for it."""

import os
import sys
from pathlib import Path

import msgspec

from storefront.catalog.demo.pictures.composing import PictureOrder, draw
from storefront.catalog.media import MediaStore


def work(folder: Path) -> None:
    """A worker's life."""
    store = MediaStore(folder)
    orders = [msgspec.json.decode(line, type=PictureOrder) for line in sys.stdin.buffer]
    try:
        for order in orders:
            sys.stdout.buffer.write(msgspec.json.encode(store.put(draw(order))) + b"\n")
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)  # the shop is gone


if __name__ == "__main__":
    work(Path(sys.argv[1]))
