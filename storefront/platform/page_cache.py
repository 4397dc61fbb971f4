"""Whole pages, kept as finished bytes: compressed once, with a strong ETag, dropped by tag when the change feed says so.

A handler says `@shared_page("sort", "page", "opt.*")`: it answers the same bytes to everybody, and only those query parameters
(a trailing * is a prefix) reach the key. What it answers is kept when it is a 200 with `Cache-Tag` and without `Set-Cookie`.
"""

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import brotli
import msgspec
from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from prometheus_client import Counter

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
F = TypeVar("F", bound=Callable[..., Awaitable[web.StreamResponse]])

HITS = Counter("storefront_page_cache_total", "Shared pages by outcome.", ["outcome"])
SERVER: Final = "storefront"
ENCODINGS: Final = ("br", "gzip", "identity")
SMALLEST_COMPRESSED: Final = 256  # bytes
ENTRY_OVERHEAD: Final = 2048  # bytes counted for an entry's objects
# Never part of a kept page: they belong to one answer or one connection.
_OWN_HEADERS = frozenset({"content-length", "content-encoding", "date", "server", "connection", "etag", "vary", "x-request-id"})


def shared_page(*parameters: str) -> Callable[[F], F]:
    """Marks a handler whose page is the same for every shopper, with the allow-list of its query parameters."""

    def mark(handler: F) -> F:
        handler.__page_parameters__ = frozenset(parameters)  # type: ignore[attr-defined]
        return handler

    return mark


def canonical_target(path: str, query: Iterable[tuple[str, str]], allowed: frozenset[str]) -> str:
    """The key of a page: the path and its allowed parameters in order. What is not allowed, or empty, leaves no trace."""
    prefixes = tuple(name[:-1] for name in allowed if name.endswith("*"))
    kept = sorted(
        (name, value) for name, value in query if value and (name in allowed or (prefixes and name.startswith(prefixes)))
    )
    return quote(path, safe="/%:@!$&'()*+,;=~-._") + ("?" + urlencode(kept) if kept else "")


def accepted_encoding(header: str) -> str:
    """The best of br, gzip and identity that an Accept-Encoding header takes (RFC 9110, 12.5.3)."""
    offered: dict[str, bool] = {}
    for part in header.split(","):
        name, _, parameters = part.strip().partition(";")
        weight = parameters.strip().removeprefix("q=").strip()
        offered[name.strip().lower()] = not (parameters.strip().startswith("q=") and weight.strip("0") in ("", "."))
    for encoding in ENCODINGS[:2]:
        if offered.get(encoding, offered.get("*", False)):
            return encoding
    return "identity"


def etag_matches(header: str, etag: str) -> bool:
    """Whether If-None-Match names the tag (weak comparison, RFC 9110, 13.1.2)."""
    if header.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == etag for part in header.split(","))


class Encoded(msgspec.Struct):
    """One encoding of a page, ready for the wire: the answer's bytes up to the date, from the date on, and the body."""

    etag: str
    headers: tuple[tuple[str, str], ...]
    not_modified_headers: tuple[tuple[str, str], ...]
    before_date: bytes
    after_date: bytes
    body: bytes
    not_modified_before: bytes


class Page(msgspec.Struct):
    """A kept page. `encoded` fills up as encodings are asked for."""

    target: str
    tags: frozenset[str]
    headers: tuple[tuple[str, str], ...]
    identity: bytes
    digest: str
    fresh_until: float
    usable_until: float
    encoded: dict[str, Encoded]

    @property
    def size(self) -> int:
        """Bytes that it takes, all encodings with their headers counted."""
        kept = sum(len(e.body) + len(e.before_date) + len(e.not_modified_before) for e in self.encoded.values())
        return ENTRY_OVERHEAD + len(self.identity) + kept

    def encoding(self, name: str) -> Encoded:
        """The page in an encoding, compressed at the first call. Small pages are never compressed."""
        found = self.encoded.get(name)
        if found is None:
            found = self.encoded[name] = _encode(self, name)
        return found


def _compress(body: bytes, name: str) -> bytes:
    if name == "br":
        return brotli.compress(body, quality=5)
    if name == "gzip":
        return gzip.compress(body, compresslevel=6, mtime=0)
    return body


def _encode(page: Page, name: str) -> Encoded:
    body = _compress(page.identity, name)
    etag = f'"{page.digest}-{name}"'
    kept = (*page.headers, ("Vary", "Accept-Encoding"), ("ETag", etag))
    headers = kept if name == "identity" else (*kept, ("Content-Encoding", name))
    headers = (*headers, ("Content-Length", str(len(body))))
    unchanged = tuple(pair for pair in kept if pair[0].lower() != "content-type")
    return Encoded(
        etag=etag,
        headers=headers,
        not_modified_headers=unchanged,
        before_date=_head("HTTP/1.1 200 OK", headers),
        after_date=_AFTER_DATE,
        body=body,
        not_modified_before=_head("HTTP/1.1 304 Not Modified", unchanged),
    )


_AFTER_DATE = f"\r\nServer: {SERVER}\r\n\r\n".encode()


def _head(status: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [status, *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\nDate: ").encode()


class PageCache:
    """Pages of this replica, least recently used out first, bounded in bytes.

    A page that was being made while one of its tags was invalidated is answered but not kept.
    """

    def __init__(self, most_bytes: int, *, fresh_seconds: float, usable_seconds: float) -> None:
        self._most_bytes = most_bytes
        self._fresh_seconds = fresh_seconds
        self._usable_seconds = usable_seconds
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._by_tag: dict[str, set[str]] = {}
        self._making: dict[str, asyncio.Future[Page | None]] = {}
        self._invalidated: OrderedDict[str, int] = OrderedDict()
        self._clock = 0
        self._fills: dict[int, int] = {}
        self._fill_number = 0
        self.bytes = 0
        self.fast_hits = 0

    def __len__(self) -> int:
        return len(self._pages)

    def get(self, target: str) -> Page | None:
        """A page that is fresh, or None."""
        page = self._pages.get(target)
        if page is None or page.fresh_until <= time.monotonic():
            return None
        self._pages.move_to_end(target)
        return page

    def encoded(self, page: Page, name: str) -> Encoded:
        """An encoding of the page; the bytes it adds are counted."""
        if name != "identity" and len(page.identity) < SMALLEST_COMPRESSED:
            name = "identity"
        if name in page.encoded:
            return page.encoded[name]
        before = page.size
        found = page.encoding(name)
        if self._pages.get(page.target) is page:
            self.bytes += page.size - before
            self._shrink()
        return found

    def begin(self) -> int:
        """Notes that a page begins to be made; hand the number to `keep` or `abandon`."""
        self._fill_number += 1
        self._fills[self._fill_number] = self._clock
        return self._fill_number

    def abandon(self, fill: int) -> None:
        """The page came to nothing."""
        self._fills.pop(fill, None)
        self._forget_old_invalidations()

    def keep(self, fill: int, page: Page) -> bool:
        """Keeps the page, unless one of its tags was invalidated since its making began."""
        began = self._fills.pop(fill)
        late = any(self._invalidated.get(tag, -1) > began for tag in page.tags)
        self._forget_old_invalidations()
        if late or page.size > self._most_bytes // 4:
            return False
        self._drop(page.target)
        self._pages[page.target] = page
        self.bytes += page.size
        for tag in page.tags:
            self._by_tag.setdefault(tag, set()).add(page.target)
        self._shrink()
        return True

    def invalidate(self, tags: Iterable[str]) -> int:
        """Drops every page with one of the tags; returns how many."""
        dropped = 0
        self._clock += 1
        for tag in tags:
            if self._fills:
                self._invalidated[tag] = self._clock
                self._invalidated.move_to_end(tag)
            for target in list(self._by_tag.get(tag, ())):
                dropped += self._drop(target)
        return dropped

    def clear(self) -> None:
        """Drops everything; what is being made now will not be kept either."""
        self.invalidate(list(self._by_tag))
        for fill in self._fills:
            self._fills[fill] = -(10**9)
        for target in list(self._pages):
            self._drop(target)

    def make_page(self, target: str, headers: Iterable[tuple[str, str]], tags: frozenset[str], body: bytes) -> Page:
        """A page from what a handler answered."""
        now = time.monotonic()
        kept = tuple((name, value) for name, value in headers if name.lower() not in _OWN_HEADERS)
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        return Page(target, tags, kept, body, digest, now + self._fresh_seconds, now + self._usable_seconds, {})

    def _drop(self, target: str) -> int:
        page = self._pages.pop(target, None)
        if page is None:
            return 0
        self.bytes -= page.size
        for tag in page.tags:
            targets = self._by_tag.get(tag)
            if targets is not None:
                targets.discard(target)
                if not targets:
                    del self._by_tag[tag]
        return 1

    def _shrink(self) -> None:
        while self.bytes > self._most_bytes and self._pages:
            self._drop(next(iter(self._pages)))

    def _forget_old_invalidations(self) -> None:
        if not self._fills:
            self._invalidated.clear()
            return
        oldest = min(self._fills.values())
        while self._invalidated:
            tag, clock = next(iter(self._invalidated.items()))
            if clock > oldest:
                break
            del self._invalidated[tag]


PAGE_CACHE = web.AppKey("page_cache", PageCache)


def _parameters(request: web.Request) -> frozenset[str] | None:
    return getattr(request.match_info.handler, "__page_parameters__", None)


def answer(request: web.Request, cache: PageCache, page: Page) -> web.Response:
    """The page as this request may have it: 304, or the bytes in an encoding it takes. The fast lane answers the same bytes."""
    encoded = cache.encoded(page, accepted_encoding(request.headers.get("Accept-Encoding", "")))
    condition = request.headers.get("If-None-Match")
    tail = (("Date", rfc822_formatted_time()), ("Server", SERVER))
    if condition is not None and etag_matches(condition, encoded.etag):
        response = web.Response(status=304)
        del response.headers["Content-Type"]
        headers = (*encoded.not_modified_headers, *tail)
    else:
        response = web.Response(body=encoded.body)
        del response.headers["Content-Type"]
        headers = (*encoded.headers, *tail)
    for name, value in headers:
        response.headers[name] = value
    response["shared_page"] = True
    return response


@web.middleware
async def page_cache_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers shared pages from the cache; callers of one missing page wait for one making of it."""
    allowed = _parameters(request)
    if allowed is None or request.method not in ("GET", "HEAD"):
        return await handler(request)
    cache = request.app[PAGE_CACHE]
    target = canonical_target(request.path, request.query.items(), allowed)
    page = cache.get(target)
    if page is not None:
        HITS.labels("hit").inc()
        return answer(request, cache, page)
    waiting = cache._making.get(target)
    if waiting is not None:
        page = await asyncio.shield(waiting)
        if page is not None:
            HITS.labels("waited").inc()
            return answer(request, cache, page)
        return await handler(request)
    return await _make(request, handler, cache, target)


async def _make(request: web.Request, handler: Handler, cache: PageCache, target: str) -> web.StreamResponse:
    HITS.labels("miss").inc()
    future: asyncio.Future[Page | None] = asyncio.get_running_loop().create_future()
    cache._making[target] = future
    fill = cache.begin()
    page: Page | None = None
    try:
        response = await handler(request)
        page = _page_of(cache, target, response)
        if page is None:
            cache.abandon(fill)
            return response
        cache.keep(fill, page)
        return answer(request, cache, page)
    except BaseException:
        cache.abandon(fill)
        raise
    finally:
        del cache._making[target]
        future.set_result(page)


def _page_of(cache: PageCache, target: str, response: web.StreamResponse) -> Page | None:
    if not isinstance(response, web.Response) or response.status != 200 or response.cookies:
        return None
    tags = frozenset(tag for tag in response.headers.get("Cache-Tag", "").split(",") if tag)
    shared = response.headers.get("Cache-Control", "").startswith("public")
    if not tags or not shared or "Set-Cookie" in response.headers or not isinstance(response.body, bytes):
        return None
    return cache.make_page(target, list(response.headers.items()), tags, response.body)
