"""Connections of a pool that go from hand to hand: who is done gives theirs to whoever waits, or keeps it ready for the next.

asyncpg's pool takes a connection back by a task, a timer and a timeout, and hands it out wrapped anew, which costs as much again as a small
statement. It still makes connections, and closes them: what somebody failed with goes back to it, and so does what nobody wants any more.
"""

import asyncio
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Final

import asyncpg

from storefront.platform.tasks import stop

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = Pool = object

USES: Final = 10_000  # of a connection, until the pool has a look at it: PostgreSQL's processes grow, so it replaces them after a while
TIDY_SECONDS: Final = 30.0  # a connection that nobody has used for as long goes back to the pool


class Held:
    """A connection that the pool has handed out."""

    __slots__ = ("conn", "used", "uses")

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.uses = 0
        self.used = True  # since the last tidying

    def is_broken(self) -> bool:
        """Whether it was closed; then the pool may already have taken it back."""
        try:
            return self.conn.is_closed()
        except asyncpg.InterfaceError:
            return True


class Lease:
    """`async with connections.acquire() as conn`."""

    __slots__ = ("_connections", "_held")

    def __init__(self, connections: "Connections") -> None:
        self._connections = connections
        self._held: Held

    async def __aenter__(self) -> Connection:
        ready = self._connections.ready
        held = ready.pop() if ready else await self._connections.take()
        if held.is_broken():
            held = await self._connections.instead_of(held)
        self._held = held
        return held.conn

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        held = self._held
        held.uses += 1
        as_it_was = kind is None and not held.is_broken() and not held.conn.is_in_transaction()
        if as_it_was and held.uses < USES and not self._connections.closing:
            self._connections.pass_on(held)
        else:
            await self._connections.give_back(held)


class Connections:
    """The connections of `pool`, at most `most` of them at once. `close` them before the pool."""

    def __init__(self, pool: Pool, most: int) -> None:
        self._pool = pool
        self._left = most  # how many the pool may still be asked for
        self.ready: list[Held] = []  # the one that was used last is the next, so that the others grow old
        self._waiting: deque[asyncio.Future[Held | None]] = deque()
        self.closing = False
        self._tidying = asyncio.create_task(self._tidy_for_ever())

    def acquire(self) -> Lease:
        """A connection for the block. Whoever comes first gets one first. Raises as asyncpg's pool."""
        return Lease(self)

    async def take(self) -> Held:
        """One that is ready, a new one, or the first that somebody is done with."""
        if self.ready:
            return self.ready.pop()
        if self._left > 0:
            self._left -= 1
        else:
            held = await self._wait()
            if held is not None:
                return held
        try:
            return Held(await self._pool.acquire())
        except BaseException:
            self._one_less()
            raise

    async def _wait(self) -> Held | None:
        """What somebody passes on; None: the pool may be asked for one in its place."""
        waiting: asyncio.Future[Held | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                held = waiting.result()
                if held is None:
                    self._one_less()
                else:
                    self.pass_on(held)
            raise

    async def instead_of(self, held: Held) -> Held:
        """Another one for one that broke while nobody used it."""
        while held.is_broken():
            await self.give_back(held)
            held = await self.take()
        return held

    def pass_on(self, held: Held) -> None:
        """To whoever waits, or kept."""
        held.used = True
        if not self._wake(held):
            self.ready.append(held)

    async def give_back(self, held: Held) -> None:
        """To the pool, which resets or closes it."""
        try:
            await self._pool.release(held.conn)
        finally:
            self._one_less()

    def _one_less(self) -> None:
        """The first who waits may ask the pool for another; else whoever comes next."""
        if not self._wake(None):
            self._left += 1

    def _wake(self, held: Held | None) -> bool:
        """Gives it to the first who waits and is still there; whether there was one."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(held)
                return True
        return False

    async def _tidy_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            await self.tidy()

    async def tidy(self) -> None:
        """Gives those back that nobody has used since the last time."""
        unused = [held for held in self.ready if not held.used]
        self.ready = [held for held in self.ready if held.used]
        for held in self.ready:
            held.used = False
        for held in unused:
            await self.give_back(held)

    async def close(self) -> None:
        """Gives back what is ready. What is still in use is the pool's to wait for."""
        self.closing = True
        await stop([self._tidying])
        while self.ready:
            await self.give_back(self.ready.pop())
