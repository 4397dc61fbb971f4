"""What many ask for at the same time is done together, and each is told their own outcome."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from storefront.platform.gathering import Gathering


class Work:
    """Doubles numbers; refuses those in `bad`, and everything while `away`. Waits for `go` before it answers."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.bad: set[int] = set()
        self.away = False
        self.go = asyncio.Event()

    async def __call__(self, asked: Sequence[int]) -> list[int]:
        self.batches.append(list(asked))
        await self.go.wait()
        if self.away:
            raise ConnectionError("nobody there")
        if self.bad & set(asked):
            raise ValueError(*sorted(self.bad & set(asked)))
        return [2 * number for number in asked]


async def all_of(gathering: Gathering[int, int], work: Work, numbers: Sequence[int]) -> list[int | BaseException]:
    """Asks for all; the first is at work when the others come."""
    asking = [asyncio.create_task(gathering(numbers[0]))]
    while not work.batches:
        await asyncio.sleep(0)
    asking += [asyncio.create_task(gathering(number)) for number in numbers[1:]]
    await asyncio.sleep(0)
    work.go.set()
    return await asyncio.gather(*asking, return_exceptions=True)


async def test_who_comes_while_a_batch_is_at_work_is_in_the_next_one() -> None:
    work = Work()
    assert await all_of(Gathering(work, most=3), work, [1, 2, 3, 4, 5]) == [2, 4, 6, 8, 10]
    assert work.batches == [[1], [2, 3, 4], [5]]


async def test_one_that_cannot_be_done_spoils_nobody_elses() -> None:
    work = Work()
    work.bad = {3}
    first, second, third, fourth = await all_of(Gathering(work), work, [1, 2, 3, 4])
    assert (first, second, fourth) == (2, 4, 8)
    assert isinstance(third, ValueError)
    assert work.batches == [[1], [2, 3, 4], [2], [3], [4]]


async def test_one_that_is_waited_for_too_long_spoils_nobody_elses() -> None:
    class Slow(Work):
        async def __call__(self, asked: Sequence[int]) -> list[int]:
            found = await super().__call__(asked)
            if 3 in asked:
                raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")
            return found

    work = Slow()
    first, second, third, fourth = await all_of(Gathering(work), work, [1, 2, 3, 4])
    assert (first, second, fourth) == (2, 4, 8)
    assert isinstance(third, asyncpg.QueryCanceledError)


async def test_that_a_server_is_away_is_told_to_all_at_once() -> None:
    work = Work()
    work.away = True
    assert all(isinstance(outcome, ConnectionError) for outcome in await all_of(Gathering(work), work, [1, 2, 3]))
    assert work.batches == [[1], [2, 3]]


async def test_who_waits_no_more_is_left_out_and_the_others_are_served() -> None:
    work = Work()
    gathering = Gathering(work)
    asking = [asyncio.create_task(gathering(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    late = [asyncio.create_task(gathering(number)) for number in (4, 5)]
    await asyncio.sleep(0)
    late[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await late[0]
    work.go.set()
    assert await asyncio.gather(*asking, late[1]) == [2, 4, 6, 10]
    assert work.batches[-1] == [5]


async def test_of_equals_one_is_in_a_batch() -> None:
    work = Work()
    gathering = Gathering(work, apart=lambda number: number % 10)
    assert await all_of(gathering, work, [1, 2, 12, 3, 22, 12]) == [2, 4, 24, 6, 44, 24]
    assert work.batches == [[1], [2, 3], [12], [22], [12]]


async def test_nobody_waits_for_long_for_a_batch_when_there_are_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.platform.gathering.PATIENCE", 0.01)
    stuck = asyncio.Event()
    batches: list[list[int]] = []

    async def work(asked: Sequence[int]) -> list[int]:
        batches.append(list(asked))
        if 1 in asked:
            await stuck.wait()
        return list(asked)

    gathering = Gathering(work, lanes=2)
    waiting = asyncio.create_task(gathering(1))
    await asyncio.sleep(0)
    assert await asyncio.gather(gathering(2), gathering(3)) == [2, 3]
    assert await gathering(4) == 4
    assert batches == [[1], [2, 3], [4]]
    stuck.set()
    assert await waiting == 1


async def test_who_comes_right_when_a_batch_ends_is_served() -> None:
    async def work(asked: Sequence[int]) -> list[int]:
        return list(asked)

    gathering = Gathering(work)
    for number in range(100):
        assert await asyncio.wait_for(gathering(number), 5) == number


async def test_equals_that_wait_for_one_that_is_stuck_take_no_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.platform.gathering.PATIENCE", 0.01)
    stuck = asyncio.Event()
    order: list[list[int]] = []

    async def work(asked: Sequence[int]) -> list[int]:
        order.append(list(asked))
        if 10 in asked:
            await stuck.wait()
        return list(asked)

    gathering = Gathering(work, lanes=2, apart=lambda number: number // 10)
    waiting = [asyncio.create_task(gathering(number)) for number in (10, 11, 12, 13)]
    await asyncio.sleep(0.05)  # each had its time to take a lane
    assert await asyncio.wait_for(gathering(20), 5) == 20
    assert order == [[10], [20]]
    stuck.set()
    assert await asyncio.gather(*waiting) == [10, 11, 12, 13]
    assert order == [[10], [20], [11], [12], [13]]


async def test_patience_counts_from_when_a_batch_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.platform.gathering.PATIENCE", 2.0)
    stuck = asyncio.Event()

    async def work(asked: Sequence[int]) -> list[int]:
        if 1 in asked:
            await stuck.wait()
        return list(asked)

    gathering = Gathering(work, lanes=2)
    waiting = asyncio.create_task(gathering(1))
    await asyncio.sleep(2.1)
    before = asyncio.get_running_loop().time()
    assert await gathering(2) == 2
    assert asyncio.get_running_loop().time() - before < 1.5
    stuck.set()
    await waiting


async def test_what_may_have_been_done_is_not_repeated() -> None:
    asked_for: list[list[int]] = []

    async def work(asked: Sequence[int]) -> list[int]:
        asked_for.append(list(asked))
        await asyncio.sleep(0)
        if 3 in asked:
            raise ValueError("done, but its answer cannot be read")
        return list(asked)

    gathering = Gathering(work, again=(asyncpg.PostgresError,))
    outcomes = await asyncio.gather(*(gathering(number) for number in (1, 2, 3)), return_exceptions=True)
    assert asked_for == [[1, 2, 3]]
    assert all(isinstance(outcome, ValueError) for outcome in outcomes)


async def arrivals(gathering: Gathering[int, int], groups: Sequence[Sequence[int]]) -> None:
    """Each group asks when the one before is done; its first member goes alone, and the others come a moment later."""
    for group in groups:
        asking = [asyncio.create_task(gathering(group[0]))]
        for _ in range(10):
            await asyncio.sleep(0)
        asking += [asyncio.create_task(gathering(number)) for number in group[1:]]
        await asyncio.gather(*asking)


async def test_where_batches_are_large_the_first_waits_a_moment_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.platform.gathering.LINGER", 0.5)
    batches: list[list[int]] = []

    async def work(asked: Sequence[int]) -> list[int]:
        batches.append(list(asked))
        return list(asked)

    gathering = Gathering(work, lanes=4)
    crowd = [list(range(start, start + 40)) for start in range(0, 400, 40)]
    await arrivals(gathering, crowd)
    assert batches[0] == [0], "nobody has seen yet that many come at once"
    assert batches[-5:] == crowd[-5:]

    batches.clear()
    await arrivals(gathering, [[number] for number in range(20)])
    began = asyncio.get_running_loop().time()
    await gathering(20)
    assert asyncio.get_running_loop().time() - began < 0.25, "who comes alone waits for nobody"
    assert batches == [[number] for number in range(21)]


async def test_who_waits_for_the_others_after_a_pause_has_one_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.platform.gathering.PATIENCE", 0.0)  # the last batch is always long ago
    batches: list[list[int]] = []

    async def work(asked: Sequence[int]) -> list[int]:
        batches.append(list(asked))
        return list(asked)

    gathering = Gathering(work, lanes=4)
    await arrivals(gathering, [list(range(40))] * 8)
    batches.clear()
    asking = [asyncio.create_task(gathering(number)) for number in (1, 2)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert gathering.at_work == 1
    await asyncio.gather(*asking)
    assert batches == [[1, 2]]


async def test_who_waits_no_more_for_the_others_is_left_out() -> None:
    batches: list[list[int]] = []

    async def work(asked: Sequence[int]) -> list[int]:
        batches.append(list(asked))
        return list(asked)

    gathering = Gathering(work)
    await arrivals(gathering, [list(range(40))] * 4)
    first, second = asyncio.create_task(gathering(1)), asyncio.create_task(gathering(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 2
    assert batches[-1] == [2]
