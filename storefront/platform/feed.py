"""The change feed as a replica follows it: what was committed, told to each follower once, in a moment and without gaps.

A position is a snapshot of PostgreSQL (`pg_current_snapshot()` as text) on a timeline of its log. The next batch is what is visible now and
was not visible then, so a transaction that commits late is not skipped, and one that stays open holds nobody else up. `NOTIFY` wakes us; a
poll backs it up.

What was visible may be undone, and its transaction's number be given to another, which would then be taken for told: a crash loses what was
committed without waiting for the disk, and a standby that takes over may lack the last of what its primary had. So a position counts for
good only when the disk has all that it has seen, and after each loss of the connection the feed goes on from there. Where even that is not
to be had (another timeline, or rows that were pruned meanwhile), followers are told that everything may have changed: topic `emptied`, as
for tables that are emptied at once.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import structlog
from aiohttp import web
from prometheus_client import Counter, Gauge

from storefront.platform.database import FAILURES, Connection, Database, lsn_number
from storefront.platform.sql import load
from storefront.platform.tasks import stop

queries = load("feed")
log = structlog.get_logger("feed")

CHANNEL = "change_log"
POLL_SECONDS = 0.5
PACE_SECONDS = 0.08  # from one batch of a follower to the next while changes come all the time; one that comes alone is told at once
REST_SECONDS = 0.02  # at least, after each batch
PAGE = 5000  # rows
REPLICAS_GET = 0.3  # seconds for standbys to replay what followers are about to be told
KEPT_SECONDS = 86_400.0
PRUNED_AT_ONCE = 20_000  # rows
ANYTHING = "emptied"  # the topic of what may have changed anything

LAG = Gauge("storefront_feed_lag_seconds", "How old what a follower knows may be, in seconds.", ["follower"])
CHANGES = Counter("storefront_feed_changes_total", "Changes told to followers.", ["follower"])


class Change(msgspec.Struct, frozen=True):
    """A row of `change_log`. `topic` says of what kind the changed thing is, `key` which one it is (see sql/migrations)."""

    seq: int
    xid: int
    topic: str
    key: str
    payload: Any
    at: datetime


class Batch(msgspec.Struct, frozen=True):
    """Changes, in (xid, seq) order. `lsn` is a log position past all of them; `position` is from where a follower that has done this batch
    may go on, also after a crash, or None while more of the same step is to come.
    """

    changes: list[Change]
    lsn: int
    position: str | None


Handler = Callable[[Batch], Awaitable[None]]


class _Here(msgspec.Struct, frozen=True):
    """Where the feed is now; `lsn` is past all that is seen, `flushed` is how far the log would survive a crash."""

    position: str
    lsn: int
    flushed: int
    pruned_through: int

    def goes_on_from(self, position: str) -> bool:
        """Whether everything after the position is still there to be told."""
        (timeline, snapshot), (now, newest) = (text.rpartition("/")[::2] for text in (position, self.position))
        try:
            lowest, highest = (int(xid) for xid in snapshot.split(":")[:2])
        except ValueError:  # another release's
            return False
        known = timeline in ("", now)  # positions of earlier releases name none
        return known and lowest > self.pruned_through and highest <= int(newest.split(":")[1])


async def _here(conn: Connection) -> _Here:
    row = await queries.here(conn)
    position = f"{row['timeline']}/{row['snapshot']}"
    return _Here(position, lsn_number(row["lsn"]), lsn_number(row["flushed"]), row["pruned_through"])


class _Follower:
    def __init__(self, name: str, handler: Handler, position: str | None, topics: Collection[str] | None, pace: float) -> None:
        self.name = name
        self.pace = pace
        self.handler = handler
        self.position = position
        self.safe = position  # the last one before or at `position` that no crash can undo
        self._unsafe: tuple[int, str] | None = None  # the one after it, with the log position that makes it safe
        self.doubtful = False  # whether there may have been a crash since the last time
        self.lsn = 0
        self.topics = None if topics is None else list(topics)
        self.caught_up = time.monotonic()
        self.woken = asyncio.Event()

    def has_done(self, here: _Here, *, undisturbed: bool) -> None:
        """It was told everything up to here. `undisturbed`: surely without a crash since the last time."""
        self.position = here.position
        if undisturbed:
            self.safe, self._unsafe = self.safe_at(here), self._unsafe_at(here)

    def safe_at(self, here: _Here) -> str:
        """What `safe` is to be when it was told everything up to here."""
        if here.flushed >= here.lsn:
            return here.position
        return self._unsafe[1] if self._unsafe and here.flushed >= self._unsafe[0] else self.safe or here.position

    def _unsafe_at(self, here: _Here) -> tuple[int, str] | None:
        if here.flushed >= here.lsn:
            return None
        return self._unsafe if self._unsafe and here.flushed < self._unsafe[0] else (here.lsn, here.position)

    def begin_at(self, position: str | None) -> None:
        """Goes on from there; what was seen after it may have been undone."""
        self.position, self.safe, self._unsafe = position, position, None


class Feed:
    """Followers of one replica. Register with `follow`, then `start`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: list[_Follower] = []
        self._listening = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def lag_seconds(self) -> float:
        """How old what the slowest follower knows may be: at most the poll's pause while all is well."""
        now = time.monotonic()
        return max((now - follower.caught_up for follower in self._followers), default=0.0)

    def lag_of(self, name: str) -> float:
        """As `lag_seconds`, of one follower."""
        now = time.monotonic()
        return max((now - follower.caught_up for follower in self._followers if follower.name == name), default=0.0)

    def follow(
        self,
        name: str,
        handler: Handler,
        *,
        since: str | None = None,
        topics: Collection[str] | None = None,
        pace: float = PACE_SECONDS,
    ) -> None:
        """Calls `handler` for each batch after `since` (None: after now), with changes of these topics (None: of all).

        It is called again with the same batch when it raises. Who follows some topics only is told by the poll. While changes come all the
        time, batches begin `pace` seconds apart.
        """
        follower = _Follower(name, handler, since, topics, pace)
        LAG.labels(name).set_function(lambda: time.monotonic() - follower.caught_up)
        self._followers.append(follower)
        if self._tasks:
            self._tasks.append(asyncio.create_task(self._run(follower)))

    async def still_has(self, position: str) -> bool:
        """Whether nothing after the position was pruned yet (and it is a position of this database)."""
        async with self._database.write() as conn:
            return (await _here(conn)).goes_on_from(position)

    async def here(self) -> str:
        """The position now."""
        async with self._database.write() as conn:
            return (await _here(conn)).position

    async def prune(self) -> int:
        """Drops what is older than a day; once per shop, as a periodic job. An import's changes are too many for one statement."""
        pruned = 0
        while True:
            async with self._database.write() as conn:
                gone = int(await queries.prune(conn, seconds=KEPT_SECONDS, most=PRUNED_AT_ONCE))
            pruned += gone
            if gone < PRUNED_AT_ONCE:
                return pruned

    async def start(self) -> None:
        """Begins to follow. When it returns, every change committed from now on will be told."""
        here = await self.here()
        for follower in self._followers:
            follower.begin_at(follower.position or here)
        self._tasks = [asyncio.create_task(self._listen())]
        self._tasks += [asyncio.create_task(self._run(follower)) for follower in self._followers]

    async def close(self) -> None:
        """Stops; a batch under way is abandoned."""
        await stop(self._tasks)

    async def _listen(self) -> None:
        """Keeps a connection that hears NOTIFY, for as long as the feed runs. That it breaks is how a crash is noticed."""
        broken = False
        while True:
            try:
                conn = await asyncpg.connect(self._database.url, timeout=5, server_settings={"application_name": "storefront feed"})
            except FAILURES as error:
                log.warning("feed_cannot_listen", error=repr(error))
                broken = True
                await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311
                continue
            lost = asyncio.Event()
            conn.add_termination_listener(lambda *_, lost=lost: self._no_longer_listening(lost))
            try:
                await conn.add_listener(CHANNEL, lambda *_: self._wake())
                for follower in self._followers:
                    follower.doubtful |= broken
                self._listening = not lost.is_set()
                await lost.wait()
            except FAILURES as error:
                log.warning("feed_listener_lost", error=repr(error))
            finally:
                self._listening, broken = False, True
                conn.terminate()

    def _no_longer_listening(self, lost: asyncio.Event) -> None:
        self._listening = False
        lost.set()

    def _wake(self) -> None:
        for follower in self._followers:
            if follower.topics is None:  # most news is not for the others
                follower.woken.set()

    async def _run(self, follower: _Follower) -> None:
        while True:
            follower.woken.clear()
            began = time.monotonic()
            try:
                await self._step(follower)
            except FAILURES as error:
                log.warning("feed_away", follower=follower.name, error=repr(error))
            except Exception:
                log.exception("feed_follower_failed", follower=follower.name)
            await asyncio.sleep(max(REST_SECONDS, began + follower.pace - time.monotonic()))  # what comes in the meantime is one batch
            try:
                async with asyncio.timeout(POLL_SECONDS * random.uniform(0.8, 1.2)):  # noqa: S311
                    await follower.woken.wait()
            except TimeoutError:
                pass

    async def _step(self, follower: _Follower) -> None:
        """Tells the follower everything up to now."""
        began = time.monotonic()
        if follower.doubtful:
            follower.doubtful = False
            follower.begin_at(follower.safe)
        async with self._database.write() as conn:
            here = await _here(conn)
        since = follower.position or here.position
        anything = not here.goes_on_from(since)
        if anything:
            log.warning("feed_cannot_go_on", follower=follower.name, since=since, here=here.position)
            since = here.position
        after_xid, after_seq, told = "0", 0, 0
        past = max(here.lsn, follower.lsn)
        while True:
            async with self._database.write() as conn:
                rows = await queries.changes(
                    conn,
                    since=_snapshot(since),
                    until=_snapshot(here.position),
                    after_xid=after_xid,
                    after_seq=after_seq,
                    most=PAGE,
                    topics=follower.topics,
                )
            if (rows or anything) and not told:
                # A commit is in the log before it can be seen. So what is told now may lie below a position that was told without it, and
                # what was read at that position must not count as having seen it.
                past = max(here.lsn, follower.lsn + 1)
                # What a follower drops is soon read again, and must not be read from a standby that has not seen the change.
                await self._database.replicas_reach(here.lsn, REPLICAS_GET)
            changes = [Change(**dict(row)) for row in rows]
            if anything and (follower.topics is None or ANYTHING in follower.topics):
                changes.insert(0, Change(0, 0, ANYTHING, "", None, datetime.now(UTC)))
            last = len(rows) < PAGE
            await follower.handler(Batch(changes, past, self._goes_on_from(follower, here, anything=anything) if last else None))
            told += len(rows)
            if last:
                break
            after_xid, after_seq = str(rows[-1]["xid"]), rows[-1]["seq"]
        CHANGES.labels(follower.name).inc(told)
        if anything:
            follower.begin_at(here.position)
        else:
            follower.has_done(here, undisturbed=self._undisturbed(follower))
        follower.lsn, follower.caught_up = past, began

    def _goes_on_from(self, follower: _Follower, here: _Here, *, anything: bool) -> str:
        if anything or follower.safe is None:
            return here.position
        return follower.safe_at(here) if self._undisturbed(follower) else follower.safe

    def _undisturbed(self, follower: _Follower) -> bool:
        return self._listening and not follower.doubtful


def _snapshot(position: str) -> str:
    return position.rpartition("/")[2]


FEED = web.AppKey("feed", Feed)
