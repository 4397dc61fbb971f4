"""The fast lane and aiohttp answer the same bytes to the same bytes, however hostile, and in whatever pieces they come."""

import asyncio
import contextlib
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storefront.platform import fast_lane, telemetry
from storefront.platform.cache import Cache
from storefront.platform.fast_lane import LONGEST_REMEMBERED, FastProtocol, FastRunner, FastServer, Lane, body_length
from storefront.platform.http import error_middleware, install_security_headers, request_id_middleware, shared_page_headers
from storefront.platform.page_cache import PAGE_CACHE, PageCache, page_cache_middleware, shared_page
from storefront.platform.unreadable import ReadingRunner
from storefront.settings import SETTINGS, CacheSettings, Settings, Telemetry

HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'self'"}
QUIET = 0.05  # seconds without a byte, twice, that end an answer that does not end by itself
PATHS = ("/", "/p/lamp", "/p/lamp?variant=3", "/p/lamp?utm_source=x", "/p/l%61mp", "/live", "/nothing", "/search?q=a+b&q=%C3%A9")


@shared_page("variant", "q")
async def page(request: web.Request) -> web.Response:
    text = f"<h1>{request.path}</h1>" + "content " * 100 + str(sorted(request.query.getall("variant", [])))
    return web.Response(text=text, content_type="text/html", headers=shared_page_headers({"product:1"}))


async def live(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.method} {len(await request.read())}")


def shop() -> web.Application:
    app = web.Application(middlewares=[request_id_middleware, error_middleware, page_cache_middleware])
    app[SETTINGS] = Settings(telemetry=Telemetry(access_log_sample=0))
    cache = Cache(CacheSettings(), None, most_bytes=1_000_000)
    app[PAGE_CACHE] = PageCache(10_000_000, levels=cache.levels, lifetime=cache.lifetime, headers=HEADERS)
    install_security_headers(app, HEADERS)
    for path in ("/", "/p/{slug}", "/search"):
        app.router.add_get(path, page)
    app.router.add_route("*", "/live", live)
    return app


class Server:
    """One shop in a thread of its own. `hits` counts what its fast lane answered."""

    def __init__(self, runner: type[web.AppRunner]) -> None:
        self._runner = runner
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.app: web.Application
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        async def serve() -> None:
            self.app = shop()
            self._made = self._runner(self.app, access_log=None)
            await self._made.setup()
            site = web.TCPSite(self._made, "127.0.0.1", 0)
            await site.start()
            self.port = self._made.addresses[0][1]
            self._ready.set()

        self._loop.run_until_complete(serve())
        self._loop.run_forever()

    @property
    def hits(self) -> int:
        server = self._made.server
        lane: Lane = server.lane  # type: ignore[union-attr]
        return sum(lane.hits.values())

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._made.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def exchange(self, pieces: list[bytes], *, step: bool = False) -> bytes:
        """Sends the pieces, each in a packet of its own, and returns all that comes back; `step` waits for an answer in between."""
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found = b""
            for piece in pieces:
                try:
                    client.sendall(piece)
                except OSError:
                    break
                if step:
                    found += self._read(client)
            return normal(found + self._read(client))

    def _read(self, client: socket.socket) -> bytes:
        """All that comes until nothing has come for a while in which the server had its turns, too."""
        found, had_its_turns = b"", False
        with contextlib.suppress(OSError):
            while True:
                client.settimeout(QUIET)
                try:
                    part = client.recv(65536)
                except TimeoutError:
                    if had_its_turns:
                        break
                    asyncio.run_coroutine_threadsafe(_settled(), self._loop).result()
                    had_its_turns = True
                    continue
                if not part:
                    break
                found, had_its_turns = found + part, False
        return found


def normal(answer: bytes) -> bytes:
    """Without what must differ: the moment, and the ids of requests."""
    answer = re.sub(rb"Date: [^\r]*\r\n", b"Date: now\r\n", answer)
    answer = re.sub(rb"X-Request-Id: [0-9a-f]{32}", b"X-Request-Id: id", answer)
    return re.sub(rb'"instance":"[0-9a-f]{32}"|recorded under [0-9a-f]{32}', b"id", answer)


@pytest.fixture(scope="module")
def fast() -> Iterator[Server]:
    server = Server(FastRunner)
    warm(server)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def slow() -> Iterator[Server]:
    server = Server(ReadingRunner)
    warm(server)
    yield server
    server.stop()


def get(path: str = "/p/lamp", *lines: str, method: str = "GET", close: bool = False) -> bytes:
    headers = ["Host: shop.example", *lines, *(["Connection: close"] if close else [])]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""]).encode("latin-1")


def warm(server: Server) -> None:
    for path in PATHS:
        for _ in range(2):
            server.exchange([get(path, close=True)])


BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
    "Accept: text/html,application/xhtml+xml",
    "Accept-Language: en",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Connection: keep-alive",
    "Cookie: cart=abc; customer_name=Ada",
    "Sec-Fetch-Site: none",
)


def test_a_cached_page_takes_the_fast_lane_with_a_browsers_headers(fast: Server, slow: Server) -> None:
    before = fast.hits
    requests = [get("/p/lamp", *BROWSER), get("/", *BROWSER), get("/p/lamp", *BROWSER, method="HEAD")]
    assert fast.exchange(requests, step=True) == slow.exchange(requests, step=True)
    assert fast.hits == before + 3


def test_an_unchanged_page_is_a_304_in_both_lanes(fast: Server, slow: Server) -> None:
    etag = re.search(rb"ETag: ([^\r]+)", slow.exchange([get("/p/lamp", *BROWSER)]))
    assert etag is not None
    before = fast.hits
    request = [get("/p/lamp", *BROWSER, f"If-None-Match: {etag[1].decode()}")]
    answer = fast.exchange(request)
    assert answer.startswith(b"HTTP/1.1 304")
    assert answer == slow.exchange(request)
    assert fast.hits == before + 1


def test_an_invalidated_page_leaves_the_fast_lane(fast: Server) -> None:
    fast.exchange([get("/p/lamp", close=True)])
    fast.app[PAGE_CACHE].invalidate({"product:1"})
    before = fast.hits
    fast.exchange([get("/p/lamp", *BROWSER)])
    assert fast.hits == before
    warm(fast)


def test_while_the_replica_is_behind_nobody_is_let_keep_its_pages(fast: Server) -> None:
    """Within a second, the fast lane gives way to answers that say so; and it is open again afterwards."""
    request = get("/p/lamp", *BROWSER)

    def comes_to_be(wanted: bytes, *, in_the_fast_lane: bool) -> bool:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            before, found = fast.hits, re.search(rb"Cache-Control: ([^\r]+)", fast.exchange([request]))
            if found is not None and wanted in found[1] and (fast.hits > before) is in_the_fast_lane:
                return True
        return False

    pages = fast.app[PAGE_CACHE]
    pages.behind = lambda: True
    try:
        assert comes_to_be(b"s-maxage=1,", in_the_fast_lane=False)
        before = fast.hits
        fast.exchange([request])
        assert fast.hits == before
    finally:
        pages.behind = lambda: False
    assert comes_to_be(b"s-maxage=60,", in_the_fast_lane=True)


def test_an_answer_that_was_given_is_not_given_again_once_its_page_is_dropped(fast: Server) -> None:
    request = get("/p/lamp", "X-Asked: again")
    before = fast.hits
    for _ in range(3):
        fast.exchange([request])
    assert fast.hits == before + 3
    fast.app[PAGE_CACHE].invalidate({"product:1"})
    fast.exchange([request])
    assert fast.hits == before + 3
    warm(fast)


def test_an_answer_that_was_given_has_the_date_of_now_when_it_is_given_again(fast: Server) -> None:
    request, dates = get("/p/lamp", *BROWSER), set()
    with socket.create_connection(("127.0.0.1", fast.port)) as client:
        began = time.monotonic()
        while len(dates) < 3:
            earliest = int(time.time())
            client.sendall(request)
            told = re.search(rb"Date: ([^\r]+)", client.recv(65536))
            assert told is not None
            moment = int(parsedate_to_datetime(told[1].decode()).timestamp())
            assert earliest <= moment <= time.time()
            dates.add(moment)
            assert time.monotonic() - began < 5
    assert fast.hits


def test_an_answer_is_not_given_again_once_its_page_is_old(fast: Server) -> None:
    request = get("/p/lamp", "X-Asked: before it was old")
    pages = fast.app[PAGE_CACHE]
    kept = pages.get("/p/lamp")
    assert kept is not None
    kept.fresh_until = time.monotonic() + 2
    before = fast.hits
    fast.exchange([request])
    assert fast.hits == before + 1
    while time.monotonic() < kept.fresh_until:
        fast.exchange([request])
    after = fast.hits
    fast.exchange([request])
    assert fast.hits == after
    fast.app[PAGE_CACHE].invalidate({"product:1"})
    warm(fast)


def test_repeated_answers_are_counted_and_logged_like_all(fast: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server = fast._made.server
    assert isinstance(server, FastServer)
    lane, logged = server.lane, []
    monkeypatch.setattr(lane, "_sample", 1.0)
    monkeypatch.setattr(lane, "_unlogged", 1)
    monkeypatch.setattr(fast_lane.access, "info", lambda event, **said: logged.append(said), raising=False)
    telemetry._gather_lanes()
    counted = telemetry.REQUESTS.labels("/p/{slug}", "GET", 200)
    before = counted._value.get()
    for _ in range(4):
        fast.exchange([get("/p/lamp", "X-Asked: to be counted")])
    telemetry._gather_lanes()
    assert counted._value.get() == before + 4
    assert logged == [{"method": "GET", "path": "/p/lamp", "status": 200, "lane": "fast"}] * 4


@pytest.mark.parametrize("share", [0.01, 0.2, 0.9])
def test_of_all_requests_the_share_is_logged_that_was_asked_for(fast: Server, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    server = fast._made.server
    assert isinstance(server, FastServer)
    monkeypatch.setattr(server.lane, "_sample", share)
    gaps = [server.lane._until_logged() for _ in range(20_000)]
    assert min(gaps) == 1
    assert len(gaps) / sum(gaps) == pytest.approx(share, rel=0.1)
    monkeypatch.setattr(server.lane, "_sample", 0.0)
    assert server.lane._until_logged() == sys.maxsize


def test_an_idle_connection_is_closed_and_one_that_is_used_is_not() -> None:
    class Short(FastRunner):
        def __init__(self, app: web.Application, **options: object) -> None:
            super().__init__(app, keepalive_timeout=2.0, **options)

    server = Server(Short)
    try:
        warm(server)
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.settimeout(20)
            for _ in range(4):
                client.sendall(get())
                assert client.recv(65536).startswith(b"HTTP/1.1 200")
                with contextlib.suppress(TimeoutError):
                    client.settimeout(0.7)
                    assert client.recv(1) == b"must stay open"
                client.settimeout(20)
            assert client.recv(1) == b"", "closed when nothing comes any more"
    finally:
        server.stop()


names = st.sampled_from(
    ["Accept-Encoding", "If-None-Match", "Cookie", "X-A", "Content-Length", "Transfer-Encoding", "Connection", "Host", "Expect", "Upgrade",
     "Range", "content-length ", " Folded", "", "X-\x00", "Trailer", "TE", "X-Request-Id"]
)  # fmt: skip
values = st.sampled_from(
    ["", "0", "5", "05", "+5", "5, 5", "chunked", "Chunked ", "identity", "close", "keep-alive", "br", "gzip;q=0, br", "*", '"x"',
     "100-continue", "h2c", "a\tb", " padded ", "\x0b", "é", "shop.example", "bytes=0-1", "x" * 9000]
)  # fmt: skip
header = st.tuples(names, values, st.sampled_from([": ", ":", " : ", ":\t"])).map(lambda parts: parts[0] + parts[2] + parts[1])
lines = st.lists(header, max_size=4)
methods = st.sampled_from(["GET", "HEAD", "POST", "get", "OPTIONS", "BREW"])
targets = st.sampled_from(
    [*PATHS, "//p/lamp", "http://shop.example/p/lamp", "/p/../p/lamp", "/p/lamp#x", "/p/la mp", "*", "/p/lamp\x00", "/é"]
)
versions = st.sampled_from(["HTTP/1.1"] * 6 + ["HTTP/1.0", "HTTP/1.1 ", "HTTP/2.0", "http/1.1"])
ends = st.sampled_from(["\r\n"] * 8 + ["\n", "\r"])
bodies = st.sampled_from(["", "", "hello", "5\r\nhello\r\n0\r\n\r\n", "GET /p/lamp HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request, more or less well formed, with a body that may be another request."""
    end = draw(ends)
    head = [f"{draw(methods)} {draw(targets)} {draw(versions)}", "Host: shop.example", *draw(lines), "", ""]
    return (end.join(head) + draw(bodies)).encode("latin-1", "replace")


def in_pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(stream) + 1) for cut in cuts})
    return [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True) if a < b]


class Wire(asyncio.Transport):
    """A connection whose packets are the test's to cut: what is fed arrives exactly so. Keeps what the server writes."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._protocol = protocol
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Desk:
    """A shop without sockets, in the test's own loop."""

    def __init__(self, runner: type[web.AppRunner]) -> None:
        self._loop = asyncio.new_event_loop()
        self._made = runner(shop(), access_log=None)
        self._loop.run_until_complete(self._made.setup())
        for path in PATHS:
            for _ in range(2):
                self.exchange([get(path, close=True)])

    def exchange(self, pieces: list[bytes], *, at_once: bool = False) -> bytes:
        """Feeds the pieces; `at_once`: without giving the server a moment in between."""
        return normal(self._loop.run_until_complete(self._exchange(pieces, at_once)))

    async def _exchange(self, pieces: list[bytes], at_once: bool) -> bytes:
        server = self._made.server
        assert server is not None
        protocol = server()
        wire = Wire(protocol)
        protocol.connection_made(wire)
        await _settled()
        for piece in pieces:
            if wire.closed:
                break
            protocol.data_received(piece)
            if not at_once:
                await _settled()
        await _settled()
        wire.close()
        await _settled()
        return bytes(wire.written)


async def _settled() -> None:
    """Long enough for handlers that wait for nothing."""
    for _ in range(40):
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def desks() -> tuple[Desk, Desk]:
    """The fast one and the slow one."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    return Desk(FastRunner), Desk(ReadingRunner)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(0, 10_000), max_size=4), st.booleans())
def test_both_lanes_answer_any_stream_with_the_same_bytes(
    desks: tuple[Desk, Desk], stream: list[bytes], cuts: list[int], at_once: bool
) -> None:
    fast, slow = desks
    pieces = in_pieces(b"".join(stream) + get("/live", close=True), cuts)
    assert fast.exchange(pieces, at_once=at_once) == slow.exchange(pieces, at_once=at_once)


SMUGGLED = b"GET /p/lamp HTTP/1.1\r\nHost: b\r\n\r\n"
POST = b"POST /live HTTP/1.1\r\nHost: a\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(SMUGGLED)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [POST + b"X: ", SMUGGLED, SMUGGLED],
        [POST, SMUGGLED, SMUGGLED],
        [b"GET /p/lamp HTTP/1.1\r\nX: ", SMUGGLED],
        [b"GET /live HTTP/1.1\r\nHost: a\r\n\r\nPOST /live HTTP/1.1\r\nX: ", SMUGGLED],
        [b"\r\n", SMUGGLED, SMUGGLED],
        [POST + LENGTH, SMUGGLED, SMUGGLED],
        [POST + LENGTH + SMUGGLED[:5], SMUGGLED[5:], SMUGGLED],
        [POST + LENGTH + SMUGGLED + b"GET /p", SMUGGLED],
        [POST + CHUNKED, b"21\r\n" + SMUGGLED + b"\r\n", SMUGGLED, b"0\r\n\r\n"],
        [POST + CHUNKED, b"0\r\n", SMUGGLED, SMUGGLED],
        [POST + b"Content-Length: 5\r\n" + CHUNKED, SMUGGLED],
        [b"GET /p/lamp HTTP/1.1\r\nHost: a\r\n" + LENGTH, SMUGGLED, SMUGGLED],
        [b"OPTIONS /live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", SMUGGLED],
        [b"CONNECT /live HTTP/1.1\r\nHost: a\r\n\r\n", SMUGGLED],
    ],
)
def test_a_request_hidden_in_another_is_not_answered(desks: tuple[Desk, Desk], pieces: list[bytes]) -> None:
    fast, slow = desks
    assert fast.exchange(pieces) == slow.exchange(pieces)


@settings(max_examples=400, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=4), st.booleans())
def test_whole_requests_in_packets_of_their_own_too(desks: tuple[Desk, Desk], stream: list[bytes], at_once: bool) -> None:
    fast, slow = desks
    pieces = [*stream, get("/p/lamp", *BROWSER), get("/live", close=True)]
    assert fast.exchange(pieces, at_once=at_once) == slow.exchange(pieces, at_once=at_once)


def test_a_request_split_at_every_byte_is_answered_once(desks: tuple[Desk, Desk]) -> None:
    fast, slow = desks
    request = get("/p/lamp", "Accept-Encoding: br", close=True)
    expected = slow.exchange([request])
    for cut in range(1, len(request)):
        assert fast.exchange([request[:cut], request[cut:]]) == expected


def test_what_a_stranger_sends_fills_no_memory(desks: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    fast = desks[0]
    server = fast._made.server
    assert isinstance(server, FastServer)
    lane, before = server.lane, server.lane.hits.total()
    known = dict(lane._wishes)
    for number in range(3):
        assert fast.exchange([get("/p/lamp", f"X-Long: {number}{'x' * LONGEST_REMEMBERED}")]).startswith(b"HTTP/1.1 200")
    assert lane._wishes == known, "long headers are not remembered"
    monkeypatch.setattr(fast_lane, "MEMORY", 10)
    for number in range(40):
        assert fast.exchange([get("/p/lamp", f"X-Short: {number}")]).startswith(b"HTTP/1.1 200")
    assert len(lane._wishes) <= 10
    assert lane.hits.total() == before + 43, "all were answered by the fast lane"


def test_what_many_ask_fills_no_memory_with_answers(desks: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    server = desks[0]._made.server
    assert isinstance(server, FastServer)
    lane = server.lane
    before = lane.hits.total()
    lane._forget()
    monkeypatch.setattr(fast_lane, "READY_BYTES", 10_000)
    for number in range(20):
        assert desks[0].exchange([get("/p/lamp", f"X-Other: {number}")]).startswith(b"HTTP/1.1 200")
        assert sum(len(asked) + len(answer.content) for asked, answer in lane._ready.items()) <= 10_000
    assert lane.hits.total() == before + 20, "all were answered by the fast lane"


def test_pipelined_requests_are_answered_in_order(desks: tuple[Desk, Desk]) -> None:
    fast, slow = desks
    stream = get("/p/lamp") + get("/live") + get("/") + get("/live", close=True)
    for cuts in ([], [len(get("/p/lamp"))], [10], [len(get("/p/lamp")) + 5]):
        pieces = in_pieces(stream, list(cuts))
        answer = fast.exchange(pieces)
        assert answer == slow.exchange(pieces)
        assert answer.count(b"HTTP/1.1 200") == 4


@given(st.binary(max_size=200))
def test_a_length_is_only_told_where_it_is_certain(noise: bytes) -> None:
    told = body_length(noise)
    assert told is None or told == 0
    head = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n"
    assert body_length(head) == 12
    assert body_length(head + b"Content-Length: 12\r\n") is None
    assert body_length(head + b"Transfer-Encoding: chunked\r\n") is None


def test_the_protocol_uses_what_aiohttp_still_has() -> None:
    """Names inside aiohttp that the fast lane stands on; a new release that drops one must not go unnoticed."""
    for name in ("_waiter", "_messages", "_close", "_force_close", "_next_keepalive_close_time", "_keepalive_timeout", "_request_count"):
        assert name in FastProtocol.__mro__[2].__slots__
