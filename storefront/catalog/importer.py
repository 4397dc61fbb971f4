"""`run.py import catalog FILE.csv`: reads a product CSV into the shop (the format: `storefront.catalog.csv_format`).

Products are matched by handle, variants by SKU, else by option values; what the file leaves out stays. Each batch is one transaction, so an
import that dies leaves whole batches behind and running it again completes it. Importing a file twice changes nothing.
"""

import asyncio
import csv
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from storefront.catalog.csv_format import FileProduct, Problem
from storefront.catalog.transfer.parsing import Parser
from storefront.catalog.transfer.reading import FileScan, UnreadableFile, groups, scan
from storefront.catalog.transfer.writing import KINDS, Tally, Writer, queries
from storefront.platform.database import Connection, prepare_connection
from storefront.settings import Settings

BATCH = 1000
"""Products of one transaction."""
BATCH_ROWS = 5000
"""A batch ends early at this many rows, so that products of a thousand variants do not make giants of transactions."""
SHOWN = 20
STATEMENT_TIMEOUT_MS = 120_000
ACTOR = "catalog import"


class ImportRefused(Exception):
    """The import cannot begin; the text is one line for the operator."""


class ImportResult(msgspec.Struct):
    """`rows` counts rows of the file below the header; `problems` are in order of line."""

    rows: int
    tally: Tally
    problems: list[Problem]
    seconds: float

    @property
    def refused(self) -> list[Problem]:
        """Rows that were left out."""
        return [problem for problem in self.problems if problem.refused]


async def run(settings: Settings, path: Path) -> int:
    """The command. Prints progress and a summary; returns 0 when every row was taken, 1 when some were refused, 2 when the file was."""
    try:
        conn = await connect(settings.database.url)
        try:
            with _progress() as show:
                result = await import_file(conn, path, settings.shop.currency, show)
        finally:
            await conn.close()
    except (UnreadableFile, ImportRefused) as error:
        print(f"storefront: {error}", file=sys.stderr)
        return 2
    listed = _write_problems(settings.data_dir / "imports" / f"{path.stem}.problems.csv", result.problems)
    _print_summary(result, listed)
    return 1 if result.refused else 0


async def connect(url: str) -> Connection:
    """A connection of the import's own: its statements may take longer than those of pages."""
    conn = await asyncpg.connect(
        url, server_settings={"application_name": ACTOR, "statement_timeout": str(STATEMENT_TIMEOUT_MS), "jit": "off"}
    )
    await prepare_connection(conn)
    return conn


async def import_file(
    conn: Connection, path: Path, currency: str, show: Callable[[int, int], None] = lambda done, total: None
) -> ImportResult:
    """Imports `path` through `conn`; `Variant Price` is in `currency`. `show` is told (rows done, rows in all) after each batch.

    Rows are read and checked in a thread while the database writes the batch before. Raises UnreadableFile, ImportRefused.
    """
    started = time.monotonic()
    if not await queries.lock_imports(conn):
        raise ImportRefused("another import is running. Wait until it is done.")
    writer = Writer(conn, ACTOR)
    await writer.prepare()
    file = await asyncio.to_thread(scan, path, writer.locations)
    writer.speaks_of(file.header)
    problems = [_unknown_location(column) for column in file.header.of_unknown_locations]
    batches = _batches(path, file, currency, writer.main_location, problems)
    reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
    while (batch := await reading) is not None:
        products, done = batch
        reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
        try:
            await writer.write(products)
        except BaseException:
            await asyncio.gather(reading, return_exceptions=True)
            raise
        show(done, file.row_count)
    with suppress(asyncpg.PostgresError):  # all is imported, and PostgreSQL would look by itself before long
        await writer.finish()
    show(file.row_count, file.row_count)
    problems = sorted([*problems, *writer.problems], key=lambda problem: problem.line)
    return ImportResult(file.row_count, writer.tally, problems, time.monotonic() - started)


def _unknown_location(column: str) -> Problem:
    reason = "The shop has no such stock location, so the column is left out. Make the location and import the file again."
    return Problem(1, "", column, reason, refused=False)


def _batches(
    path: Path, file: FileScan, currency: str, main_location: str, problems: list[Problem]
) -> Iterator[tuple[list[FileProduct], int]]:
    """Batches of products, each with the number of rows read so far."""
    parser = Parser(file.header, currency, main_location, problems)
    batch: list[FileProduct] = []
    done = begun = 0
    for rows in groups(path, file, problems):
        done += len(rows)
        product = parser.product(rows)
        if product is not None:
            batch.append(product)
        if len(batch) == BATCH or done - begun >= BATCH_ROWS:
            yield batch, done
            batch, begun = [], done
    if batch:
        yield batch, done


class _progress:
    """A bar on a terminal, a line every few seconds elsewhere."""

    def __enter__(self) -> Callable[[int, int], None]:
        self._bar: Progress | None = None
        if sys.stdout.isatty():
            self._bar = Progress(
                TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeElapsedColumn(), TimeRemainingColumn()
            )
            self._bar.start()
            task = self._bar.add_task("importing", total=None)
            bar = self._bar
            return lambda done, total: bar.update(task, completed=done, total=total)
        self._last, self._printed = time.monotonic(), -1
        return self._print_line

    def _print_line(self, done: int, total: int) -> None:
        if done != self._printed and (done == total or time.monotonic() - self._last >= 2):
            self._last, self._printed = time.monotonic(), done
            print(f"storefront: {done:,} of {total:,} rows read", flush=True)

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()


def _print_summary(result: ImportResult, listed: Path | None) -> None:
    tally = result.tally
    print(
        f"{result.rows:,} rows in {result.seconds:.1f} s: {tally.products_created:,} products created, {tally.products_updated:,} updated, "
        f"{tally.products_unchanged:,} unchanged; {len(result.refused):,} rows refused."
    )
    table = Table("rows of", "created", "changed", box=None)
    for kind in KINDS:
        table.add_row(kind, f"{tally.created[kind]:,}", f"{tally.changed[kind]:,}")
    Console(highlight=False).print(table)
    for problem in sorted(result.problems, key=lambda problem: not problem.refused)[:SHOWN]:
        word = "refused" if problem.refused else "note"
        handle = f" ({problem.handle})" if problem.handle else ""
        where = f" {problem.column}:" if problem.column else ""
        print(_printable(f"line {problem.line}{handle} {word}:{where} {problem.reason}"))
    if len(result.problems) > SHOWN:
        print(f"… and {len(result.problems) - SHOWN:,} more")
    if listed:
        print(f"All of them: {listed}")


def _printable(text: str) -> str:
    """Without what a file could tell the terminal to do."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _write_problems(path: Path, problems: list[Problem]) -> Path | None:
    """Keeps the list of problems as a CSV; none leaves no file."""
    if not problems:
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Line", "Handle", "Column", "Outcome", "Reason"])
        for problem in problems:
            writer.writerow([problem.line, problem.handle, problem.column, "refused" if problem.refused else "note", problem.reason])
    return path
