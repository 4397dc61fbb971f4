"""Parts for calls that leave the process: a bulkhead, a breaker, a retry budget and backoff. Deadlines are `asyncio.timeout`.

Sources: Michael Nygard, "Release It!" (bulkhead, circuit breaker); AWS Builders' Library, "Timeouts, retries and backoff with jitter";
Google SRE book, "Handling Overload" (retry budgets).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from prometheus_client import Counter, Gauge
from purgatory.domain.model import Context, OpenedState

CALLS_REFUSED = Counter("storefront_calls_refused_total", "Calls that were not made, by part and reason.", ["part", "reason"])
BREAKER_OPEN = Gauge("storefront_breaker_open", "1 while a part is left alone because it keeps failing.", ["part"])


class NotCalled(Exception):
    """The call was not made, so it surely had no effect."""


class Bulkhead:
    """At most `limit` calls at once, and at most `waiting` callers who wait, none longer than `patience` seconds."""

    def __init__(self, part: str, limit: int, *, waiting: int, patience: float) -> None:
        self._part = part
        self._slots = asyncio.Semaphore(limit)
        self._waiting = 0
        self._most_waiting = waiting
        self._patience = patience

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Holds a slot. Raises NotCalled when there is none in time."""
        await self._enter()
        try:
            yield
        finally:
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
    """

    def __init__(self, part: str, *, threshold: int, pause: float, counts: tuple[type[BaseException], ...]) -> None:
        self._part = part
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
        trial = self._begin()
        try:
            yield
        except self._counts as error:
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


def backoff(attempt: int, *, base: float, most: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): exponential, with jitter over the upper half."""
    ceiling = min(most, base * 2.0 ** min(attempt - 1, 30))
    return ceiling * random.uniform(0.5, 1)  # noqa: S311
