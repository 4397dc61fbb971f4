"""Whole pages, kept as finished bytes: compressed once, with a strong ETag, dropped by tag when the change feed says so.

A handler says `@shared_page("sort", "page", "opt.*")`: it answers the same bytes to everybody, and only those query parameters
(a trailing * is a prefix) reach the key. It is handed the request that the key stands for and nothing else, so that what is not in the key
cannot get into the page. What it answers is kept when it is a 200 with `Cache-Tag` and without `Set-Cookie`.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from multidict import MultiMapping
from prometheus_client import Counter
from yarl import URL

from storefront.platform.cache import Levels, Lifetime, refreshed
from storefront.platform.database import is_of_the_moment
from storefront.platform.encodings import accepted_encoding, pack
from storefront.platform.errors import DomainError, InvalidInput
from storefront.platform.http import SHARED_PAGE
from storefront.platform.lru import TaggedLru
from storefront.platform.telemetry import route_name

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
F = TypeVar("F", bound=Callable[..., Awaitable[web.StreamResponse]])

HITS = Counter("storefront_page_cache_total", "Shared pages by outcome.", ["outcome"])
SERVER: Final = "storefront"
SMALLEST_COMPRESSED: Final = 256  # bytes
LONGEST_RAW_TARGET: Final = 512  # bytes
MOST_RAW_TARGETS: Final = 20_000
_SHARED_AGE = re.compile(r"s-maxage=(\d{1,9})")
_PLAIN_TARGET = re.compile(r"/(?:[!-.0-~][!-~]*)?")
# While this replica may not know of changes that the CDN has been told of: asked for again at once, and kept only for when nobody answers.
BEHIND: Final = "public, max-age=0, s-maxage=1, stale-if-error=86400"
ENTRY_OVERHEAD: Final = 2048  # bytes counted for an entry's objects
TAG_OVERHEAD: Final = 300  # bytes counted for each tag: the text twice, and where it leads to the entry
# Never part of a kept page: they belong to one answer or one connection.
_OWN_HEADERS = frozenset({"content-length", "content-encoding", "date", "server", "connection", "etag", "vary", "x-request-id"})


def shared_page(*parameters: str, database_only: bool = False) -> Callable[[F], F]:
    """Marks a handler whose page is the same for every shopper, with the allow-list of its query parameters.

    `database_only`: nothing else that follows the change feed by itself is read for it (as the search index is for listings).
    """

    def mark(handler: F) -> F:
        handler.__page_parameters__ = frozenset(parameters)  # type: ignore[attr-defined]
        handler.__page_database_only__ = database_only  # type: ignore[attr-defined]
        return handler

    return mark


_date: tuple[int, bytes] = (0, b"")


def date_bytes() -> bytes:
    """The value of a Date header (RFC 9110, 6.6.1)."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, rfc822_formatted_time().encode())
    return _date[1]


def canonical_target(path: str, query: Iterable[tuple[str, str]], allowed: frozenset[str]) -> str:
    """The key of a page: the path and its allowed parameters in order. What is not allowed, or empty, leaves no trace."""
    prefixes = tuple(name[:-1] for name in allowed if name.endswith("*"))
    kept = sorted((name, value) for name, value in query if value and (name in allowed or (prefixes and name.startswith(prefixes))))
    return quote(path, safe="/:@!$&'()*+,;=~-._") + ("?" + urlencode(kept) if kept else "")


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
    """A kept page. `encoded` fills up as encodings are asked for; `route` is the pattern of its address, for metrics."""

    target: str
    route: str
    tags: frozenset[str]
    headers: tuple[tuple[str, str], ...]
    identity: bytes
    digest: str
    fresh_until: float
    usable_until: float
    encoded: dict[str, Encoded]

    @property
    def size(self) -> int:
        """Bytes that it takes, all encodings with their headers counted, and its places among the tags."""
        kept = sum(len(e.body) + len(e.before_date) + len(e.not_modified_before) for e in self.encoded.values())
        return ENTRY_OVERHEAD + len(self.target) + TAG_OVERHEAD * len(self.tags) + len(self.identity) + kept

    def encoding(self, name: str) -> Encoded:
        """The page in an encoding, compressed at the first call. Small pages are never compressed."""
        found = self.encoded.get(name)
        if found is None:
            found = self.encoded[name] = _encode(self, name)
        return found


def _encode(page: Page, name: str) -> Encoded:
    body = pack(page.identity, name)
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


class _PageCodec:
    """A page as other replicas get it: its headers and its plain body."""

    name = "page"

    def pack(self, entry: Page) -> bytes:
        return msgspec.msgpack.encode((entry.target, entry.route, entry.headers, entry.identity))

    def unpack(self, body: bytes, tags: frozenset[str], fresh_until: float, usable_until: float) -> Page:
        target, route, headers, identity = msgspec.msgpack.decode(body, type=tuple[str, str, tuple[tuple[str, str], ...], bytes])
        return Page(target, route, tags, headers, identity, _digest(identity), fresh_until, usable_until, {})


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


class PageCache:
    """Pages of this replica, least recently used out first, bounded in bytes; what is missing may come from another replica."""

    def __init__(self, most_bytes: int, *, levels: Levels, lifetime: Lifetime, headers: Mapping[str, str]) -> None:
        self._pages: TaggedLru[Page] = TaggedLru(most_bytes)
        self._levels = levels
        self._lifetime = lifetime
        self._codec = _PageCodec()
        self._making: dict[str, asyncio.Task[web.StreamResponse | Page]] = {}
        self._headers = dict(headers)  # of every answer of the shop
        self._raw_targets: dict[bytes, str] = {}
        self.behind: Callable[[], bool] = lambda: False
        """Whether changes may be known elsewhere that are not known here. What is answered then is not for a CDN to keep."""

    def __len__(self) -> int:
        return len(self._pages)

    @property
    def size(self) -> int:
        """Bytes that the pages take, in all their encodings."""
        return self._pages.bytes

    def get(self, target: str) -> Page | None:
        """A page that may be served; it may be due to be made anew."""
        return self._pages.get(target)

    def learn(self, raw_target: str, target: str) -> None:
        """Remembers under which key the page of an address is kept, as it was sent. It never changes."""
        if len(raw_target) > LONGEST_RAW_TARGET or not _PLAIN_TARGET.fullmatch(raw_target):
            return
        if len(self._raw_targets) >= MOST_RAW_TARGETS:
            self._raw_targets.clear()
        self._raw_targets[raw_target.encode()] = target

    def tell_of_drops(self, told: Callable[[], None]) -> None:
        """`told` is called whenever a page is no longer kept."""
        self._pages.when_dropped.append(told)

    def by_raw_target(self, raw_target: bytes) -> Page | None:
        """The page of an address as it was sent, if it is known and fresh."""
        target = self._raw_targets.get(raw_target)
        page = self._pages.get(target) if target is not None else None
        return page if page is not None and page.fresh_until > time.monotonic() else None

    def encoded(self, page: Page, name: str) -> Encoded:
        """An encoding of the page; the bytes it adds are counted."""
        if name != "identity" and len(page.identity) < SMALLEST_COMPRESSED:
            name = "identity"
        if name in page.encoded:
            return page.encoded[name]
        before = page.size
        found = page.encoding(name)
        self._pages.grown(page.target, page, page.size - before)
        return found

    def invalidate(self, tags: Iterable[str]) -> int:
        """Drops every page with one of the tags; returns how many."""
        return self._pages.invalidate(tags)

    def clear(self) -> None:
        """Drops everything; what is being made now will not be kept either."""
        self._pages.clear()

    def make(self, target: str, handler: Handler, request: web.Request) -> "tuple[asyncio.Task[web.StreamResponse | Page], bool]":
        """Makes the page, once for all who ask meanwhile; the flag says whether the caller is the first of them.

        What is no page to keep is the handler's own answer, which only the first may send.
        """
        making = self._making.get(target)
        if making is not None:
            return making, False
        making = self._making[target] = asyncio.create_task(self._make(target, handler, request))
        making.add_done_callback(lambda done: self._making.pop(target, None))
        return making, True

    def refresh(self, page: Page, handler: Handler, request: web.Request) -> None:
        """Makes the page anew behind whoever is answered with it. Where there is none any more, it is dropped."""
        making, first = self.make(page.target, handler, request)
        if first:
            making.add_done_callback(partial(self._refreshed, page))

    def _refreshed(self, page: Page, making: "asyncio.Task[web.StreamResponse | Page]") -> None:
        error = None if making.cancelled() else making.exception()
        if isinstance(error, DomainError | web.HTTPException) and error.status < 500:
            if self._pages.get(page.target) is page:
                self._pages.drop(page.target)
        else:
            refreshed(page, making)

    async def _make(self, target: str, handler: Handler, request: web.Request) -> web.StreamResponse | Page:
        answers: list[web.StreamResponse] = []
        keyed = request.clone(rel_url=URL(target, encoded=True), headers={})
        keyed[_ASKED] = request.query

        async def load() -> Page | None:
            try:
                response = await handler(keyed)
            except Exception as error:
                if not is_of_the_moment(error):
                    raise
                response = await handler(keyed)  # by now from another server, where it was a standby that went away
            answers.append(response)
            return self._page_of(target, route_name(request), response)

        positions = self._levels.positions
        position = positions.of_database if _database_only(request) else positions.of_all
        page = await self._levels.fill(self._pages, target, self._codec, load, position)
        return page if page is not None else answers[0]

    def _page_of(self, target: str, route: str, response: web.StreamResponse) -> Page | None:
        if not isinstance(response, web.Response) or response.status != 200 or response.cookies:
            return None
        tags = frozenset(tag for tag in response.headers.get("Cache-Tag", "").split(",") if tag)
        shared = response.headers.get("Cache-Control", "").startswith("public")
        if not tags or not shared or "Set-Cookie" in response.headers or not isinstance(response.body, bytes):
            return None
        everywhere = ((name, value) for name, value in self._headers.items() if name not in response.headers)
        given = ((str(name), value) for name, value in response.headers.items() if name.lower() not in _OWN_HEADERS)
        kept = (*given, *everywhere)
        fresh, usable = self._lifetime.draw()
        asked = _SHARED_AGE.search(response.headers["Cache-Control"])
        if asked and int(asked[1]) < fresh:
            fresh = usable = float(asked[1])
        now = time.monotonic()
        return Page(target, route, tags, kept, response.body, _digest(response.body), now + fresh, now + usable, {})


PAGE_CACHE = web.AppKey("page_cache", PageCache)
_ASKED: Final = web.RequestKey("asked_query", MultiMapping[str])


def asked_query(request: web.Request) -> MultiMapping[str]:
    """The query string as it was sent: for a redirect, which carries it along. A shared page itself is made of what is in its key."""
    asked: MultiMapping[str] = request.get(_ASKED, request.query)
    return asked


def _parameters(request: web.Request) -> frozenset[str] | None:
    return getattr(request.match_info.handler, "__page_parameters__", None)


def _database_only(request: web.Request) -> bool:
    return bool(getattr(request.match_info.handler, "__page_database_only__", False))


def answer(request: web.Request, cache: PageCache, page: Page) -> web.Response:
    """The page as this request may have it: 304, or the bytes in an encoding it takes. The fast lane answers the same bytes."""
    encoded = cache.encoded(page, accepted_encoding(request.headers.get("Accept-Encoding", "")))
    condition = request.headers.get("If-None-Match")
    tail = (("Date", rfc822_formatted_time()), ("Server", SERVER))
    if condition is not None and etag_matches(condition, encoded.etag):
        response = web.Response(status=304, headers=(*encoded.not_modified_headers, *tail))
    else:
        response = web.Response(body=encoded.body, headers=(*encoded.headers, *tail))
    response[SHARED_PAGE] = True
    return response


@web.middleware
async def page_cache_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers shared pages from the cache; callers of one missing page wait for one making of it."""
    allowed = _parameters(request)
    if allowed is None or request.method not in ("GET", "HEAD"):
        return await handler(request)
    cache = request.app[PAGE_CACHE]
    response = await _shared(request, handler, cache, canonical_target(request.path, request.query.items(), allowed))
    if cache.behind() and response.headers.get("Cache-Control", "").startswith("public"):
        response.headers["Cache-Control"] = BEHIND
    return response


async def _shared(request: web.Request, handler: Handler, cache: PageCache, target: str) -> web.StreamResponse:
    page = cache.get(target)
    if page is not None:
        HITS.labels("hit").inc()
        cache.learn(request.raw_path, target)
        if page.fresh_until <= time.monotonic():
            cache.refresh(page, handler, request)
        return answer(request, cache, page)
    HITS.labels("miss").inc()
    making, first = cache.make(target, handler, request)
    try:
        made = await asyncio.shield(making)
    except InvalidInput:
        return await handler(request)  # what is wrong is told of the query as it was sent, not of its key
    except web.HTTPException:
        if first:
            raise
        return await handler(request)
    if isinstance(made, Page) and not first and not made.usable_until:
        # It was begun before a change of which we were told meanwhile, and this request may have come after that.
        making, first = cache.make(target, handler, request)
        made = await asyncio.shield(making)
    if isinstance(made, Page):
        return answer(request, cache, made)
    return made if first else await handler(request)
