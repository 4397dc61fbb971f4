"""A loop is ended even when a cancellation is lost on its way."""

import asyncio
import contextlib

from storefront.platform.tasks import stop


async def test_a_loop_that_loses_a_cancellation_ends_all_the_same(monkeypatch):
    monkeypatch.setattr("storefront.platform.tasks.AGAIN_SECONDS", 0.01)
    lost = 0

    async def loop() -> None:
        nonlocal lost
        while True:
            with contextlib.suppress(OSError):
                try:
                    await asyncio.sleep(60)
                finally:
                    if lost < 2:
                        lost += 1
                        raise OSError("the connection could not be given back")

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    await asyncio.wait_for(stop([task]), 5)
    assert task.cancelled()
    assert lost == 2


async def test_what_has_ended_or_fails_is_no_hindrance():
    async def fail() -> None:
        raise LookupError

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError

    tasks = [asyncio.create_task(fail()), asyncio.create_task(stubborn())]
    await asyncio.sleep(0)
    await stop(tasks)
    assert all(isinstance(task.exception(), LookupError) for task in tasks)
