"""The search of one replica: an index on disk that follows the change feed, and what it answers.

While there is no index that can be used, one is built beside the shop, which answers from the database meanwhile.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec

import structlog
from aiohttp import web
from prometheus_client import Histogram

from storefront.catalog import service as catalog
from storefront.catalog.model import ListingQuery, ListingResult
from storefront.platform.clock import Clock, utc_now
from storefront.platform.database import FAILURES, Database
from storefront.platform.feed import Batch, Change, Feed
from storefront.platform.health import Check
from storefront.platform.tasks import stop
from storefront.search import engine, store, suggesting
from storefront.search.building import Builder, chunks, read_products
from storefront.search.counting import Memo
from storefront.search.disk import DiskIndex
from storefront.search.home import Home
from storefront.search.language import ENGLISH, Language
from storefront.search.misses import Misses
from storefront.search.model import CategoryName, IndexMissing, Suggestion
from storefront.search.rules import Rules
from storefront.search.schema import version
from storefront.search.threads import in_thread
from storefront.settings import SearchSettings

P = ParamSpec("P")
Changed = Callable[[Batch | None], Awaitable[None]]
log = structlog.get_logger("search")

SECONDS = Histogram(
    "storefront_search_seconds", "How long searches take.", ["kind"], buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
)

READERS = 2  # threads
INLINE = 50_000  # products up to which suggestions take less time than handing them to a thread is worth
AT_ONCE = 2000  # products of one change that the feed waits for; more are worked off behind it
POSITION_SECONDS = 600.0  # between commits that only say where the feed stood
RETRY_SECONDS = 5.0
PACE_SECONDS = 0.2  # from one commit to the next while changes come all the time; each costs as much as two listings, and drops all
KEEP_SECONDS = 30.0  # from one time that what was committed to memory is brought to the disk to the next
LATE_SECONDS = 5.0  # behind the change feed, from which on operators are told

PRODUCT_TOPICS = frozenset({"product", "variant", "price", "stock"})


class SearchIndex:
    """`await open(...)` first, `await close()` last. `find` is the catalog's finder.

    `when_changed` is called when what is found may have become different: with the changes that are in the index now, or with None when
    another index took its place.
    """

    def __init__(
        self, folder: Path, settings: SearchSettings, currencies: Sequence[str], clock: Clock = utc_now, language: Language = ENGLISH
    ) -> None:
        self._folder = folder
        self._language = language
        self._settings = settings
        self._currencies = tuple(currencies)
        self._clock = clock
        self._readers = ThreadPoolExecutor(READERS, "search-reader")
        self._writer = ThreadPoolExecutor(1, "search-writer")
        self._lock = asyncio.Lock()  # around every write
        self._rules = Rules(language=language)
        self._memo = Memo()
        self._current: DiskIndex | None = None
        self._position: str | None = None  # where the feed stood at the last whole batch
        self._found_up_to: str | None = None  # the same, once it is committed
        self._committed_at = time.monotonic()
        self.told = 0  # the log position up to which the index knows of every change
        self._later: set[int] = set()  # products still to be read again for changes that came already
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.when_changed: Changed | None = None

    @property
    def ready(self) -> bool:
        """Whether the index answers."""
        return self._current is not None

    async def wait_ready(self) -> None:
        """Waits until the index answers, or can no longer be expected to."""
        while self._current is None and not self._closed:
            await self._builder.wait()

    @property
    def products(self) -> int:
        """How many products the index holds."""
        return self._current.products if self._current else 0

    @property
    def position(self) -> str | None:
        """Where the change feed stood at the last batch that is found in whole."""
        return self._found_up_to

    @property
    def build_folder(self) -> Path | None:
        """Where the index in use is."""
        return self._current.folder if self._current else None

    def check(self) -> Check:
        """How the index is, for operators: shoppers are served without it, too."""
        if self._current is None:
            return Check("search", False, False, "the index is being built; the database answers")
        built = self._home.built_at()
        lag = self._feed.lag_of("search")
        figures = [
            f"{self.products:,} products",
            f"{self._current.segments} segments",
            f"{lag:.2f} s behind",
            f"built {built:%Y-%m-%d %H:%M} UTC" if built else "never built",
        ]
        if self._later:
            figures.append(f"{len(self._later):,} products still to be read again")
        return Check("search", lag < LATE_SECONDS and not self._later, False, ", ".join(figures))

    async def open(self, database: Database, feed: Feed) -> None:
        """Takes up the index on disk, or begins to build one, and follows the feed. Raises OSError when its folder cannot be written."""
        self._database = database
        self._feed = feed
        self._misses = Misses(database)
        self._home = await asyncio.to_thread(Home, self._folder, version(self._currencies, self._language))
        self._builder = Builder(database, self._make, self._put_in_place)
        await self._read_rules()
        self._current = await in_thread(self._writer, self._open_current)
        self._position = self._current.position if self._current else None
        if self._position is None or not await feed.still_has(self._position):
            self._position = await feed.here()
            self._builder.start()
        self._found_up_to = self._position
        feed.follow("search", self.apply, since=self._position, pace=PACE_SECONDS)
        self._start(self._misses.run())
        self._start(self._keep())

    def _make(self) -> DiskIndex:
        return DiskIndex(self._home.new(), self._currencies, self._settings.heap_bytes, self._language)

    def _open_current(self) -> DiskIndex | None:
        folder = self._home.current()
        if folder is None:
            return None
        try:
            found = DiskIndex(folder, self._currencies, self._settings.heap_bytes, self._language)
            found.probe()
            if found.position is None:  # also when files are gone: then it opens as an empty one
                raise ValueError("it does not say where the change feed stood")
            self._work_in_memory(found)
        except Exception as error:
            log.warning("search_index_unusable", folder=str(folder), error=repr(error))
            return None
        return found

    def _work_in_memory(self, index: DiskIndex) -> None:
        if self._settings.memory_dir:
            index.work_in(Path(self._settings.memory_dir))

    async def _keep(self) -> None:
        """Brings what was committed to the disk, now and then."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            if self._current is not None:
                try:
                    await asyncio.to_thread(self._current.keep)
                except OSError as error:
                    log.warning("search_index_not_kept", error=repr(error))

    async def close(self) -> None:
        """Stops what is under way; what was not committed is read again from the feed at the next start."""
        self._closed = True
        await stop(self._tasks)
        if hasattr(self, "_home"):
            await self._builder.close()
            with contextlib.suppress(*FAILURES):
                await self._misses.write()
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._writer.shutdown(wait=True, cancel_futures=True)
        if self._current:
            await asyncio.to_thread(self._current.close)
            self._current = None
        if hasattr(self, "_home"):
            self._home.close()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def find(self, query: ListingQuery) -> ListingResult:
        """One page of a listing. Raises IndexMissing while there is no index."""
        index = self._current
        if index is None or query.currency not in self._currencies:
            raise IndexMissing("There is no search index yet.")
        with SECONDS.labels("find").time():
            try:
                found = await in_thread(self._readers, engine.search, index.snapshot(self._rules, self._memo), query, self._clock())
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
        snapshot, now = index.snapshot(self._rules, self._memo), self._clock()
        with SECONDS.labels("suggest").time():
            if snapshot.searcher.num_docs <= INLINE:
                return suggesting.suggest(snapshot, text, currency, now)
            return await in_thread(self._readers, suggesting.suggest, snapshot, text, currency, now)

    def redirect(self, text: str) -> str | None:
        """The page that an operator chose for a text."""
        return self._rules.redirect(text)

    async def write_misses(self) -> None:
        """Writes what found nothing to the database now, and not within the next second."""
        await self._misses.write()

    async def _doubt(self, index: DiskIndex) -> None:
        """A search failed: when the index itself is damaged, another is built."""
        if index is not self._current:
            return
        try:
            await in_thread(self._readers, index.probe)
        except Exception as error:
            log.error("search_index_damaged", error=repr(error))
            if index is self._current:
                self._current = None
                self._builder.start()

    async def apply(self, batch: Batch) -> None:
        """Brings the index to where the batch is. Raises what the database raises; the same batch may then be applied again."""
        async with self._lock:
            changed = await self._affected(batch)
            if any(change.topic in ("synonym", "category", "emptied") for change in batch.changes):
                await self._read_rules()
            if any(change.topic == "emptied" for change in batch.changes):
                self._start(self._begin_anew())
            await self._take(changed, batch.lsn)
            if batch.position is not None:
                self._position = batch.position
            if changed or time.monotonic() - self._committed_at > POSITION_SECONDS:
                await self._commit()
            if batch.position is not None:
                self._found_up_to = batch.position
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
                found |= set(await in_thread(self._readers, self._current.in_collections, collections))
            if len(found) > AT_ONCE:
                if not self._later:
                    self._start(self._catch_up(batch.lsn))
                self._later |= found
            else:
                products |= found
        self._builder.note(products)
        return products

    async def _take(self, product_ids: set[int], lsn: int) -> None:
        """Reads products again and puts them into the index, to be committed."""
        index = self._current
        if index is None:
            return
        for chunk in chunks(product_ids):
            documents = await read_products(self._database, chunk, lsn)
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
            await in_thread(self._writer, work, *args, **kwargs)
        except Exception as error:
            log.error("search_write_failed", error=repr(error))
            try:
                await in_thread(self._writer, index.reopen)
            except Exception:
                log.exception("search_index_given_up")
                if index is self._current:
                    self._current = None
                    self._builder.start()
            raise

    async def _catch_up(self, lsn: int) -> None:
        """Works off what was put off, a chunk at a time, so that new changes come through between."""
        while self._later:
            try:
                async with self._lock:
                    chunk = set(sorted(self._later)[:AT_ONCE])
                    await self._take(chunk, lsn)
                    self._later -= chunk
                    self._builder.note(chunk)
                    await self._commit()
            except Exception:
                log.exception("search_catches_up_later")
                await asyncio.sleep(RETRY_SECONDS)
        if self.when_changed:
            await self.when_changed(None)

    async def _read_rules(self) -> None:
        async with self._database.write() as conn:
            synonyms = await store.synonyms(conn, self._language.code)
            redirects, pins = await store.redirects(conn), await store.pins(conn)
            tree = await catalog.category_tree(conn)
        names = {category.id: category.name for category in tree}
        categories = [CategoryName(category.name, category.path, names.get(category.parent_id or 0, "")) for category in tree]
        known = self._language if self._settings.own_synonyms else None
        self._rules = Rules(
            [*(known.same if known else ()), *synonyms],
            redirects,
            pins,
            categories,
            language=self._language,
            means=known.means if known else None,
        )
        self._memo.clear()

    async def _begin_anew(self) -> None:
        """Whole tables were emptied, and nobody told of which products: also a build under way may have read them before."""
        await self._builder.wait()
        await self.rebuild()

    async def rebuild(self) -> None:
        """Builds a new index beside the one in use and puts it in its place."""
        self._builder.start()
        await self._builder.wait()

    async def _put_in_place(self, target: DiskIndex) -> None:
        """Brings a new index to where the feed is, and puts it in the place of the old one. What is put off stays so."""
        async with self._lock:
            await self._builder.catch_up(target)
            await self._builder.run(target.commit, None if self._later else self._position)
            await self._builder.run(self._work_in_memory, target)
            await self._builder.run(self._home.switch, target.folder)
            old, self._current = self._current, target
        if self.when_changed:
            await self.when_changed(None)
        self._start(self._put_away(old))

    async def _put_away(self, old: DiskIndex | None) -> None:
        """What is to be done once another index has taken the place of the old one; searches that read the old one end in peace."""
        if old is not None:
            await in_thread(self._writer, old.close)
        await in_thread(self._writer, self._home.tidy)


def _keys(changes: Sequence[Change], topic: str) -> list[int]:
    return sorted({int(change.key) for change in changes if change.topic == topic})


SEARCH = web.AppKey("search", SearchIndex)
