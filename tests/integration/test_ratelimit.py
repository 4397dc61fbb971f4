"""Rate limits are one shop's: all its replicas count together, other shops on the same Redis apart."""

import uuid

import pytest

from storefront.platform.embedded.valkey import Valkey
from storefront.platform.errors import RateLimited
from storefront.platform.ratelimit import RateLimiter


async def test_replicas_of_a_shop_count_together_and_shops_apart(valkey: Valkey) -> None:
    name = uuid.uuid4().hex
    replicas = [RateLimiter(valkey.url, name), RateLimiter(valkey.url, name)]
    for number in range(4):
        await replicas[number % 2].hit("sign_in", "10.0.0.1", "4/hour")
    for replica in replicas:
        with pytest.raises(RateLimited) as refused:
            await replica.hit("sign_in", "10.0.0.1", "4/hour")
        assert int(refused.value.headers["Retry-After"]) > 0
    await replicas[0].hit("sign_in", "10.0.0.2", "4/hour")
    await RateLimiter(valkey.url, name + "-other").hit("sign_in", "10.0.0.1", "4/hour")


async def test_without_redis_each_replica_counts_for_itself() -> None:
    limiter = RateLimiter("redis://127.0.0.1:1/0", "shop")
    for _ in range(4):
        await limiter.hit("sign_in", "10.0.0.1", "4/hour")
    with pytest.raises(RateLimited):
        await limiter.hit("sign_in", "10.0.0.1", "4/hour")


async def test_counted_loosely_each_replica_gives_a_tenth_of_its_own(valkey: Valkey) -> None:
    name = uuid.uuid4().hex
    replicas = [RateLimiter(valkey.url, name), RateLimiter(valkey.url, name)]
    for number in range(20 + 2 + 2):
        await replicas[number % 2].hit("carts", "10.0.0.1", "20/hour", loosely=True)
    for replica in replicas:
        with pytest.raises(RateLimited):
            await replica.hit("carts", "10.0.0.1", "20/hour", loosely=True)
    await replicas[0].hit("carts", "10.0.0.2", "20/hour", loosely=True)
