"""The fast lane: a cached page is answered in the connection's protocol, by one write of ready bytes.

Routing, middlewares and response objects cost several times what such an answer does. So a plain GET or HEAD that came in one piece,
matches a short and strict grammar, and asks for a page that is fresh in memory never becomes a request object. Anything else whatever
goes, untouched, to aiohttp, which answers the same bytes (tests/integration/test_fast_lane.py holds the two against each other).

The danger in two readers of one stream is that they disagree about where a request begins (request smuggling, CWE-444). So the fast
lane reads only when it knows that aiohttp's parser stands between two requests: all bytes given to it so far were whole requests of the
same strict grammar, with their bodies by Content-Length. After anything else, a connection stays in the slow lane for the rest of its life.
"""

import math
import random
import re
import sys
import time
from collections import Counter
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from storefront.platform.encodings import accepted_encoding
from storefront.platform.operations import Operations
from storefront.platform.page_cache import PAGE_CACHE, Page, PageCache, date_bytes, etag_matches
from storefront.platform.telemetry import LANE_HITS
from storefront.platform.unreadable import ReadingProtocol, ReadingRunner, ReadingServer
from storefront.settings import SETTINGS

access = structlog.get_logger("access")

LONGEST: Final = 8000  # bytes of a request; aiohttp refuses lines from 8190
LOST: Final = -1
MEMORY: Final = 4096  # header blocks whose meaning is remembered
LONGEST_REMEMBERED: Final = 2048  # bytes of such a block: a stranger could fill the memory with longer ones
ANSWER_OVERHEAD: Final = 400  # bytes counted for an answer's objects
READY_BYTES: Final = 8_000_000  # of the answers of a second that are remembered, with what asked for them

_BLOCK = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?\r\n)+")
_LINE = re.compile(rb"[A-Z]{1,10} /[\x21-\x7e]* HTTP/1\.1")
_DIGITS = re.compile(rb"[0-9]{1,15}")
# What changes the meaning of a message, or asks for another answer than the page.
_MEANINGFUL = frozenset(
    (b"transfer-encoding", b"upgrade", b"expect", b"te", b"trailer", b"http2-settings", b"proxy-connection", b"sec-websocket-key")
)
_ASKS_MORE = frozenset((b"authorization", b"content-length", b"content-type", b"range", b"if-match", b"if-range", b"if-unmodified-since"))


class Wishes:
    """What a header block asks of a page."""

    __slots__ = ("encoding", "if_none_match")

    def __init__(self, encoding: str, if_none_match: str | None) -> None:
        self.encoding = encoding
        self.if_none_match = if_none_match


def _headers(block: bytes) -> dict[bytes, bytes] | None:
    """Lower-case names to values; None when the block is outside of the grammar or names a header twice."""
    if not _BLOCK.fullmatch(block):
        return None
    found: dict[bytes, bytes] = {}
    for line in block[:-2].split(b"\r\n"):
        name, _, value = line.partition(b": ")
        name = name.lower()
        if name in found:
            return None
        found[name] = value
    plain = found.get(b"connection", b"keep-alive").lower() == b"keep-alive" and b"host" in found
    return found if plain and not _MEANINGFUL & found.keys() else None


def body_length(head: bytes) -> int | None:
    """How many bytes of body follow a request's head (request line and headers, each line with its CRLF); None when that is not certain."""
    line, _, block = head.partition(b"\r\n")
    if not _LINE.fullmatch(line):
        return None
    headers = _headers(block)
    if headers is None:
        return None
    length = headers.get(b"content-length", b"0")
    return int(length) if _DIGITS.fullmatch(length) else None


class Answer:
    """A whole answer, ready for the wire. `count`: how many times it was given again."""

    __slots__ = ("asks_api", "content", "count", "labels", "path")

    def __init__(self, content: bytes, labels: tuple[str, str, int], path: str, *, asks_api: bool) -> None:
        self.content = content
        self.labels = labels
        self.path = path
        self.asks_api = asks_api
        self.count = 0


class Lane:
    """What all connections of a server share.

    Who asks again asks with the same bytes, and until its date changes, or a page is dropped, the answer is the same bytes too. So answers
    are remembered by the whole request, for at most a second.
    """

    def __init__(self, app: web.Application) -> None:
        self.pages: PageCache = app[PAGE_CACHE]
        self._wishes: dict[bytes, Wishes | None] = {}
        self._ready: dict[bytes, Answer] = {}
        self._ready_bytes = 0
        self._ready_until = 0.0
        self._open = True
        self._sample = app[SETTINGS].telemetry.access_log_sample
        self._unlogged = self._until_logged()
        self._hits: Counter[tuple[str, str, int]] = Counter()
        self.pages.tell_of_drops(self._forget)
        LANE_HITS.append(lambda: self.hits)

    @property
    def hits(self) -> Counter[tuple[str, str, int]]:
        """Answers by (route, method, status), since whoever reads them took them out."""
        for answer in self._ready.values():
            if answer.count:
                self._hits[answer.labels] += answer.count
                answer.count = 0
        return self._hits

    def _forget(self) -> None:
        """Forgets the answers, and counts them."""
        self._hits = self.hits
        self._ready.clear()
        self._ready_bytes = 0

    def _until_logged(self) -> int:
        """How many requests from now the next one is logged: as if each were drawn by itself, which costs more."""
        if self._sample <= 0:
            return sys.maxsize
        if self._sample >= 1:
            return 1
        return 1 + int(math.log(1 - random.random()) / math.log1p(-self._sample))  # noqa: S311

    def wishes(self, block: bytes) -> Wishes | None:
        """What the headers ask, or None when this is not for the fast lane. Browsers repeat themselves, so meanings are remembered."""
        try:
            return self._wishes[block]
        except KeyError:
            pass
        if len(self._wishes) >= MEMORY:
            self._wishes.clear()
        found = self._read(block)
        if len(block) <= LONGEST_REMEMBERED:
            self._wishes[block] = found
        return found

    def _read(self, block: bytes) -> Wishes | None:
        headers = _headers(block)
        if headers is None or _ASKS_MORE & headers.keys():
            return None
        condition = headers.get(b"if-none-match")
        encoding = accepted_encoding(headers.get(b"accept-encoding", b"").decode())
        return Wishes(encoding, None if condition is None else condition.decode())

    def answer(self, data: bytes, now: float) -> Answer | None:
        """The answer to bytes that are one whole request, or None. `now` is by time.monotonic()."""
        if now >= self._ready_until:
            self._forget()
            self._ready_until = now + 1 - time.time() % 1
            self._open = not self.pages.behind()  # what is answered otherwise then has other headers
        if not self._open:
            return None
        found = self._ready.get(data)
        if found is not None:
            found.count += 1
        else:
            found = self._find(data)
            if found is None:
                return None
            self._hits[found.labels] += 1
        self._unlogged -= 1
        if not self._unlogged:
            self._unlogged = self._until_logged()
            _, method, status = found.labels
            access.info("request", method=method, path=found.path, status=status, lane="fast")
        return found

    def _find(self, data: bytes) -> Answer | None:
        if data[-4:] != b"\r\n\r\n" or not data.find(b"\r\n\r\n") == len(data) - 4 <= LONGEST:
            return None
        end = data.find(b"\r\n")
        line = data[:end]
        if line[-9:] != b" HTTP/1.1":
            return None
        if line[:4] == b"GET ":
            with_body, target = True, line[4:-9]
        elif line[:5] == b"HEAD ":
            with_body, target = False, line[5:-9]
        else:
            return None
        page = self.pages.by_raw_target(target)
        if page is None:
            return None
        wishes = self.wishes(data[end + 2 : -2])
        if wishes is None:
            return None
        encoded = self.pages.encoded(page, wishes.encoding)
        if wishes.if_none_match is not None and etag_matches(wishes.if_none_match, encoded.etag):
            status, content = 304, b"".join((encoded.not_modified_before, date_bytes(), encoded.after_date))
        elif with_body:
            status, content = 200, b"".join((encoded.before_date, date_bytes(), encoded.after_date, encoded.body))
        else:
            status, content = 200, b"".join((encoded.before_date, date_bytes(), encoded.after_date))
        labels = page.route, "GET" if with_body else "HEAD", status
        answer = Answer(content, labels, page.target.partition("?")[0], asks_api=b" /api/" in data[:11])
        self._remember(data, answer, page)
        return answer

    def _remember(self, data: bytes, answer: Answer, page: Page) -> None:
        size = len(data) + len(answer.content) + ANSWER_OVERHEAD
        if page.fresh_until >= self._ready_until and self._ready_bytes + size <= READY_BYTES:
            self._ready[data] = answer
            self._ready_bytes += size


class FastProtocol(ReadingProtocol):
    """A connection."""

    __slots__ = ("_lane", "_owed")

    def __init__(self, manager: "FastServer", **options: Any) -> None:
        super().__init__(manager, **options)
        self._lane = manager.lane
        self._owed = 0  # bytes of body until aiohttp's parser stands between two requests; LOST when nobody can tell

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self._owed == 0 and self._idle():
            now = time.monotonic()
            answer = self._lane.answer(data, now)
            if answer is not None:
                assert self.transport is not None
                self.transport.write(answer.content)
                self._asks_api = answer.asks_api
                self._request_count += 1
                self._next_keepalive_close_time = now + self._keepalive_timeout
                return
        if self._owed != LOST:
            self._owed = self._still_owed(data)
        super().data_received(data)

    def _idle(self) -> bool:
        """Whether everything before is answered, and the client reads what it is sent."""
        waiter = self._waiter
        return (
            waiter is not None
            and not waiter.done()
            and not self._messages
            and not self._paused
            and not self._buffer_paused
            and not self._close
            and not self._force_close
            and not self._upgraded
        )

    def _still_owed(self, data: bytes) -> int:
        if self._owed:
            left = self._owed - len(data)
        else:
            end = data.find(b"\r\n\r\n")
            length = body_length(data[: end + 2]) if 0 <= end <= LONGEST else None
            left = LOST if length is None else length - (len(data) - end - 4)
        return left if left >= 0 else LOST


class FastServer(ReadingServer):
    """The server of such connections."""

    def __init__(self, lane: Lane, app: web.Application, like: Server) -> None:
        super().__init__(app, like)
        self.lane = lane
        self.request_handler = Operations(app, self.request_handler).handle

    def __call__(self) -> RequestHandler:
        return FastProtocol(self, loop=self._loop, **self._kwargs)


class FastRunner(ReadingRunner):
    """A runner of an application, with the fast lane, and the short way to operations, in front of it."""

    __slots__ = ()

    async def _make_server(self) -> Server:
        return FastServer(Lane(self.app), self.app, await super()._make_server())
