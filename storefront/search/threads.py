"""Work of the index in threads: it blocks, and lets other threads run meanwhile."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(threads: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs the work in one of the threads. A panic of the library, which is no Exception, is raised as RuntimeError."""

    def guarded() -> T:
        try:
            return work(*args, **kwargs)
        except Exception:
            raise
        except BaseException as panic:
            raise RuntimeError(repr(panic)) from None

    return await asyncio.get_running_loop().run_in_executor(threads, guarded)
