"""Logs, metrics and the access log.

Logs by structlog (each line one event with the request id), metrics by prometheus-client. The access log is our own, sampled:
aiohttp's doubles the CPU of a request.
"""

import logging
import random
import sys
import time
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from functools import lru_cache

import structlog
import structlog.tracebacks
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from storefront.settings import SETTINGS, Telemetry

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUESTS = Counter("storefront_requests_total", "Requests by route, method and status.", ["route", "method", "status"])
LATENCY = Histogram(
    "storefront_request_seconds",
    "Time to answer, in seconds.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

LANE_HITS: list[Callable[[], "Tally[tuple[str, str, int]]"]] = []
"""Each tells the answers of a fast lane of this process, by (route, method, status); `metrics` adds them to REQUESTS. Counting there at
once would cost as much as the answer."""

SECRETS_IN_PATHS = ("cart_id", "code")

access = structlog.get_logger("access")
routes = web.RouteTableDef()


def configure_logging(settings: Telemetry) -> None:
    """Structured lines on stderr: for people on a terminal, JSON for machines."""
    renderer: structlog.typing.Processor
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        # Plain: the pretty tracebacks show local variables, and with them what must not be logged.
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        processors.append(structlog.processors.ExceptionRenderer(without_locals))
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


def route_name(request: web.Request) -> str:
    """The route's pattern, never the path: metrics must not grow with what strangers ask for."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def loggable_path(request: web.Request) -> str:
    """The path; or its pattern, where who reads the path could use what it names: a guest's cart, the value of a gift card."""
    return route_name(request) if any(name in request.match_info for name in SECRETS_IN_PATHS) else request.path


@web.middleware
async def telemetry_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Counts, times and (for a sample, and for every error) logs a request. Queries and bodies are never logged."""
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        note_request(request, started, status)


def note_request(request: web.Request, started: float, status: int) -> None:
    """Counts and times a request that began at `started` (of `time.perf_counter`), and logs it, if it is one of the sample."""
    seconds = time.perf_counter() - started
    name = route_name(request)
    _requests(name, request.method if request.method in _METHODS else "other", status).inc()
    _latency(name).observe(seconds)
    if status >= 500 or random.random() < request.app[SETTINGS].telemetry.access_log_sample:  # noqa: S311
        access.info("request", method=request.method, path=loggable_path(request), status=status, ms=round(seconds * 1000, 2))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@lru_cache(maxsize=4096)
def _requests(name: str, method: str, status: int) -> Counter:
    """The counter of these labels; to look it up in the library takes a lock."""
    return REQUESTS.labels(name, method, status)


@lru_cache(maxsize=1024)
def _latency(name: str) -> Histogram:
    return LATENCY.labels(name)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus text format. The balancer keeps this path from the public."""
    _gather_lanes()
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _gather_lanes() -> None:
    for told in LANE_HITS:
        hits = told()
        for labels, count in list(hits.items()):
            REQUESTS.labels(*labels).inc(count)
            del hits[labels]
