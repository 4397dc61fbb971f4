"""How a process works off jobs: takes due rows under a lease, keeps the lease while it works, and lets the row go by its try's number."""

import asyncio
import contextlib
import random
import time
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec
import structlog
from prometheus_client import Counter, Histogram

from storefront.platform.database import FAILURES, Database
from storefront.platform.resilience import backoff
from storefront.platform.sql import load
from storefront.platform.tasks import stop

queries = load("jobs")
log = structlog.get_logger("jobs")

LEASE_SECONDS = 60.0
KEEP_EVERY = 15.0  # seconds; a process that fails to say so three times in a row has lost its jobs
POLL_SECONDS = 0.5
REST_SECONDS = 0.05  # what is queued or ends in the meantime is taken, and let go, together
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 3600.0  # seconds between the tries of a job
LONGEST_TAKING = 5.0  # seconds that a process which stops waits for what it is taking
LONGEST_ERROR = 2000  # characters kept

TRIES = Counter("storefront_jobs_total", "Tries of jobs by kind and outcome (done, failed, dead, lost, stopped).", ["kind", "outcome"])
SECONDS = Histogram("storefront_job_seconds", "How long a try takes, in seconds.", ["kind"])


class Job(msgspec.Struct, frozen=True):
    """A job that was taken. `id` is the same in every try; `attempt` numbers them, `tries` counts those since the last replay."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempt: int
    tries: int
    created_at: datetime


Handler = Callable[[Job], Awaitable[object]]


class Kind(msgspec.Struct, frozen=True):
    """Who does jobs of a kind, and within what bounds."""

    handler: Handler
    tries: int
    seconds: float
    at_once: int
    in_slots: bool = True


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\x00", "")[:LONGEST_ERROR]


class QueueRunner:
    """Takes and does jobs of the registered kinds: `slots` at once of those that are `in_slots`, of the others as many as each may have."""

    def __init__(self, database: Database, slots: int) -> None:
        self.database = database
        self.kinds: dict[str, Kind] = {}
        self._slots = slots
        self._held: dict[asyncio.Task[None], Job] = {}
        self._finished: list[Job] = []
        self._woken = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def running(self) -> int:
        """Jobs under way in this process."""
        return len(self._held)

    def wake(self) -> None:
        """There may be something to do right now."""
        self._woken.set()

    def start(self) -> None:
        self._loops = [asyncio.create_task(self._work_for_ever()), asyncio.create_task(self._keep_for_ever())]

    async def close(self, grace: float) -> None:
        self._stopping = True
        self.wake()
        if self._loops:
            await asyncio.gather(self._loops[0], return_exceptions=True)
        if self._held:
            await asyncio.wait(self._held, timeout=grace)
        await stop(self._held)
        await stop(self._loops)
        try:
            await self._let_go()
        except FAILURES as error:
            log.warning("jobs_let_go_later", error=_said(error))  # their leases run out

    async def run_due(self) -> int:
        """Until nothing is due; returns the number of tries."""
        made = 0
        while True:
            taken = await self._take()
            made += taken
            if self._held:
                await asyncio.wait(self._held, return_when=asyncio.FIRST_COMPLETED)
            await self._let_go()
            if not taken and not self._held:
                return made

    async def _work_for_ever(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                await self._let_go()
                full_hand = await self._take() > 0
            except FAILURES as error:
                log.warning("jobs_cannot_be_taken", error=_said(error))
                full_hand = False
            if not full_hand:
                await self._wait(POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            if not self._stopping:
                await asyncio.sleep(REST_SECONDS)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _take(self) -> int:
        """Takes as many as there is room for, and starts them."""
        under_way = Tally(job.kind for job in self._held.values())
        slots = self._slots - sum(under_way[name] for name, kind in self.kinds.items() if kind.in_slots)
        return await self._take_of(under_way, slots, in_slots=True) + await self._take_of(under_way, None, in_slots=False)

    async def _take_of(self, under_way: "Tally[str]", slots: int | None, *, in_slots: bool) -> int:
        kinds = {name: kind for name, kind in self.kinds.items() if kind.in_slots == in_slots}
        room = {name: kind.at_once - under_way[name] for name, kind in kinds.items() if kind.at_once > under_way[name]}
        most = min([*room.values(), *([] if slots is None else [slots])]) if room else 0
        if most <= 0:
            return 0
        async with self.database.write() as conn:
            rows = await queries.take(conn, kinds=list(room), most=most, seconds=LEASE_SECONDS)
        for row in rows:
            job = Job(**row)
            task = asyncio.create_task(self._do(job))
            self._held[task] = job
            task.add_done_callback(self._ended)
        return len(rows)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._held.pop(task, None)
        self.wake()
        if not task.cancelled() and task.exception() is not None:
            log.error("job_not_recorded", error=_said(task.exception() or Exception()))  # its lease runs out, and it comes again

    async def _do(self, job: Job) -> None:
        kind = self.kinds[job.kind]
        if job.tries > kind.tries:
            await self._failed(job, kind, RuntimeError("the process that ran it ended, each time"))
            return
        started = time.perf_counter()
        try:
            async with asyncio.timeout(kind.seconds):
                await kind.handler(job)
        except asyncio.CancelledError:
            TRIES.labels(job.kind, "stopped").inc()
            async with self.database.write() as conn:
                await queries.give_back(conn, id=job.id, attempt=job.attempt)
            raise
        except Exception as error:
            await self._failed(job, kind, error)
        else:
            TRIES.labels(job.kind, "done").inc()
            self._finished.append(job)
        finally:
            SECONDS.labels(job.kind).observe(time.perf_counter() - started)

    async def _failed(self, job: Job, kind: Kind, error: Exception) -> None:
        last = job.tries >= kind.tries
        TRIES.labels(job.kind, "dead" if last else "failed").inc()
        log.warning("job_dead" if last else "job_failed", kind=job.kind, job=job.id, attempt=job.attempt, error=_said(error))
        async with self.database.write() as conn:
            if last:
                await queries.give_up(conn, id=job.id, attempt=job.attempt, error=_said(error))
            else:
                pause = backoff(job.tries, base=FIRST_PAUSE, most=LONGEST_PAUSE)
                await queries.again(conn, id=job.id, attempt=job.attempt, seconds=pause, error=_said(error))

    async def _let_go(self) -> None:
        """Deletes what is done, all at once. What cannot be deleted now stays on the list."""
        done, self._finished = self._finished, []
        if not done:
            return
        try:
            async with self.database.write() as conn:
                await queries.done(conn, ids=[job.id for job in done], attempts=[job.attempt for job in done])
        except BaseException:
            self._finished += done
            raise

    async def _keep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            try:
                await self._keep()
            except FAILURES as error:
                log.warning("job_leases_not_kept", error=_said(error))

    async def _keep(self) -> None:
        """Renews the leases of what runs; a job that somebody else has taken over is stopped here."""
        held = dict(self._held)
        mine = [*held.values(), *self._finished]
        if not mine:
            return
        async with self.database.write() as conn:
            rows = await queries.keep(conn, ids=[job.id for job in mine], attempts=[job.attempt for job in mine], seconds=LEASE_SECONDS)
        kept = {row["id"] for row in rows}
        for task, job in held.items():
            if job.id not in kept and not task.done():
                TRIES.labels(job.kind, "lost").inc()
                task.cancel()


class Periodic(msgspec.Struct, frozen=True):
    """Work that repeats `seconds` after it ended. What is `unhurried` may take longer than a shop that closes can wait: it is cut off then,
    and another replica begins it anew.
    """

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]
    unhurried: bool = False


class PeriodicRunner:
    """Runs what is due by the clock, each once per shop, under a lease that is kept while it runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.known: dict[str, Periodic] = {}
        self._running: dict[asyncio.Task[None], Periodic] = {}
        self._loop: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        async with self._database.write() as conn:
            await queries.add_periodic(conn, names=list(self.known))
        self._loop = asyncio.create_task(self._for_ever())

    async def close(self, grace: float) -> None:
        """What is being taken is waited for: cut off, it would be nobody's until its lease has run out."""
        if self._loop is None:
            return
        self._stopping.set()
        await asyncio.wait([self._loop], timeout=max(grace, LONGEST_TAKING))
        for task, periodic in self._running.items():
            if periodic.unhurried:
                task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        await stop([self._loop, *self._running])

    async def _for_ever(self) -> None:
        shortest = min((periodic.seconds for periodic in self.known.values()), default=60.0)
        while not self._stopping.is_set():
            try:
                await self._take()
            except FAILURES as error:
                log.warning("periodic_jobs_cannot_be_taken", error=_said(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(1.0, max(0.05, shortest / 2)) * random.uniform(0.8, 1.2)):  # noqa: S311
                    await self._stopping.wait()

    async def _take(self) -> None:
        async with self._database.write() as conn:
            rows = await queries.take_periodic(conn, names=list(self.known), seconds=LEASE_SECONDS)
        for row in rows:
            periodic = self.known[row["name"]]
            task = asyncio.create_task(self._do(periodic, row["run"]))
            self._running[task] = periodic
            task.add_done_callback(self._running.pop)

    async def _do(self, periodic: Periodic, run: int) -> None:
        work = asyncio.current_task()
        assert work is not None
        keeping = asyncio.create_task(self._keep(periodic, run, work))
        error, pause = None, periodic.seconds
        try:
            await periodic.work()
        except asyncio.CancelledError:
            pause = 0.0  # another replica goes on
            raise
        except Exception as failure:
            error = _said(failure)
            log.exception("periodic_job_failed", name=periodic.name)
        finally:
            keeping.cancel()
            TRIES.labels(periodic.name, "done" if error is None else "failed").inc()
            await self._end(periodic, run, pause, error)

    async def _keep(self, periodic: Periodic, run: int, work: asyncio.Task[Any]) -> None:
        """Renews the lease; work that another replica has taken over is stopped here."""
        while True:
            await asyncio.sleep(KEEP_EVERY)
            try:
                async with self._database.write() as conn:
                    if await queries.keep_periodic(conn, name=periodic.name, run=run, seconds=LEASE_SECONDS) is None:
                        work.cancel()
            except FAILURES as error:
                log.warning("periodic_lease_not_kept", name=periodic.name, error=_said(error))

    async def _end(self, periodic: Periodic, run: int, pause: float, error: str | None) -> None:
        try:
            async with self._database.write() as conn:
                await queries.end_periodic(conn, name=periodic.name, run=run, seconds=pause, error=error)
        except FAILURES as failure:
            log.warning("periodic_job_not_ended", name=periodic.name, error=_said(failure))
