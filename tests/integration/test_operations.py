"""The short way to an operation answers what the application would answer, to whatever is asked."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, make_mocked_request
from aiohttp.web_server import Server
from prometheus_client import REGISTRY
from pytest_aiohttp.plugin import AiohttpClient
from yarl import URL

from storefront.platform.errors import Conflict
from storefront.platform.fast_lane import FastRunner
from storefront.platform.http import (
    error_middleware,
    install_security_headers,
    json_response,
    read_json,
    request_id_middleware,
    same_origin_middleware,
)
from storefront.platform.openapi import operation
from storefront.platform.operations import Operations, is_operation
from storefront.platform.telemetry import telemetry_middleware
from storefront.platform.unreadable import ReadingServer
from storefront.settings import SETTINGS, Settings, Telemetry

Client = TestClient[web.Request, web.Application]
Ways = tuple[Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]]

METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Content-Type": "application/json", "X-Request-Id": "given.by-the_client"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://elsewhere.example"},
    {"Authorization": "Bearer nobody", "If-Match": "W/nonsense", "X-Request-Id": "<no id>"},
    {"Expect": "something"},
)
ODD_PATHS = (
    "/api/",
    "/api/v1",
    "/api/v1/",
    "/api/v1/carts/",
    "/api/v1//carts",
    "/api/v1/c%61rts",
    "/api/v1/carts/%2e%2e/lines",
    "/api/v1/carts/a.b",
    "/api/v1/carts/{}",
    "/api/v1/carts/..",
    "/api/v1/carts?x=/api/v1/orders",
    "/api/v1/nothing/at/all",
    "/API/v1/carts",
)


@asynccontextmanager
async def both_ways(client: Client) -> AsyncIterator[Ways]:
    """Two functions that ask one running application: in its own way, and in the short one."""
    runner = client.server.runner
    assert runner is not None
    assert isinstance(runner.server, Server)
    short = ReadingServer(client.app, runner.server)
    short.request_handler = Operations(client.app, runner.server.request_handler).handle
    listening = await asyncio.get_running_loop().create_server(short, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with ClientSession() as session:

        def asker(base: str) -> Callable[..., Awaitable[Any]]:
            async def ask(method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
                url = URL(base + path, encoded=True)
                given = headers | {"Host": f"{client.server.host}:{client.server.port}"}
                async with session.request(method, url, headers=given, data=body, allow_redirects=False) as answer:
                    return answer.status, _shown(answer.headers), _without_ids(await answer.read())

            return ask

        yield asker(f"http://{client.server.host}:{client.server.port}"), asker(f"http://127.0.0.1:{port}")
    listening.close()
    await short.shutdown(1)
    await listening.wait_closed()


def _shown(headers: Any) -> list[tuple[str, bytes]]:
    return [(name, _without_ids(value.encode())) for name, value in headers.items() if name != "Date"]


def _without_ids(text: bytes) -> bytes:
    return re.sub(rb"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", b"id", text)


def _paths(app: web.Application) -> list[str]:
    """One address of each route of the API."""
    canonical = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    return sorted(re.sub(r"\{\w+\}", str(uuid4()), path) for path in canonical if path.startswith("/api/"))


async def test_every_operation_is_answered_alike_both_ways(client: Client) -> None:
    paths = [*_paths(client.app), *ODD_PATHS]
    assert len(paths) > 40
    async with both_ways(client) as (own, short):
        for path, method, headers in product(paths, METHODS, HEADERS):
            body = b'{"variant_id":' if method in ("POST", "PATCH", "PUT") else None
            asked = (method, path, headers, body)
            assert await short(*asked) == await own(*asked), asked


async def test_what_an_operation_does_is_the_same_both_ways(client: Client) -> None:
    async with both_ways(client) as (own, short):
        for ask in (own, short):
            status, headers, body = await ask("POST", "/api/v1/carts", {"Content-Type": "application/json"}, b"{}")
            assert (status, b'"item_count":0' in body) == (201, True)
            names = {name.lower(): value for name, value in headers}
            assert names["etag"] == b'"1"'
            assert {"x-request-id", "content-security-policy", "x-content-type-options", "cache-control"} <= names.keys()


# --- an application whose operations fail in every way --------------------------------------------------------------------------


@pytest.fixture
async def failing(aiohttp_client: AiohttpClient) -> Client:
    """Operations that are found by patterns which overlap, and that fail in every way."""
    app = web.Application(middlewares=[request_id_middleware, telemetry_middleware, error_middleware, same_origin_middleware])
    app[SETTINGS] = Settings(telemetry=Telemetry(access_log_sample=0))
    install_security_headers(app, {"X-Content-Type-Options": "nosniff"})

    def add(method: str, path: str, work: Callable[[web.Request], Any]) -> None:
        @operation(summary=path, tag="Tests")
        async def handler(request: web.Request) -> web.Response:
            return json_response({"route": path, "given": dict(request.match_info), "found": work(request)})

        app.router.add_route(method, path, handler)

    def fail(kind: Callable[..., BaseException], *arguments: Any) -> Callable[[web.Request], Any]:
        def work(request: web.Request) -> Any:
            raise kind(*arguments)  # anew each time: a redirect is an answer, and is sent once

        return work

    add("GET", "/api/things/{id}", lambda request: request.query_string)
    add("GET", "/api/things/special", lambda request: "the plain path")
    add("POST", "/api/things/{other}", lambda request: "another name")
    add("GET", r"/api/things/{id:\d+}", lambda request: "added too late")
    add("GET", r"/api/{kind:a|b}/{rest:(x|y)+}/{id}", lambda request: "groups within groups")
    add("GET", "/api/conflict", fail(Conflict, "It is so."))
    add("GET", "/api/redirect", fail(web.HTTPSeeOther, "/elsewhere"))
    add("GET", "/api/refusal", fail(web.HTTPRequestEntityTooLarge, 1, 2))
    add("GET", "/api/mistake", fail(LookupError, "a secret"))
    add("GET", "/api/away", fail(ConnectionRefusedError, "nobody is there"))

    async def echo(request: web.Request) -> web.Response:
        return json_response([await read_json(request, dict[str, int]), len(await request.read())])

    app.router.add_post("/api/echo", operation(summary="Echo", tag="Tests")(echo))
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    "path",
    [
        "/api/things/1",
        "/api/things/special",
        "/api/things/special?a=b&c",
        "/api/things/",
        "/api/things/1/2",
        "/api/b/xyxy/7",
        "/api/c/x/7",
        "/api/conflict",
        "/api/redirect",
        "/api/refusal",
        "/api/mistake",
        "/api/away",
    ],
)
async def test_failures_and_overlapping_paths_are_told_alike_both_ways(failing: Client, path: str) -> None:
    async with both_ways(failing) as (own, short):
        for method, headers in product(METHODS, HEADERS):
            assert await short(method, path, headers) == await own(method, path, headers), (method, headers)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"a":1}', b'{"a":"b"}', b"{" + b" " * 100_000 + b"}", b"[" + b" " * 1_100_000 + b"]"])
async def test_bodies_are_read_alike_both_ways(failing: Client, body: bytes) -> None:
    async with both_ways(failing) as (own, short):
        headers = {"Content-Type": "application/json"}
        assert await short("POST", "/api/echo", headers, body) == await own("POST", "/api/echo", headers, body)


async def test_both_ways_count_the_same(failing: Client) -> None:
    def counted() -> list[float]:
        labels = ({"route": "/api/conflict", "method": "GET", "status": "409"}, {"route": "/api/mistake", "method": "GET", "status": "500"})
        seconds = REGISTRY.get_sample_value("storefront_request_seconds_count", {"route": "/api/conflict"})
        return [REGISTRY.get_sample_value("storefront_requests_total", one) or 0 for one in labels] + [seconds or 0]

    async with both_ways(failing) as ways:
        for ask in ways:
            before = counted()
            await ask("GET", "/api/conflict", {})
            await ask("GET", "/api/mistake", {})
            assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1, 1]


async def test_operations_take_the_short_way_and_nothing_else_does(client: Client) -> None:
    long_way: list[str] = []

    async def otherwise(request: Any) -> web.StreamResponse:
        long_way.append(request.path)
        return web.Response()

    operations = Operations(client.app, otherwise)
    routes = [route for route in client.app.router.routes() if route.resource is not None and route.method == "GET"]
    taken = 0
    for route in routes:
        assert route.resource is not None
        path = re.sub(r"\{\w+\}", "1", route.resource.canonical)
        long_way.clear()
        await operations.handle(make_mocked_request("GET", path, app=client.app))
        assert bool(long_way) != (is_operation(route.handler) and path.startswith("/api/")), path
        taken += not long_way
    assert taken >= 5


async def test_the_shop_serves_operations_the_short_way(app: web.Application) -> None:
    runner = FastRunner(app, access_log=None)
    await runner.setup()
    try:
        assert runner.server is not None
        assert isinstance(getattr(runner.server.request_handler, "__self__", None), Operations)
    finally:
        await runner.cleanup()
