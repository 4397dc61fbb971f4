"""Connections go from hand to hand: never to two at once, never one that broke, and none is lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from storefront.platform.connections import Connections
from storefront.platform.database import Database
from storefront.settings import DatabaseSettings, Settings

MOST = 2


@pytest.fixture
async def connections(settings: Settings) -> AsyncIterator[Connections]:
    """At most two connections."""
    database = Database(settings.database.url, settings=DatabaseSettings(pool_min=1, pool_max=MOST))
    await database.start()
    yield database.primary
    await database.close()


async def _backend(connections: Connections) -> int:
    """The number of the server's process that answers."""
    async with connections.acquire() as conn:
        return int(await conn.fetchval("SELECT pg_backend_pid()"))


async def test_no_connection_is_given_to_two_at_once_and_everybody_gets_one(connections: Connections) -> None:
    used: set[int] = set()
    at_once: list[int] = []

    async def use() -> None:
        async with connections.acquire() as conn:
            assert id(conn) not in used
            used.add(id(conn))
            at_once.append(len(used))
            await conn.fetchval("SELECT 1")
            used.discard(id(conn))

    await asyncio.gather(*(use() for _ in range(20)))
    assert len(at_once) == 20
    assert max(at_once) <= MOST


async def test_who_comes_first_gets_one_first(connections: Connections) -> None:
    served: list[int] = []
    free = asyncio.Event()

    async def hold() -> None:
        async with connections.acquire():
            await free.wait()

    async def use(number: int) -> None:
        async with connections.acquire():
            served.append(number)

    holding = [asyncio.create_task(hold()) for _ in range(MOST)]
    waiting = [asyncio.create_task(use(number)) for number in range(6)]
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(*holding, *waiting)
    assert served == sorted(served)


async def test_who_failed_and_comes_again_overtakes_nobody(connections: Connections) -> None:
    """Their connection goes back to the pool, and who has waited longest gets the next one of it."""
    served: list[str] = []

    async def want(name: str) -> None:
        async with connections.acquire():
            served.append(name)

    async with contextlib.AsyncExitStack() as others:
        for _ in range(MOST - 1):
            await others.enter_async_context(connections.acquire())
        with contextlib.suppress(ZeroDivisionError):
            async with connections.acquire():
                waiting = [asyncio.create_task(want(name)) for name in ("first", "second")]
                await asyncio.sleep(0)
                raise ZeroDivisionError
        await want("failed")
        await asyncio.gather(*waiting)
    assert served == ["first", "second", "failed"]


async def test_the_connection_that_was_used_last_is_used_next_without_asking_the_pool(connections: Connections) -> None:
    async with connections.acquire() as first:
        pass
    async with connections.acquire() as second:
        assert second is first


async def test_one_that_waits_no_more_takes_none_away(connections: Connections) -> None:
    async with connections.acquire():
        async with connections.acquire():
            given_up = [asyncio.create_task(_backend(connections)) for _ in range(3)]
            await asyncio.sleep(0)
            given_up[0].cancel()
        given_up[1].cancel()  # its connection has just been given to it
        assert await given_up[2] > 0
    assert len(await asyncio.gather(*(_backend(connections) for _ in range(4)))) == 4


async def test_a_connection_that_breaks_while_nobody_uses_it_is_replaced(connections: Connections, owner: asyncpg.Connection) -> None:
    broken = await _backend(connections)
    await owner.execute("SELECT pg_terminate_backend($1)", broken)
    while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", broken):
        await asyncio.sleep(0.01)
    while not connections.ready[0].is_broken():  # the news is on its way
        await asyncio.sleep(0.01)
    assert await _backend(connections) != broken
    assert len(set(await asyncio.gather(*(_backend(connections) for _ in range(4))))) <= MOST


async def test_a_connection_that_is_left_in_a_transaction_is_cleaned(connections: Connections) -> None:
    async with connections.acquire() as conn:
        await conn.execute("BEGIN")
    for _ in range(MOST):
        async with connections.acquire() as conn:
            assert not conn.is_in_transaction()


async def test_a_connection_that_somebody_failed_with_goes_back_to_the_pool(connections: Connections) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with connections.acquire() as conn:
            await conn.fetchval("SELECT 1 / 0")
    assert connections.ready == []
    assert await _backend(connections) > 0


async def test_a_server_that_is_away_costs_no_connection(settings: Settings) -> None:
    database = Database(settings.database.url, settings=DatabaseSettings(pool_min=0, pool_max=1))
    await database.start()
    pool = database._primary_pool
    pool.set_connect_args("postgresql://nobody@127.0.0.1:1/nothing")
    for _ in range(3):
        with pytest.raises(OSError, match=r".*"):
            await _backend(database.primary)
    pool.set_connect_args(settings.database.url)
    assert await asyncio.wait_for(_backend(database.primary), 5) > 0
    await database.close()


async def test_what_nobody_uses_goes_back_to_the_pool(connections: Connections) -> None:
    async with connections.acquire(), connections.acquire():
        pass
    await connections.tidy()
    assert len(connections.ready) == MOST
    await _backend(connections)
    await connections.tidy()
    assert len(connections.ready) == 1
    assert len(await asyncio.gather(*(_backend(connections) for _ in range(4)))) == 4


async def test_a_connection_in_use_while_the_shop_closes_is_waited_for(settings: Settings) -> None:
    database = Database(settings.database.url, settings=DatabaseSettings(pool_min=0, pool_max=1))
    await database.start()
    async with database.write() as conn:
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0)
        assert await conn.fetchval("SELECT 1") == 1
    await closing
    assert database.primary.ready == []
