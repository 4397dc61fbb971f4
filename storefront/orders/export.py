"""`run.py export orders`: the history of orders for analytics, one file for each day that is over (UTC).

`FOLDER/events/day=2026-11-28.jsonl` (or `.parquet`) appears when it is whole, and never changes. `FOLDER/events/_days.json` says at which
position each day was closed: a snapshot of PostgreSQL, as in the change feed. It is written before the files, so that a run which is
killed in the middle is gone on with, and a file that was lost is made again with the same events in it.

A day is closed when it is over and every transaction that was under way then has ended. Should one that carries an earlier time be
committed even later, its events stand in the file of the next day that is closed: none is skipped, and none stands in two files.
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from storefront.platform.database import Connection, prepare_connection
from storefront.platform.sql import load
from storefront.settings import Settings

queries = load("orders_export")

Format = Literal["jsonl", "parquet"]

MARGIN_SECONDS = 60.0  # a day is over so long after midnight: the clocks of replicas differ
WAIT_SECONDS = 30.0  # for transactions under way
LOOK_EVERY = 0.2
AT_ONCE = 500  # events that are fetched in one round trip
DAY = timedelta(days=1)


class ExportRefused(Exception):
    """The folder cannot be written to; the text is one line."""


class Line(msgspec.Struct, frozen=True):
    """A line of an order as it was ordered; amounts in minor units."""

    line_id: int
    product_id: int | None
    variant_id: int | None
    sku: str
    title: str
    quantity: int
    unit_amount: int
    subtotal: int
    discount: int
    tax: int
    total: int


class Event(msgspec.Struct, frozen=True):
    """A row of the export: what happened to an order, and what the order was when it was placed. Amounts in minor units of `currency`.

    Names, addresses and mail addresses of customers are left out; `actor` is who did it ("system", or an operator).
    """

    event_id: int
    at: datetime
    kind: str
    actor: str
    data: dict[str, Any]
    order_id: UUID
    order_number: str
    placed_at: datetime
    customer_id: UUID | None
    country: str | None
    currency: str
    subtotal: int
    discount: int
    delivery: int
    tax: int
    total: int
    prices_include_tax: bool
    gift_card_amount: int
    coupon_codes: tuple[str, ...]
    lines: tuple[Line, ...]


class Days(msgspec.Struct):
    """_days.json: from which day on (None: from the first event), and where each day was closed."""

    since: date | None
    days: dict[date, str]


async def run(settings: Settings, folder: Path, form: Format, since: date | None, say: Callable[[str], None]) -> int:
    """The command. Returns 0, or 1 when days are over and cannot be closed yet. Raises ExportRefused."""
    conn = await asyncpg.connect(settings.database.url, server_settings={"application_name": "order export", "jit": "off"})
    try:
        await prepare_connection(conn)
        return await export(conn, folder, form, since, say)
    finally:
        await conn.close()


async def export(
    conn: Connection,
    folder: Path,
    form: Format,
    since: date | None,
    say: Callable[[str], None],
    *,
    wait_seconds: float = WAIT_SECONDS,
) -> int:
    """As `run`, on a connection."""
    events = folder / "events"
    events.mkdir(parents=True, exist_ok=True)
    with _alone(events):
        for partial in events.glob(".*.partial"):
            partial.unlink()
        days = await _read_days(conn, events / "_days.json", since)
        closed = await _close_days(conn, days, wait_seconds)
        _appear(events / "_days.json", msgspec.json.format(msgspec.json.encode(days)))
        for day in sorted(days.days):
            path = events / f"day={day}.{form}"
            if not path.exists():
                count = await _write_day(conn, days, day, path)
                say(f"{path}: {count:,} events")
    if closed:
        say(f"closed up to {max(days.days)}" if days.days else "there are no events of days that are over")
    else:
        say("A transaction from before the end of the day is still open, so its events may yet come. Run again when it has ended.")
    return 0 if closed else 1


async def _read_days(conn: Connection, path: Path, since: date | None) -> Days:
    """What was closed before. Raises ExportRefused when it cannot be gone on with."""
    try:
        days = msgspec.json.decode(path.read_bytes(), type=Days)  # noqa: ASYNC240
    except FileNotFoundError:
        return Days(since, {})
    except msgspec.MsgspecError as error:
        raise ExportRefused(f"{path} cannot be read ({error}). Restore it, or choose an empty folder.") from error
    if since is not None and since != days.since:
        begins = f"begins at {days.since}" if days.since else "begins at the first event"
        raise ExportRefused(f"{path.parent} {begins}. Leave out --since, or choose an empty folder.")
    if days.days and not await queries.is_of_here(conn, position=days.days[max(days.days)]):
        raise ExportRefused(f"{path.parent} was written from another database, or from a later state of this one. Choose an empty folder.")
    return days


async def _close_days(conn: Connection, days: Days, wait_seconds: float) -> bool:
    """Adds the days that are over since; False: they cannot be closed yet."""
    mark = await queries.mark(conn, margin=MARGIN_SECONDS)
    day = max(days.days) + DAY if days.days else days.since or await queries.first_day(conn)
    if day is None or day >= mark["open_day"]:
        return True
    position = await _when_all_are_over(conn, mark["xid"], wait_seconds)
    if position is None:
        return False
    while day < mark["open_day"]:
        days.days[day] = position
        day += DAY
    return True


async def _when_all_are_over(conn: Connection, mark: str, wait_seconds: float) -> str | None:
    """The first position at which no transaction from before the mark goes on; None when it does not come in time."""
    deadline = time.monotonic() + wait_seconds
    while not (found := await queries.here(conn, mark=mark))["all_over"]:
        if time.monotonic() > deadline:
            return None
        await asyncio.sleep(LOOK_EVERY)
    return str(found["position"])


async def _write_day(conn: Connection, days: Days, day: date, path: Path) -> int:
    """Writes the file of a closed day, which appears when it is whole; returns the number of events."""
    lines = path.parent / f".{path.stem}.jsonl.partial"
    asked = {
        "start": _midnight(day),
        "until": _midnight(day + DAY),
        "since": _midnight(days.since) if days.since else None,
        "position": days.days[day],
        "previous": days.days.get(day - DAY),
    }
    count = 0
    with lines.open("wb") as out:
        async with queries.events_of_day_cursor(conn, **asked) as found:
            async for row in found:
                out.write(msgspec.json.encode(msgspec.convert(dict(row), Event)) + b"\n")
                count += 1
    if path.suffix == ".parquet":
        await asyncio.to_thread(_to_parquet, lines, path.parent / f".{path.name}.partial")
        lines.unlink()
        lines = path.parent / f".{path.name}.partial"
    _put(lines, path)
    return count


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


_LINE = ", ".join(f"{name} {'VARCHAR' if name in ('sku', 'title') else 'BIGINT'}" for name in Line.__struct_fields__)
_PARQUET = {
    "event_id": "BIGINT",
    "at": "TIMESTAMPTZ",
    "kind": "VARCHAR",
    "actor": "VARCHAR",
    "data": "JSON",
    "order_id": "VARCHAR",
    "order_number": "VARCHAR",
    "placed_at": "TIMESTAMPTZ",
    "customer_id": "VARCHAR",
    "country": "VARCHAR",
    "currency": "VARCHAR",
    **dict.fromkeys(("subtotal", "discount", "delivery", "tax", "total"), "BIGINT"),
    "prices_include_tax": "BOOLEAN",
    "gift_card_amount": "BIGINT",
    "coupon_codes": "VARCHAR[]",
    "lines": f"STRUCT({_LINE})[]",
}


def _to_parquet(lines: Path, path: Path) -> None:
    """The same rows as Parquet, with types that do not depend on what a day happens to hold."""
    import duckdb

    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in _PARQUET.items())
    source, target = (str(file).replace("'", "''") for file in (lines, path))
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as engine:
        engine.execute(
            f"COPY (SELECT * FROM read_json('{source}', format = 'newline_delimited', columns = {{{columns}}})) "  # noqa: S608
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One export at a time writes into a folder. Raises ExportRefused."""
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ExportRefused(f"{folder}: another export is at work there.") from error
        yield


def _appear(path: Path, content: bytes) -> None:
    partial = path.parent / f".{path.name}.partial"
    partial.write_bytes(content)
    _put(partial, path)


def _put(partial: Path, path: Path) -> None:
    """Gives a written file its name, so that neither a crash nor a power cut leaves half of one under it."""
    _sync(partial)
    partial.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
