"""Rate limits are one shop's: all its replicas count together, other shops on the same Redis apart."""

import asyncio
import uuid
from pathlib import Path

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


async def test_uses_at_the_same_time_are_each_counted(valkey: Valkey) -> None:
    limiter = RateLimiter(valkey.url, uuid.uuid4().hex)
    hits = [limiter.hit("sign_in", f"10.0.0.{number % 3}", f"{10 + number % 3}/hour") for number in range(90)]
    refused = [isinstance(outcome, RateLimited) for outcome in await asyncio.gather(*hits, return_exceptions=True)]
    assert [refused[place::3].index(True) for place in range(3)] == [10, 11, 12]
    assert [sum(refused[place::3]) for place in range(3)] == [20, 19, 18]


async def test_a_redis_that_hangs_is_asked_again_once_it_answers(tmp_path: Path) -> None:
    """Nobody waits for ever behind what nobody answered."""
    asked = asyncio.Queue[bytes]()
    hanging = True

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readuntil(b"\r\n"):
            asked.put_nowait(line)
            if hanging:
                await asyncio.Event().wait()

    async with await asyncio.start_unix_server(answer, tmp_path / "redis"):
        limiter = RateLimiter(f"unix://{tmp_path}/redis", "shop", timeout=0.05)
        await limiter.hit("sign_in", "10.0.0.1", "4/hour")
        await asked.get()
        assert asked.empty()
        limiter._shared_away_until = 0.0
        await limiter.hit("sign_in", "10.0.0.1", "4/hour")
        async with asyncio.timeout(2):
            await asked.get()  # by another connection


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
