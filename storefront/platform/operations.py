"""The operations of the JSON API (and the webhooks, which are like them), answered without the middlewares that do nothing for them.

A middleware that only hands a request on costs as much as finding the handler: one coroutine, and one more on each step of the way back.
An operation needs four of them (request id, metrics, errors, origin), which are done here in one; and it is found by one regular
expression for all paths of a method. What is not surely an operation goes to the application, which would answer the same
(tests/integration/test_operations.py holds the two against each other).
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from aiohttp import hdrs, web
from aiohttp.web_urldispatcher import DynamicResource, PlainResource, UrlMappingMatchInfo

from storefront.platform.http import SHARED_PAGE, answer_of_error, begin_request, end_request, refuse_other_sites
from storefront.platform.telemetry import note_request

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Callable[..., Any])

ROOTS: Final = ("/api/", "/webhooks/")
_PLAIN_PATH = re.compile(r"/(?:api|webhooks)/[A-Za-z0-9/_-]*")
_GROUP_NAME = re.compile(r"\(\?P<\w+>")


class Paths:
    """The routes of one method: those without parameters by their path, the others in one regular expression."""

    def __init__(self, routes: list[web.AbstractRoute]) -> None:
        self._plain: dict[str, web.AbstractRoute] = {}
        self._by_group: dict[int, tuple[web.AbstractRoute, tuple[tuple[str, int], ...]]] = {}
        alternatives: list[str] = []
        group = 1
        for route in sorted(routes, key=_explicitness):  # stable: of equals, the one that was added first
            resource = route.resource
            if isinstance(resource, DynamicResource):
                pattern = resource.get_info()["pattern"]
                self._by_group[group] = route, tuple((name, group + place) for name, place in pattern.groupindex.items())
                alternatives.append(f"({_GROUP_NAME.sub('(', pattern.pattern)})")
                group += 1 + pattern.groups
            elif isinstance(resource, PlainResource):
                self._plain.setdefault(resource.canonical, route)
        self._pattern = re.compile("|".join(alternatives) if alternatives else r"(?!)")

    def find(self, path: str) -> tuple[web.AbstractRoute, dict[str, str]] | None:
        """The route of a path without escapes, and its parameters."""
        plain = self._plain.get(path)
        if plain is not None:
            return plain, {}
        found = self._pattern.fullmatch(path)
        if found is None or found.lastindex is None:
            return None
        route, places = self._by_group[found.lastindex]
        return route, {name: found[place] for name, place in places}


def _explicitness(route: web.AbstractRoute) -> int:
    """aiohttp tries first what begins with the longest text."""
    canonical = route.resource.canonical if route.resource is not None else ""
    return -canonical.partition("{")[0].count("/")


def as_operation(handler: H) -> H:
    """Marks a handler that is no part of the API's document as one that answers JSON of its own to each request."""
    handler.__as_operation__ = True  # type: ignore[attr-defined]
    return handler


def is_operation(handler: Any) -> bool:
    """Whether a handler answers JSON of its own to each request: no page, and nothing that is kept for all."""
    if hasattr(handler, "__as_operation__"):
        return True
    described = getattr(handler, "__operation__", None)
    return described is not None and described.media_type == "application/json" and not hasattr(handler, "__page_parameters__")


class Operations:
    """`await operations.handle(request)` instead of the application's own handling. Made when all routes are added."""

    def __init__(self, app: web.Application, otherwise: Callable[[Any], Awaitable[web.StreamResponse]]) -> None:
        self._app = app
        self._otherwise = otherwise
        by_method: dict[str, list[web.AbstractRoute]] = {}
        for route in app.router.routes():
            if route.resource is not None and route.resource.canonical.startswith(ROOTS):
                by_method.setdefault(route.method, []).append(route)
        # With a route for any method, which of two paths counts is for the application to say.
        self._paths = {} if hdrs.METH_ANY in by_method else {method: Paths(routes) for method, routes in by_method.items()}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer; raises what aiohttp answers itself (redirects)."""
        assert isinstance(request, web.Request)
        handler = self._found(request)
        return await (self._otherwise(request) if handler is None else answer_operation(request, handler))

    def _found(self, request: web.Request) -> Handler | None:
        """The operation of a request, which then knows its route and parameters."""
        path = request.raw_path.partition("?")[0]
        if not _PLAIN_PATH.fullmatch(path) or hdrs.EXPECT in request.headers:
            return None
        paths = self._paths.get(request.method)
        found = paths.find(path) if paths is not None else None
        if found is None or not is_operation(found[0].handler):
            return None
        match = UrlMappingMatchInfo(found[1], found[0])
        match.add_app(self._app)
        match.freeze()
        request._match_info = match
        return match.handler


async def answer_operation(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the middlewares `request_id`, `telemetry`, `error` and `same_origin` do around a handler, in this order, in one step."""
    request_id = begin_request(request)
    started, status = time.perf_counter(), 500
    try:
        try:
            refuse_other_sites(request)
            response = await handler(request)
        except Exception as error:
            response = answer_of_error(request, error)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        note_request(request, started, status)
        end_request()
    if not response.prepared and not response.get(SHARED_PAGE):
        response.headers["X-Request-Id"] = request_id
    return response
