"""Group commit for holds: callers that arrive while a batch commits are the next batch, so a hot SKU costs one commit for many of them.

Source of the idea: group commit as in PostgreSQL's own WAL flush and MySQL's binary log group commit, here a level higher, because a row
lock that is held over a commit would otherwise let one caller through for each disk flush.
"""

import asyncio
from collections import deque
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from aiohttp import web

from storefront.inventory.model import Hold
from storefront.inventory.service import hold_all
from storefront.platform.database import Connection, Database
from storefront.platform.errors import Unavailable

MOST_WAITING = 5000  # callers
BATCH = 256  # callers
LANES = 4  # batches that may be under way at once, each of its own carts; rows are locked in one order, so they cannot deadlock


class _Waiting(NamedTuple):
    hold: Hold
    answer: "asyncio.Future[None]"


class StockGate:
    """`await gate.hold(...)` as `inventory.service.hold`, in a transaction shared with the others that wait."""

    def __init__(self, database: Database, *, most_waiting: int = MOST_WAITING, batch: int = BATCH) -> None:
        self._database = database
        self._most_waiting = most_waiting
        self._batch = batch
        self._waiting: deque[_Waiting] = deque()
        self._working: set[asyncio.Task[None]] = set()
        self.batches = 0
        self.holds = 0

    async def hold(self, cart_id: UUID, demand: dict[int, int], *, expires_at: datetime, country: str | None = None) -> None:
        """Raises OutOfStock, or Unavailable when too many wait. When it returns, the hold is committed."""
        if len(self._waiting) >= self._most_waiting:
            raise Unavailable("Too many shoppers at once. Please try again.", headers={"Retry-After": "1"})
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(Hold(cart_id, demand, expires_at, country=country), answer))
        if len(self._working) < LANES:
            task = asyncio.create_task(self._work())
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        await answer

    async def _work(self) -> None:
        while self._waiting:
            batch: list[_Waiting] = []
            later: list[_Waiting] = []
            carts: set[UUID] = set()
            while self._waiting and len(batch) < self._batch:
                waiting = self._waiting.popleft()
                (later if waiting.hold.cart_id in carts else batch).append(waiting)
                carts.add(waiting.hold.cart_id)
            self._waiting.extendleft(reversed(later))
            await self._commit(batch)

    async def _commit(self, batch: list[_Waiting]) -> None:
        holds = [waiting.hold for waiting in batch]

        async def work(conn: Connection) -> list[Exception | None]:
            return list(await hold_all(conn, holds))

        try:
            outcomes = await self._database.transaction(work)
        except Exception as error:  # each caller is told; none of them holds anything
            outcomes = [error] * len(batch)
        self.batches += 1
        self.holds += len(batch)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():
                continue
            if outcome is None:
                waiting.answer.set_result(None)
            else:
                waiting.answer.set_exception(outcome)

    async def close(self) -> None:
        """Lets the batches under way end."""
        while self._working:
            await asyncio.gather(*self._working, return_exceptions=True)


STOCK = web.AppKey("stock", StockGate)
