"""The change feed: every committed change reaches every follower once, in a moment, whatever other transactions do."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from storefront.platform import feed as feed_module
from storefront.platform.database import Database, statement_count
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.feed import ANYTHING, Batch, Change, Feed
from storefront.platform.sql import ordered
from storefront.settings import Settings


class Listener:
    """A follower that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Change] = []
        self.position: str | None = None
        self.positions: list[int] = []
        self.batches: list[str] = []  # a key of each batch, or ""
        self._news = asyncio.Condition()

    async def __call__(self, batch: Batch) -> None:
        async with self._news:
            self.told += batch.changes
            self.position = batch.position or self.position
            self.positions.append(batch.lsn)
            self.batches.append(batch.changes[0].key if batch.changes else "")
            self._news.notify_all()

    @property
    def keys(self) -> list[str]:
        return [change.key for change in self.told if change.topic == "flag"]

    async def heard(self, *keys: str, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: set(keys) <= set(self.keys))


async def change(conn: asyncpg.Connection, name: str) -> None:
    """Any followed row will do: a flag."""
    await conn.execute(
        "INSERT INTO flag (name, value) VALUES ($1, '1') ON CONFLICT (name) DO UPDATE SET updated_at = clock_timestamp()", name
    )


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    feed = Feed(database)
    yield feed
    await feed.close()


async def test_a_committed_change_is_told_at_once(feed: Feed, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the notification: the poll would come too late for this."""
    monkeypatch.setattr(feed_module, "POLL_SECONDS", 600)
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()
    async with asyncio.timeout(20):
        while not feed._listening:
            await asyncio.sleep(0.01)
    await change(owner, "quick")
    await listener.heard("quick")


async def test_a_transaction_that_stays_open_holds_nobody_up_and_is_told_when_it_commits(
    feed: Feed, owner: asyncpg.Connection, settings: Settings
) -> None:
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()
    late = await asyncpg.connect(settings.database.migrate_url)
    held = late.transaction()
    await held.start()
    await change(late, "late")
    for number in range(3000):
        await change(owner, f"past-{number}")
    await listener.heard("past-2999")
    assert "late" not in listener.keys
    await held.commit()
    await late.close()
    await listener.heard("late")
    assert len(listener.keys) == len(set(listener.keys)) == 3001, "each change is told once"


async def test_changes_that_come_all_the_time_are_told_at_the_followers_pace(feed: Feed, owner: asyncpg.Connection) -> None:
    told: list[float] = []

    async def listener(batch: Batch) -> None:
        if batch.changes:
            told.append(asyncio.get_running_loop().time())

    feed.follow("slow", listener, pace=0.5)
    began = asyncio.get_running_loop().time()
    await feed.start()
    number = 0
    async with asyncio.timeout(20):
        while len(told) < 4:
            number += 1
            await change(owner, f"steady-{number}")
    assert all(at - began >= 0.5 * earlier for earlier, at in enumerate(told)), "each batch begins half a second after the one before"
    assert number > 4, "several changes were told at once"


async def test_concurrent_writers_leave_no_gap(feed: Feed, settings: Settings) -> None:
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()

    async def write(writer: int) -> None:
        conn = await asyncpg.connect(settings.database.migrate_url)
        for number in range(40):
            async with conn.transaction():
                await change(conn, f"w{writer}-{number}")
                await asyncio.sleep(0)  # lets the others begin and commit in between
        await conn.close()

    await asyncio.gather(*(write(writer) for writer in range(8)))
    await listener.heard(*(f"w{writer}-{number}" for writer in range(8) for number in range(40)))
    assert len(listener.keys) == 320


async def test_a_follower_goes_on_where_it_stood(database: Database, owner: asyncpg.Connection) -> None:
    first, second = Feed(database), Feed(database)
    position = await first.here()
    await change(owner, "while-away")
    listener = Listener()
    second.follow("test", listener, since=position)
    await second.start()
    await listener.heard("while-away")
    await second.close()


async def test_a_follower_of_one_topic_is_told_of_no_other_and_keeps_up(feed: Feed, owner: asyncpg.Connection) -> None:
    everything, nothing = Listener(), Listener()
    feed.follow("all", everything)
    feed.follow("one", nothing, topics=("synonym",))
    await feed.start()
    before = await feed.here()
    await change(owner, "not for all")
    await everything.heard("not for all")
    await owner.execute("INSERT INTO search_synonym (locale, terms) VALUES ('en', '{sofa,couch}')")
    async with asyncio.timeout(10), nothing._news:  # its position moves when what it was told is on the disk
        await nothing._news.wait_for(lambda: bool(nothing.told) and nothing.position != before)
    assert {told.topic for told in nothing.told} == {"synonym"}


async def test_a_follower_that_failed_is_told_again(feed: Feed, owner: asyncpg.Connection) -> None:
    listener = Listener()
    failures = iter([RuntimeError("not now")])

    async def stumbling(batch: Batch) -> None:
        if batch.changes:
            for failure in failures:
                raise failure
        await listener(batch)

    feed.follow("test", stumbling)
    await feed.start()
    await change(owner, "twice")
    await listener.heard("twice")


async def test_a_lost_notification_is_made_up_by_the_poll(feed: Feed, owner: asyncpg.Connection) -> None:
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()
    await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'storefront feed'")
    await owner.execute("ALTER TABLE change_log DISABLE TRIGGER change_log_notify")
    await change(owner, "silent")
    await owner.execute("ALTER TABLE change_log ENABLE TRIGGER change_log_notify")
    await listener.heard("silent")


async def test_what_was_pruned_is_missed_by_old_positions_only(database: Database, owner: asyncpg.Connection) -> None:
    feed = Feed(database)
    old = await feed.here()
    await change(owner, "to-be-pruned")
    new = await feed.here()
    await owner.execute("UPDATE change_log SET at = at - interval '2 days'")
    assert await feed.prune() >= 1
    assert not await feed.still_has(old)
    assert await feed.still_has(new)
    assert not await feed.still_has("9000000000:9000000000:"), "a position of another database"
    for unknown in ("", "7", "v9/elsewhere", f"00000063/{new.rpartition('/')[2]}"):
        assert not await feed.still_has(unknown), "a position of another release, or of another timeline"


async def test_however_much_there_is_to_prune_it_is_pruned_bit_by_bit(
    database: Database, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PRUNED_AT_ONCE", 10)
    pruning = Feed(database)
    await pruning.prune()
    for number in range(3):
        await owner.execute(
            "INSERT INTO change_log (topic, key, at) SELECT 'flag', $1, now() - interval '2 days' FROM generate_series(1, 9)",
            f"old-{number}",
        )
    newest = await owner.fetchval("SELECT max(xid)::text FROM change_log WHERE key = 'old-2'")
    with statement_count() as count:
        assert await pruning.prune() == 27
    assert int(count) == 3
    assert await owner.fetchval("SELECT pruned_through::text FROM feed_horizon") == newest


@pytest.mark.parametrize("held_open", [False, True])
async def test_news_costs_the_same_however_long_the_feed_is(
    database: Database, owner: asyncpg.Connection, settings: Settings, held_open: bool
) -> None:
    """Also behind a transaction that stays open while thousands of others come and go."""
    holder = await asyncpg.connect(settings.database.migrate_url)
    held = holder.transaction()
    if held_open:
        await held.start()
        await change(holder, "held")
    await owner.execute("SET session_replication_role = replica")  # nobody is rung up
    await owner.execute(
        "DO $$ BEGIN FOR i IN 1..100 LOOP "
        "INSERT INTO change_log (topic, key) SELECT 'flag', 'known' FROM generate_series(1, 200); COMMIT; END LOOP; END $$"
    )
    await owner.execute("RESET session_replication_role; ANALYZE change_log")
    since = await owner.fetchval("SELECT pg_current_snapshot()::text")
    await change(owner, "news")
    until = await owner.fetchval("SELECT pg_current_snapshot()::text")
    asked = {"since": since, "until": until, "after_xid": "0", "after_seq": 0, "most": 5000, "topics": None}
    async with database.write() as conn:
        rows = await feed_module.queries.changes(conn, **asked)
        assert [row["key"] for row in rows] == ["news"]
        explained = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + feed_module.queries.changes.sql
        (plan,) = await conn.fetchval(explained, *ordered(feed_module.queries.changes, asked))
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 30
    if held_open:
        await held.commit()
        async with database.write() as conn:
            asked["until"] = await owner.fetchval("SELECT pg_current_snapshot()::text")
            assert [row["key"] for row in await feed_module.queries.changes(conn, **asked)] == ["held", "news"]
    await holder.close()


async def test_plain_sql_outside_the_app_is_told_too(feed: Feed, owner: asyncpg.Connection) -> None:
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()
    product = await owner.fetchval("INSERT INTO product (slug, title) VALUES ('by-hand', 'By hand') RETURNING id")
    variant = await owner.fetchval("INSERT INTO variant (product_id, sku) VALUES ($1, 'BY-HAND') RETURNING id", product)
    await owner.execute("INSERT INTO variant_price VALUES ($1, 'EUR', 100)", variant)
    await owner.execute("UPDATE variant_price SET amount = 200 WHERE variant_id = $1", variant)
    await owner.execute("UPDATE variant_price SET amount = 200 WHERE variant_id = $1", variant)  # changes nothing
    await change(owner, "end")
    await listener.heard("end")
    topics = [(told.topic, told.key) for told in listener.told]
    assert topics == [
        ("product", str(product)),
        ("variant", str(product)),
        ("price", str(product)),
        ("price", str(product)),
        ("flag", "end"),
    ]


async def test_what_was_in_the_log_before_it_could_be_seen_lies_past_what_was_told_without_it(
    feed: Feed, owner: asyncpg.Connection, postgres: Postgres, settings: Settings
) -> None:
    """A commit waits for the disk, or for a standby, between being written and being seen. Here it waits for one that never comes."""
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()
    writer = await asyncpg.connect(settings.database.migrate_url)
    admin = await asyncpg.connect(postgres.dsn(database="postgres"))
    await writer.execute("SET synchronous_commit = on")
    await admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await admin.execute("SELECT pg_reload_conf()")
    try:
        while await writer.fetchval("SHOW synchronous_standby_names") != "nobody":
            await asyncio.sleep(0.01)
        writing = asyncio.create_task(change(writer, "waits"))
        while not await admin.fetchval("SELECT exists(SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')"):
            await asyncio.sleep(0.01)
        seen = len(listener.positions)
        async with asyncio.timeout(10), listener._news:
            await listener._news.wait_for(lambda: len(listener.positions) > seen + 1)
        without = listener.positions[-1]
        assert "waits" not in listener.keys
    finally:
        await admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await admin.execute("SELECT pg_reload_conf()")
    await writing
    await listener.heard("waits")
    assert listener.positions[listener.batches.index("waits")] > without
    await writer.close()
    await admin.close()


async def test_a_table_that_is_emptied_at_once_is_told_of(feed: Feed, owner: asyncpg.Connection) -> None:
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()
    followed = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'feed_delete' AND tgrelid::regclass::text = ANY ($1)"
    catalog = ["product", "variant", "variant_price", "media", "category", "collection", "collection_product", "stock"]
    catalog += ["search_synonym", "search_redirect", "search_boost"]
    assert len(await owner.fetch(followed, catalog)) == len(catalog)
    for table in catalog:
        await owner.execute(f"TRUNCATE {table} CASCADE")
    await change(owner, "emptied")
    await listener.heard("emptied")
    assert {told.key for told in listener.told if told.topic == "emptied"} == set(catalog)


async def test_a_text_cannot_lead_to_another_host_not_even_by_plain_sql(owner: asyncpg.Connection) -> None:
    for url in ("//evil.example/", "/\\evil.example/", "https://evil.example/"):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute("INSERT INTO search_redirect VALUES ('free', $1)", url)


async def test_a_follower_that_was_away_for_too_long_is_told_that_anything_may_have_changed(feed: Feed, owner: asyncpg.Connection) -> None:
    listener = Listener()
    feed.follow("test", listener)
    await feed.start()
    await change(owner, "known")
    await listener.heard("known")
    await owner.execute("UPDATE feed_horizon SET pruned_through = pg_current_xact_id()")
    async with asyncio.timeout(10), listener._news:
        await listener._news.wait_for(lambda: ANYTHING in {told.topic for told in listener.told})
    await change(owner, "next")
    await listener.heard("next")


async def test_a_cursor_that_nobody_moves_any_more_holds_nothing_back(database: Database, owner: asyncpg.Connection) -> None:
    feed = Feed(database)
    await owner.execute("INSERT INTO feed_cursor VALUES ('gone', pg_current_snapshot(), now() - interval '2 days')")
    await change(owner, "old")
    await owner.execute("UPDATE change_log SET at = at - interval '2 days'")
    assert await feed.prune() >= 1
    await owner.execute("DELETE FROM feed_cursor WHERE follower = 'gone'")
