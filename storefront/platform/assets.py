"""Static files under names that change with their content, so that browsers and the CDN keep them for ever.

At the start each file of the folder is read once: `css/base.css` is served as `/static/css/base.<hash>.css`. What a file refers to by a
relative address (`import "./x.js"`, `url(./x.svg)`) is rewritten to that name, so a file's hash also changes when something it uses does.
Text is compressed once (brotli at its best, and gzip).
"""

import gzip
import hashlib
import posixpath
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import brotli
import msgspec
from aiohttp import web

from storefront.platform.encodings import FOR_FILES, accepted_encoding
from storefront.platform.errors import NotFound
from storefront.platform.page_cache import etag_matches

PREFIX = "/static/"
KEPT_FOR_EVER = "public, max-age=31536000, immutable"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_COMPRESSED = (".css", ".js", ".json", ".svg", ".txt")
_NEVER_KEPT = "no-store"
_FINGERPRINTED = re.compile(rf"{PREFIX}(?P<stem>.+)\.[0-9a-f]{{12}}(?P<suffix>\.[a-z0-9]+)")
_REFERENCES = {
    ".js": re.compile(r"""(?P<before>\b(?:from|import)\s*\(?\s*["'])(?P<path>\.{1,2}/[^"'\n]+)(?=["'])"""),
    ".css": re.compile(r"""(?P<before>\b(?:url\(\s*|@import\s+)["']?)(?P<path>\.{1,2}/[^"')\s]+)"""),
}


class AssetError(Exception):
    """The static folder cannot be served: a file is missing, of an unknown type, or imports itself. One line."""


class Asset(msgspec.Struct, frozen=True):
    """A file as it is served. `bodies` maps br, gzip and identity to bytes; `imports` are the addresses of all modules it needs."""

    name: str
    url: str
    content_type: str
    bodies: Mapping[str, bytes]
    imports: tuple[str, ...]


class Assets:
    """All files below `folder`. Raises AssetError."""

    def __init__(self, folder: Path) -> None:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
        self._sources = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        self._by_name: dict[str, Asset] = {}
        for name in self._sources:
            self._add(name, ())
        self._by_url = {asset.url: asset for asset in self._by_name.values()}

    def url(self, name: str) -> str:
        """The address of a file, by its name in the folder. Raises AssetError."""
        return self._named(name).url

    def imports(self, name: str) -> tuple[str, ...]:
        """The addresses of all modules that a script needs, for the browser to fetch at once. Raises AssetError."""
        return self._named(name).imports

    def at(self, url: str) -> Asset | None:
        """The file that is served at this address, if any."""
        return self._by_url.get(url)

    def instead_of(self, url: str) -> Asset | None:
        """What there is now of a file whose address is of another content."""
        found = _FINGERPRINTED.fullmatch(url)
        return self._by_name.get(found["stem"] + found["suffix"]) if found else None

    def _named(self, name: str) -> Asset:
        try:
            return self._by_name[name]
        except KeyError:
            raise AssetError(f"there is no static file {name}") from None

    def _add(self, name: str, importers: tuple[str, ...]) -> Asset:
        if name in self._by_name:
            return self._by_name[name]
        if name in importers:
            raise AssetError(f"static files import each other: {' → '.join((*importers, name))}")
        if name not in self._sources:
            raise AssetError(f"{importers[-1]} refers to {name}, which is missing")
        used: list[Asset] = []

        def url_of(reference: str) -> str:
            used.append(self._add(reference, (*importers, name)))
            return used[-1].url

        body = self._resolved(name, url_of)
        imports = tuple(dict.fromkeys(url for asset in used for url in (asset.url, *asset.imports)))
        self._by_name[name] = asset = _asset(name, body, imports)
        return asset

    def _resolved(self, name: str, url_of: Callable[[str], str]) -> bytes:
        """The file with its relative references replaced by served addresses."""
        pattern = _REFERENCES.get(posixpath.splitext(name)[1])
        if pattern is None:
            return self._sources[name]

        def replace(match: re.Match[str]) -> str:
            return match["before"] + url_of(posixpath.normpath(posixpath.join(posixpath.dirname(name), match["path"])))

        return pattern.sub(replace, self._sources[name].decode()).encode()


def _asset(name: str, body: bytes, imports: tuple[str, ...]) -> Asset:
    stem, suffix = posixpath.splitext(name)
    if suffix not in CONTENT_TYPES:
        raise AssetError(f"static file {name}: no content type is known for {suffix or 'a name without suffix'}")
    digest = hashlib.sha256(body).hexdigest()[:12]
    return Asset(name, f"{PREFIX}{stem}.{digest}{suffix}", CONTENT_TYPES[suffix], _bodies(suffix, body), imports)


@lru_cache(maxsize=256)  # what a process packs once, it need not pack for its next application
def _bodies(suffix: str, body: bytes) -> dict[str, bytes]:
    """The body in each encoding that makes it smaller."""
    found = {"identity": body}
    if suffix in _COMPRESSED:
        packed = {"br": brotli.compress(body, quality=11), "gzip": gzip.compress(body, compresslevel=9, mtime=0)}
        found |= {encoding: bytes_ for encoding, bytes_ in packed.items() if len(bytes_) < len(body)}
    return found


ASSETS = web.AppKey("assets", Assets)
routes = web.RouteTableDef()


@routes.get(PREFIX + "{path:.+}")
async def static_file(request: web.Request) -> web.Response:
    """A static file under its fingerprinted name; any other name is not there.

    While two releases serve side by side, a page of one asks for its files at the other. It is answered as well as can be, with what that
    one has of them; nobody keeps that under the name it was asked by.
    """
    assets = request.app[ASSETS]
    own = assets.at(request.path)
    asset = own or assets.instead_of(request.path)
    if asset is None:
        raise NotFound("There is no such file.")
    encoding = accepted_encoding(request.headers.get("Accept-Encoding", ""), FOR_FILES)
    if encoding not in asset.bodies:
        encoding = "identity"
    headers = {"Cache-Control": KEPT_FOR_EVER if own else _NEVER_KEPT, "Vary": "Accept-Encoding"}
    if own:
        headers["ETag"] = etag = f'"{posixpath.basename(asset.url)}-{encoding}"'
        if etag_matches(request.headers.get("If-None-Match", ""), etag):
            return web.Response(status=304, headers=headers)
    if encoding != "identity":
        headers["Content-Encoding"] = encoding
    return web.Response(body=asset.bodies[encoding], headers=headers | {"Content-Type": asset.content_type})
