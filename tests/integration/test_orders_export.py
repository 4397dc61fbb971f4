"""The export of orders: a file for each day that is over, no event skipped and none twice, however late it comes and whatever dies."""

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as generated
from hypothesis import strategies as st

from storefront.checkout.context import CheckoutContext
from storefront.orders import export
from storefront.orders.export import ExportRefused
from storefront.platform.database import prepare_connection
from storefront.settings import Settings
from tests.buying import buyer_of, offer
from tests.commands import command

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()
QUICKLY = 0.3  # seconds
AS_IT_IS = export.MARGIN_SECONDS


@pytest.fixture
async def conn(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """The export's connection, as the shop's role."""
    found = await asyncpg.connect(settings.database.url)
    await prepare_connection(found)
    yield found
    await found.close()


@pytest.fixture
async def order_id(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> UUID:
    """An order without events."""
    answer = await (await buyer_of(shop, option_id, (await offer(owner), 2))).place()
    await owner.execute("ALTER TABLE order_event DISABLE TRIGGER append_only")
    await owner.execute("DELETE FROM order_event")
    await owner.execute("ALTER TABLE order_event ENABLE TRIGGER append_only")
    return UUID(answer.document()["id"])


async def happened(conn: asyncpg.Connection, order_id: UUID, day: date, what: str = "something", *, hour: int = 12) -> int:
    """An event of that day; returns its id."""
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    found: int = await conn.fetchval("INSERT INTO order_event (order_id, kind, at) VALUES ($1, $2, $3) RETURNING id", order_id, what, at)
    return found


async def exported(
    conn: asyncpg.Connection, folder: Path, form: export.Format = "jsonl", since: date | None = None, wait: float = QUICKLY
) -> int:
    return await export.export(conn, folder, form, since, lambda text: None, wait_seconds=wait)


def files(folder: Path) -> dict[str, bytes]:
    """The days' files by name."""
    return {path.name: path.read_bytes() for path in sorted((folder / "events").glob("day=*"))}


def events_in(folder: Path) -> dict[date, list[int]]:
    """The ids of the events in each day's file."""
    found = {}
    for name, content in files(folder).items():
        day = date.fromisoformat(name.removeprefix("day=").removesuffix(".jsonl"))
        found[day] = [msgspec.json.decode(line)["event_id"] for line in content.splitlines()]
    return found


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the export it is noon of TODAY, whenever the tests run, and however long."""
    ahead = datetime.now(UTC) - datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    monkeypatch.setattr(export, "MARGIN_SECONDS", ahead.total_seconds())


@pytest.fixture
def days_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """So many days from now on."""
    return lambda count: monkeypatch.setattr(export, "MARGIN_SECONDS", export.MARGIN_SECONDS - count * DAY.total_seconds())


@pytest.mark.usefixtures("order_id")
async def test_a_shop_without_events_has_no_days(conn: asyncpg.Connection, tmp_path: Path) -> None:
    assert await exported(conn, tmp_path) == 0
    assert files(tmp_path) == {}


async def test_each_day_that_is_over_has_its_file_and_a_second_run_changes_none(
    conn: asyncpg.Connection, order_id: UUID, tmp_path: Path
) -> None:
    first, second = [await happened(conn, order_id, TODAY - 3 * DAY, hour=hour) for hour in (23, 0)]
    third = await happened(conn, order_id, TODAY - DAY)
    await happened(conn, order_id, TODAY, hour=0)
    assert await exported(conn, tmp_path) == 0
    assert events_in(tmp_path) == {TODAY - 3 * DAY: [second, first], TODAY - 2 * DAY: [], TODAY - DAY: [third]}
    before = files(tmp_path)
    assert await exported(conn, tmp_path) == 0
    assert files(tmp_path) == before
    assert not list(tmp_path.rglob("*.partial"))


async def test_a_day_is_over_when_the_clocks_of_all_replicas_say_so(
    conn: asyncpg.Connection, order_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AS_IT_IS >= 60
    await happened(conn, order_id, TODAY - DAY)
    since_midnight = await conn.fetchval("SELECT extract(epoch FROM clock_timestamp() - date_trunc('day', clock_timestamp(), 'UTC'))")
    monkeypatch.setattr(export, "MARGIN_SECONDS", float(since_midnight) + 60)
    assert await exported(conn, tmp_path) == 0
    assert files(tmp_path) == {}
    monkeypatch.setattr(export, "MARGIN_SECONDS", float(since_midnight) - 60)
    assert await exported(conn, tmp_path) == 0
    assert list(events_in(tmp_path)) == [TODAY - DAY]


async def test_events_from_before_transactions_were_noted_are_exported_too(
    conn: asyncpg.Connection, owner: asyncpg.Connection, order_id: UUID, tmp_path: Path, days_pass: Callable[[int], None]
) -> None:
    old = await happened(conn, order_id, TODAY - DAY)
    await owner.execute("ALTER TABLE order_event DISABLE TRIGGER append_only")
    await owner.execute("UPDATE order_event SET xid = NULL")
    await owner.execute("ALTER TABLE order_event ENABLE TRIGGER append_only")
    await exported(conn, tmp_path)
    days_pass(1)
    await exported(conn, tmp_path)
    assert events_in(tmp_path) == {TODAY - DAY: [old], TODAY: []}


async def test_an_event_says_what_the_order_was_and_nothing_of_who_the_customer_is(
    conn: asyncpg.Connection, owner: asyncpg.Connection, order_id: UUID, tmp_path: Path
) -> None:
    event_id = await happened(conn, order_id, TODAY - DAY, "placed")
    await exported(conn, tmp_path)
    (line,) = files(tmp_path)[f"day={TODAY - DAY}.jsonl"].splitlines()
    order = await owner.fetchrow("SELECT * FROM orders WHERE id = $1", order_id)
    found = msgspec.json.decode(line)
    assert (found["event_id"], found["kind"], found["order_number"]) == (event_id, "placed", order["number"])
    for name in ("currency", "subtotal", "discount", "delivery", "tax", "total"):
        assert found[name] == order[name]
    assert [(bought["quantity"], bought["unit_amount"]) for bought in found["lines"]] == [(2, 1500)]
    assert found["country"] == "DE"
    for private in (order["email"], "Ada", "Ridge"):
        assert private.encode() not in line


async def test_a_day_waits_for_whoever_may_still_write_events_of_it(
    conn: asyncpg.Connection, owner: asyncpg.Connection, order_id: UUID, tmp_path: Path
) -> None:
    early = await happened(conn, order_id, TODAY - DAY)
    under_way = owner.transaction()
    await under_way.start()
    late = await happened(owner, order_id, TODAY - DAY)
    assert await exported(conn, tmp_path) == 1
    assert files(tmp_path) == {}
    waiting = asyncio.create_task(exported(conn, tmp_path, wait=20))
    await asyncio.sleep(0)
    await under_way.commit()
    assert await waiting == 0
    assert events_in(tmp_path) == {TODAY - DAY: [early, late]}


async def test_what_is_written_of_a_closed_day_stands_in_the_next_file(
    conn: asyncpg.Connection, order_id: UUID, tmp_path: Path, days_pass: Callable[[int], None]
) -> None:
    early = await happened(conn, order_id, TODAY - 2 * DAY)
    await exported(conn, tmp_path)
    before = files(tmp_path)
    late = await happened(conn, order_id, TODAY - 2 * DAY)
    today = await happened(conn, order_id, TODAY)
    days_pass(1)
    await exported(conn, tmp_path)
    assert events_in(tmp_path) == {TODAY - 2 * DAY: [early], TODAY - DAY: [], TODAY: [late, today]}
    assert before.items() <= files(tmp_path).items()


Step = tuple[str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(-2, 5)),
        st.tuples(st.just("commit"), st.integers(0, 2)),
        st.tuples(st.just("run"), st.integers(0, 2)),
    ),
    max_size=14,
)


@generated(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
async def test_every_event_stands_in_one_file_whenever_it_is_committed(
    settings: Settings, conn: asyncpg.Connection, order_id: UUID, tmp_path: Path, steps: list[Step]
) -> None:
    """Three writers, whose transactions end when they like, and an export that now and then runs as days pass."""
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    base = await conn.fetchval("SELECT coalesce(max(id), 0) FROM order_event")
    passed, at_noon, seen = 0, export.MARGIN_SECONDS, dict[str, bytes]()

    async def run() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(export, "MARGIN_SECONDS", at_noon - passed * DAY.total_seconds())
            await exported(conn, folder, since=None, wait=0)
        assert seen.items() <= files(folder).items(), "no file ever changes"
        seen.update(files(folder))

    async with contextlib.AsyncExitStack() as stack:
        writers: list[Any] = []
        for _ in range(3):
            writer = await asyncpg.connect(settings.database.url)
            stack.push_async_callback(writer.close)
            writers.append((writer, None))
        for number, (step, value) in enumerate(steps):
            if step == "write":
                writer, under_way = writers[number % 3]
                if under_way is None:
                    under_way = writer.transaction()
                    await under_way.start()
                    writers[number % 3] = (writer, under_way)
                await happened(writer, order_id, TODAY + value * DAY)
            elif step == "commit":
                writer, under_way = writers[value]
                if under_way is not None:
                    await under_way.commit()
                    writers[value] = (writer, None)
            else:
                passed += value
                await run()
        for _, under_way in writers:
            if under_way is not None:
                await under_way.commit()
        passed += 7
        await run()
    written = {row["id"]: row["at"].date() for row in await conn.fetch("SELECT id, at FROM order_event WHERE id > $1", base)}
    stands = [(event_id, day) for day, ids in events_in(folder).items() for event_id in ids if event_id > base]
    assert sorted(event_id for event_id, _ in stands) == sorted(written)
    assert all(day >= written[event_id] for event_id, day in stands)


async def test_a_lost_file_is_made_again_without_what_came_later(
    conn: asyncpg.Connection, order_id: UUID, tmp_path: Path, days_pass: Callable[[int], None]
) -> None:
    await happened(conn, order_id, TODAY - DAY)
    await exported(conn, tmp_path)
    before = files(tmp_path)
    await happened(conn, order_id, TODAY - DAY, "late")
    days_pass(1)
    await exported(conn, tmp_path)
    (tmp_path / "events" / f"day={TODAY - DAY}.jsonl").unlink()
    await exported(conn, tmp_path)
    assert before.items() <= files(tmp_path).items()


async def test_since_leaves_out_what_was_before_and_cannot_be_changed_later(
    conn: asyncpg.Connection, order_id: UUID, tmp_path: Path, days_pass: Callable[[int], None]
) -> None:
    await happened(conn, order_id, TODAY - 5 * DAY)
    kept = await happened(conn, order_id, TODAY - DAY)
    await exported(conn, tmp_path, since=TODAY - 2 * DAY)
    assert events_in(tmp_path) == {TODAY - 2 * DAY: [], TODAY - DAY: [kept]}
    await happened(conn, order_id, TODAY - 5 * DAY, "late, and from before")
    days_pass(1)
    assert await exported(conn, tmp_path) == 0
    assert events_in(tmp_path)[TODAY] == []
    with pytest.raises(ExportRefused, match="begins at"):
        await exported(conn, tmp_path, since=TODAY - 3 * DAY)


async def test_a_folder_of_another_database_or_of_another_run_is_left_alone(
    conn: asyncpg.Connection, order_id: UUID, tmp_path: Path
) -> None:
    await happened(conn, order_id, TODAY - DAY)
    await exported(conn, tmp_path)
    with export._alone(tmp_path / "events"), pytest.raises(ExportRefused, match="at work"):
        await exported(conn, tmp_path)
    days = tmp_path / "events" / "_days.json"
    ahead = 10**12
    days.write_bytes(msgspec.json.encode(export.Days(None, {TODAY - DAY: f"{ahead}:{ahead}:"})))
    with pytest.raises(ExportRefused, match="another database"):
        await exported(conn, tmp_path)
    days.write_text("{")
    with pytest.raises(ExportRefused, match="cannot be read"):
        await exported(conn, tmp_path)


async def test_parquet_holds_the_same_rows_with_types(conn: asyncpg.Connection, order_id: UUID, tmp_path: Path) -> None:
    await happened(conn, order_id, TODAY - 3 * DAY, "placed")
    await happened(conn, order_id, TODAY - DAY, "it's “odd”\n", hour=23)
    assert await exported(conn, tmp_path) == await exported(conn, tmp_path, "parquet") == 0
    with duckdb.connect() as engine:
        every = f"FROM '{tmp_path}/events/*.parquet'"
        kinds = {name: kind for name, kind, *_ in engine.execute(f"DESCRIBE SELECT * {every}").fetchall()}
        read = engine.execute(f'SELECT * REPLACE (epoch_us("at") AS "at", epoch_us(placed_at) AS placed_at) {every} ORDER BY event_id')
        rows = [dict(zip(kinds, row, strict=True)) for row in read.fetchall()]
    lines = [msgspec.json.decode(line) for content in files(tmp_path).values() if content[:1] == b"{" for line in content.splitlines()]
    assert len(rows) == len(lines) == 2
    for row, line in zip(rows, sorted(lines, key=lambda line: line["event_id"]), strict=True):
        moments = {name: round(datetime.fromisoformat(line.pop(name)).timestamp() * 1_000_000) for name in ("at", "placed_at")}
        assert {name: row.pop(name) for name in moments} == moments
        assert row | {"data": msgspec.json.decode(row["data"])} == line
    assert kinds["at"] == "TIMESTAMP WITH TIME ZONE"
    assert kinds["total"] == "BIGINT"
    assert kinds["lines"].startswith("STRUCT(line_id BIGINT")
    assert len(list((tmp_path / "events").glob("*.parquet"))) == 3, "a day without events has a file, too"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
async def test_killed_at_any_moment_it_leaves_whole_files_and_the_next_run_goes_on(
    form: export.Format, settings: Settings, conn: asyncpg.Connection, order_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MARGIN_SECONDS", AS_IT_IS)  # as for the command
    today = (datetime.now(UTC) - timedelta(seconds=AS_IT_IS)).date()
    count, days = 30_000, 30
    await conn.execute(
        "INSERT INTO order_event (order_id, kind, at) SELECT $1, 'n' || n, $2::timestamptz - make_interval(days => n % $3) "
        "FROM generate_series(1, $4) AS n",
        order_id,
        datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(hours=1),
        days,
        count,
    )
    folder = tmp_path / "killed"
    events = folder / "events"
    arguments, environment = command(settings, "export", "orders", str(folder), "--format", form)
    signs: list[Callable[[], bool]] = [
        (events / ".lock").exists,
        (events / "_days.json").exists,
        lambda: any(events.glob(".day=*.partial")),
        lambda: len(list(events.glob("day=*"))) >= 3,
        lambda: len(list(events.glob("day=*"))) >= 12,
    ]
    seen: dict[str, bytes] = {}
    for sign in signs:
        process = await asyncio.create_subprocess_exec(*arguments, env=environment, stdout=asyncio.subprocess.DEVNULL)
        while not sign():
            assert process.returncode is None, "it ended before it was killed"
            await asyncio.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert seen.items() <= files(folder).items()
        seen = files(folder)
    assert 12 <= len(seen) < days
    done = await asyncio.to_thread(subprocess.run, arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" events\n") == days - len(seen)
    assert seen.items() <= files(folder).items()
    assert not list(events.glob(".*.partial"))
    whole = tmp_path / "whole"
    await exported(conn, whole)
    if form == "jsonl":
        assert files(folder) == files(whole)
    else:
        found = duckdb.execute(f"SELECT count(*), count(DISTINCT event_id) FROM '{events}/*.parquet'").fetchone()
        assert found == (count, count)
    assert sum(map(len, events_in(whole).values())) == count
