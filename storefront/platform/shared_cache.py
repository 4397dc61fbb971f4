"""The second level of the cache: Redis or Valkey, shared by all replicas, reached through aiocache. It only makes the shop faster.

An entry carries the log position (LSN) that whoever read it had been told everything up to. The sorted set `invalidations` holds, for each
tag, the highest position at which it was invalidated (`ZADD GT`, so a replica that lags cannot lower it). An entry counts only while its
position is at or past those of all its tags; so a fill that began before an invalidation loses, wherever and whenever it lands. What a
replica was told of it remembers, too: Redis may have lost it (emptied, out of memory, taken over by a server that had not heard of it).

Entries are of one release: a page names the files of the release that made it. Invalidations are for all releases.

When an invalidation could not be written, Redis is left alone until everything older has been declared void (the tag `*`).
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import msgspec
import structlog
from aiocache.backends.redis import RedisCache
from aiocache.serializers import NullSerializer
from prometheus_client import Counter
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from storefront.platform.resilience import Breaker, Bulkhead, NotCalled, answer_within
from storefront.settings import CacheSettings

T = TypeVar("T")
log = structlog.get_logger("cache")

CALLS = Counter("storefront_shared_cache_total", "Calls of the second level, by outcome.", ["outcome"])
EVERYTHING = "*"
LEASE_MS = 3000
LEASE_WAIT = 0.4  # seconds to wait for another replica's load
LEASE_POLL = 0.015
FAILURES = 2  # one after another; those of calls that were under way together are one
PAUSE = 5.0  # seconds that a failing Redis is left alone
CONNECTIONS = 16  # more calls at once only make each other late: Redis and we answer one after another
SPARE = 4  # for what must not wait behind look-ups
PATIENCE = 1.0  # seconds that a look-up waits for its turn
MOST_WAITING = 10_000
MOST_REMEMBERED = 20_000  # tags; beyond that everything read before is taken for void
AWAY = (RedisError, OSError, TimeoutError, NotCalled)

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Envelope(msgspec.Struct, array_like=True):
    """An entry as it lies in Redis: `fresh_for` and `usable_for` are seconds from `put_at`, which is seconds since 1970.

    Clocks of replicas may differ: by a clock that is behind, nothing is of the future, and lives at most as long again.
    """

    position: int
    tags: list[str]
    fresh_for: float
    usable_for: float
    body: bytes
    put_at: float = 0.0

    def at(self, moment: float) -> "Envelope":
        """The entry with what is left of it then."""
        age = max(0.0, moment - self.put_at)
        return Envelope(self.position, self.tags, self.fresh_for - age, self.usable_for - age, self.body, moment)


class _Told:
    """What this process was told is void, whatever Redis says: positions by tag."""

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}
        self._of_all = 0

    def note(self, tags: Iterable[str], position: int) -> None:
        for tag in tags:
            self._positions[tag] = max(position, self._positions.get(tag, 0))
        if len(self._positions) > MOST_REMEMBERED:
            self._of_all = max(self._positions.values())
            self._positions.clear()

    def past(self, tags: Iterable[str]) -> int:
        """The position from which on an entry with these tags counts."""
        return max(self._of_all, *(self._positions.get(tag, 0) for tag in tags), 0)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


class SharedCache:
    """Calls never raise: what Redis cannot answer in time is a miss, and after some failures in a row it is not asked for a while."""

    def __init__(self, url: str, settings: CacheSettings, release: str = "") -> None:
        self._timeout = settings.timeout_ms / 1000
        self._prefix = f"{settings.namespace}:"
        self._invalidations = self._prefix + "invalidations"
        self.of_release = release
        if release:
            self._prefix += f"{release}:"
        # Without timeouts of its own, which run out as well when it is us who are busy; see `answer_within`.
        pool = BlockingConnectionPool.from_url(
            url, socket_timeout=None, socket_connect_timeout=None, max_connections=CONNECTIONS + SPARE, timeout=None, protocol=2
        )
        self._client: Redis = Redis.from_pool(pool)
        # Without aiocache's own timeout, which runs each call in a task that nobody looks after when ours runs out first.
        self._cache: Any = RedisCache(serializer=NullSerializer(encoding=None), namespace=self._prefix.rstrip(":"), timeout=0)
        self._cache.client = self._client  # its own speaks neither unix:// nor rediss://
        # Whoever waits here waits for us: it says nothing about Redis.
        self._turns = Bulkhead("redis", CONNECTIONS, waiting=MOST_WAITING, patience=PATIENCE)
        self._breaker = Breaker("redis", threshold=FAILURES, pause=PAUSE, counts=(RedisError, OSError, TimeoutError), together=True)
        self._void_below = 0  # what could not be invalidated one by one
        self._told = _Told()
        self._release = self._client.register_script(_RELEASE)

    @property
    def well(self) -> bool:
        """Whether Redis is asked at all right now."""
        return self._breaker.state == "closed" and not self._void_below

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def get(self, key: str) -> tuple[Envelope | None, int]:
        """An entry that nothing it is tagged with was invalidated after; and from which position on one would count, as far as is known."""
        try:
            raw = await self._call(self._cache.get(key))
            if raw is None:
                CALLS.labels("miss").inc()
                return None, 0
            found = _decoder.decode(raw)
            scores = await self._call(self._client.zmscore(self._invalidations, [EVERYTHING, *found.tags]))
            past = max(self._told.past(found.tags), *(int(score) for score in scores if score is not None), 0)
        except (*AWAY, msgspec.DecodeError, OverflowError):
            CALLS.labels("away").inc()
            return None, 0
        found = found.at(time.time())
        if found.usable_for <= 0 or past > found.position:
            CALLS.labels("old").inc()
            return None, past
        CALLS.labels("hit").inc()
        return found, past

    async def put(self, key: str, entry: Envelope) -> None:
        """Stores an entry for as long as it is usable; `put_at` is now."""
        if entry.usable_for < 0.001:
            return
        entry.put_at = time.time()
        try:
            await self._call(self._cache.set(key, _encoder.encode(entry), ttl=float(entry.usable_for)))
        except AWAY:
            CALLS.labels("away").inc()

    async def invalidate(self, tags: Iterable[str], position: int) -> None:
        """Voids every entry with one of the tags that was read before `position`."""
        scores = dict.fromkeys(tags, float(position))
        if not scores:
            return
        self._told.note(scores, position)
        try:
            await self._call(self._client.zadd(self._invalidations, scores, gt=True), at_once=True)
        except AWAY as error:
            if not self._void_below:
                log.warning("invalidation_owed", error=repr(error))
            self._void_below = max(self._void_below, position)

    async def forget(self, below: int) -> None:
        """Drops invalidations that no entry can be old enough for."""
        try:
            await self._call(self._client.zremrangebyscore(self._invalidations, "-inf", f"({below}"))
        except AWAY:
            CALLS.labels("away").inc()

    async def lease(self, key: str, position: int) -> str | None:
        """The right to load `key`, as it was at `position`, for all replicas: a token, or None while another has it.

        Redis being away, everybody has it.
        """
        token = f"{position}:{secrets.token_hex(8)}"
        try:
            taken = await self._call(self._client.set(self._lease(key), token, nx=True, px=LEASE_MS))
        except AWAY:
            return token
        return token if taken else None

    async def release(self, key: str, token: str) -> None:
        """Gives the lease back, if it is still ours."""
        try:
            await self._call(self._release(keys=[self._lease(key)], args=[token]))
        except AWAY:
            CALLS.labels("away").inc()

    async def wait_for(self, key: str, past: int) -> Envelope | None:
        """What another replica is loading right now, if it comes in time, and is not from before `past`.

        None as soon as nothing is to be expected: what it loads is too old to count, or it has ended with nothing that does.
        """
        deadline = time.monotonic() + LEASE_WAIT
        while time.monotonic() < deadline and self.well:
            loading = await self._loading_at(key)
            found, past_now = await self.get(key)
            past = max(past, past_now)
            if found is not None or loading is None or loading < past:
                return found
            await asyncio.sleep(LEASE_POLL)
        return None

    async def _loading_at(self, key: str) -> int | None:
        """The position of the load under way, if there is one."""
        try:
            token: Any = await self._call(self._client.get(self._lease(key)))
        except AWAY:
            return None
        position = b"" if token is None else token.partition(b":")[0]
        return int(position) if position.isdigit() else None

    def _lease(self, key: str) -> str:
        return f"{self._prefix}lease:{key}"

    async def _call(self, call: Awaitable[T], *, at_once: bool = False) -> T:
        try:
            async with contextlib.nullcontext() if at_once else self._turns:
                with self._breaker.watch():
                    return await answer_within(self._timeout, self._debt_first(call))
        finally:
            if asyncio.iscoroutine(call):
                call.close()  # a call that was not made must not be warned about

    async def _debt_first(self, call: Awaitable[T]) -> T:
        if self._void_below:
            owed = self._void_below
            await self._client.zadd(self._invalidations, {EVERYTHING: float(owed)}, gt=True)
            if self._void_below == owed:
                self._void_below = 0
        return await call
