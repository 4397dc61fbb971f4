"""Rate limits for each client and account, shared by all replicas through Redis, and local to the replica when Redis is away.

Built on `limits` because counting correctly across processes is its whole job.
"""

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import structlog
from aiohttp import web
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from redis.exceptions import RedisError

from storefront.platform.errors import RateLimited
from storefront.platform.gathering import Gathering
from storefront.platform.resilience import answer_within

log = structlog.get_logger("ratelimit")
RETRY_SHARED_AFTER = 5.0  # seconds that a failed Redis is left alone

# What the library's script does for one key, for a list of them: counts, and lets the count end with its window.
_COUNT_ALL = """
local counts = {}
for place, key in ipairs(KEYS) do
    local amount = tonumber(ARGV[2 * place])
    counts[place] = redis.call("incrby", key, amount)
    if counts[place] == amount then
        redis.call("expire", key, ARGV[2 * place - 1])
    end
end
return counts
"""


class _SharedStorage(RedisStorage):
    """Counts what is asked for at the same time by one round trip.

    The library looks at every client of Redis that is installed, and each takes a while to import.
    """

    DEPENDENCIES = {"redis": None}  # noqa: RUF012

    def __init__(self, uri: str, *, key_prefix: str, timeout: float) -> None:
        super().__init__(uri, implementation="redispy", wrap_exceptions=True, key_prefix=key_prefix)
        self._timeout = timeout
        redis: Any = self.bridge
        self._script = redis.get_connection().register_script(_COUNT_ALL)
        self._counting = Gathering(self._count_all, again=())  # what may have been counted is not counted again

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The new count of the key. Raises StorageError and TimeoutError."""
        return await self._counting((self.bridge.prefixed_key(key), expiry, amount))

    async def _count_all(self, asked: Sequence[tuple[str, int, int]]) -> list[int]:
        keys, arguments = [key for key, _, _ in asked], [given for _, *both in asked for given in both]
        found: list[int] = await answer_within(self._timeout, self._script(keys, arguments))
        return found


@lru_cache(maxsize=64)
def _parse(limit: str) -> RateLimitItem:
    return parse(limit)


@lru_cache(maxsize=64)
def _tenth(limit: str) -> RateLimitItem:
    item = parse(limit)
    return type(item)(max(1, item.amount // 10), item.multiples)


class RateLimiter:
    """`await limiter.hit("sign_in", ip, "10/minute")` counts one call and raises RateLimited past the limit.

    Shops with a `namespace` of their own on one Redis are counted apart.
    """

    def __init__(self, redis_url: str | None, namespace: str, *, timeout: float = 0.1) -> None:
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = _shared_limiter(redis_url, namespace, timeout) if redis_url else None
        self._shared_away_until = 0.0

    async def hit(self, bucket: str, key: str, limit: str, *, loosely: bool = False) -> None:
        """Counts one use of `bucket` by `key`. `limit` is in the notation of `limits` ("5/minute"). Raises RateLimited.

        `loosely`: each replica lets a tenth of the limit through without asking Redis, on top of what all count together. So who comes
        seldom costs no round trip.
        """
        item = _parse(limit)
        if loosely and await self._local.hit(_tenth(limit), f"{bucket}_loosely", key):
            return
        if not await self._allowed(item, bucket, key):
            raise RateLimited.after(item.get_expiry())

    async def _allowed(self, item: RateLimitItem, bucket: str, key: str) -> bool:
        if self._shared is not None and time.monotonic() >= self._shared_away_until:
            try:
                return await self._shared.hit(item, bucket, key)
            except (TimeoutError, RedisError, StorageError, OSError) as error:
                if time.monotonic() >= self._shared_away_until:  # those who asked together are told together
                    log.warning("shared_limits_away", error=repr(error))
                self._shared_away_until = time.monotonic() + RETRY_SHARED_AFTER
        return await self._local.hit(item, bucket, key)


def _shared_limiter(redis_url: str, namespace: str, timeout: float) -> FixedWindowRateLimiter:
    if redis_url.startswith("unix:"):
        redis_url = "redis+" + redis_url
    return FixedWindowRateLimiter(_SharedStorage(f"async+{redis_url}", key_prefix=f"{namespace}:limits", timeout=timeout))


RATE_LIMITER = web.AppKey("rate_limiter", RateLimiter)
