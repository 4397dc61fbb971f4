"""Ending tasks that run for ever."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 1.0


async def stop(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancels the tasks and returns when all have ended, whatever they end with.

    One that goes on is cancelled again: an error that a library raises while a cancellation passes through it takes its place, and a loop
    that outlives errors then outlives the cancellation too.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
