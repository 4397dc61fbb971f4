"""The database does what the rooms rely on: retries, routing, least privilege, migrations that happen once."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import aiosql
import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from storefront.platform.cache import Cache
from storefront.platform.clock import utc_now
from storefront.platform.database import Connection, Database, is_of_the_moment, lsn_number, statement_count
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.http import error_middleware, request_id_middleware, shared_page_headers
from storefront.platform.migrations import CONCURRENTLY, FOLDER, MigrationError, migrate
from storefront.platform.page_cache import PAGE_CACHE, PageCache, page_cache_middleware, shared_page
from storefront.platform.questions import Question, ask
from storefront.settings import SETTINGS, CacheSettings, DatabaseSettings, Settings
from tests.sandbox import eventually


async def test_questions_that_travel_together_have_their_own_parameters_and_answers(database: Database) -> None:
    def question(name: str, **parameters: Any) -> Question[list[dict[str, Any]]]:
        return Question(getattr(QUERIES, name), parameters, lambda rows: rows)

    async with database.write() as conn:
        with statement_count() as count:
            numbers, none, words = await ask(
                conn, question("numbers", last=11, first=9), question("numbers", first=2, last=1), question("word", word="$1; it's")
            )
    assert [row["n"] for row in numbers] == [11, 10, 9]
    assert (none, words, int(count)) == ([], [{"word": "$1; it's", "answer": "$1; it's"}], 1)


QUERIES: Any = aiosql.from_str(
    """
-- name: numbers
SELECT n FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n ORDER BY n DESC;

-- name: word^
SELECT CAST(:word AS text) AS word, CAST(:word AS text) AS answer;
""",
    "asyncpg",
    mandatory_parameters=False,
)


@pytest.fixture
async def counter(owner: asyncpg.Connection) -> None:
    """A table `counter` with two rows, a and b, at 0, which the shop may change."""
    await owner.execute(
        "DROP TABLE IF EXISTS counter; CREATE TABLE counter (name text PRIMARY KEY, value int NOT NULL);"
        "INSERT INTO counter VALUES ('a', 0), ('b', 0); GRANT ALL ON counter TO storefront_app"
    )


async def _value(database: Database, name: str = "a") -> int:
    async with database.write() as conn:
        return int(await conn.fetchval("SELECT value FROM counter WHERE name = $1", name))


@pytest.mark.usefixtures("counter")
async def test_serializable_work_that_collides_runs_again_until_each_counts(database: Database) -> None:
    async def add_one(conn: Connection) -> None:
        value = await conn.fetchval("SELECT value FROM counter WHERE name = 'a'")
        await asyncio.sleep(0.002)
        await conn.execute("UPDATE counter SET value = $1 WHERE name = 'a'", value + 1)

    await asyncio.gather(*(database.transaction(add_one, isolation="serializable") for _ in range(4)))
    assert await _value(database) == 4


@pytest.mark.usefixtures("counter")
async def test_a_deadlock_costs_a_retry_and_not_the_work(database: Database) -> None:
    both_hold_one = asyncio.Barrier(2)
    met = [False, False]

    async def add(order: tuple[str, str], number: int, conn: Connection) -> None:
        await conn.execute("UPDATE counter SET value = value + 1 WHERE name = $1", order[0])
        if not met[number]:
            met[number] = True
            await both_hold_one.wait()
        await conn.execute("UPDATE counter SET value = value + 1 WHERE name = $1", order[1])

    await asyncio.gather(
        database.transaction(lambda conn: add(("a", "b"), 0, conn)), database.transaction(lambda conn: add(("b", "a"), 1, conn))
    )
    assert (await _value(database, "a"), await _value(database, "b")) == (2, 2)


@pytest.mark.usefixtures("counter")
async def test_work_that_fails_leaves_nothing_and_is_not_repeated(database: Database) -> None:
    runs = 0

    async def fail(conn: Connection) -> None:
        nonlocal runs
        runs += 1
        await conn.execute("UPDATE counter SET value = 7")
        raise LookupError

    with pytest.raises(LookupError):
        await database.transaction(fail)
    assert runs == 1
    assert await _value(database) == 0


@pytest.mark.usefixtures("counter")
async def test_work_that_is_cancelled_leaves_its_connection_clean(settings: Settings, owner: asyncpg.Connection) -> None:
    database = Database(settings.database.url, settings=DatabaseSettings(pool_min=1, pool_max=1))
    await database.start()

    async def linger(conn: Connection) -> None:
        await conn.execute("UPDATE counter SET value = 7")
        await conn.execute("SELECT pg_sleep(60)")

    try:
        work = asyncio.create_task(database.transaction(linger))
        while not await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"):
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        async with database.write() as conn:
            assert not conn.is_in_transaction()
        assert await _value(database) == 0
    finally:
        await database.close()


async def test_a_statement_past_its_deadline_is_ended_by_the_server(settings: Settings) -> None:
    database = Database(settings.database.url, settings=DatabaseSettings(statement_timeout_ms=1000))
    await database.start()
    try:
        async with database.write() as conn:
            with pytest.raises(asyncpg.QueryCanceledError):
                await conn.execute("SELECT pg_sleep(5)")
    finally:
        await database.close()


async def test_jsonb_comes_back_as_it_went_in(database: Database) -> None:
    given = {"list": [1, 2.5, None, True], "text": "Käse 🧀", "nested": {"empty": {}}}
    async with database.write() as conn:
        assert await conn.fetchval("SELECT $1::jsonb", given) == given


async def test_statements_are_counted_where_they_are_asked_for(database: Database) -> None:
    async with database.write() as conn:
        await conn.fetchval("SELECT 0")
        with statement_count() as count:
            await conn.fetchval("SELECT 1")
            await asyncio.create_task(conn.fetchval("SELECT 2"))
        await conn.fetchval("SELECT 3")
    assert count.statements == ["SELECT 1", "SELECT 2"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine ()",
        "ALTER TABLE product ADD COLUMN mine int",
        "DROP TABLE product",
        "TRUNCATE order_event",
        "UPDATE stock_movement SET delta = 0",
        "DELETE FROM order_event",
        "DELETE FROM schema_migration",
        "SET ROLE storefront",
        "COPY product TO PROGRAM 'cat'",
    ],
)
async def test_the_role_that_serves_can_neither_change_tables_nor_rewrite_history(database: Database, statement: str) -> None:
    async with database.write() as conn:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedColumnError)) as refused:
            await conn.execute(statement)
    assert not isinstance(refused.value, asyncpg.UndefinedColumnError), "the test names a column that is not there"


async def test_without_replicas_reads_go_to_the_primary(database: Database) -> None:
    async with database.read() as conn:
        assert not await conn.fetchval("SELECT pg_is_in_recovery()")


async def _replicated(settings: Settings, replica: str, **given: int) -> Database:
    database = Database(settings.database.url, [replica], DatabaseSettings(**given))  # type: ignore[arg-type]
    await database.start()
    async with asyncio.timeout(10):
        while not database.replicas[0].healthy:
            await database._check_replicas()
    return database


async def _reads_replica(database: Database, after_lsn: int | None = None) -> bool:
    async with database.read(after_lsn) as conn:
        return bool(await conn.fetchval("SELECT pg_is_in_recovery()"))


async def _pause(control: asyncpg.Connection) -> None:
    await control.execute("SELECT pg_wal_replay_pause()")
    while await control.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("counter")
async def test_reads_go_to_a_replica_but_never_before_ones_own_write(settings: Settings, replica: str, standby: Postgres) -> None:
    database = await _replicated(settings, replica)
    control = await asyncpg.connect(standby.dsn(database="postgres"))
    try:
        assert await _reads_replica(database)
        await _pause(control)
        async with database.write() as conn:
            await conn.execute("UPDATE counter SET value = 5 WHERE name = 'a'")
        written = await database.current_lsn()
        await database._check_replicas()
        assert not await _reads_replica(database, written), "the replica has not replayed the write"
        assert await _reads_replica(database), "who has written nothing may read it"
        await control.execute("SELECT pg_wal_replay_resume()")
        async with asyncio.timeout(10):
            while not await _reads_replica(database, written):
                await database._check_replicas()
        async with database.read(written) as conn:
            assert await conn.fetchval("SELECT value FROM counter WHERE name = 'a'") == 5
    finally:
        await control.execute("SELECT pg_wal_replay_resume()")
        await control.close()
        await database.close()


@pytest.mark.usefixtures("counter")
async def test_a_replica_too_far_behind_is_left_alone_until_it_caught_up(settings: Settings, replica: str, standby: Postgres) -> None:
    database = await _replicated(settings, replica, replica_lag_max_bytes=10_000)
    control = await asyncpg.connect(standby.dsn(database="postgres"))
    try:
        await _pause(control)
        async with database.write() as conn:
            for _ in range(20):
                await conn.execute("SELECT pg_logical_emit_message(true, 'test', repeat('x', 1000))")
        await database._check_replicas()
        assert not await _reads_replica(database)
        assert database.replicas[0].lag_bytes > 10_000
        await control.execute("SELECT pg_wal_replay_resume()")
        async with asyncio.timeout(10):
            while not await _reads_replica(database):
                await database._check_replicas()
    finally:
        await control.execute("SELECT pg_wal_replay_resume()")
        await control.close()
        await database.close()


@pytest.mark.parametrize("noticed", [False, True], ids=["in a statement", "between statements"])
async def test_a_page_is_read_again_when_the_replica_goes_away_under_it(
    settings: Settings, replica: str, standby: Postgres, aiohttp_client: AiohttpClient, noticed: bool
) -> None:
    database = await _replicated(settings, replica)
    control = await asyncpg.connect(standby.dsn(database="postgres"))
    readings = 0

    @shared_page()
    async def page(request: web.Request) -> web.Response:
        nonlocal readings
        readings += 1
        async with database.read() as conn:
            if readings == 1:
                gone = asyncio.Event()
                conn.add_termination_listener(lambda _: gone.set())
                await control.execute("SELECT pg_terminate_backend($1)", await conn.fetchval("SELECT pg_backend_pid()"))
                if noticed:
                    await gone.wait()
            return web.Response(text=str(await conn.fetchval("SELECT 'read'")), headers=shared_page_headers({"t"}))

    cache = Cache(CacheSettings(), None, most_bytes=1_000_000)
    app = web.Application(middlewares=[page_cache_middleware])
    app[PAGE_CACHE] = PageCache(1_000_000, levels=cache.levels, lifetime=cache.lifetime, headers={})
    app.router.add_get("/page", page)
    client = await aiohttp_client(app)
    try:
        async with client.get("/page") as answer:
            assert (answer.status, await answer.text()) == (200, "read")
        assert readings == 2
    finally:
        await control.close()
        await database.close()


def test_what_took_too_long_is_not_asked_for_again() -> None:
    assert is_of_the_moment(asyncpg.SerializationError("canceling statement due to conflict with recovery"))
    assert is_of_the_moment(asyncpg.AdminShutdownError("terminating connection due to administrator command"))
    assert not is_of_the_moment(asyncpg.QueryCanceledError("canceling statement due to statement timeout"))
    assert not is_of_the_moment(asyncpg.UndefinedTableError("a fault of ours"))


OF_THE_MOMENT = ("40P01", "40001", "55P03", "57P01", "57P03", "53300", "53100", "58030", "25P03")
OUR_OWN = ("42P01", "23505", "22012")


@pytest.mark.parametrize(("code", "told"), [*((code, 503) for code in OF_THE_MOMENT), *((code, 500) for code in OUR_OWN)])
async def test_what_will_pass_is_no_fault_of_the_shops(
    database: Database, settings: Settings, aiohttp_client: AiohttpClient, code: str, told: int
) -> None:
    """Deadlocks, full disks, a server that goes or comes: clients are told to come again. What no other try mends is not hidden so."""

    async def handler(request: web.Request) -> web.Response:
        await database.statements.execute(f"DO $$ BEGIN RAISE EXCEPTION 'of the test' USING ERRCODE = '{code}'; END $$")
        return web.Response()

    app = web.Application(middlewares=[request_id_middleware, error_middleware])
    app[SETTINGS] = settings
    app.router.add_post("/api/v1/some", handler)
    client = await aiohttp_client(app)
    async with client.post("/api/v1/some") as answer:
        kind = (await answer.json(content_type="application/problem+json"))["type"].rpartition("/")[2]
        assert (answer.status, kind) == (told, "unavailable" if told == 503 else "internal_error")
        assert ("Retry-After" in answer.headers) == (told == 503)


async def test_a_replica_that_is_not_there_delays_nobody(settings: Settings, tmp_path: Path) -> None:
    database = Database(settings.database.url, [f"postgresql://storefront_app@/shop?host={tmp_path}"], DatabaseSettings())
    await database.start()
    try:
        assert not database.replicas[0].healthy
        assert not await _reads_replica(database)
    finally:
        await database.close()


def test_positions_in_the_log_are_ordered_as_numbers() -> None:
    assert lsn_number("16/B374D848") == 97500059720
    assert lsn_number("1/0") > lsn_number("0/FFFFFFFF")


async def test_migrating_again_changes_nothing(settings: Settings) -> None:
    assert await migrate(settings.database.migrate_url) == 0


async def test_what_was_kept_of_events_before_is_what_is_kept_now(owner: asyncpg.Connection) -> None:
    read = {"id": "du_1", "payment_intent": "pi_1", "metadata": {"attempt_id": "a"}}
    event = {"id": "evt_1", "type": "charge.updated", "data": {"object": read | {"client_secret": "s", "billing_details": {"name": "Ada"}}}}
    payload = {"object_ref": "pi_1", "created": "2026-01-01T00:00:00Z", "event": event}
    insert = "INSERT INTO webhook_inbox (provider, event_id, type, payload, applied_at) VALUES ('then', $1, 'charge.updated', $2, $3)"
    for event_id, applied_at in (("applied", utc_now()), ("waits", None)):
        await owner.execute(insert, event_id, json.dumps(payload), applied_at)
    await owner.execute((FOLDER / "0034_kept_of_events.sql").read_text("utf-8"))
    kept = await owner.fetch("SELECT payload FROM webhook_inbox WHERE provider = 'then' ORDER BY event_id")
    assert [json.loads(row["payload"]) for row in kept] == [{}, payload | {"event": {"data": {"object": read}}}]


async def test_migrators_that_start_together_apply_each_file_once(settings: Settings, tmp_path: Path, owner: asyncpg.Connection) -> None:
    folder = _with_migration(tmp_path, "9001_together.sql", "CREATE TABLE together (id int); SELECT pg_sleep(0.1);")
    counts = await asyncio.gather(*(migrate(settings.database.migrate_url, folder=folder) for _ in range(3)))
    assert sorted(counts) == [0, 0, 1]
    assert await owner.fetchval("SELECT has_table_privilege('storefront_app', 'together', 'INSERT')")
    assert not await owner.fetchval("SELECT has_table_privilege('storefront_app', 'order_event', 'UPDATE')")


async def test_a_migration_that_waits_for_a_long_reader_lets_others_pass(
    settings: Settings, tmp_path: Path, owner: asyncpg.Connection
) -> None:
    await owner.execute("CREATE TABLE busy (id int)")
    folder = _with_migration(tmp_path, "9003_busy.sql", "ALTER TABLE busy ADD COLUMN more int;")
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'busy'::regclass)"
    other = await asyncpg.connect(settings.database.migrate_url)
    try:
        async with owner.transaction():
            await owner.execute("SELECT FROM busy")
            migrating = asyncio.create_task(migrate(settings.database.migrate_url, folder=folder))
            await eventually(lambda: owner.fetchval(waits))
            assert await other.fetchval("SELECT count(*) FROM busy", timeout=10) == 0, "the long reader is still there"
        assert await migrating == 1
    finally:
        await other.close()


async def test_a_migration_that_fails_leaves_nothing_and_says_which(settings: Settings, tmp_path: Path, owner: asyncpg.Connection) -> None:
    folder = _with_migration(tmp_path, "9002_broken.sql", "CREATE TABLE half (id int);\nSELECT no_such_column;")
    with pytest.raises(MigrationError, match=r"9002_broken\.sql: .*no_such_column.*") as refused:
        await migrate(settings.database.migrate_url, folder=folder)
    assert "\n" not in str(refused.value)
    assert await owner.fetchval("SELECT to_regclass('half')") is None


ITS_INDEX = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"


async def test_an_index_is_built_while_others_write_and_once_by_migrators_that_start_together(
    settings: Settings, tmp_path: Path, owner: asyncpg.Connection
) -> None:
    await owner.execute("CREATE TABLE large (id int)")
    statement = "-- Why.\nCREATE INDEX CONCURRENTLY large_id ON large (id);\nDROP INDEX CONCURRENTLY IF EXISTS large_old;"
    folder = _with_migration(tmp_path, "9004_large.sql", CONCURRENTLY + statement)
    other = await asyncpg.connect(settings.database.migrate_url)
    try:
        async with owner.transaction():
            await owner.execute("INSERT INTO large VALUES (1)")
            migrating = asyncio.gather(*(migrate(settings.database.migrate_url, folder=folder) for _ in range(3)))
            await eventually(lambda: other.fetchval(f"SELECT ({ITS_INDEX}) IS NOT NULL", "large_id"))
            await other.execute("INSERT INTO large VALUES (2)", timeout=10)
        assert sorted(await migrating) == [0, 0, 1]
    finally:
        await other.close()
    assert await owner.fetchval(ITS_INDEX, "large_id")


async def test_an_index_that_cannot_be_built_is_not_left_behind(settings: Settings, tmp_path: Path, owner: asyncpg.Connection) -> None:
    await owner.execute("CREATE TABLE doubled AS SELECT 1 AS id FROM generate_series(1, 2)")
    folder = _with_migration(tmp_path, "9005_unique.sql", f"{CONCURRENTLY}CREATE UNIQUE INDEX CONCURRENTLY doubled_id ON doubled (id)")
    with pytest.raises(MigrationError, match=r"9005_unique\.sql: could not create unique index"):
        await migrate(settings.database.migrate_url, folder=folder)
    assert await owner.fetchval("SELECT to_regclass('doubled_id')") is None
    await owner.execute("DELETE FROM doubled")
    assert await migrate(settings.database.migrate_url, folder=folder) == 1
    assert await owner.fetchval(ITS_INDEX, "doubled_id")


@pytest.mark.parametrize("statement", ["CREATE TABLE half (id int)", "CREATE INDEX half ON product (id)", "DROP INDEX CONCURRENTLY half"])
async def test_what_cannot_be_run_twice_is_not_run_outside_a_transaction(
    settings: Settings, tmp_path: Path, owner: asyncpg.Connection, statement: str
) -> None:
    first = "CREATE INDEX CONCURRENTLY first_of_two ON product (title);"
    folder = _with_migration(tmp_path, "9006_more.sql", f"{CONCURRENTLY}{first}\n{statement};")
    with pytest.raises(MigrationError, match=r"9006_more\.sql: only indexes"):
        await migrate(settings.database.migrate_url, folder=folder)
    assert await owner.fetchval("SELECT to_regclass('first_of_two')") is None


async def test_a_changed_migration_is_refused(settings: Settings, tmp_path: Path) -> None:
    folder = _with_migration(tmp_path, "0001_platform.sql", "SELECT 1;")
    with pytest.raises(MigrationError, match=r"0001_platform\.sql was changed after it was applied"):
        await migrate(settings.database.migrate_url, folder=folder)


async def test_a_database_that_is_not_there_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"^database\.url: .* Start it, or mend the address\.$"):
        await migrate(f"postgresql://storefront@/shop?host={tmp_path}")


def _with_migration(tmp_path: Path, name: str, text: str) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    (folder / name).write_text(text)
    return folder


async def test_a_request_whose_connection_is_cut_is_told_to_come_again(
    client: TestClient[web.Request, web.Application], owner: asyncpg.Connection
) -> None:
    """As when the database is killed: no fault of the shop's, and mended by another moment."""
    cart = await (await client.post("/api/v1/carts", json={})).json()

    async def cut() -> bool:
        waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(await owner.fetchval(f"SELECT count(pg_terminate_backend(pid)) FROM ({waiting}) AS waiting"))

    async with owner.transaction():
        await owner.execute("SELECT FROM cart WHERE id = $1 FOR UPDATE", cart["id"])
        asking = asyncio.create_task(client.patch(f"/api/v1/carts/{cart['id']}", json={"email": "ada@shop.example"}))
        await eventually(cut)
        answer = await asking
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
