"""What many callers want at the same time, done for all of them at once: who arrives while a batch is at work is in the next one.

A trip to the database, and a commit, then serve several. Nobody waits for a batch to fill.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from asyncpg import QueryCanceledError

from storefront.platform.database import is_away

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Gathering(Generic[Asked, Answer]):
    """`await gathering(asked)`. `work` takes at most `most` at once, is harmless to repeat, and answers in their order.

    When it fails, each is tried alone, so that one that cannot be done spoils nobody else's; unless a server is away, which is told to all.
    A statement that ran out of time (it waited for a row of one of them) says nothing of the others.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, most: int = 64) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._at_work: asyncio.Task[None] | None = None

    async def __call__(self, asked: Asked) -> Answer:
        """Raises what `work` raises for it."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._until_nobody_waits())
        return await answer

    async def _until_nobody_waits(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            await self._do([(asked, answer) for asked, answer in batch if not answer.done()])

    async def _do(self, batch: Sequence[tuple[Asked, "asyncio.Future[Answer]"]]) -> None:
        if not batch:
            return
        try:
            found = await self._work([asked for asked, _ in batch])
        except BaseException as error:
            if len(batch) > 1 and isinstance(error, Exception) and (isinstance(error, QueryCanceledError) or not is_away(error)):
                for one in batch:
                    await self._do([one])
                return
            for _, answer in batch:
                if isinstance(error, Exception) and not answer.done():
                    answer.set_exception(error)
                else:
                    answer.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for (_, answer), value in zip(batch, found, strict=True):
            if not answer.done():
                answer.set_result(value)
