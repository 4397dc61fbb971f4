"""Building an index from the database, beside the one in use, while products go on changing."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog
from prometheus_client import Counter

from storefront.catalog import service as catalog
from storefront.catalog.model import SearchDocument
from storefront.platform.database import Database
from storefront.platform.tasks import stop
from storefront.search.disk import DiskIndex
from storefront.search.threads import in_thread

log = structlog.get_logger("search")

BUILDS = Counter("storefront_search_builds_total", "Builds of the index.", ["outcome"])

CHUNK = 100  # products read at once: what comes back is made into objects between requests, so it must be little
FEW = 2000  # missed products that the feed may wait for
RETRY_SECONDS = 5.0


def chunks(product_ids: Iterable[int]) -> Iterator[Sequence[int]]:
    """The ids in order, as many at a time as are read at once."""
    ordered = sorted(product_ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


async def read_products(database: Database, product_ids: Sequence[int], lsn: int) -> list[SearchDocument]:
    """Products as they are at the log position or later."""
    async with database.read(lsn) as conn:
        return await catalog.search_documents(conn, product_ids)


class Builder:
    """Makes indexes, one at a time. A whole one is handed to `put_in_place`, which calls `catch_up` while nothing else is written.

    `make` opens an empty index in a new folder.
    """

    def __init__(self, database: Database, make: Callable[[], DiskIndex], put_in_place: Callable[[DiskIndex], Awaitable[None]]) -> None:
        self._database = database
        self._make = make
        self._put_in_place = put_in_place
        self._thread = ThreadPoolExecutor(1, "search-builder")
        self._missed: set[int] | None = None  # products that changed since the build under way began
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins a build, unless one is under way."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._build_until_done())

    async def wait(self) -> None:
        """Waits for the build under way, if there is one."""
        if self._task:
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Gives up what is under way."""
        if self._task:
            await stop([self._task])
        self._thread.shutdown(wait=True, cancel_futures=True)

    def note(self, product_ids: Iterable[int]) -> None:
        """Products have changed: a build under way reads them again."""
        if self._missed is not None:
            self._missed.update(product_ids)

    async def run(self, work: Callable[..., None], *args: object) -> None:
        """Runs work on an index under construction in the builder's thread."""
        await in_thread(self._thread, work, *args)

    async def _build_until_done(self) -> None:
        while True:
            began = time.monotonic()
            try:
                products = await self._build()
            except Exception:
                BUILDS.labels("failed").inc()
                log.exception("search_build_failed")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                BUILDS.labels("done").inc()
                log.info("search_index_built", products=products, seconds=round(time.monotonic() - began, 1))
                return

    async def _build(self) -> int:
        self._missed = set()
        target = await in_thread(self._thread, self._make)
        try:
            await self._read_all(target)
            while len(self._missed) > FEW:
                await self.catch_up(target)
            await self._put_in_place(target)
        except BaseException:
            self._missed = None
            await in_thread(self._thread, _discard, target, target.folder)
            raise
        self._missed = None
        return target.products

    async def _read_all(self, target: DiskIndex) -> None:
        lsn = await self._database.current_lsn()
        async with self._database.read(lsn) as conn:
            await self.run(target.expect, await catalog.indexed_count(conn))
        after = 0
        while True:
            async with self._database.read(lsn) as conn:
                product_ids = await catalog.product_ids_after(conn, after, CHUNK)
                documents = await catalog.search_documents(conn, product_ids)
            await self.run(target.add, documents)
            if len(product_ids) < CHUNK:
                break
            after = product_ids[-1]
        await self.run(target.settle)
        await self.run(target.commit)
        await self.run(target.relearn)

    async def catch_up(self, target: DiskIndex) -> None:
        """Reads again what has changed since the build began, to be committed."""
        missed, self._missed = self._missed or set(), set()
        lsn = await self._database.current_lsn()
        for chunk in chunks(missed):
            documents = await read_products(self._database, chunk, lsn)
            await self.run(target.replace, chunk, documents)
            await self.run(target.learn, documents)


def _discard(target: DiskIndex, folder: Path) -> None:
    target.close()
    shutil.rmtree(folder, ignore_errors=True)
