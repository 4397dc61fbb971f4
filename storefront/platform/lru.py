"""What a process keeps in memory: bounded in bytes, least recently used out first, dropped by tag, never filled with what is old."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

LARGEST_SHARE = 4  # an entry above 1/4 of the room is not kept


class Entry(Protocol):
    """What can be kept. `size` in bytes, with all that belongs to it; `usable_until` by time.monotonic()."""

    tags: frozenset[str]
    usable_until: float

    @property
    def size(self) -> int: ...


E = TypeVar("E", bound=Entry)


class TaggedLru(Generic[E]):
    """Entries by key. A fill is announced by `begin` before anything is read for it, and ends in `keep` or `abandon`; when one of its tags
    was invalidated in between, it is not kept.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, E] = OrderedDict()
        self._by_tag: dict[str, set[str]] = {}
        self._invalidated: OrderedDict[str, int] = OrderedDict()
        self._clock = 0
        self._fills: dict[int, int] = {}
        self._fill_number = 0
        self._cleared = 0
        self.bytes = 0
        self.when_dropped: list[Callable[[], None]] = []
        """Called whenever an entry is no longer here: for who remembers what was made of one."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> E | None:
        """The entry, unless it is too old to be used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.usable_until <= time.monotonic():
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def begin(self) -> int:
        """Announces a fill; hand the number to `keep` or `abandon`."""
        self._fill_number += 1
        self._fills[self._fill_number] = self._clock
        return self._fill_number

    def abandon(self, fill: int) -> None:
        """The fill came to nothing."""
        self._fills.pop(fill, None)
        self._forget_old_invalidations()

    def keep(self, fill: int, key: str, entry: E) -> bool:
        """Ends a fill; returns whether what was read is still true, as far as we were told (it may yet be too large to keep).

        What is not is marked as too old to be used by whoever waited for it.
        """
        began = self._fills.pop(fill)
        late = began < self._cleared or any(self._invalidated.get(tag, -1) > began for tag in entry.tags)
        self._forget_old_invalidations()
        if late:
            entry.usable_until = 0.0
            return False
        self.drop(key)
        if entry.size <= self._most_bytes // LARGEST_SHARE:
            self._entries[key] = entry
            for tag in entry.tags:
                self._by_tag.setdefault(tag, set()).add(key)
            self.grown(key, entry, entry.size)
        return True

    def grown(self, key: str, entry: E, by: int) -> None:
        """Counts bytes that a kept entry has taken on."""
        if self._entries.get(key) is entry:
            self.bytes += by
            while self.bytes > self._most_bytes and self._entries:
                self.drop(next(iter(self._entries)))

    def invalidate(self, tags: Iterable[str]) -> int:
        """Drops every entry with one of the tags; returns how many."""
        dropped = 0
        self._clock += 1
        for tag in tags:
            if self._fills:
                self._invalidated[tag] = self._clock
                self._invalidated.move_to_end(tag)
            for key in list(self._by_tag.get(tag, ())):
                dropped += self.drop(key)
        return dropped

    def clear(self) -> None:
        """Drops everything; what is being filled now will not be kept either."""
        self._clock += 1
        self._cleared = self._clock
        for key in list(self._entries):
            self.drop(key)

    def drop(self, key: str) -> int:
        """Drops one entry; returns 1 when there was one."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return 0
        self.bytes -= entry.size
        for told in self.when_dropped:
            told()
        for tag in entry.tags:
            keys = self._by_tag.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]
        return 1

    def _forget_old_invalidations(self) -> None:
        if not self._fills:
            self._invalidated.clear()
            return
        oldest = min(self._fills.values())
        while self._invalidated:
            tag, clock = next(iter(self._invalidated.items()))
            if clock > oldest:
                break
            del self._invalidated[tag]
