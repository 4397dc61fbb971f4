"""Durable jobs: queued in the transaction of the change they follow, done at least once by any replica, and what repeats by the clock.

Our own table rather than pgqueuer's: its triggers NOTIFY on every insert, which serialises the commits of orders, and its claim cannot
be fenced by the number of the try. Due jobs are polled for; a process that has just queued one looks again at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from storefront.platform.database import Connection, Database
from storefront.platform.errors import NotFound
from storefront.platform.job_runner import Handler, Job, Kind, Periodic, PeriodicRunner, QueueRunner
from storefront.platform.sql import load
from storefront.settings import Settings

__all__ = ["JOBS", "DeadLetter", "Job", "Jobs"]

queries = load("jobs")
H = TypeVar("H", bound=Handler)

COMMITTED_BY_THEN = 0.02  # seconds after queueing when the caller has most likely committed


class DeadLetter(msgspec.Struct, frozen=True):
    """A job that was given up after `attempts` tries; `error` is what the last one said."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int
    error: str | None
    dead_at: datetime
    created_at: datetime


class Jobs:
    """The queue of one shop, and this process's share in working it off."""

    def __init__(self, settings: Settings, database: Database) -> None:
        # Jobs leave the shoppers half of the connections.
        slots = max(2, min(8, settings.database.pool_max // 2))
        self._queue = QueueRunner(database, slots)
        self._periodic = PeriodicRunner(database)

    def register(
        self, kind: str, handler: Handler, *, tries: int = 20, seconds: float = 60.0, at_once: int = 8, connects: bool = True
    ) -> None:
        """Says who does jobs of a kind: `await handler(job)`, at most `at_once` here, each within `seconds`. `connects`: each may hold a
        connection to the database, so that they count against what shoppers are left; not so those that gather what they ask.

        A handler that raises is tried again, with growing pauses (2 s to an hour), and given up after `tries`. It may run more than once
        for a job: `job.id` tells repeats apart.
        """
        self._queue.kinds[kind] = Kind(handler, tries, seconds, at_once, in_slots=connects)

    def handler(self, kind: str, *, tries: int = 20, seconds: float = 60.0, at_once: int = 8) -> Callable[[H], H]:
        """`register` as a decorator."""

        def add(function: H) -> H:
            self.register(kind, function, tries=tries, seconds=seconds, at_once=at_once)
            return function

        return add

    def every(self, name: str, seconds: float, work: Callable[[], Awaitable[object]], *, unhurried: bool = False) -> None:
        """Runs `work` once per shop, `seconds` after it last ended; whoever comes first does it. What it raises is logged and kept.

        `unhurried`: it may take long, and nothing is lost when it is cut off and begun anew: a shop that closes does not wait for it.
        """
        self._periodic.known[name] = Periodic(name, seconds, work, unhurried)

    async def enqueue(
        self,
        conn: Connection,
        kind: str,
        payload: dict[str, Any],
        *,
        dedupe_key: str | None = None,
        run_at: datetime | None = None,
    ) -> int:
        """Queues a job in the caller's transaction; returns its id.

        While a job of the same kind and `dedupe_key` waits, no second is queued (one that has begun does not count).
        """
        job_id: int = await queries.enqueue(conn, kind=kind, payload=payload, dedupe_key=dedupe_key, run_at=run_at)
        self.look_soon()
        return job_id

    def look_soon(self) -> None:
        """Something was queued in a transaction that ends about now."""
        asyncio.get_running_loop().call_later(COMMITTED_BY_THEN, self._queue.wake)

    async def start(self) -> None:
        """Begins to work."""
        await self._periodic.start()
        self._queue.start()

    async def close(self, grace: float = 10.0) -> None:
        """Takes nothing more; what runs may finish within `grace` seconds, the rest is given back to other replicas."""
        await asyncio.gather(self._queue.close(grace), self._periodic.close(grace))

    async def run_due(self) -> int:
        """Does what is due until nothing is, without `start`: for commands and tests. Returns how many tries were made."""
        return await self._queue.run_due()

    async def dead_letters(self, conn: Connection, *, most: int = 200) -> list[DeadLetter]:
        """Jobs that were given up, the latest first."""
        return [msgspec.convert(dict(row), DeadLetter) for row in await queries.dead_letters(conn, most=most)]

    async def replay(self, conn: Connection, job_id: int) -> None:
        """Makes a dead letter due again, with all its tries. Raises NotFound."""
        if await queries.replay(conn, id=job_id) is None:
            raise NotFound("There is no such dead letter.")
        self.look_soon()

    async def discard(self, conn: Connection, job_id: int) -> None:
        """Deletes a dead letter. Raises NotFound."""
        if await queries.discard(conn, id=job_id) is None:
            raise NotFound("There is no such dead letter.")

    async def stats(self) -> dict[str, Any]:
        """`waiting` and `dead` jobs of the shop, `seconds_behind` of the oldest that is due, `running` here."""
        async with self._queue.database.write() as conn:
            row = await queries.stats(conn)
        return {
            "waiting": row["waiting"],
            "running": self._queue.running,
            "dead": row["dead"],
            "seconds_behind": round(row["seconds_behind"], 1),
        }

    async def periodic(self, conn: Connection) -> list[dict[str, Any]]:
        """What repeats: name, next_at, last_started_at, last_finished_at, error."""
        return [dict(row) for row in await queries.periodic(conn)]


JOBS = web.AppKey("jobs", Jobs)
