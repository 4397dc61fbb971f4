"""Texts that found nothing, counted for the operator: kept in memory for a second, then written, never while a shopper waits."""

import asyncio

import asyncpg
import structlog

from storefront.platform.database import Database
from storefront.search import store
from storefront.search.language import normal

log = structlog.get_logger("search")

PAUSE_SECONDS = 1.0
MOST_WAITING = 500  # texts; what comes beyond is not counted
MOST_KEPT = 10_000  # texts in the database
FORGET_EVERY = 100  # writes
LONGEST = 100  # characters


class Misses:
    """`note` texts, and `run` it beside the shop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, int] = {}
        self._noted = asyncio.Event()
        self._writes = 0

    def note(self, text: str) -> None:
        """Counts a text that found nothing."""
        spelled = normal(text)[:LONGEST]
        if spelled and (spelled in self._waiting or len(self._waiting) < MOST_WAITING):
            self._waiting[spelled] = self._waiting.get(spelled, 0) + 1
            self._noted.set()

    async def run(self) -> None:
        """Writes what was noted, until it is cancelled. While the database is away, texts wait."""
        while True:
            await self._noted.wait()
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await self.write()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("search_misses_wait", error=repr(error))

    async def write(self) -> None:
        """Writes what was noted so far."""
        waiting, self._waiting = self._waiting, {}
        self._noted.clear()
        try:
            async with self._database.write() as conn:
                await store.note_misses(conn, waiting)
                self._writes += 1
                if self._writes % FORGET_EVERY == 0:
                    await store.forget_misses(conn, MOST_KEPT)
        except BaseException:
            self._waiting = waiting | self._waiting
            self._noted.set()
            raise
