"""What many callers want at the same time, done for all of them at once: who arrives while a batch is at work is in the next one.

A trip to the database, and a commit, then serve several. Nobody waits for a batch to fill.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from asyncpg import QueryCanceledError

from storefront.platform.database import is_away

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

PATIENCE = 0.2  # seconds


class Gathering(Generic[Asked, Answer]):
    """`await gathering(asked)`. `work` takes at most `most` at once, is harmless to repeat, and answers in their order.

    When it fails, each is tried alone, so that one that cannot be done spoils nobody else's; unless a server is away, which is told to all.
    A statement that ran out of time (it waited for a row of one of them) says nothing of the others.

    Of those for which `apart` says the same, one is in a batch, and the others are in later ones. With more than one of `lanes`, nobody
    waits for a batch that has been at work for PATIENCE: the next goes beside it.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]],
        *,
        most: int = 64,
        lanes: int = 1,
        apart: Callable[[Asked], Hashable] | None = None,
    ) -> None:
        self._work = work
        self._most = most
        self._lanes = lanes
        self._apart = apart
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._at_work = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._impatient: asyncio.TimerHandle | None = None

    async def __call__(self, asked: Asked) -> Answer:
        """Raises what `work` raises for it."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._at_work == 0:
            self._start()
        else:
            self._look_later()
        return await answer

    def _start(self) -> None:
        self._at_work += 1
        self._keep(asyncio.create_task(self._until_nobody_waits()))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _look_later(self) -> None:
        if self._impatient is None and self._waiting and self._at_work < self._lanes:
            self._impatient = asyncio.get_running_loop().call_later(PATIENCE, self._go_beside)

    def _go_beside(self) -> None:
        self._impatient = None
        if self._waiting and self._at_work < self._lanes:
            self._start()

    async def _until_nobody_waits(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                if self._impatient is not None:
                    self._impatient.cancel()
                    self._impatient = None
                self._look_later()
                await self._do([(asked, answer) for asked, answer in batch if not answer.done()])
        except BaseException:
            for _, answer in self._waiting:
                answer.cancel()
            self._waiting = []
            raise
        finally:
            self._at_work -= 1

    def _next_batch(self) -> list[tuple[Asked, "asyncio.Future[Answer]"]]:
        """The first that may go together, in order of arrival."""
        if self._apart is None:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            return batch
        chosen: dict[Hashable, tuple[Asked, asyncio.Future[Answer]]] = {}
        later: list[tuple[Asked, asyncio.Future[Answer]]] = []
        for one in self._waiting:
            key = self._apart(one[0])
            if key in chosen or len(chosen) == self._most:
                later.append(one)
            else:
                chosen[key] = one
        self._waiting = later
        return list(chosen.values())

    async def _do(self, batch: Sequence[tuple[Asked, "asyncio.Future[Answer]"]]) -> None:
        if not batch:
            return
        try:
            found = await self._work([asked for asked, _ in batch])
        except BaseException as error:
            if len(batch) > 1 and isinstance(error, Exception) and (isinstance(error, QueryCanceledError) or not is_away(error)):
                for one in batch:
                    self._keep(asyncio.create_task(self._do([one])))  # not one after another: one may have to wait for a lock
                return
            for _, answer in batch:
                if isinstance(error, asyncio.CancelledError):
                    answer.cancel()
                elif not answer.done():
                    answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, answer), value in zip(batch, found, strict=True):
            if not answer.done():
                answer.set_result(value)
