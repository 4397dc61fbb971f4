"""Whole pages: made once for all who ask, kept as finished bytes within a bound, and never what is personal or wrong."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpClient
from yarl import URL

from storefront.app import RELEASE, ROOT, create_app
from storefront.platform import shared_cache
from storefront.platform.cache import CACHE, Cache
from storefront.platform.embedded.valkey import Valkey
from storefront.platform.encodings import accepted_encoding
from storefront.platform.errors import NotFound
from storefront.platform.http import error_middleware, request_id_middleware, shared_page_headers
from storefront.platform.page_cache import HITS, PAGE_CACHE, PageCache, asked_query, canonical_target, page_cache_middleware, shared_page
from storefront.platform.release import fingerprint
from storefront.platform.shared_cache import Envelope, SharedCache
from storefront.settings import SETTINGS, CacheSettings, Settings

Answer = Callable[[web.Request], Awaitable[web.Response]]
Client = TestClient[web.Request, web.Application]


class Shop:
    """One page whose making is counted and can be held up; `answer` makes it."""

    def __init__(self) -> None:
        self.makings = 0
        self.text = "one"
        self.open = asyncio.Event()
        self.open.set()

    async def answer(self, request: web.Request) -> web.Response:
        self.makings += 1
        text = f"{self.text} {request.path_qs} " + "filling " * 200
        await self.open.wait()
        return web.Response(text=text, content_type="text/html", headers=shared_page_headers({"t"}))

    def app(self, settings: CacheSettings, shared: SharedCache | None, *, most_bytes: int = 10_000_000) -> web.Application:
        app = web.Application(middlewares=[request_id_middleware, error_middleware, page_cache_middleware])
        app[SETTINGS] = Settings()
        cache = Cache(settings, shared, most_bytes=1_000_000)
        app[PAGE_CACHE] = PageCache(most_bytes, levels=cache.levels, lifetime=cache.lifetime, headers={})

        @shared_page("n")
        async def page(request: web.Request) -> web.Response:
            return await self.answer(request)

        app.router.add_get("/{path:.*}", page)
        return app


@pytest.fixture
async def replicas(valkey: Valkey, aiohttp_client: AiohttpClient) -> AsyncIterator[tuple[Shop, list[Client]]]:
    """Two replicas of one shop on one Valkey."""
    shop, settings = Shop(), CacheSettings(timeout_ms=20_000)
    levels = [SharedCache(valkey.url, settings) for _ in range(2)]
    await levels[0]._client.flushall()
    yield shop, [await aiohttp_client(shop.app(settings, level)) for level in levels]
    for level in levels:
        await level.close()


async def _text(client: Client, path: str) -> str:
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_200_shoppers_on_two_replicas_cause_one_making(replicas: tuple[Shop, list[Client]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_cache, "LEASE_WAIT", 600.0)
    monkeypatch.setattr(shared_cache, "LEASE_MS", 600_000)
    shop, clients = replicas
    shop.open.clear()
    asking = [asyncio.create_task(_text(clients[n % 2], "/page")) for n in range(200)]
    while not shop.makings:
        await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.05, shop.open.set)
    texts = await asyncio.gather(*asking)
    assert len(set(texts)) == 1
    assert shop.makings == 1


async def test_releases_that_serve_side_by_side_share_invalidations_and_no_pages(valkey: Valkey, aiohttp_client: AiohttpClient) -> None:
    settings = CacheSettings(timeout_ms=20_000)
    olds, news = Shop(), Shop()
    news.text = "new"
    old_level, new_level = SharedCache(valkey.url, settings, "old"), SharedCache(valkey.url, settings, "new")
    await old_level._client.flushall()
    old, new = await aiohttp_client(olds.app(settings, old_level)), await aiohttp_client(news.app(settings, new_level))
    assert (await _text(old, "/page")).startswith("one")
    assert (await _text(new, "/page")).startswith("new"), "the other release's page names files that this one has not"
    await new_level.invalidate({"t"}, 100)
    assert (await old_level.get("page:/page"))[0] is None
    for level in (old_level, new_level):
        await level.close()


async def test_the_shop_knows_its_release_by_the_files_that_pages_are_made_by(settings: Settings, tmp_path: Path) -> None:
    app = await create_app(settings)
    shared = app[CACHE].levels.shared
    assert shared is not None
    assert shared.of_release == fingerprint([ROOT / name for name in RELEASE])
    templates = tmp_path / "templates"
    templates.mkdir()
    page = templates / "page.html"
    page.write_text("<p>old</p>")
    before = fingerprint([templates])
    page.write_text("<p>new</p>")
    assert fingerprint([templates]) != before
    page.write_text("<p>old</p>")
    assert fingerprint([templates]) == before
    page.rename(templates / "other.html")
    assert fingerprint([templates]) != before


async def test_who_asks_after_a_change_is_not_shown_a_page_that_was_begun_before_it(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    cache = client.app[PAGE_CACHE]  # type: ignore[index]
    missed = HITS.labels("miss")._value.get()
    shop.open.clear()
    before = asyncio.create_task(_text(client, "/page"))
    while not shop.makings:
        await asyncio.sleep(0)
    shop.text = "two"
    cache.invalidate({"t"})
    after = asyncio.create_task(_text(client, "/page"))
    while HITS.labels("miss")._value.get() < missed + 2:
        await asyncio.sleep(0)
    shop.open.set()
    assert (await before).startswith("one")
    assert (await after).startswith("two")
    assert (await _text(client, "/page")).startswith("two")


@pytest.mark.parametrize("body", [b"", b"\xc1", msgspec.msgpack.encode(["/page", "/page", [["Content-Type", 1]], b"<p>"])])
async def test_a_page_from_redis_that_cannot_be_read_is_made_anew(valkey: Valkey, replicas: tuple[Shop, list[Client]], body: bytes) -> None:
    shop, clients = replicas
    level = SharedCache(valkey.url, CacheSettings())
    await level.put("page:/page", Envelope(9_000, ["t"], 9e9, 9e9, body))
    assert (await _text(clients[0], "/page")).startswith("one")
    assert shop.makings == 1
    await level.close()


async def test_an_old_page_is_served_while_it_is_made_anew(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()
    client = await aiohttp_client(shop.app(CacheSettings(soft_ttl_seconds=1, hard_ttl_seconds=60), None))
    first = await _text(client, "/page")
    page = client.app[PAGE_CACHE].get("/page")  # type: ignore[index]
    assert page is not None
    page.fresh_until = 0
    shop.text = "two"
    shop.open.clear()
    assert await _text(client, "/page") == first, "nobody waits for the new one"
    shop.open.set()
    while not (await _text(client, "/page")).startswith("two"):
        await asyncio.sleep(0)
    assert shop.makings == 2


async def test_what_cannot_be_made_anew_is_not_tried_at_every_request(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    first = await _text(client, "/page")
    page = client.app[PAGE_CACHE].get("/page")  # type: ignore[index]
    assert page is not None
    page.fresh_until = 0
    tried = 0

    async def fail(request: web.Request) -> web.Response:
        nonlocal tried
        tried += 1
        raise LookupError("a fault of ours")

    shop.answer = fail  # type: ignore[method-assign]
    while not tried:
        assert await _text(client, "/page") == first
    for _ in range(20):
        assert await _text(client, "/page") == first
    assert tried == 1


@pytest.mark.parametrize("gone", [NotFound("It was deleted."), web.HTTPMovedPermanently("/elsewhere")])
async def test_a_page_that_is_no_more_is_dropped_when_it_was_to_be_made_anew(aiohttp_client: AiohttpClient, gone: Exception) -> None:
    shop = Shop()
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    await _text(client, "/page")
    page = client.app[PAGE_CACHE].get("/page")  # type: ignore[index]
    assert page is not None
    page.fresh_until = 0

    async def answer(request: web.Request) -> web.Response:
        raise gone

    shop.answer = answer  # type: ignore[method-assign]
    async with asyncio.timeout(10):
        while client.app[PAGE_CACHE].get("/page") is not None:  # type: ignore[index]
            await client.get("/page", allow_redirects=False)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, shared_page_headers({"t"})),
        (500, shared_page_headers({"t"})),
        (302, shared_page_headers({"t"}) | {"Location": "/"}),
        (200, shared_page_headers({"t"}) | {"Set-Cookie": "session=secret"}),
        (200, {"Cache-Tag": "t", "Cache-Control": "private, no-store"}),
        (200, {"Cache-Control": "public, max-age=60"}),
    ],
)
async def test_what_is_not_everybodys_is_not_kept(aiohttp_client: AiohttpClient, status: int, headers: dict[str, str]) -> None:
    shop = Shop()
    made = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal made
        made += 1
        return web.Response(text="x", status=status, headers=headers)

    shop.answer = answer  # type: ignore[method-assign]
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    for _ in range(2):
        async with client.get("/page", allow_redirects=False) as found:
            assert found.status == status
    assert made == 2
    assert len(client.app[PAGE_CACHE]) == 0  # type: ignore[index]


async def test_a_page_that_may_be_old_soon_is_kept_only_so_long(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()

    async def degraded(request: web.Request) -> web.Response:
        return web.Response(text="without the index", headers=shared_page_headers({"t"}, max_age=5))

    shop.answer = degraded  # type: ignore[method-assign]
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    await _text(client, "/page")
    page = client.app[PAGE_CACHE].get("/page")  # type: ignore[index]
    assert page is not None
    assert page.usable_until == page.fresh_until <= asyncio.get_running_loop().time() + 5


async def test_keys_that_never_repeat_stay_within_the_bound(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()
    client = await aiohttp_client(shop.app(CacheSettings(), None, most_bytes=200_000))
    cache = client.app[PAGE_CACHE]  # type: ignore[index]
    for number in range(600):
        async with client.get(f"/page?n={number}", headers={"Accept-Encoding": ["zstd", "br", "gzip", "identity"][number % 4]}) as answer:
            assert answer.status == 200
        assert cache.size <= 200_000
    assert 20 < len(cache) < 120
    assert cache.size == sum(page.size for page in cache._pages._entries.values()), "what is counted is what is kept"


async def test_parameters_of_strangers_reach_no_key(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    for number in range(20):
        await _text(client, f"/page?utm_source={number}&n=1&x={number}")
    assert shop.makings == 1


async def test_what_is_not_in_the_key_does_not_reach_the_page(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(f"{request.query.getall('n', [])} {request.query_string} {request.raw_path} {dict(request.headers)} {request.cookies}")
        return web.Response(text="x", headers=shared_page_headers({"t"}))

    shop.answer = answer  # type: ignore[method-assign]
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    for path in ("/page?n=2&n=1&n=&evil=1", "/page?evil=2&n=1&n=2"):
        client.app[PAGE_CACHE].clear()  # type: ignore[index]
        async with client.get(path, headers={"Cookie": "evil=3", "Accept-Language": "evil"}) as found:
            assert found.status == 200
    assert seen == ["['1', '2'] n=1&n=2 /page?n=1&n=2 {} {}"] * 2


async def test_a_redirect_of_a_shared_page_still_has_what_came_along(aiohttp_client: AiohttpClient) -> None:
    shop = Shop()

    async def answer(request: web.Request) -> web.Response:
        raise web.HTTPFound(URL("/new").with_query(asked_query(request)))

    shop.answer = answer  # type: ignore[method-assign]
    client = await aiohttp_client(shop.app(CacheSettings(), None))
    async with client.get("/page?n=1&utm_source=x", allow_redirects=False) as found:
        assert found.headers["Location"] == "/new?n=1&utm_source=x"


PATHS = st.text(st.sampled_from("a/%é2F5C3A9 ?#"), max_size=8).map(lambda text: "/" + text)
QUERIES = st.lists(st.tuples(st.sampled_from(["a", "opt.x"]), st.text(st.sampled_from("a=&%+ é"), min_size=1, max_size=3)), max_size=3)


@given(PATHS, QUERIES, PATHS, QUERIES)
def test_different_questions_have_different_keys(
    path: str, query: list[tuple[str, str]], other_path: str, other_query: list[tuple[str, str]]
) -> None:
    allowed = frozenset({"a", "opt.*"})
    same = (path, sorted(query)) == (other_path, sorted(other_query))
    assert (canonical_target(path, query, allowed) == canonical_target(other_path, other_query, allowed)) == same


def test_what_looks_encoded_in_an_address_is_not_what_it_stands_for() -> None:
    assert canonical_target("/p/%C3%A9", [], frozenset()) != canonical_target("/p/é", [], frozenset())


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "opt.Size", "utm_source"]), st.text(max_size=3)), max_size=6), st.randoms())
def test_equal_questions_have_one_key(query: list[tuple[str, str]], shuffler: random.Random) -> None:
    allowed = frozenset({"a", "opt.*"})
    shuffled = list(query)
    shuffler.shuffle(shuffled)
    assert canonical_target("/p", query, allowed) == canonical_target("/p", shuffled, allowed)
    assert "utm_source" not in canonical_target("/p", query, allowed)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("zstd;q=0, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.0, gzip;q=0", "identity"),
        ("*", "zstd"),
        ("*;q=0", "identity"),
        ("GZIP", "gzip"),
        ("deflate, identity", "identity"),
        ("br;q=1.000", "br"),
    ],
)
def test_the_best_encoding_that_is_taken(header: str, encoding: str) -> None:
    assert accepted_encoding(header) == encoding
