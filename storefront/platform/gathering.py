"""What many callers want at the same time, done for all of them at once: who arrives while a batch is at work is in the next one.

A trip to the database, and a commit, then serve several. Nobody waits for a batch to fill; while batches are large, the first of one waits
up to LINGER for as many as usual, as PostgreSQL's `commit_delay` does while others are at work.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from asyncpg import QueryCanceledError

from storefront.platform.database import is_away

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

PATIENCE = 0.2  # seconds
LANES = 4  # batches of a kind that may be under way, where one may have to wait for a lock
LINGER = 0.005  # seconds; what many do at once arrives over a few milliseconds, and who went alone would have all others wait for it
MANY = 8  # members of a batch


class _Caller(NamedTuple, Generic[Asked, Answer]):
    """`key` is what no other batch may be at work on meanwhile."""

    key: Hashable
    asked: Asked
    answer: "asyncio.Future[Answer]"


class Pace:
    """How large batches have been lately, and so how many are worth waiting for."""

    def __init__(self) -> None:
        self._usual = 0.0

    def note(self, size: int) -> None:
        """The size of a batch that starts now."""
        self._usual += (size - self._usual) / 4

    @property
    def enough(self) -> float:
        """So many callers wait for no more of them; where batches are small, any."""
        return 0.9 * self._usual if self._usual >= MANY else 0.0


class Gathering(Generic[Asked, Answer]):
    """`await gathering(asked)`. `work` takes at most `most` at once and answers in their order.

    When it fails with one of `again`, after which it is harmless to repeat, each is tried alone, so that one that cannot be done spoils
    nobody else's; unless a server is away, which is told to all. A statement that ran out of time (it waited for a row of one of them) says
    nothing of the others.

    Of those for which `apart` says the same, one is at work at a time, in order of arrival. With more than one of `lanes`, nobody waits for
    a batch that has been at work for PATIENCE: the next goes beside it.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]],
        *,
        most: int = 64,
        lanes: int = 1,
        apart: Callable[[Asked], Hashable] | None = None,
        again: tuple[type[Exception], ...] = (Exception,),
    ) -> None:
        self._work = work
        self._most = most
        self._lanes = lanes
        self._apart = apart
        self._again = again
        self._waiting: dict[Hashable, deque[_Caller[Asked, Answer]]] = {}
        self._busy: set[Hashable] = set()
        self._at_work = 0
        self._begun = 0.0  # the last batch, by the loop's clock
        self._pace = Pace()
        self._enough = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._impatient: asyncio.TimerHandle | None = None

    @property
    def at_work(self) -> int:
        """How many lanes have a batch, or wait for one."""
        return self._at_work

    async def __call__(self, asked: Asked) -> Answer:
        """Raises what `work` raises for it."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        key = answer if self._apart is None else self._apart(asked)
        self._waiting.setdefault(key, deque()).append(_Caller(key, asked, answer))
        if len(self._waiting) >= self._pace.enough:
            self._enough.set()
        self._go_on()
        return await answer

    def _go_on(self) -> None:
        if self._at_work == 0:
            self._start()
        else:
            self._look_later()

    def _start(self) -> None:
        self._at_work += 1
        self._keep(asyncio.create_task(self._until_nobody_waits()))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _look_later(self) -> None:
        if self._impatient is None and self._at_work < self._lanes and any(key not in self._busy for key in self._waiting):
            self._impatient = asyncio.get_running_loop().call_at(self._begun + PATIENCE, self._go_beside)

    def _go_beside(self) -> None:
        self._impatient = None
        if self._at_work < self._lanes:
            self._start()

    async def _until_nobody_waits(self) -> None:
        try:
            await self._linger()
            while batch := self._next_batch():
                self._pace.note(len(batch))
                self._begins()
                self._look_later()
                await self._do(batch)
        except BaseException:
            for callers in self._waiting.values():
                for caller in callers:
                    caller.answer.cancel()
            self._waiting.clear()
            raise
        finally:
            self._at_work -= 1

    def _begins(self) -> None:
        self._begun = asyncio.get_running_loop().time()
        if self._impatient is not None:
            self._impatient.cancel()
            self._impatient = None

    async def _linger(self) -> None:
        if len(self._waiting) >= self._pace.enough:
            return
        self._begins()
        self._enough.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                await self._enough.wait()

    def _next_batch(self) -> list[_Caller[Asked, Answer]]:
        """The first that may go together. Who waits behind one of the same key goes to the end with it."""
        batch: list[_Caller[Asked, Answer]] = []
        for key in [key for key in self._waiting if key not in self._busy]:
            callers = self._waiting.pop(key)
            while callers and callers[0].answer.done():
                callers.popleft()
            if callers:
                batch.append(callers.popleft())
                self._busy.add(key)
            if callers:
                self._waiting[key] = callers
            if len(batch) == self._most:
                break
        return batch

    def _done(self, batch: Sequence[_Caller[Asked, Answer]]) -> None:
        self._busy.difference_update(caller.key for caller in batch)
        if self._waiting:
            self._go_on()

    async def _do(self, batch: Sequence[_Caller[Asked, Answer]]) -> None:
        try:
            found = await self._work([caller.asked for caller in batch])
        except BaseException as error:
            if len(batch) > 1 and isinstance(error, self._again) and (isinstance(error, QueryCanceledError) or not is_away(error)):
                for caller in batch:
                    self._keep(asyncio.create_task(self._do([caller])))  # not one after another: one may have to wait for a lock
                return
            for caller in batch:
                if isinstance(error, asyncio.CancelledError):
                    caller.answer.cancel()
                elif not caller.answer.done():
                    caller.answer.set_exception(error)
            self._done(batch)
            if not isinstance(error, Exception):
                raise
            return
        for caller, value in zip(batch, found, strict=True):
            if not caller.answer.done():
                caller.answer.set_result(value)
        self._done(batch)
