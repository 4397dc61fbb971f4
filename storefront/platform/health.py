"""Health: /livez (this process answers), /readyz (send me shoppers), and the report of the operator's page."""

import asyncio
import time
from typing import Any

import msgspec
from aiohttp import web

from storefront.platform.cache import CACHE
from storefront.platform.database import DATABASE, FAILURES
from storefront.platform.feed import FEED
from storefront.platform.jobs import JOBS

routes = web.RouteTableDef()


class Readiness:
    """Off until everything stands, off again as soon as the process is asked to stop."""

    def __init__(self) -> None:
        self.ready = False
        self.draining = False


READINESS = web.AppKey("readiness", Readiness)


class Check(msgspec.Struct, frozen=True):
    """`ok` False makes this replica unready only when `vital`."""

    name: str
    ok: bool
    vital: bool
    detail: str


async def _database(app: web.Application) -> Check:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(2), app[DATABASE].write() as conn:
            await conn.fetchval("SELECT 1")
    except FAILURES as error:
        return Check("database", False, True, type(error).__name__)
    return Check("database", True, True, f"{(time.perf_counter() - started) * 1000:.1f} ms")


async def report(app: web.Application) -> list[Check]:
    """Each part and how it is."""
    checks = [await _database(app)]
    for number, replica in enumerate(app[DATABASE].replicas, 1):
        checks.append(Check(f"replica {number}", replica.healthy, False, f"{replica.lag_bytes} bytes behind"))
    feed = app[FEED]
    checks.append(Check("change feed", feed.lag_seconds < 5, False, f"{feed.lag_seconds:.2f} s behind"))
    cache = app[CACHE].stats()
    checks.append(Check("cache", bool(cache["shared_ok"]), False, _line(cache)))
    jobs = await app[JOBS].stats()
    checks.append(Check("jobs", jobs.get("dead", 0) == 0, False, _line(jobs)))
    return checks


def _line(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())


@routes.get("/livez")
async def livez(request: web.Request) -> web.Response:
    """200 as long as the process answers at all."""
    return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """200 when shoppers may be sent here, 503 while starting, draining or without a database."""
    readiness = request.app[READINESS]
    if readiness.draining or not readiness.ready:
        return web.Response(status=503, text="draining\n" if readiness.draining else "starting\n")
    check = await _database(request.app)
    return web.Response(status=200 if check.ok else 503, text=f"database: {check.detail}\n", headers={"Cache-Control": "no-store"})
