"""A worker of the studio: reads orders as JSON lines, keeps each picture in the media store FOLDER and answers a line for it."""

import os
import signal
import sys
from pathlib import Path

import msgspec

from storefront.catalog.demo.pictures.composing import PictureOrder, draw
from storefront.catalog.demo.pictures.textures import HEIGHT, WIDTH
from storefront.catalog.media import MediaStore


def work(folder: Path) -> None:
    """Draws until no order comes any more."""
    store = MediaStore(folder)
    try:
        for line in sys.stdin.buffer:
            order = msgspec.json.decode(line, type=PictureOrder)
            sys.stdout.buffer.write(msgspec.json.encode(store.keep(draw(order), "jpg", WIDTH, HEIGHT)) + b"\n")
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)  # the shop is gone, and nobody listens


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the shop, which ends its workers
    work(Path(sys.argv[1]))
