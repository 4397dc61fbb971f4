"""Content codings of answers (RFC 9110, 12.5.3): which one a client is given, and how its bytes are made.

Pages are made while somebody waits: zstd packs them as small as brotli does at its default and takes a quarter of its time, so it comes
first. Static files are packed once for years, where brotli at its best is the smallest of all (`assets`).
"""

import gzip
import sys
from typing import Final

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS: Final = ("zstd", "br", "gzip")
FOR_FILES: Final = ("br", "gzip")


def accepted_encoding(header: str, among: tuple[str, ...] = ENCODINGS) -> str:
    """The first of `among` that an Accept-Encoding header takes, else identity."""
    offered: dict[str, bool] = {}
    for part in header.split(","):
        name, _, parameters = part.strip().partition(";")
        weight = parameters.strip().removeprefix("q=").strip()
        offered[name.strip().lower()] = not (parameters.strip().startswith("q=") and weight.strip("0") in ("", "."))
    for encoding in among:
        if offered.get(encoding, offered.get("*", False)):
            return encoding
    return "identity"


def pack(body: bytes, encoding: str) -> bytes:
    """A body that is sent many times. One that is none of ENCODINGS stays as it is."""
    if encoding == "zstd":
        return zstd.compress(body, 9)
    if encoding == "br":
        return bytes(brotli.compress(body, quality=5))
    return gzip.compress(body, compresslevel=6, mtime=0) if encoding == "gzip" else body


def pack_once(body: bytes, encoding: str) -> bytes:
    """A body that is sent once: less effort than `pack`."""
    if encoding == "zstd":
        return zstd.compress(body, 3)
    if encoding == "br":
        return bytes(brotli.compress(body, quality=4))
    return gzip.compress(body, compresslevel=6, mtime=0) if encoding == "gzip" else body
