"""The shop behind a real Varnish with the project's own configuration: two replicas, purged by tag, poisoned by nobody."""

import asyncio
import contextlib
import json
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from multidict import CIMultiDict

from storefront.platform.http import shared_page_headers
from storefront.settings import ROOT
from tests.buying import violations
from tests.conftest import free_port
from tests.live import LiveShop, live_shop, neighbouring_ports, start_shop

DEPLOY = ROOT / "deploy"


class EdgeShop:
    """`url` is Varnish's; behind it stand two replicas."""

    def __init__(self, url: str, replicas: list[LiveShop], dsn: str) -> None:
        self.url = url
        self.replicas = replicas
        self.dsn = dsn


def _varnish(folder: Path, port: int, backends: list[int], grace: str = "10m") -> subprocess.Popen[bytes]:
    """Starts varnishd on the project's configuration, with these backends in place of the example's, and `grace` for its ten minutes."""
    program = shutil.which("varnishd", path="/usr/sbin:/usr/bin")
    assert program, "varnishd is missing: install Debian's packages varnish and varnish-modules"
    folder.mkdir()
    folder.chmod(0o755)
    text = (DEPLOY / "backends.vcl").read_text()
    for old, new in zip(("8080", "8090"), backends, strict=True):
        text = text.replace(f'"{old}"', f'"{new}"')
    (folder / "backends.vcl").write_text(text)
    configuration = (DEPLOY / "varnish.vcl").read_text()
    assert configuration.count("10m") == 2
    (folder / "varnish.vcl").write_text(configuration.replace("10m", grace))
    command = [program, "-F", "-a", f"127.0.0.1:{port}", "-f", str(folder / "varnish.vcl"), "-n", str(folder / "work"), "-s", "malloc,64m"]
    command += ["-j", "none", "-p", "http_gzip_support=off", "-p", f"vcl_path={folder}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeShop]:
    port = free_port()
    purge = {"EDGE__PURGE_URLS": f"http://127.0.0.1:{port}/", "SHOP__DEMO": "false"}
    with live_shop(**purge) as first, contextlib.ExitStack() as stack:
        told = json.loads((first.folder / "runtime.json").read_text())
        first_port = int(first.url.rsplit(":", 1)[1])
        second_port = neighbouring_ports()
        second = start_shop(
            tmp_path_factory.mktemp("second") / "data",
            second_port,
            DATABASE__URL=told["database_url"],
            DATABASE__MIGRATE_URL=told["migrate_url"],
            CACHE__URL=told["cache_url"],
            PAYMENTS__API_BASE=f"http://127.0.0.1:{first_port + 1}",
            **purge,
        )
        stack.callback(lambda: second.process.poll() is None and second.stop())
        second.wait_ready()
        asyncio.run(_stock(told["migrate_url"]))
        varnish = _varnish(tmp_path_factory.mktemp("varnish") / "v", port, [first_port, second_port])
        stack.callback(lambda: (varnish.send_signal(signal.SIGTERM), varnish.wait(20)))
        shop = EdgeShop(f"http://127.0.0.1:{port}", [first, second], told["migrate_url"])
        asyncio.run(_until_well(shop))
        asyncio.run(_until_purged(shop.dsn))
        yield shop


async def _stock(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    category = await conn.fetchval("INSERT INTO category (slug, path, name) VALUES ('lamps', 'lamps', 'Lamps') RETURNING id")
    for number in range(40):
        product = await conn.fetchval(
            "INSERT INTO product (slug, title, category_id, status, published_at) VALUES ($1, $2, $3, 'active', now() - interval '1 day') "
            "RETURNING id",
            f"lamp-{number}",
            f"Lamp {number}",
            category,
        )
        variant = await conn.fetchval("INSERT INTO variant (product_id, sku) VALUES ($1, $2) RETURNING id", product, f"L-{number}")
        await conn.execute("INSERT INTO variant_price VALUES ($1, 'EUR', 4200)", variant)
        await conn.execute("INSERT INTO stock (variant_id, location_id, on_hand) SELECT $1, id, 50 FROM stock_location", variant)
    await conn.close()


async def _until_well(shop: EdgeShop) -> None:
    """Varnish answers, and the replicas know the products."""
    deadline = time.monotonic() + 30
    async with aiohttp.ClientSession() as http:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{shop.url}/search?q=lamp&sort=title") as answer:
                    if answer.status == 200 and "Lamp 1" in await answer.text():
                        return
            assert time.monotonic() < deadline, "Varnish does not answer"
            await asyncio.sleep(0.2)


async def _until_purged(dsn: str) -> None:
    """No purge is under way or still to be repeated."""
    conn = await asyncpg.connect(dsn)
    deadline = time.monotonic() + 60
    while await conn.fetchval("SELECT count(*) FROM job WHERE kind = 'edge_purge'"):
        assert time.monotonic() < deadline, "purges do not end"
        await asyncio.sleep(0.1)
    await conn.close()


async def _get(shop: EdgeShop, path: str, **headers: str) -> tuple[int, str, CIMultiDict[str]]:
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar) as http, http.get(shop.url + path, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers.copy()


async def test_browsing_hits_the_edge(edge: EdgeShop) -> None:
    draw = random.Random(1)
    paths = ["/", "/c/lamps", "/c/lamps?sort=price", "/search?q=lamp", "/api/v1/products"] + [f"/p/lamp-{n}" for n in range(40)]
    seen = {"hit": 0, "miss": 0}
    async with aiohttp.ClientSession() as http:
        for _ in range(1500):
            path = paths[min(int(draw.paretovariate(0.9)) - 1, len(paths) - 1)]
            campaign = f"{'&' if '?' in path else '?'}utm_source={draw.random()}" if draw.random() < 0.3 else ""
            async with http.get(
                edge.url + path + campaign, headers={"Accept-Encoding": draw.choice(["br", "gzip, br;q=0.9", "gzip, deflate, br, zstd"])}
            ) as answer:
                assert answer.status == 200
                await answer.read()
                seen[answer.headers["X-Cache"]] += 1
    assert seen["hit"] / 1500 > 0.95, seen


async def test_a_changed_price_is_purged_by_tag(edge: EdgeShop) -> None:
    for _ in range(2):
        _, _, headers = await _get(edge, "/p/lamp-3")
    assert headers["X-Cache"] == "hit"
    conn = await asyncpg.connect(edge.dsn)
    await conn.execute("UPDATE variant_price SET amount = 5150 WHERE variant_id = (SELECT id FROM variant WHERE sku = 'L-3')")
    await conn.close()
    changed = time.monotonic()
    while "51.50" not in (await _get(edge, "/p/lamp-3"))[1]:
        assert time.monotonic() - changed < 8, "the edge still shows the old price"
        await asyncio.sleep(0.02)
    await _until_purged(edge.dsn)
    _, _, headers = await _get(edge, "/p/lamp-20")
    await _get(edge, "/p/lamp-20")
    assert (await _get(edge, "/p/lamp-20"))[2]["X-Cache"] == "hit", "a page without the tag stays"


@pytest.mark.parametrize(
    "path", ["/cart", "/account", "/account/x.css", "/account/%2e%2e/p/lamp-1.css", "/checkout", "/admin", "/orders/lookup"]
)
async def test_what_is_personal_is_never_kept(edge: EdgeShop, path: str) -> None:
    for _ in range(3):
        _, _, headers = await _get(edge, path, Cookie="session=somebody")
        assert headers["X-Cache"] == "miss"
        assert "public" not in headers.get("Cache-Control", "")


POISON = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Original-URL": "/admin",
    "X-Rewrite-URL": "/admin",
    "X-HTTP-Method-Override": "POST",
    "Forwarded": "host=evil.example",
    "Cookie": "session=evil; customer_name=evil.example; cart_count=77",
    "Host": "evil.example",
    "Authorization": "Bearer evil.example",
    "Accept-Language": "evil.example",
    "User-Agent": "evil.example",
    "Referer": "https://evil.example/",
    "X-Request-Id": "evil.example.evil",
    "Range": "bytes=0-9",
    "If-None-Match": '"evil.example"',
    "Accept": "application/json",
    "Origin": "https://evil.example",
}


@pytest.mark.parametrize("name", POISON)
async def test_no_header_outside_the_key_gets_into_a_kept_page(edge: EdgeShop, name: str) -> None:
    number = 10 + list(POISON).index(name)
    path = f"/p/lamp-{number}"
    status, text, _ = await _get(edge, path, **{name: POISON[name]})
    assert status == 200
    status, kept, headers = await _get(edge, path)
    assert headers["X-Cache"] == "hit"
    assert status == 200
    assert "evil" not in text + kept + str(headers)
    assert f"Lamp {number}" in kept


async def test_a_parameter_that_is_not_the_pages_changes_nothing(edge: EdgeShop) -> None:
    _, text, _ = await _get(edge, "/p/lamp-30?callback=evil&x=%3Cscript%3Eevil%3C/script%3E&utm_content=evil")
    assert "evil" not in text


async def test_an_error_is_not_kept(edge: EdgeShop) -> None:
    for _ in range(2):
        status, _, headers = await _get(edge, "/p/no-such-lamp")
        assert (status, headers["X-Cache"]) == (404, "miss")


async def test_strangers_cannot_see_metrics_or_purge_without_leave(edge: EdgeShop) -> None:
    for path in ("/metrics", "/readyz", "/metrics?x", "/livez/"):
        assert (await _get(edge, path))[0] == 404
    for path in ("/%6detrics", "/%72eadyz", "/metric%73?x", "/./metrics", "/p/../metrics", "/p/..%2fmetrics", "//metrics", "/metrics%2f"):
        assert await _raw(edge, "GET", path) == 404, path
    assert re.search(r"acl purgers \{[^}]*127", (DEPLOY / "varnish.vcl").read_text())
    assert await _raw(edge, "PURGE", "/", **{"xkey-purge": "everything", "X-Forwarded-For": "203.0.113.9"}) == 403, "through a proxy here"


async def _raw(shop: EdgeShop, method: str, target: str, **headers: str) -> int:
    """The status of a request whose target is sent as it stands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(shop.url.rsplit(":", 1)[1]))
    lines = [f"{method} {target} HTTP/1.1", "Host: shop", "Connection: close", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)


async def test_compressed_pages_keep_their_encoding_and_their_tag(edge: EdgeShop) -> None:
    await _get(edge, "/p/lamp-31", **{"Accept-Encoding": "br"})
    _, _, brotli = await _get(edge, "/p/lamp-31", **{"Accept-Encoding": "gzip, deflate, br"})
    _, _, plain = await _get(edge, "/p/lamp-31", **{"Accept-Encoding": "identity"})
    assert brotli["Content-Encoding"] == "br"
    assert "Content-Encoding" not in plain
    assert brotli["ETag"] != plain["ETag"]
    for header, encoding in (("zstd; q=0, br", "br"), ("BR ; q=0 , GZIP", "gzip"), ("zstd;q=0,br;q=0.000,gzip;q=0", None)):
        _, _, answered = await _get(edge, "/p/lamp-31", **{"Accept-Encoding": header})
        assert answered.get("Content-Encoding") == encoding, header
    status, _, _ = await _get(edge, "/p/lamp-31", **{"Accept-Encoding": "br", "If-None-Match": brotli["ETag"]})
    assert status == 304


async def test_static_files_come_as_they_are_packed(edge: EdgeShop) -> None:
    _, page, _ = await _get(edge, "/")
    found = re.search(r'/static/[^"]+\.css', page)
    assert found
    for header, encoding in (("gzip, deflate, br, zstd", "br"), ("gzip, zstd", "gzip")):
        _, _, headers = await _get(edge, found[0], **{"Accept-Encoding": header})
        assert headers.get("Content-Encoding") == encoding, header


class Failing:
    """A replica that is always ready and answers one page, as long as it does not fail."""

    def __init__(self) -> None:
        self.text = "first"
        self.fails = False
        self.asked = 0
        self.port = free_port()

    async def page(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.fails:
            return web.Response(status=500, text="failed", headers={"Cache-Control": "private, no-store"})
        return web.Response(text=self.text, headers=shared_page_headers({"product:1"}, max_age=1))

    async def ready(self, request: web.Request) -> web.Response:
        return web.Response()


@pytest.fixture
async def failing(tmp_path: Path) -> AsyncIterator[tuple[EdgeShop, Failing]]:
    """An edge whose ten minutes are a second, before a replica that can be made to fail."""
    replica, port = Failing(), free_port()
    app = web.Application()
    app.add_routes([web.get("/readyz", replica.ready), web.get("/p/{slug}", replica.page)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", replica.port).start()
    varnish = _varnish(tmp_path / "v", port, [replica.port, replica.port], grace="1s")
    shop = EdgeShop(f"http://127.0.0.1:{port}", [], "")
    try:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    if (await _get(shop, "/p/another"))[0] == 200:
                        break
                await asyncio.sleep(0.05)
        yield shop, replica
    finally:
        varnish.send_signal(signal.SIGTERM)
        await asyncio.to_thread(varnish.wait, 20)
        await runner.cleanup()


async def test_a_page_that_fails_on_ready_replicas_is_served_as_it_was(failing: tuple[EdgeShop, Failing]) -> None:
    shop, replica = failing
    assert (await _get(shop, "/p/lamp"))[1] == "first"
    replica.fails = True
    assert (await _get(shop, "/p/never-seen"))[0] == 500, "what was never kept cannot be served"
    age = 0
    while age < 4:  # the time is out after one second, the ten minutes after two
        answers = await asyncio.gather(*(_get(shop, "/p/lamp") for _ in range(5)))
        assert {(status, text) for status, text, _ in answers} == {(200, "first")}, age
        age = int(answers[0][2]["Age"])
        await asyncio.sleep(0.05)
    replica.fails, replica.text = False, "second"
    async with asyncio.timeout(20):
        while (await _get(shop, "/p/lamp"))[1] != "second":
            await asyncio.sleep(0.05)


async def test_a_page_that_is_too_old_is_not_served_by_an_edge_with_replicas_that_are_well(failing: tuple[EdgeShop, Failing]) -> None:
    shop, replica = failing
    assert (await _get(shop, "/p/lamp"))[1] == "first"
    replica.text = "second"
    await asyncio.sleep(2.5)  # nothing happens but that time goes by
    asked = replica.asked
    answers = await asyncio.gather(*(_get(shop, "/p/lamp", **{"X-Kept": "any"}) for _ in range(3)))
    assert {(status, text) for status, text, _ in answers} == {(200, "second")}
    assert replica.asked > asked


async def test_with_every_replica_down_kept_pages_are_still_served(edge: EdgeShop) -> None:
    """The last test of this file: it stops the shop, after the audit of what all of them left."""
    conn = await asyncpg.connect(edge.dsn)
    assert await violations(conn) == []
    await conn.close()
    await _get(edge, "/p/lamp-2")
    assert (await _get(edge, "/p/lamp-2"))[2]["X-Cache"] == "hit"
    for replica in reversed(edge.replicas):
        replica.stop()
    deadline = time.monotonic() + 10
    while (await _get(edge, "/cart"))[0] != 503:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    status, text, _ = await _get(edge, "/p/lamp-2")
    assert status == 200
    assert "Lamp 2" in text
