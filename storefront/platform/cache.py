"""The cache of data, in two levels: this process's memory, then Redis. Cache-aside, by tag, with one load for all who wait.

An entry is fresh for the soft TTL, then served while it is loaded anew behind, and never used past the hard TTL; both are jittered, so that
what was loaded together does not age together. "Not found" (None) is kept too, for a tenth of that.
"""

import asyncio
import random
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec
import structlog
from aiohttp import web
from prometheus_client import Counter

from storefront.platform.lru import Entry, TaggedLru
from storefront.platform.shared_cache import Envelope, SharedCache
from storefront.settings import CacheSettings

T = TypeVar("T")
log = structlog.get_logger("cache")

LOOKUPS = Counter("storefront_cache_total", "Lookups of cached data by outcome.", ["outcome"])
JITTER = 0.1
NEGATIVE_SHARE = 0.1
FORGET_EVERY = 60.0  # seconds
AGAIN_SECONDS = 2.0  # from a refresh that failed to the next
ELSEWHERE_SECONDS = 0.2  # for which what another replica is refreshing is left to it


class Timed(Entry, Protocol):
    """An entry that is fresh for a while and usable for longer; times by time.monotonic()."""

    fresh_until: float


E = TypeVar("E", bound=Timed)


class Codec(Protocol[E]):
    """How an entry travels to other replicas."""

    @property
    def name(self) -> str: ...

    def pack(self, entry: E) -> bytes: ...

    def unpack(self, body: bytes, tags: frozenset[str], fresh_until: float, usable_until: float) -> E: ...


class Item(msgspec.Struct):
    """A value in memory. `size` in bytes."""

    value: Any
    tags: frozenset[str]
    fresh_until: float
    usable_until: float
    size: int


class ValueCodec:
    """Plain data of one type, as MessagePack."""

    name = "data"

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def pack(self, entry: Item) -> bytes:
        return msgspec.msgpack.encode(entry.value)

    def unpack(self, body: bytes, tags: frozenset[str], fresh_until: float, usable_until: float) -> Item:
        value = msgspec.msgpack.decode(body, type=self._kind)
        return Item(value, tags, fresh_until, usable_until, deep_size(value))


class Lifetime:
    """How long entries live, in seconds."""

    def __init__(self, settings: CacheSettings) -> None:
        self._soft, self._hard = settings.soft_ttl_seconds, settings.hard_ttl_seconds

    @property
    def longest(self) -> float:
        """What no entry outlives."""
        return self._hard * (1 + JITTER)

    def draw(self, *, negative: bool = False) -> tuple[float, float]:
        """(fresh, usable) of one entry."""
        factor = random.uniform(1 - JITTER, 1 + JITTER) * (NEGATIVE_SHARE if negative else 1)  # noqa: S311
        return self._soft * factor, self._hard * factor


class Positions:
    """Up to where this replica knows what was changed, as a log position; and how far back invalidations must be kept."""

    def __init__(self, longest: float) -> None:
        self._told = 0
        self._others: list[Callable[[], int | None]] = []
        self._longest = longest
        self._marks: deque[tuple[float, int]] = deque()
        self._forgot = time.monotonic()

    @property
    def of_database(self) -> int:
        """What is read from the database now is true up to here."""
        return self._told

    @property
    def of_all(self) -> int:
        """What is read now is true up to here, whatever it is read from."""
        return min([self._told, *(told for other in self._others if (told := other()) is not None)])

    def also(self, other: Callable[[], int | None]) -> None:
        """Something else that pages are made from follows the feed by itself; `other` says up to where, or None while it is not used."""
        self._others.append(other)

    def reached(self, lsn: int) -> None:
        """Everything up to `lsn` has been told."""
        self._told = max(self._told, lsn)
        now = time.monotonic()
        if not self._marks or now - self._marks[-1][0] >= FORGET_EVERY:
            self._marks.append((now, self._told))

    def outlived(self) -> int | None:
        """The position below which nothing cached can be any more; asked once a minute, None in between."""
        now = time.monotonic()
        if now - self._forgot < FORGET_EVERY:
            return None
        self._forgot = now
        below = None
        while self._marks and now - self._marks[0][0] > self._longest + FORGET_EVERY:
            below = self._marks.popleft()[1]
        return below


class Levels:
    """The way of a fill through both levels. `shared` None: this process's memory only."""

    def __init__(self, shared: SharedCache | None, positions: Positions) -> None:
        self.shared = shared
        self.positions = positions

    async def fill(self, lru: TaggedLru[E], key: str, codec: Codec[E], load: Callable[[], Awaitable[E | None]], position: int) -> E | None:
        """Another replica's entry, or what `load` reads. None when that is nothing to keep. Entries of one codec share its name.

        What `load` reads is true up to `position`. Where that is too old to count in the second level, it is read for this replica only.
        """
        fill = lru.begin()
        shared, shared_key = self.shared, f"{codec.name}:{key}"
        token: str | None = None
        try:
            found, past = (None, 0) if shared is None else await shared.get(shared_key)
            entry = _received(found, codec)
            counts = position >= past
            if shared is not None and counts and not _is_fresh(entry):
                token = await shared.lease(shared_key, position)
                if token is None and entry is not None:
                    entry.fresh_until = time.monotonic() + ELSEWHERE_SECONDS
                elif token is None:
                    entry = _received(await shared.wait_for(shared_key, past), codec)
            if entry is not None and _is_fresh(entry):
                lru.keep(fill, key, entry)
                return entry
            loaded = await load()
            if loaded is not None and lru.keep(fill, key, loaded) and shared is not None and counts:
                await shared.put(shared_key, _sent(loaded, codec, position))
            return loaded
        finally:
            lru.abandon(fill)
            if shared is not None and token is not None:
                await shared.release(shared_key, token)


def _is_fresh(entry: Timed | None) -> bool:
    return entry is not None and entry.fresh_until > time.monotonic()


def _received(envelope: Envelope | None, codec: Codec[E]) -> E | None:
    """The entry; what cannot be read is not there."""
    if envelope is None:
        return None
    now = time.monotonic()
    try:
        return codec.unpack(envelope.body, frozenset(envelope.tags), now + envelope.fresh_for, now + envelope.usable_for)
    except ValueError as error:  # msgspec's errors are such, too
        log.warning("shared_entry_unreadable", error=repr(error))
        return None


def _sent(entry: E, codec: Codec[E], position: int) -> Envelope:
    now = time.monotonic()
    return Envelope(position, sorted(entry.tags), entry.fresh_until - now, entry.usable_until - now, codec.pack(entry))


class Cache:
    """Cached data, and what the whole-page cache shares with it: the levels and the lifetimes."""

    def __init__(self, settings: CacheSettings, shared: SharedCache | None, *, most_bytes: int) -> None:
        self.lifetime = Lifetime(settings)
        self.levels = Levels(shared, Positions(self.lifetime.longest))
        self._items: TaggedLru[Item] = TaggedLru(most_bytes)
        self._loading: dict[str, tuple[asyncio.Task[Item], frozenset[str]]] = {}
        self._hits = self._misses = 0

    async def get_or_load(self, key: str, tags: Iterable[str], kind: Any, load: Callable[[], Awaitable[T]]) -> T:
        """The value of `key`, of type `kind` (which msgspec can encode), which `load` reads from the database when it is not there.

        What `load` raises is not kept.
        """
        item = self._items.get(key)
        if item is not None:
            self._hits += 1
            LOOKUPS.labels("hit").inc()
            if item.fresh_until <= time.monotonic() and key not in self._loading:
                self._begin(key, tags, kind, load).add_done_callback(partial(refreshed, item))
        else:
            self._misses += 1
            LOOKUPS.labels("miss").inc()
            under_way = self._loading.get(key)
            loading = under_way[0] if under_way is not None else self._begin(key, tags, kind, load)
            item = await asyncio.shield(loading)
        value: T = item.value
        return value

    def _begin(self, key: str, tags: Iterable[str], kind: Any, load: Callable[[], Awaitable[T]]) -> "asyncio.Task[Item]":
        tags = frozenset(tags)

        async def item() -> Item:
            value = await load()
            fresh, usable = self.lifetime.draw(negative=value is None)
            now = time.monotonic()
            return Item(value, tags, now + fresh, now + usable, deep_size(value))

        async def fill() -> Item:
            filled = await self.levels.fill(self._items, key, ValueCodec(kind), item, self.levels.positions.of_database)
            assert filled is not None
            return filled

        task = asyncio.create_task(fill())
        self._loading[key] = task, tags
        task.add_done_callback(lambda done: self._loaded(key, task))
        return task

    def _loaded(self, key: str, task: "asyncio.Task[Item]") -> None:
        under_way = self._loading.get(key)
        if under_way is not None and under_way[0] is task:
            del self._loading[key]

    async def invalidate(self, tags: Iterable[str], position: int, *, whole: bool = True) -> None:
        """Voids what has one of the tags for all replicas, then drops it here. `position`: a log position past the change; `whole` says
        that everything up to there has been told now.

        In this order: dropped first, it could come back from the second level in between. And who asks from now on does not wait with those
        for whom it was being read already.
        """
        dropped = frozenset(tags)
        shared, positions = self.levels.shared, self.levels.positions
        if shared is not None:
            await shared.invalidate(dropped, position)
            below = positions.outlived()
            if below is not None:
                await shared.forget(below)
        self._items.invalidate(dropped)
        for key, (_, read) in list(self._loading.items()):
            if read & dropped:
                del self._loading[key]
        if whole:
            positions.reached(position)

    def clear(self) -> None:
        """Forgets all that is in this process."""
        self._items.clear()
        self._loading.clear()

    def stats(self) -> dict[str, Any]:
        """Figures for the operator's page."""
        return {
            "entries": len(self._items),
            "bytes": self._items.bytes,
            "hits": self._hits,
            "misses": self._misses,
            "shared_ok": self.levels.shared is None or self.levels.shared.well,
        }


def refreshed(entry: Timed, task: "asyncio.Task[Any]") -> None:
    """For what is refreshed behind, where nobody waits for it: a failure is logged, and is no reason to try again at every request."""
    if not task.cancelled() and task.exception() is not None:
        entry.fresh_until = time.monotonic() + AGAIN_SECONDS
        log.warning("refresh_failed", error=repr(task.exception()))


def deep_size(value: Any) -> int:
    """Bytes that a value of plain data takes, with all in it; what stands in it twice counts twice."""
    size = sys.getsizeof(value)
    if isinstance(value, msgspec.Struct):
        size += sum(deep_size(getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, dict):
        size += sum(deep_size(key) + deep_size(inner) for key, inner in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        size += sum(map(deep_size, value))
    return size


CACHE = web.AppKey("cache", Cache)
