"""Pictures: a content-addressed store under <data.dir>/media, served at /media/… for ever unchanged.

A picture's name is the SHA-256 of its bytes (32 hex digits) and its type: /media/<digest>.webp. Smaller ones are made when they are first
asked for, by Pillow in a bounded executor, and kept: /media/<digest>-480.webp, /media/<digest>-480.avif.
"""

import asyncio
import hashlib
import io
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from aiohttp import web
from PIL import Image, ImageOps, UnidentifiedImageError, features

from storefront.catalog.model import Media
from storefront.platform.errors import InvalidInput, NotFound

WIDTHS = (160, 320, 480, 640, 960, 1280)
LARGEST_BYTES = 20 * 1024 * 1024
LARGEST_PIXELS = 40_000_000  # a small file can unpack to gigabytes
WORKERS = 2

CONTENT_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
_SUFFIXES = {"AVIF": "avif", "GIF": "gif", "JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_FORMATS = tuple(name for name in _SUFFIXES if name != "AVIF" or features.check("avif"))
_RESIZED_TYPES = ("avif", "webp") if features.check("avif") else ("webp",)
_NAME = re.compile(r"([0-9a-f]{32})(?:-(\d{2,4}))?\.([a-z]{3,4})")
_SAVE_OPTIONS: dict[str, dict[str, int]] = {"avif": {"quality": 62, "speed": 8}, "webp": {"quality": 80, "method": 4}}


class StoredPicture(msgspec.Struct, frozen=True):
    """What the `media` table needs of a stored picture."""

    url: str
    width: int
    height: int


class PictureSource(msgspec.Struct, frozen=True):
    """A <source> of a <picture>."""

    type: str
    srcset: str


class Picture(msgspec.Struct, frozen=True):
    """What a template writes: `sources` as <source> elements (best type first), the rest on <img>. An empty `srcset` is left out."""

    src: str
    alt: str
    srcset: str = ""
    sizes: str = ""
    width: int | None = None
    height: int | None = None
    sources: tuple[PictureSource, ...] = ()


def picture_sources(media: Media, sizes: str = "100vw", widths: tuple[int, ...] = WIDTHS) -> Picture:
    """The addresses of a picture in several sizes. `sizes` is the HTML attribute; `widths` (px, of WIDTHS) are those worth offering.

    A picture with an absolute address is shown from there, in its one size.
    """
    found = _NAME.fullmatch(media.url.removeprefix("/media/")) if media.url.startswith("/media/") else None
    if found is None or media.width is None:
        return Picture(src=media.url, alt=media.alt, width=media.width, height=media.height)
    digest, full = found.group(1), media.width
    smaller = [width for width in widths if width < full]

    def srcset(suffix: str) -> str:
        parts = [f"/media/{digest}-{width}.{suffix} {width}w" for width in smaller]
        if full <= max(widths) or not smaller:
            parts.append(f"{media.url} {full}w" if suffix == found.group(3) else f"/media/{digest}-{full}.{suffix} {full}w")
        return ", ".join(parts)

    middle = next((width for width in smaller if width >= 480), None)
    return Picture(
        src=f"/media/{digest}-{middle}.webp" if middle else media.url,
        alt=media.alt,
        srcset=srcset("webp"),
        sizes=sizes,
        width=full,
        height=media.height,
        sources=tuple(PictureSource(CONTENT_TYPES[kind], srcset(kind)) for kind in _RESIZED_TYPES if kind != "webp"),
    )


class MediaStore:
    """The store of one data folder. Any number of processes may share it: files appear whole and never change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="pictures")
        self._under_way: dict[str, asyncio.Task[bytes]] = {}

    def put(self, data: bytes) -> StoredPicture:
        """Keeps a picture (blocking). Raises InvalidInput for what is no picture, or too large a one."""
        if len(data) > LARGEST_BYTES:
            raise InvalidInput.of("picture", f"Pictures may have up to {LARGEST_BYTES // 1024 // 1024} MB.")
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                kind, (width, height) = image.format or "", image.size
                _check_size(width, height)
                if image.getexif().get(0x0112, 1) >= 5:  # lies on its side
                    width, height = height, width
                image.load()
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise InvalidInput.of("picture", "This is not a picture that the shop can read.") from error
        return self.keep(data, _SUFFIXES[kind], width, height)

    def keep(self, data: bytes, suffix: str, width: int, height: int) -> StoredPicture:
        """Keeps a picture of whose type and size the caller is sure, having just made it (blocking)."""
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.{suffix}"
        path = self._path(name)
        if not path.exists():
            _write_whole(path, data)
        return StoredPicture(f"/media/{name}", width, height)

    async def get(self, name: str) -> tuple[bytes, str]:
        """The bytes and content type of `name`, as in /media/<name>; a smaller one is made if need be. Raises NotFound."""
        found = _NAME.fullmatch(name)
        if found is None or found.group(3) not in CONTENT_TYPES:
            raise NotFound("There is no such picture.")
        task = self._under_way.get(name)
        if task is None:
            task = asyncio.create_task(self._read_or_make(name, found.group(1), found.group(2), found.group(3)))
            self._under_way[name] = task
            task.add_done_callback(lambda done: self._under_way.pop(name, None))
        return await asyncio.shield(task), CONTENT_TYPES[found.group(3)]

    async def _read_or_make(self, name: str, digest: str, width: str | None, suffix: str) -> bytes:
        loop = asyncio.get_running_loop()
        path = self._path(name)
        try:
            return await loop.run_in_executor(None, path.read_bytes)
        except FileNotFoundError:
            pass
        original = next((self._path(f"{digest}.{kind}") for kind in CONTENT_TYPES if self._path(f"{digest}.{kind}").exists()), None)
        if original is None or width is None or suffix not in _RESIZED_TYPES:
            raise NotFound("There is no such picture.")
        return await loop.run_in_executor(self._executor, _make_smaller, original, path, int(width), suffix)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def close(self) -> None:
        """Lets running work end; nothing new is begun."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _check_size(width: int, height: int) -> None:
    if width * height > LARGEST_PIXELS:
        raise InvalidInput.of("picture", f"Pictures may have up to {LARGEST_PIXELS // 1_000_000} million pixels.")


def _make_smaller(original: Path, target: Path, width: int, suffix: str) -> bytes:
    """Writes `original` at `width` px into `target`. Only the widths of WIDTHS and the picture's own can be had, never a larger one."""
    with Image.open(original, formats=_FORMATS) as opened:
        _check_size(*opened.size)
        image = ImageOps.exif_transpose(opened)
    if width != image.width and (width not in WIDTHS or width > image.width):
        raise NotFound("There is no such size of this picture.")
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if width != image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    buffer = io.BytesIO()
    image.save(buffer, suffix.upper(), **_SAVE_OPTIONS[suffix])
    _write_whole(target, buffer.getvalue())
    return buffer.getvalue()


def _write_whole(path: Path, data: bytes) -> None:
    """The file appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


MEDIA = web.AppKey("media", MediaStore)
routes = web.RouteTableDef()


@routes.get("/media/{name}")
async def picture(request: web.Request) -> web.Response:
    """A picture. Its name changes with its content, so browsers and the CDN keep it for a year."""
    name = request.match_info["name"]
    headers = {"ETag": f'"{name}"', "Cache-Control": "public, max-age=31536000, immutable"}
    matches = request.if_none_match
    if matches and any(tag.value in (name, "*") for tag in matches) and _NAME.fullmatch(name):
        return web.Response(status=304, headers=headers)
    data, content_type = await request.app[MEDIA].get(name)
    return web.Response(body=data, content_type=content_type, headers=headers)
