"""What the CDN is told to drop, once for the shop: whatever becomes of the place that the shop keeps in the feed."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.platform.database import Connection, Database
from storefront.platform.edge import AGAIN_SECONDS, EVERYTHING, FOLLOWER, Edge
from storefront.platform.feed import ANYTHING, FEED, Batch, Change, Feed
from storefront.platform.jobs import Jobs
from storefront.platform.page_cache import BEHIND
from storefront.settings import Settings
from tests.integration.test_feed import change
from tests.sandbox import eventually

NEWS = Batch([], 1, "whole")


async def tags_of(conn: Connection, changes: Iterable[Change]) -> set[str]:
    return {f"flag:{change.key}" for change in changes}


@pytest.fixture
async def edge(settings: Settings, database: Database, owner: asyncpg.Connection) -> AsyncIterator[Edge]:
    """One replica's, which has told everything so far."""
    await owner.execute("DELETE FROM job; DELETE FROM feed_cursor")
    made = Edge(["http://127.0.0.1:9/"], database, Feed(database), Jobs(settings, database), tags_of)
    await made.start()
    yield made
    await made.close()


async def _queued(owner: asyncpg.Connection) -> list[Any]:
    return [row["payload"] for row in await owner.fetch("DELETE FROM job WHERE kind = 'edge_purge' RETURNING payload")]


async def test_what_changed_is_purged_twice_and_then_no_more(edge: Edge, owner: asyncpg.Connection) -> None:
    await change(owner, "one")
    await edge._heard(NEWS)
    await edge._heard(NEWS)
    apart = await owner.fetchval("SELECT extract(epoch FROM max(run_at) - min(run_at)) FROM job WHERE kind = 'edge_purge'")
    assert float(apart) == AGAIN_SECONDS, "by one clock, which is not this process's"
    assert await _queued(owner) == ['{"tags": ["flag:one"]}'] * 2


async def test_a_place_that_was_lost_is_made_anew_and_everything_purged(edge: Edge, owner: asyncpg.Connection) -> None:
    await owner.execute("DELETE FROM feed_cursor")
    await edge._heard(NEWS)
    assert await _queued(owner) == [f'{{"tags": ["{EVERYTHING}"]}}'] * 2
    await change(owner, "two")
    await edge._heard(NEWS)
    assert await _queued(owner) == ['{"tags": ["flag:two"]}'] * 2


async def test_where_nobody_knows_what_changed_everything_is_purged(edge: Edge, owner: asyncpg.Connection) -> None:
    await edge._heard(Batch([Change(0, 0, ANYTHING, "", None, datetime.now(UTC))], 1, "whole"))
    await owner.execute("UPDATE feed_horizon SET pruned_through = pg_current_xact_id()")
    await edge._heard(NEWS)
    assert await _queued(owner) == [f'{{"tags": ["{EVERYTHING}"]}}'] * 4


async def test_the_place_is_moved_on_from_time_to_time_though_nothing_changes(edge: Edge, owner: asyncpg.Connection) -> None:
    await owner.execute("UPDATE feed_cursor SET at = now() - interval '1 hour'")
    await edge._heard(NEWS)
    assert await owner.fetchval("SELECT at > now() - interval '1 minute' FROM feed_cursor WHERE follower = $1", FOLLOWER)
    assert not await _queued(owner)


async def test_a_replica_that_hears_of_no_changes_lets_no_cdn_keep_its_pages(client: TestClient[web.Request, web.Application]) -> None:
    async def lets_it_keep() -> bool:
        async with client.get("/") as answer:
            assert answer.status == 200
            return answer.headers["Cache-Control"] != BEHIND

    async def does_not() -> bool:
        return not await lets_it_keep()

    await eventually(lets_it_keep)
    await client.app[FEED].close()  # type: ignore[index]
    await eventually(does_not)
