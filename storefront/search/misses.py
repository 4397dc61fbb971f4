"""Texts that found nothing, counted for the operator: kept in memory for a second, then written, never while a shopper waits."""

import asyncio
import re

import structlog

from storefront.platform.database import FAILURES, Database
from storefront.search import store
from storefront.search.language import normal

log = structlog.get_logger("search")

PAUSE_SECONDS = 1.0
MOST_WAITING = 500  # texts; what comes beyond is not counted
MOST_KEPT = 10_000  # texts in the database
FORGET_EVERY = 100  # writes
LONGEST = 100  # characters
_CARD = re.compile(r"[0-9](?:[ .-]?[0-9]){11,18}")


class Misses:
    """`note` texts, and `run` it beside the shop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, int] = {}
        self._noted = asyncio.Event()
        self._writes = 0

    def note(self, text: str) -> None:
        """Counts a text that found nothing. What may be a card's number, typed into the wrong field, is not kept."""
        spelled = normal(text)[:LONGEST]
        if spelled and not _may_be_a_card(text) and (spelled in self._waiting or len(self._waiting) < MOST_WAITING):
            self._waiting[spelled] = self._waiting.get(spelled, 0) + 1
            self._noted.set()

    async def run(self) -> None:
        """Writes what was noted, until it is cancelled. While the database is away, texts wait."""
        while True:
            await self._noted.wait()
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                await self.write()
            except FAILURES as error:
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


def _may_be_a_card(text: str) -> bool:
    """Whether it has the length and the check digit of a card's number (ISO/IEC 7812-1, annex B)."""
    found = _CARD.search(text)
    if found is None:
        return False
    digits = [int(digit) for digit in reversed(found[0]) if digit.isdigit()]
    doubled = (digit * 2 for digit in digits[1::2])
    return (sum(digits[::2]) + sum(digit - 9 if digit > 9 else digit for digit in doubled)) % 10 == 0
