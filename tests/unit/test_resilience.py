"""What is blamed on the other side of a call, and what on us."""

import asyncio
import contextlib
import socket
import time

import pytest

from storefront.platform.resilience import Breaker, NotCalled, answer_within

SECONDS = 0.05


async def test_who_answers_while_we_are_busy_answers_in_time() -> None:
    """Three questions, each of which is answered at once; we look only after a while."""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    with ours, theirs:
        ours.setblocking(False)

        async def ask() -> None:
            for _ in range(3):
                theirs.send(b"!")
                await loop.sock_recv(ours, 1)
                await asyncio.sleep(0)

        asking = asyncio.create_task(answer_within(SECONDS, ask()))
        while not asking.done():
            await asyncio.sleep(0)
            time.sleep(SECONDS * 2)  # noqa: ASYNC251
        await asking


@pytest.mark.parametrize("busy", [False, True])
async def test_who_does_not_answer_is_waited_for_only_so_long(busy: bool) -> None:
    asking = asyncio.create_task(answer_within(SECONDS, asyncio.Event().wait()))
    async with asyncio.timeout(20):
        while busy and not asking.done():
            time.sleep(SECONDS * 2)  # noqa: ASYNC251
            await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asking


def _breaker() -> Breaker:
    return Breaker("part", threshold=3, pause=60, counts=(TimeoutError,), together=True)


async def _fail(breaker: Breaker, moment: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError), breaker.watch():
        await moment.wait()
        raise TimeoutError


async def test_what_fails_together_is_one_failure() -> None:
    breaker, moment = _breaker(), asyncio.Event()
    calls = [asyncio.create_task(_fail(breaker, moment)) for _ in range(50)]
    await asyncio.sleep(0)
    moment.set()
    await asyncio.gather(*calls)
    assert breaker.state == "closed"
    for _ in range(2):
        await _fail(breaker, moment)
    with pytest.raises(NotCalled), breaker.watch():
        pass
