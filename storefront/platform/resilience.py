"""Parts for calls that leave the process: a bulkhead, a breaker, a retry budget and backoff. Deadlines are `asyncio.timeout`.

Sources: Michael Nygard, "Release It!" (bulkhead, circuit breaker); AWS Builders' Library, "Timeouts, retries and backoff with jitter";
Google SRE book, "Handling Overload" (retry budgets).
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from prometheus_client import Counter, Gauge
from purgatory.domain.model import Context, OpenedState

T = TypeVar("T")
CALLS_REFUSED = Counter("storefront_calls_refused_total", "Calls that were not made, by part and reason.", ["part", "reason"])
BREAKER_OPEN = Gauge("storefront_breaker_open", "1 while a part is left alone because it keeps failing.", ["part"])


BUSY_WHILES = 8  # of ours in a row, for which an answer is waited for: a connection that is made is answered several times


class NotCalled(Exception):
    """The call was not made, so it surely had no effect."""


class Bulkhead:
    """At most `limit` calls at once, each inside `async with`; at most `waiting` callers wait, none longer than `patience` seconds."""

    def __init__(self, part: str, limit: int, *, waiting: int, patience: float) -> None:
        self._part = part
        self._slots = asyncio.Semaphore(limit)
        self._waiting = 0
        self._most_waiting = waiting
        self._patience = patience

    async def __aenter__(self) -> None:
        """Takes a slot. Raises NotCalled when there is none in time."""
        await self._enter()

    async def __aexit__(self, *raised: object) -> None:
        self._slots.release()

    async def _enter(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        if self._waiting >= self._most_waiting:
            raise self._refusal()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._slots.acquire()
        except TimeoutError as error:
            raise self._refusal() from error
        finally:
            self._waiting -= 1

    def _refusal(self) -> NotCalled:
        CALLS_REFUSED.labels(self._part, "full").inc()
        return NotCalled(f"{self._part}: too many calls are under way")


class Breaker:
    """Leaves a part alone for `pause` seconds after `threshold` failures in a row, then lets one call try.

    The states are purgatory's. Only exceptions of `counts` are failures of the part; a caller that was cancelled says nothing about it.
    `together`: calls that are under way while one fails, and fail, too, are one failure. For what is called by very many at once.
    """

    def __init__(self, part: str, *, threshold: int, pause: float, counts: tuple[type[BaseException], ...], together: bool = False) -> None:
        self._part = part
        self._together = together
        self._failed_at = -math.inf
        self._counts = counts
        self._context = Context(part, threshold, pause)
        self._trying = False
        BREAKER_OPEN.labels(part).set(0)

    @property
    def state(self) -> str:
        """ "closed", "opened" or "half-opened"."""
        return str(self._context.state)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Runs the call inside. Raises NotCalled while the part is left alone."""
        trial, began = self._begin(), time.monotonic()
        try:
            yield
        except self._counts as error:
            if trial or not self._together or began > self._failed_at:
                self._failed_at = time.monotonic()
                self._context.handle_exception(error)
            raise
        except Exception:
            self._context.handle_end_request()  # an answer, if not the one that was hoped for: the part is well
            raise
        else:
            self._context.handle_end_request()
        finally:
            if trial:
                self._trying = False
            self._context.messages.clear()
            BREAKER_OPEN.labels(self._part).set(self.state != "closed")

    def _begin(self) -> bool:
        """Whether this call is the one trial after a pause. A trial that is cut off leaves the next call to be it."""
        if self._trying:
            raise self._refusal()
        try:
            self._context.handle_new_request()
        except OpenedState as error:
            error.__traceback__ = None  # purgatory raises one object again and again; its traceback would grow for ever
            raise self._refusal() from None
        self._trying = self.state == "half-opened"
        return self._trying

    def _refusal(self) -> NotCalled:
        CALLS_REFUSED.labels(self._part, "breaker_open").inc()
        return NotCalled(f"{self._part}: is left alone for a moment, as it keeps failing")


class RetryBudget:
    """Retries may be a `share` of the calls; a few are always allowed, so that a quiet shop retries too.

    Each call earns `share` of a retry, up to `most`; each retry costs one.
    """

    def __init__(self, share: float = 0.1, *, most: float = 10.0) -> None:
        self._share = share
        self._most = most
        self._left = most

    def earn(self) -> None:
        """Counts a call."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Whether one more retry may be made now."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


async def answer_within(seconds: float, call: Awaitable[T]) -> T:
    """What `call` answers. Raises TimeoutError when it does not in time.

    Time in which this process was busy with something else is not counted: an event loop looks at its timers before it reads what has come,
    and the answer may long be there. So where the timer is late, there is another while, a few times at most.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        handle: asyncio.TimerHandle | None = None

        def out(due: float, again: int) -> None:
            nonlocal handle
            now = time.monotonic()
            late = now - due
            if late < -0.001:  # uvloop counts from when its round began
                handle = loop.call_later(-late, out, due, again)
            elif late > seconds / 4 and again:
                handle = loop.call_later(seconds, out, now + seconds, again - 1)
            else:
                limit.reschedule(loop.time())

        handle = loop.call_later(seconds, out, time.monotonic() + seconds, BUSY_WHILES)
        try:
            return await call
        finally:
            handle.cancel()


def backoff(attempt: int, *, base: float, most: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): exponential, with jitter over the upper half."""
    ceiling = min(most, base * 2.0 ** min(attempt - 1, 30))
    return ceiling * random.uniform(0.5, 1)  # noqa: S311
