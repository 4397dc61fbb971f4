"""The CDN in front of the shop: told by tag what to drop, once for the whole shop, by a durable job.

Every replica hears of a change; the one that finds the shop's cursor free moves it on and queues the purge in the same transaction. The
purge goes out twice: at once, and again when the last replica has surely dropped its own pages, since in between the CDN may have
fetched an old one. A replica that is later than that lets nobody keep its pages (`PageCache.behind`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from storefront.platform.database import Connection, Database
from storefront.platform.feed import ANYTHING, Batch, Change, Feed
from storefront.platform.jobs import Job, Jobs
from storefront.platform.sql import load

queries = load("feed")

JOB = "edge_purge"
FOLLOWER = "edge"
AGAIN_SECONDS = 4.0  # a replica may be behind for two before it says so, and looks at that once a second
TAGS_AT_ONCE = 200  # of one request; a header has room for about 8,000 bytes
MOST_TAGS = 2000  # of one step; beyond that everything is dropped
EVERYTHING = "everything"
SECONDS = 3.0
PAGE = 5000
REST_SECONDS = 600.0  # for which the cursor stays where it is while nothing is to be purged

TagsOf = Callable[[Connection, Iterable[Change]], Awaitable[set[str]]]


class Edge:
    """`urls` are the addresses of the CDN's nodes that take `PURGE` with the tags in `xkey-purge` (deploy/varnish.vcl)."""

    def __init__(self, urls: list[str], database: Database, feed: Feed, jobs: Jobs, tags_of: TagsOf) -> None:
        self._urls = urls
        self._database = database
        self._feed = feed
        self._jobs = jobs
        self._tags_of = tags_of
        self._http: aiohttp.ClientSession | None = None
        if urls:
            jobs.register(JOB, self.purge, tries=40, seconds=SECONDS * 2)

    async def start(self) -> None:
        """Takes up the shop's cursor, or begins one here."""
        if not self._urls:
            return
        async with self._database.write() as conn:
            await queries.begin_cursor(conn, follower=FOLLOWER)
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))
        self._feed.follow(FOLLOWER, self._heard)

    async def close(self) -> None:
        """Closes the connections to the CDN."""
        if self._http is not None:
            await self._http.close()

    async def _heard(self, batch: Batch) -> None:
        if batch.position is not None:
            anything = any(change.topic == ANYTHING for change in batch.changes)
            await self._database.transaction(partial(self._move_on, anything))

    async def _move_on(self, anything: bool, conn: Connection) -> None:
        """From where the shop stood to now, unless another replica is at it. `anything`: nobody knows what has changed."""
        found = await queries.claim_cursor(conn, follower=FOLLOWER, rest_seconds=REST_SECONDS)
        if found is None:
            if await queries.begin_cursor(conn, follower=FOLLOWER):
                await self._queue(conn, [EVERYTHING])
            return
        tags: set[str] = {EVERYTHING} if anything or found["lost"] else set()
        after_xid, after_seq = "0", 0
        while True:
            rows = await queries.changes(
                conn, since=found["position"], until=found["here"], after_xid=after_xid, after_seq=after_seq, most=PAGE, topics=None
            )
            tags |= await self._tags_of(conn, [Change(**dict(row)) for row in rows])
            if len(rows) < PAGE or len(tags) > MOST_TAGS:
                break
            after_xid, after_seq = str(rows[-1]["xid"]), rows[-1]["seq"]
        if tags:
            await self._queue(conn, [EVERYTHING] if EVERYTHING in tags or len(tags) > MOST_TAGS else sorted(tags))
        if tags or found["rests"]:
            await queries.move_cursor(conn, follower=FOLLOWER, position=found["here"])

    async def _queue(self, conn: Connection, tags: list[str]) -> None:
        payload = {"tags": tags}
        await self._jobs.enqueue(conn, JOB, payload)
        await self._jobs.enqueue(conn, JOB, payload, run_at=await queries.in_a_while(conn, seconds=AGAIN_SECONDS))

    async def purge(self, job: Job) -> None:
        """The job. Raises aiohttp.ClientError when a node cannot be reached, and is then tried again."""
        tags: list[str] = job.payload["tags"]
        chunks = [tags[start : start + TAGS_AT_ONCE] for start in range(0, len(tags), TAGS_AT_ONCE)]
        await asyncio.gather(*(self._tell(url, chunk) for url in self._urls for chunk in chunks))

    async def _tell(self, url: str, tags: list[str]) -> None:
        assert self._http is not None
        headers: dict[str, Any] = {"xkey-purge": " ".join(tags)}
        async with self._http.request("PURGE", url, headers=headers) as answer:
            answer.raise_for_status()


EDGE = web.AppKey("edge", Edge)
