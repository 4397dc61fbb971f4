"""The search of one replica: an index on disk that follows the change feed, and what it answers.

While there is no index that can be used, one is built beside the shop, which answers from the database meanwhile.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import structlog
from aiohttp import web
from prometheus_client import Counter, Histogram

from storefront.catalog import service as catalog
from storefront.catalog.model import ListingQuery, ListingResult, SearchDocument
from storefront.platform.clock import Clock, utc_now
from storefront.platform.database import Database
from storefront.platform.feed import Batch, Change, Feed
from storefront.search import engine, store, suggesting
from storefront.search.counting import Memo
from storefront.search.disk import DiskIndex
from storefront.search.engine import Snapshot
from storefront.search.home import Home
from storefront.search.misses import Misses
from storefront.search.model import CategoryName, IndexMissing, Suggestion
from storefront.search.rules import Rules
from storefront.search.schema import version
from storefront.settings import SearchSettings

P = ParamSpec("P")
T = TypeVar("T")
Changed = Callable[[Batch | None], Awaitable[None]]
log = structlog.get_logger("search")

SECONDS = Histogram(
    "storefront_search_seconds", "How long searches take.", ["kind"], buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
)
BUILDS = Counter("storefront_search_builds_total", "Builds of the index.", ["outcome"])

READERS = 2  # threads
INLINE = 50_000  # products up to which suggestions take less time than handing them to a thread is worth
CHUNK = 500  # products read at once
AT_ONCE = 2000  # products of one change that the feed waits for; more are worked off behind it
POSITION_SECONDS = 600.0  # between commits that only say where the feed stood
RETRY_SECONDS = 5.0

PRODUCT_TOPICS = frozenset({"product", "variant", "price", "stock"})


class SearchIndex:
    """`await open(...)` first, `await close()` last. `find` is the catalog's finder.

    `when_changed` is called when what is found may have become different: with the changes that are in the index now, or with None when
    another index took its place.
    """

    def __init__(self, folder: Path, settings: SearchSettings, currencies: Sequence[str], clock: Clock = utc_now) -> None:
        self._folder = folder
        self._settings = settings
        self._currencies = tuple(currencies)
        self._clock = clock
        self._readers = ThreadPoolExecutor(READERS, "search-reader")
        self._writer = ThreadPoolExecutor(1, "search-writer")
        self._builder = ThreadPoolExecutor(1, "search-builder")
        self._lock = asyncio.Lock()  # around every write
        self._rules = Rules()
        self._memo = Memo()
        self._current: DiskIndex | None = None
        self._position: str | None = None  # where the feed stood at the last whole batch
        self._committed_at = time.monotonic()
        self.told = 0  # the log position up to which the index knows of every change
        self._later: set[int] = set()  # products still to be read again for changes that came already
        self._missed: set[int] | None = None  # products that changed since the build under way began
        self._tasks: set[asyncio.Task[None]] = set()
        self._building: asyncio.Task[None] | None = None
        self.when_changed: Changed | None = None

    @property
    def ready(self) -> bool:
        """Whether the index answers."""
        return self._current is not None

    async def wait_ready(self) -> None:
        """Waits until the index answers."""
        while self._current is None:
            if self._building is None:
                raise IndexMissing("No index is being built.")
            await asyncio.wait([self._building])

    @property
    def products(self) -> int:
        """How many products the index holds."""
        return max(0, self._current.searcher.num_docs - 1) if self._current else 0

    @property
    def position(self) -> str | None:
        """Where the change feed stood at the last batch that was taken in whole."""
        return self._position

    @property
    def build_folder(self) -> Path | None:
        """Where the index in use is."""
        return self._current.folder if self._current else None

    async def open(self, database: Database, feed: Feed) -> None:
        """Takes up the index on disk, or begins to build one, and follows the feed. Raises OSError when its folder cannot be written."""
        self._database = database
        self._misses = Misses(database)
        self._home = await asyncio.to_thread(Home, self._folder, version(self._currencies))
        await self._read_rules()
        self._current = await self._in(self._writer, self._open_current)
        self._position = self._current.position if self._current else None
        if self._position is None or not await feed.still_has(self._position):
            self._position = await feed.here()
            self._rebuild()
        feed.follow("search", self.apply, since=self._position)
        self._start(self._misses.run())

    def _open_current(self) -> DiskIndex | None:
        folder = self._home.current()
        if folder is None:
            return None
        try:
            found = DiskIndex(folder, self._currencies, self._settings.heap_bytes)
            found.probe()
            if found.position is None:  # also when files are gone: then it opens as an empty one
                raise ValueError("it does not say where the change feed stood")
        except Exception as error:
            log.warning("search_index_unusable", folder=str(folder), error=repr(error))
            return None
        return found

    async def close(self) -> None:
        """Stops what is under way; what was not committed is read again from the feed at the next start."""
        for task in [*self._tasks, *([self._building] if self._building else [])]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._building:
            await asyncio.gather(self._building, return_exceptions=True)
        for threads in (self._readers, self._writer, self._builder):
            threads.shutdown(wait=True, cancel_futures=True)
        if self._current:
            await asyncio.to_thread(self._current.close)
            self._current = None
        if hasattr(self, "_home"):
            self._home.close()

    def _start(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def find(self, query: ListingQuery) -> ListingResult:
        """One page of a listing. Raises IndexMissing while there is no index."""
        index = self._current
        if index is None or query.currency not in self._currencies:
            raise IndexMissing("There is no search index yet.")
        with SECONDS.labels("find").time():
            try:
                found = await self._in(self._readers, engine.search, self._snapshot(index), query, self._clock())
            except Exception:
                await self._doubt(index)
                raise
        if query.text and not found.total and not query.selected and query.price_min is None and query.price_max is None:
            self._misses.note(query.text)
        return found

    async def suggest(self, text: str, currency: str) -> list[Suggestion]:
        """What a text that is being typed may become. Raises IndexMissing while there is no index."""
        index = self._current
        if index is None or currency not in self._currencies:
            raise IndexMissing("There is no search index yet.")
        snapshot, now = self._snapshot(index), self._clock()
        with SECONDS.labels("suggest").time():
            if self.products <= INLINE:
                return suggesting.suggest(snapshot, text, currency, now)
            return await self._in(self._readers, suggesting.suggest, snapshot, text, currency, now)

    def redirect(self, text: str) -> str | None:
        """The page that an operator chose for a text."""
        return self._rules.redirect(text)

    async def write_misses(self) -> None:
        """Writes what found nothing to the database now, and not within the next second."""
        await self._misses.write()

    def _snapshot(self, index: DiskIndex) -> Snapshot:
        return index.snapshot(self._rules, self._memo)

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def guarded() -> T:
            try:
                return work(*args, **kwargs)
            except Exception:
                raise
            except BaseException as error:  # tantivy's panics are no Exception
                raise RuntimeError(repr(error)) from None

        return await asyncio.get_running_loop().run_in_executor(threads, guarded)

    async def _doubt(self, index: DiskIndex) -> None:
        """A search failed: when the index itself is damaged, another is built."""
        if index is not self._current:
            return
        try:
            await self._in(self._readers, index.probe)
        except Exception as error:
            log.error("search_index_damaged", error=repr(error))
            if index is self._current:
                self._current = None
                self._rebuild()

    async def apply(self, batch: Batch) -> None:
        """Brings the index to where the batch is. Raises what the database raises; the same batch may then be applied again."""
        async with self._lock:
            changed = await self._affected(batch)
            if any(change.topic in ("synonym", "category") for change in batch.changes):
                await self._read_rules()
            await self._take(changed, batch.lsn)
            if batch.position is not None:
                self._position = batch.position
            idle = time.monotonic() - self._committed_at < POSITION_SECONDS
            if changed or not idle:
                await self._commit()
            if batch.position is not None and not self._later:
                self.told = batch.lsn
        if batch.changes and self.when_changed:
            await self.when_changed(batch)

    async def _affected(self, batch: Batch) -> set[int]:
        """The products to read again now; what is too much for now is put off."""
        products = {int(change.key) for change in batch.changes if change.topic in PRODUCT_TOPICS}
        categories, collections = _keys(batch.changes, "category"), _keys(batch.changes, "collection")
        if categories or collections:
            async with self._database.read(batch.lsn) as conn:
                found = set(await catalog.product_ids_of(conn, categories, collections))
            if self._current:
                found |= set(await self._in(self._readers, self._current.in_collections, collections))
            if len(found) > AT_ONCE:
                if not self._later:
                    self._start(self._catch_up(batch.lsn))
                self._later |= found
            else:
                products |= found
        if self._missed is not None:
            self._missed |= products
        return products

    async def _take(self, product_ids: set[int], lsn: int) -> None:
        """Reads products again and puts them into the index, to be committed."""
        index = self._current
        if index is None:
            return
        for chunk in _chunks(sorted(product_ids)):
            documents = await self._read(chunk, lsn)
            await self._write(index, index.replace, chunk, documents)
            await self._write(index, index.learn, documents)

    async def _commit(self) -> None:
        """While something is put off, the position on disk stays before it."""
        index = self._current
        if index is not None:
            await self._write(index, index.commit, None if self._later else self._position)
        self._committed_at = time.monotonic()

    async def _write(self, index: DiskIndex, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Writes; after a failure with a new writer, or, when there is none to be had, with a new index."""
        try:
            await self._in(self._writer, work, *args, **kwargs)
        except Exception as error:
            log.error("search_write_failed", error=repr(error))
            try:
                await self._in(self._writer, index.reopen)
            except Exception:
                log.exception("search_index_given_up")
                if index is self._current:
                    self._current = None
                    self._rebuild()
            raise

    async def _catch_up(self, lsn: int) -> None:
        """Works off what was put off, a chunk at a time, so that new changes come through between."""
        while self._later:
            try:
                async with self._lock:
                    chunk = set(sorted(self._later)[:AT_ONCE])
                    await self._take(chunk, lsn)
                    self._later -= chunk
                    if self._missed is not None:
                        self._missed |= chunk
                    await self._commit()
            except Exception:
                log.exception("search_catches_up_later")
                await asyncio.sleep(RETRY_SECONDS)
        if self.when_changed:
            await self.when_changed(None)

    async def _read(self, product_ids: Sequence[int], lsn: int) -> list[SearchDocument]:
        async with self._database.read(lsn) as conn:
            return await catalog.search_documents(conn, product_ids)

    async def _read_rules(self) -> None:
        async with self._database.write() as conn:
            synonyms, redirects, pins = await store.synonyms(conn), await store.redirects(conn), await store.pins(conn)
            tree = await catalog.category_tree(conn)
        names = {category.id: category.name for category in tree}
        shown = [category for category in tree if category.product_count]
        categories = [CategoryName(category.name, category.path, names.get(category.parent_id or 0, "")) for category in shown]
        self._rules = Rules(synonyms, redirects, pins, categories)
        self._memo.clear()

    def _rebuild(self) -> None:
        if self._building is None or self._building.done():
            self._building = asyncio.create_task(self._build_until_done())

    async def rebuild(self) -> None:
        """Builds a new index beside the one in use and puts it in its place."""
        self._rebuild()
        if self._building:
            await asyncio.shield(self._building)

    async def _build_until_done(self) -> None:
        while True:
            try:
                await self._build()
                BUILDS.labels("done").inc()
                return
            except Exception:
                BUILDS.labels("failed").inc()
                log.exception("search_build_failed")
                await asyncio.sleep(RETRY_SECONDS)

    async def _build(self) -> None:
        began = time.monotonic()
        self._missed = set()
        lsn = await self._database.current_lsn()
        target = await self._in(self._builder, DiskIndex, self._home.new(), self._currencies, self._settings.heap_bytes)
        after = 0
        while True:
            async with self._database.read(lsn) as conn:
                product_ids = await catalog.product_ids_after(conn, after, CHUNK)
                documents = await catalog.search_documents(conn, product_ids)
            await self._in(self._builder, target.add, documents)
            if len(product_ids) < CHUNK:
                break
            after = product_ids[-1]
        await self._in(self._builder, target.commit)
        await self._in(self._builder, target.relearn)
        while len(self._missed) > AT_ONCE:
            missed, self._missed = self._missed, set()
            await self._catch_up_with(target, missed)
        async with self._lock:
            await self._switch_to(target)
        log.info("search_index_built", products=self.products, seconds=round(time.monotonic() - began, 1))
        if self.when_changed:
            await self.when_changed(None)

    async def _catch_up_with(self, target: DiskIndex, product_ids: set[int]) -> None:
        lsn = await self._database.current_lsn()
        for chunk in _chunks(sorted(product_ids)):
            documents = await self._read(chunk, lsn)
            await self._in(self._builder, target.replace, chunk, documents)
            await self._in(self._builder, target.learn, documents)

    async def _switch_to(self, target: DiskIndex) -> None:
        """Brings the new index to where the feed is, and puts it in the place of the old one. What is put off stays so."""
        await self._catch_up_with(target, self._missed or set())
        await self._in(self._builder, target.commit, None if self._later else self._position)
        await self._in(self._builder, self._home.switch, target.folder)
        self._missed = None
        old, self._current = self._current, target
        if old is not None:
            await self._in(self._writer, old.close)
        await self._in(self._builder, self._home.tidy)


def _keys(changes: Sequence[Change], topic: str) -> list[int]:
    return sorted({int(change.key) for change in changes if change.topic == topic})


def _chunks(product_ids: Sequence[int]) -> list[Sequence[int]]:
    return [product_ids[start : start + CHUNK] for start in range(0, len(product_ids), CHUNK)]


SEARCH = web.AppKey("search", SearchIndex)
