"""The two-level cache: one load for all who ask, nothing stale past an invalidation, and a shop that goes on without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from storefront.platform import shared_cache
from storefront.platform.cache import Cache
from storefront.platform.embedded.valkey import Valkey
from storefront.platform.shared_cache import SharedCache
from storefront.settings import CacheSettings
from tests.conftest import free_port


class Source:
    """What is cached: counts how often it was read, and can be made to wait."""

    def __init__(self) -> None:
        self.value = 1
        self.reads = 0
        self.open = asyncio.Event()
        self.open.set()

    async def read(self) -> int:
        self.reads += 1
        value = self.value
        await self.open.wait()
        return value


@pytest.fixture
async def replicas(valkey: Valkey) -> AsyncIterator[list[Cache]]:
    """Two replicas' caches on one Valkey, which they wait for however busy the machine is."""
    settings = CacheSettings(timeout_ms=20_000)
    made = [Cache(settings, SharedCache(valkey.url, settings), most_bytes=1_000_000) for _ in range(2)]
    shared = made[0].levels.shared
    assert shared is not None
    await shared._client.flushall()
    yield made
    for cache in made:
        assert cache.levels.shared is not None
        await cache.levels.shared.close()


@pytest.mark.usefixtures("patient")
async def test_200_callers_on_two_replicas_cause_one_load(replicas: list[Cache]) -> None:
    source = Source()
    source.open.clear()
    callers = [asyncio.create_task(replicas[n % 2].get_or_load("one", {"t"}, int, source.read)) for n in range(200)]
    while not source.reads:
        await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.05, source.open.set)
    assert await asyncio.gather(*callers) == [1] * 200
    assert source.reads == 1


async def test_an_invalidation_reaches_the_other_replicas_entries(replicas: list[Cache]) -> None:
    source = Source()
    first, second = replicas
    assert await first.get_or_load("two", {"t"}, int, source.read) == 1
    source.value = 2
    await second.invalidate({"t"}, 100)
    assert await second.get_or_load("two", {"t"}, int, source.read) == 2, "the entry in Valkey is void"
    assert await first.get_or_load("two", {"t"}, int, source.read) == 1, "this replica has not been told yet"
    await first.invalidate({"t"}, 100)
    assert await first.get_or_load("two", {"t"}, int, source.read) == 2


async def test_a_fill_that_began_before_an_invalidation_does_not_land_after_it(replicas: list[Cache]) -> None:
    source = Source()
    first, second = replicas
    source.open.clear()
    slow = asyncio.create_task(first.get_or_load("three", {"t"}, int, source.read))
    while not source.reads:
        await asyncio.sleep(0)
    source.value = 2
    await first.invalidate({"t"}, 200)
    source.open.set()
    assert await slow == 1, "it was asked before the change"
    assert await first.get_or_load("three", {"t"}, int, source.read) == 2
    assert await second.get_or_load("three", {"t"}, int, source.read) == 2


async def test_a_replica_that_lags_cannot_bring_an_old_entry_back(replicas: list[Cache]) -> None:
    source = Source()
    first, second = replicas
    await second.invalidate({"other"}, 300)
    assert await first.get_or_load("four", {"t"}, int, source.read) == 1  # read at position 0
    source.value = 2
    await second.invalidate({"t"}, 310)
    await first.invalidate({"other"}, 305)  # told of something earlier only now
    shared = second.levels.shared
    assert shared is not None
    assert (await shared.get("data:four"))[0] is None
    assert await second.get_or_load("four", {"t"}, int, source.read) == 2


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for another replica's load waits longer than any test."""
    monkeypatch.setattr(shared_cache, "LEASE_WAIT", 600.0)
    monkeypatch.setattr(shared_cache, "LEASE_MS", 600_000)


@pytest.mark.usefixtures("patient")
async def test_nobody_waits_on_for_a_load_that_came_to_nothing(replicas: list[Cache]) -> None:
    loading, waiting = (cache.levels.shared for cache in replicas)
    assert loading is not None
    assert waiting is not None
    token = await loading.lease("data:five", 0)
    assert token is not None
    found = asyncio.create_task(waiting.wait_for("data:five", 0))
    await loading.release("data:five", token)
    async with asyncio.timeout(20):
        assert await found is None


@pytest.mark.usefixtures("patient")
async def test_nobody_waits_for_a_load_that_is_too_old_to_count(replicas: list[Cache]) -> None:
    source = Source()
    first, second = replicas
    ahead, behind = second.levels.shared, first.levels.shared
    assert ahead is not None
    assert behind is not None
    assert await first.get_or_load("six", {"t"}, int, source.read) == 1
    assert await behind.lease("data:six", 0) is not None
    await second.invalidate({"t"}, 500)
    async with asyncio.timeout(20):
        assert await second.get_or_load("six", {"t"}, int, source.read) == 1
    assert source.reads == 2


@pytest.mark.usefixtures("patient")
async def test_a_replica_that_is_behind_takes_no_lease_and_shares_nothing(replicas: list[Cache]) -> None:
    source = Source()
    first, second = replicas
    ahead = second.levels.shared
    assert ahead is not None
    assert await first.get_or_load("seven", {"t"}, int, source.read) == 1
    await second.invalidate({"t"}, 600)
    first.clear()
    assert await ahead.lease("data:seven", 600) is not None, "the other replica loads what will count"
    kept = await ahead._client.get("storefront:data:seven")
    async with asyncio.timeout(20):
        assert await first.get_or_load("seven", {"t"}, int, source.read) == 1
    assert await ahead._client.get("storefront:data:seven") == kept


async def test_a_cancelled_caller_takes_nobody_with_it(replicas: list[Cache]) -> None:
    source = Source()
    source.open.clear()
    leaving = asyncio.create_task(replicas[0].get_or_load("five", {"t"}, int, source.read))
    staying = asyncio.create_task(replicas[0].get_or_load("five", {"t"}, int, source.read))
    while not source.reads:
        await asyncio.sleep(0)
    leaving.cancel()
    source.open.set()
    assert await staying == 1


async def test_nothing_found_is_kept_too_and_errors_are_not(replicas: list[Cache]) -> None:
    reads = 0

    async def nothing() -> None:
        nonlocal reads
        reads += 1

    async def failing() -> int:
        raise LookupError("no")

    for _ in range(3):
        assert await replicas[0].get_or_load("six", {"t"}, type(None), nothing) is None
    assert reads == 1
    for _ in range(2):
        with pytest.raises(LookupError):
            await replicas[0].get_or_load("seven", {"t"}, int, failing)


async def test_memory_stays_within_its_bound() -> None:
    cache = Cache(CacheSettings(), None, most_bytes=100_000)

    async def kilobyte() -> str:
        return "x" * 1000

    for number in range(2000):
        await cache.get_or_load(f"key-{number}", {f"tag-{number}"}, str, kilobyte)
    stats = cache.stats()
    assert 50 < stats["entries"] < 100
    assert stats["bytes"] <= 100_000


async def test_redis_that_dies_and_comes_back_serves_nothing_stale(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    server = Valkey(tmp_path / "valkey")
    server.start()
    settings = CacheSettings()
    caches = [Cache(settings, SharedCache(server.url, settings), most_bytes=1_000_000) for _ in range(2)]
    source = Source()
    assert await caches[0].get_or_load("eight", {"t"}, int, source.read) == 1
    shared = [cache.levels.shared for cache in caches]
    assert server.child is not None
    server.child.process.send_signal(19)  # SIGSTOP: accepts connections, answers nothing
    source.value = 2
    for cache in caches:
        await cache.invalidate({"t"}, 50)
    assert await caches[0].get_or_load("eight", {"t"}, int, source.read) == 2, "without Redis"
    server.child.process.send_signal(18)
    for cache in caches:
        cache.clear()
    async with asyncio.timeout(20):
        while not all(level is not None and level.well for level in shared):
            await caches[0].get_or_load("probe", {"p"}, int, source.read)
            await caches[1].get_or_load("probe", {"p"}, int, source.read)
            caches[0].clear()
            caches[1].clear()
            await asyncio.sleep(0.2)
    assert await caches[1].get_or_load("eight", {"t"}, int, source.read) == 2, "the entry that survived in Redis is void"
    for level in shared:
        assert level is not None
        await level.close()
    server.stop()


async def test_without_redis_every_value_is_still_there() -> None:
    settings = CacheSettings(timeout_ms=50)
    shared = SharedCache(f"redis://127.0.0.1:{free_port()}/0", settings)
    cache = Cache(settings, shared, most_bytes=1_000_000)
    source = Source()
    for number in range(20):
        assert await cache.get_or_load(f"nine-{number}", {"t"}, int, source.read) == 1
    assert not shared.well
    await shared.close()


async def test_who_asks_after_a_change_does_not_wait_for_what_was_being_read_before_it() -> None:
    cache, source = Cache(CacheSettings(), None, most_bytes=1_000_000), Source()
    source.open.clear()
    before = asyncio.create_task(cache.get_or_load("ten", {"t"}, int, source.read))
    while not source.reads:
        await asyncio.sleep(0)
    source.value = 2
    await cache.invalidate({"t"}, 100)
    after = asyncio.create_task(cache.get_or_load("ten", {"t"}, int, source.read))
    await asyncio.sleep(0)
    source.open.set()
    assert (await before, await after) == (1, 2)
    assert await cache.get_or_load("ten", {"t"}, int, source.read) == 2
    assert source.reads == 2


async def test_what_is_being_voided_in_redis_does_not_come_back_from_there(valkey: Valkey) -> None:
    settings = CacheSettings(timeout_ms=5000)
    caches = [Cache(settings, SharedCache(valkey.url, settings), most_bytes=1_000_000) for _ in range(2)]
    first, second = caches
    shared = first.levels.shared
    assert shared is not None
    await shared._client.flushall()
    source = Source()
    for cache in caches:
        assert await cache.get_or_load("eleven", {"t"}, int, source.read) == 1
    source.value = 2
    await shared._client.execute_command("CLIENT", "PAUSE", "60000", "WRITE")  # reads are answered
    try:
        voiding = asyncio.create_task(first.invalidate({"t"}, 100))
        await asyncio.sleep(0)
        assert await first.get_or_load("eleven", {"t"}, int, source.read) == 1, "it has not been dropped yet"
    finally:
        await shared._client.execute_command("CLIENT", "UNPAUSE")
    await voiding
    assert await first.get_or_load("eleven", {"t"}, int, source.read) == 2
    for cache in caches:
        assert cache.levels.shared is not None
        await cache.levels.shared.close()


async def test_what_was_read_within_a_step_of_the_feed_does_not_count_as_knowing_all_of_it(replicas: list[Cache]) -> None:
    source = Source()
    first, second = replicas
    await first.invalidate({"other"}, 900, whole=False)  # more of what lies below 900 is still to be told
    assert await first.get_or_load("twelve", {"t"}, int, source.read) == 1
    source.value = 2
    await first.invalidate({"t"}, 900)
    await second.invalidate({"t"}, 900)
    assert await second.get_or_load("twelve", {"t"}, int, source.read) == 2


async def test_an_answer_that_came_too_late_is_nobody_elses(valkey: Valkey) -> None:
    """Who gives up leaves its answer on the way; it must not be taken for the next caller's."""
    shared = SharedCache(valkey.url, CacheSettings(timeout_ms=20))
    patient = SharedCache(valkey.url, CacheSettings(timeout_ms=20_000))
    keys = [f"twenty-{number}" for number in range(50)]
    for key in keys:
        await patient.put(key, shared_cache.Envelope(1, [key], 600, 600, key.encode()))
    found = missed = 0
    async with asyncio.timeout(60):
        while not found or not missed:
            await patient._client.execute_command("CLIENT", "PAUSE", "60", "ALL")
            for turn in range(20):
                asked = keys[: 1 + 3 * turn]  # many at once take longer than they are waited for, on a busy machine
                answers = await asyncio.gather(*map(shared.get, asked))
                for key, (entry, _) in zip(asked, answers, strict=True):
                    assert entry is None or (entry.body, entry.tags) == (key.encode(), [key])
                    found += entry is not None
                    missed += entry is None
                shared._breaker = shared_cache.Breaker("redis", threshold=10**9, pause=0, counts=(OSError,))
    for level in (shared, patient):
        await level.close()


async def test_one_replica_loads_anew_for_all(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, source = CacheSettings(soft_ttl_seconds=60, hard_ttl_seconds=600, timeout_ms=20_000), Source()
    caches = [Cache(settings, SharedCache(valkey.url, settings), most_bytes=1_000_000) for _ in range(2)]
    first, second = caches
    assert first.levels.shared is not None
    await first.levels.shared._client.flushall()
    for cache in caches:
        assert await cache.get_or_load("eighteen", {"t"}, int, source.read) == 1
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 90, time=lambda: time.time() + 90)  # it is no longer fresh
    for module in ("cache", "shared_cache"):
        monkeypatch.setattr(f"storefront.platform.{module}.time", later)
    source.open.clear()
    assert await first.get_or_load("eighteen", {"t"}, int, source.read) == 1
    while source.reads < 2:
        await asyncio.sleep(0)
    assert await second.get_or_load("eighteen", {"t"}, int, source.read) == 1
    while second._loading:
        await asyncio.sleep(0.001)
    source.value = 2
    source.open.set()
    assert source.reads == 2, "the other one was loading it"
    for cache in caches:
        assert cache.levels.shared is not None
        await cache.levels.shared.close()


async def test_what_cannot_be_loaded_anew_is_not_tried_at_every_request() -> None:
    cache, source = Cache(CacheSettings(), None, most_bytes=1_000_000), Source()
    assert await cache.get_or_load("nineteen", {"t"}, int, source.read) == 1
    item = cache._items.get("nineteen")
    assert item is not None
    item.fresh_until = 0
    tried = 0

    async def fail() -> int:
        nonlocal tried
        tried += 1
        raise ConnectionError("the database is away")

    while not tried:
        assert await cache.get_or_load("nineteen", {"t"}, int, fail) == 1
        await asyncio.sleep(0)
    for _ in range(20):
        assert await cache.get_or_load("nineteen", {"t"}, int, fail) == 1
        await asyncio.sleep(0)
    assert tried == 1


GARBAGE = (
    b"",
    b"\x00",
    b"\xff" * 40,
    b"{}",
    msgspec.msgpack.encode([900, ["t"], 9e9, 9e9, b"\xc1"]),
    msgspec.msgpack.encode([900, ["t"], 9e9, 9e9, b"text"]),
)


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_garbage_in_redis_is_as_good_as_nothing(replicas: list[Cache], garbage: bytes) -> None:
    shared = replicas[0].levels.shared
    assert shared is not None
    client, source = shared._client, Source()
    await client.set("storefront:data:thirteen", garbage, px=600_000)
    assert await replicas[0].get_or_load("thirteen", {"t"}, int, source.read) == 1
    await client.set("storefront:lease:data:fourteen", garbage)
    async with asyncio.timeout(20):
        assert await replicas[0].get_or_load("fourteen", {"t"}, int, source.read) == 1
    await client.zadd("storefront:invalidations", {"fifteen": float("inf")})
    assert await replicas[0].get_or_load("fifteen", {"fifteen"}, int, source.read) == 1
    assert await replicas[1].get_or_load("fifteen", {"fifteen"}, int, source.read) == 1


async def test_more_callers_than_connections_wait_for_one_another(valkey: Valkey) -> None:
    settings, source = CacheSettings(timeout_ms=20_000), Source()
    caches = [Cache(settings, SharedCache(valkey.url, settings), most_bytes=10_000_000) for _ in range(2)]
    for cache in caches:
        shared = cache.levels.shared
        assert shared is not None
        callers = (cache.get_or_load(f"seventeen-{n}", {"t"}, int, source.read) for n in range(200))
        assert await asyncio.gather(*callers) == [1] * 200
        assert shared.well
        await shared.close()
    assert source.reads == 200, "what the first replica read, the second had from Valkey"


@pytest.mark.parametrize("loss", ["FLUSHALL", "DEL storefront:invalidations"])
async def test_what_a_replica_was_told_of_is_void_though_redis_forgot_it(replicas: list[Cache], loss: str) -> None:
    """Also Valkey drops what it has no room for, and so may a server that takes over from another."""
    source = Source()
    behind, ahead = replicas
    source.open.clear()
    slow = asyncio.create_task(behind.get_or_load("fourteen", {"t"}, int, source.read))
    while not source.reads:
        await asyncio.sleep(0)
    source.value = 2
    await ahead.invalidate({"t"}, 700)
    shared = ahead.levels.shared
    assert shared is not None
    await shared._client.execute_command(*loss.split())
    source.open.set()
    assert await slow == 1, "it was not told yet"
    assert await ahead.get_or_load("fourteen", {"t"}, int, source.read) == 2


@pytest.mark.parametrize("wrong_by", [3600, -3600])
async def test_an_entry_of_a_replica_whose_clock_is_wrong_does_not_live_on(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch, wrong_by: int
) -> None:
    settings = CacheSettings(soft_ttl_seconds=0.2, hard_ttl_seconds=1.5)
    wrong, right = (Cache(settings, SharedCache(valkey.url, settings), most_bytes=1_000_000) for _ in range(2))
    source, honest = Source(), time.time
    monkeypatch.setattr(time, "time", lambda: honest() + wrong_by)
    assert await wrong.get_or_load(f"clock{wrong_by}", {"t"}, int, source.read) == 1
    monkeypatch.setattr(time, "time", honest)
    source.value = 2
    async with asyncio.timeout(10):
        while await right.get_or_load(f"clock{wrong_by}", {"t"}, int, source.read) == 1:
            await asyncio.sleep(0.02)
    for cache in (wrong, right):
        assert cache.levels.shared is not None
        await cache.levels.shared.close()


async def test_what_a_replica_was_told_of_is_remembered_within_a_bound(replicas: list[Cache], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_cache, "MOST_REMEMBERED", 10)
    source = Source()
    behind, ahead = replicas
    shared = ahead.levels.shared
    assert shared is not None
    await ahead.invalidate({"t"}, 800)
    for number in range(30):
        await ahead.invalidate({f"other-{number}"}, 800)
    assert len(shared._told._positions) <= 10
    await shared._client.flushall()
    assert await behind.get_or_load("sixteen", {"t"}, int, source.read) == 1
    source.value = 2
    assert await ahead.get_or_load("sixteen", {"t"}, int, source.read) == 2


async def test_a_rush_of_look_ups_is_no_reason_to_leave_redis_alone(valkey: Valkey) -> None:
    """Two fresh replicas are asked for very much at once: they ask Redis by a few connections, one after another, and it stays in use."""
    settings = CacheSettings(namespace="rush", timeout_ms=300)
    url = f"{valkey.url}?client_name=rush"  # others may still be there, of tests before
    replicas = [Cache(settings, SharedCache(url, settings), most_bytes=10_000_000) for _ in range(2)]

    async def load() -> str:
        return "value"

    for cache in replicas:
        shared = cache.levels.shared
        assert shared is not None
        await asyncio.gather(*(cache.get_or_load(f"rush-{number}", {"t"}, str, load) for number in range(600)))
        assert shared.well
        mine = [client for client in await shared._client.client_list() if client["name"] == "rush"]
        assert 0 < len(mine) <= 2 * (shared_cache.CONNECTIONS + shared_cache.SPARE)
    for cache in replicas:
        assert cache.levels.shared is not None
        await cache.levels.shared.close()


async def test_look_ups_take_turns_and_an_invalidation_does_not_wait_for_them(valkey: Valkey) -> None:
    shared, go_on, under_way = SharedCache(valkey.url, CacheSettings(timeout_ms=20_000)), asyncio.Event(), set[int]()

    async def look_up(number: int) -> None:
        under_way.add(number)
        await go_on.wait()

    looking = [asyncio.create_task(shared._call(look_up(number))) for number in range(100)]
    while not under_way:
        await asyncio.sleep(0)
    await shared.invalidate({"turns"}, 1)
    assert len(under_way) == shared_cache.CONNECTIONS
    go_on.set()
    await asyncio.gather(*looking)
    assert len(under_way) == 100
    await shared.close()
