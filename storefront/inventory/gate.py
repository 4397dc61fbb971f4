"""Group commit for holds: callers that arrive while a batch commits are the next batch, so a hot SKU costs one commit for many of them.

Source of the idea: group commit as in PostgreSQL's own WAL flush and MySQL's binary log group commit, here a level higher, because a row
lock that is held over a commit would otherwise let one caller through for each disk flush.
"""

import asyncio
from collections import deque
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog
from aiohttp import web

from storefront.inventory.model import Hold, LockedStock
from storefront.inventory.service import OutOfStock, cut_from_shelf, hold_all, hold_at_once
from storefront.platform.database import RETRYABLE, Connection, Database
from storefront.platform.errors import Unavailable
from storefront.platform.gathering import LINGER, PATIENCE, Pace

MOST_WAITING = 5000  # callers
BATCH = 512  # callers
LANES = 4  # batches that may be under way at once, no two with the same SKU or cart: the next waits PATIENCE for the one before
BAD_CALLER = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, ValueError, TypeError)
log = structlog.get_logger("stock_gate")


class _Waiting(NamedTuple):
    """`touches` is what no other batch may be at work on: its variants and its cart."""

    hold: Hold
    answer: "asyncio.Future[bool]"
    touches: frozenset[int | UUID]


class StockGate:
    """`await gate.hold(...)` as `inventory.service.hold`, in a transaction shared with the others that wait."""

    def __init__(self, database: Database, *, most_waiting: int = MOST_WAITING, batch: int = BATCH) -> None:
        self._database = database
        self._most_waiting = most_waiting
        self._batch = batch
        self._waiting: deque[_Waiting] = deque()
        self._busy: set[int | UUID] = set()
        self._working: set[asyncio.Task[None]] = set()
        self._begun = 0.0  # the last batch, by the loop's clock
        self._pace = Pace()
        self._impatient: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self.batches = 0
        self.holds = 0

    @property
    def waiting(self) -> int:
        """How many callers wait for a batch to take them."""
        return len(self._waiting)

    async def hold(
        self, cart_id: UUID, demand: dict[int, int], *, expires_at: datetime, country: str | None = None, seen: LockedStock | None = None
    ) -> bool:
        """Raises OutOfStock, or Unavailable when too many wait. When it returns, the hold is committed; True: and the cart had no order.

        `seen`: the stock as the caller read it, without locks. A batch of which all goods are on the shelf as seen is one statement.
        """
        if len(self._waiting) >= self._most_waiting:
            raise Unavailable("Too many shoppers at once. Please try again.", headers={"Retry-After": "1"})
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        hold = Hold(cart_id, demand, expires_at, country=country)
        if seen is not None:
            hold = cut_from_shelf(hold, seen)
        waiting = _Waiting(hold, answer, frozenset((cart_id, *demand)))
        self._waiting.append(waiting)
        if self._busy.isdisjoint(waiting.touches):
            self._start_soon()
        try:
            return await answer
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            raise

    async def close(self) -> None:
        """Lets everything that waits come to its end."""
        self._start()
        while self._working:
            await asyncio.gather(*self._working, return_exceptions=True)

    def _start_soon(self) -> None:
        enough = self._pace.enough
        if self._working or not enough:
            self._start()
        elif self._lingering is None:
            self._lingering = asyncio.get_running_loop().call_later(LINGER, self._start)
        elif len(self._waiting) >= enough:
            asyncio.get_running_loop().call_soon(self._start)  # after those who come in the same moment

    def _start(self) -> None:
        """The more wait for one batch, the fewer commits there are; but one that waits for a lock holds nobody else up for long."""
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        loop = asyncio.get_running_loop()
        while self._waiting and len(self._working) < LANES:
            if self._working and loop.time() < self._begun + PATIENCE:
                if self._impatient is None:
                    self._impatient = loop.call_at(self._begun + PATIENCE, self._start_beside)
                return
            batch = self._next_batch()
            if not batch:
                return
            self._begun = loop.time()
            self._pace.note(len(batch))
            touched = {thing for waiting in batch for thing in waiting.touches}
            self._busy |= touched
            task = asyncio.create_task(self._work(batch))
            self._working.add(task)
            task.add_done_callback(partial(self._done, touched))

    def _start_beside(self) -> None:
        self._impatient = None
        self._start()

    def _done(self, touched: set[int | UUID], task: asyncio.Task[None]) -> None:
        self._busy -= touched
        self._working.discard(task)
        self._start()

    def _next_batch(self) -> list[_Waiting]:
        """The first that may go, in order of arrival. Nobody overtakes somebody who waits for the same SKU; a cart comes once."""
        batch: list[_Waiting] = []
        passed: list[_Waiting] = []
        blocked = set(self._busy)
        carts: set[UUID] = set()
        while self._waiting and len(batch) < self._batch:
            waiting = self._waiting.popleft()
            if waiting.hold.cart_id in carts or not blocked.isdisjoint(waiting.touches):
                passed.append(waiting)
                blocked |= waiting.touches
            else:
                batch.append(waiting)
                carts.add(waiting.hold.cart_id)
        self._waiting.extendleft(reversed(passed))
        return batch

    async def _work(self, batch: list[_Waiting]) -> None:
        outcomes = await self._outcomes([waiting.hold for waiting in batch])
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(outcome, bool):
                waiting.answer.set_result(outcome)
            else:
                waiting.answer.set_exception(outcome)

    async def _outcomes(self, holds: list[Hold]) -> list[BaseException | bool]:
        """What became of each. When the database refuses the batch, each is tried alone, so that one bad caller spoils nobody else's."""
        try:
            return await self._commit(holds)
        except BAD_CALLER as error:
            if len(holds) == 1:
                return [error]
            log.warning("batch_refused", holds=len(holds), error=repr(error))
        except BaseException as error:
            return [error if isinstance(error, Exception) else Unavailable("The shop is stopping.")] * len(holds)
        alone: list[BaseException | bool] = []
        for hold in holds:
            alone += await self._outcomes([hold])
        return alone

    async def _commit(self, holds: list[Hold]) -> list[BaseException | bool]:
        async def work(conn: Connection) -> list[OutOfStock | None]:
            return await hold_all(conn, holds)

        outcomes: list[BaseException | bool] = [True] * len(holds)
        if not await self._at_once(holds):
            outcomes = [outcome or False for outcome in await self._database.transaction(work)]
        self.batches += 1
        self.holds += len(holds)
        return outcomes

    async def _at_once(self, holds: list[Hold]) -> bool:
        if not all(hold.cuts for hold in holds):
            return False
        try:
            async with self._database.write() as conn:
                return await hold_at_once(conn, holds)
        except (*RETRYABLE, asyncpg.IntegrityConstraintViolationError):
            return False


STOCK = web.AppKey("stock", StockGate)
