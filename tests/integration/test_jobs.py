"""Durable jobs: queued with the change they follow, done at least once, by whoever comes first."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from storefront.platform.database import Connection, Database
from storefront.platform.embedded.postgres import PORT, Postgres
from storefront.platform.errors import NotFound
from storefront.platform.job_runner import queries
from storefront.platform.jobs import Job, Jobs
from storefront.settings import Settings
from tests.sandbox import eventually


class Worker:
    """What a process does with its jobs: it writes them down."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.jobs = Jobs(settings, database)
        self.done: list[Any] = []
        self.failures = 0
        self.jobs.register("note", self.note, tries=3)

    async def note(self, job: Job) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionError("not now")
        self.done.append(job.payload["number"])


@pytest.fixture
async def workers(settings: Settings, database: Database, owner: asyncpg.Connection) -> AsyncIterator[list[Worker]]:
    """Two processes of one shop, with nothing to do."""
    await owner.execute("DELETE FROM job; DELETE FROM periodic_job")
    made = [Worker(settings, database), Worker(settings, database)]
    yield made
    for worker in made:
        await worker.jobs.close(0)


async def queue(database: Database, worker: Worker, number: int, **options: Any) -> int:
    return await database.transaction(lambda conn: worker.jobs.enqueue(conn, "note", {"number": number}, **options))


async def due(owner: asyncpg.Connection) -> None:
    """Time passes until whatever waits is due."""
    await owner.execute("UPDATE job SET run_at = now() WHERE dead_at IS NULL")


async def test_a_job_of_a_change_that_was_undone_is_never_done(database: Database, workers: list[Worker]) -> None:
    async def change_their_mind(conn: Connection) -> None:
        await workers[0].jobs.enqueue(conn, "note", {"number": 1})
        raise LookupError

    with pytest.raises(LookupError):
        await database.transaction(change_their_mind)
    assert (await workers[0].jobs.run_due(), workers[0].done) == (0, [])


async def test_two_processes_share_the_work_and_do_nothing_twice(database: Database, workers: list[Worker]) -> None:
    for number in range(60):
        await queue(database, workers[0], number)
    await asyncio.gather(*(worker.jobs.run_due() for worker in workers))
    done = workers[0].done + workers[1].done
    assert sorted(done) == list(range(60))


async def test_while_a_job_waits_another_of_its_key_is_the_same(
    database: Database, workers: list[Worker], owner: asyncpg.Connection
) -> None:
    first = await queue(database, workers[0], 1, dedupe_key="one")
    assert await queue(database, workers[0], 2, dedupe_key="one") == first
    await workers[0].jobs.run_due()
    assert workers[0].done == [1]
    assert await queue(database, workers[0], 3, dedupe_key="one") != first


async def test_a_job_that_fails_is_tried_again_and_given_up_in_the_end(
    database: Database, workers: list[Worker], owner: asyncpg.Connection
) -> None:
    worker = workers[0]
    worker.failures = 3
    job_id = await queue(database, worker, 1)
    for _ in range(3):
        assert await worker.jobs.run_due() == 1
        assert await worker.jobs.run_due() == 0, "there is a pause before the next try"
        await due(owner)
    assert (await worker.jobs.run_due(), worker.done) == (0, [])
    async with database.write() as conn:
        (dead,) = await worker.jobs.dead_letters(conn)
        assert (dead.id, dead.attempts, dead.error) == (job_id, 3, "ConnectionError: not now")
        await worker.jobs.replay(conn, job_id)
        with pytest.raises(NotFound):
            await worker.jobs.replay(conn, job_id)
    await worker.jobs.run_due()
    assert worker.done == [1]
    assert await owner.fetchval("SELECT count(*) FROM job") == 0


async def test_what_a_dead_process_held_is_done_by_another(database: Database, workers: list[Worker], owner: asyncpg.Connection) -> None:
    dead, alive = workers
    reached = asyncio.Event()

    async def hang(job: Job) -> None:
        reached.set()
        await asyncio.Event().wait()

    dead.jobs.register("note", hang)
    await queue(database, alive, 1)
    work = asyncio.create_task(dead.jobs.run_due())
    await reached.wait()
    assert await alive.jobs.run_due() == 0, "it is leased"
    await due(owner)  # the lease runs out
    await alive.jobs.run_due()
    assert alive.done == [1]
    assert await owner.fetchval("SELECT count(*) FROM job") == 0
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_a_process_that_stops_gives_its_job_to_another_at_once(database: Database, workers: list[Worker]) -> None:
    stopping, alive = workers
    reached = asyncio.Event()

    async def hang(job: Job) -> None:
        reached.set()
        await asyncio.Event().wait()

    stopping.jobs.register("note", hang)
    await stopping.jobs.start()
    await queue(database, stopping, 1)
    async with asyncio.timeout(10):
        await reached.wait()
    await stopping.jobs.close(0.01)
    await alive.jobs.run_due()
    assert alive.done == [1]


async def test_what_repeats_is_done_once_for_all_processes_and_a_failure_is_kept(
    database: Database, workers: list[Worker], owner: asyncpg.Connection
) -> None:
    running = most = runs = 0
    failure_was_seen = asyncio.Event()

    async def look() -> None:
        nonlocal running, most, runs
        running += 1
        most = max(most, running)
        runs += 1
        await asyncio.sleep(0.05)
        if runs > 1:
            await failure_was_seen.wait()
        running -= 1
        if runs == 1:
            raise ConnectionError("the first time fails")

    for worker in workers:
        worker.jobs.every("look", 0.1, look)
        await worker.jobs.start()

    async def failed() -> bool:
        return await owner.fetchval("SELECT error FROM periodic_job WHERE name = 'look'") == "ConnectionError: the first time fails"

    async def went_on() -> bool:
        return runs > 3 and await owner.fetchval("SELECT error IS NULL FROM periodic_job WHERE name = 'look'")

    await eventually(failed)
    failure_was_seen.set()
    await eventually(went_on)
    assert most == 1


PERIODIC_WORK = {  # seconds from the end of one time to the next
    "audit": 3600.0,
    "events": 2.0,
    "exchanges": 15.0,
    "feed_prune": 600.0,
    "free_stock": 10.0,
    "invoices": 3600.0,
    "publications": 2.0,
    "reconcile": 3600.0,
    "recovery": 5.0,
    "tidy": 600.0,
}


async def test_a_shop_that_closes_does_not_wait_for_unhurried_work_which_is_due_elsewhere_at_once(
    settings: Settings, database: Database, owner: asyncpg.Connection
) -> None:
    began, never = asyncio.Event(), asyncio.Event()

    async def compare() -> None:
        began.set()
        await never.wait()

    await owner.execute("DELETE FROM periodic_job")
    jobs = Jobs(settings, database)
    jobs.every("compare", 3600, compare, unhurried=True)
    await jobs.start()
    await began.wait()
    async with asyncio.timeout(30):
        await jobs.close(grace=3600)
    assert await owner.fetchval("SELECT next_at <= now() FROM periodic_job WHERE name = 'compare'")


async def test_a_shop_that_starts_does_all_its_periodic_work_as_often_as_is_promised(
    app: web.Application, aiohttp_client: AiohttpClient, provider: object, owner: asyncpg.Connection
) -> None:
    await owner.execute("DELETE FROM periodic_job")
    await aiohttp_client(app)

    async def at_rest() -> list[asyncpg.Record] | None:
        rows = await owner.fetch(
            "SELECT name, CAST(extract(epoch FROM next_at - last_finished_at) AS float8) AS pause, error, "
            "last_finished_at >= last_started_at AS rests FROM periodic_job"
        )
        return rows if rows and all(row["rests"] for row in rows) else None

    rows = await eventually(at_rest)
    assert {row["name"]: row["pause"] for row in rows} == PERIODIC_WORK
    assert {row["error"] for row in rows} == {None}


class Psql:
    """A session of its own, asked while the event loop stands still."""

    def __init__(self, server: Postgres, database: str) -> None:
        command = [str(server.bin / "psql"), "-qAtX", "-h", str(server.sockets), "-p", str(PORT), "-U", "storefront", "-d", database]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, statements: str) -> str:
        """The one line that they answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(statements + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.communicate()


async def test_a_process_that_stops_just_when_it_has_taken_what_repeats_does_it(
    postgres: Postgres, database_name: str, settings: Settings, owner: asyncpg.Connection
) -> None:
    """Else it would be nobody's for as long as the lease lasts."""
    done: list[str] = []

    async def work() -> None:
        done.append("work")

    async def was_done() -> bool:
        return bool(done)

    async def is_taking() -> bool:
        return bool(await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'periodic_job'::regclass"))

    await owner.execute("DELETE FROM periodic_job")
    settings.database.pool_min = settings.database.pool_max = 1  # what takes has taken before: the statement is known to its connection
    async with contextlib.AsyncExitStack() as stack:
        database = Database(settings.database.url, [], settings.database)
        await database.start()
        stack.push_async_callback(database.close)
        stopping = Jobs(settings, database)
        stopping.every("repeats", 3600, work)
        await stopping.start()
        stack.push_async_callback(stopping.close, 10)
        await eventually(was_done)
        psql = Psql(postgres, database_name)
        stack.callback(psql.close)
        psql.ask("BEGIN; LOCK TABLE periodic_job IN EXCLUSIVE MODE; UPDATE periodic_job SET next_at = now(); SELECT 'due on commit';")
        await eventually(is_taking)
        psql.ask("COMMIT; SELECT 'due';")
        taken = (psql.ask("SELECT run FROM periodic_job;") == "2" for _ in range(10_000))
        assert any(taken)
        await stopping.close(10)
    assert done == ["work", "work"]


async def test_jobs_that_need_no_connection_each_wait_for_none_that_do(
    settings: Settings, database: Database, workers: list[Worker]
) -> None:
    worker = workers[0]
    running: dict[str, int] = {"slow": 0, "mail": 0}
    go_on = asyncio.Event()

    async def hang(job: Job) -> None:
        running[job.kind] += 1
        await go_on.wait()

    worker.jobs.register("slow", hang, at_once=20)
    worker.jobs.register("mail", hang, at_once=12, connects=False)

    async def both(conn: Connection) -> None:
        for kind in ("slow", "mail"):
            for number in range(15):
                await worker.jobs.enqueue(conn, kind, {"number": number})

    await database.transaction(both)
    slots = max(2, min(8, settings.database.pool_max // 2))

    async def are(slow: int, mail: int) -> bool:
        return running == {"slow": slow, "mail": mail}

    await worker.jobs.start()
    await eventually(lambda: are(slots, 12))
    await asyncio.sleep(0.3)  # nobody takes more than that
    assert await are(slots, 12)
    go_on.set()
    await eventually(lambda: are(15, 15))


async def test_no_more_are_taken_than_asked_for_however_the_statement_is_planned(
    database: Database, owner: asyncpg.Connection, workers: list[Worker]
) -> None:
    for number in range(15):
        await queue(database, workers[0], number)
    for plan in ("hashagg", "hashjoin", "mergejoin", "material", "sort", "indexscan", "bitmapscan", "indexonlyscan"):
        await owner.execute(f"SET enable_{plan} = off")
    assert len(await queries.take(owner, kinds=["note"], most=4, seconds=60.0)) == 4
