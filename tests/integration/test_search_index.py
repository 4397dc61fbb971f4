"""The index against the database: it finds what plain SQL finds, follows every change, and survives what happens to it."""

import asyncio
import itertools
import random
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from storefront.catalog import service
from storefront.catalog.model import ListingQuery, ListingResult
from storefront.platform.database import Database
from storefront.platform.feed import Feed
from storefront.search import building
from storefront.search import index as search_index
from storefront.search.disk import DiskIndex
from storefront.search.index import SearchIndex
from storefront.search.model import IndexMissing
from storefront.settings import ROOT, SearchSettings, Settings
from tests.generated import ATTRIBUTES, BRANDS, OPTIONS, PATHS, fill
from tests.sandbox import eventually

SORTS = ["popular", "newest", "price", "-price", "title"]
PRODUCTS = 150


class Follower:
    """An index that follows the feed, and what happens to it."""

    def __init__(self, index: SearchIndex, feed: Feed) -> None:
        self.index = index
        self.feed = feed
        self.changed = asyncio.Event()
        index.when_changed = self.note

    async def note(self, batch: object) -> None:
        self.changed.set()

    async def until(self, holds: Callable[[], object], *, seconds: float = 10) -> None:
        """Waits for a change after which `holds()` (which may be awaitable) is true."""
        async with asyncio.timeout(seconds):
            while True:
                self.changed.clear()
                answer = holds()
                if await answer if asyncio.iscoroutine(answer) else answer:
                    return
                await self.changed.wait()

    async def ids(self, **asked: object) -> list[int]:
        """The ids that a listing finds."""
        return list((await self.index.find(ListingQuery("EUR", page_size=100, **asked))).ids)


@asynccontextmanager
async def following(
    database: Database, folder: Path, clock: Callable[[], datetime] | None = None, *, memory: Path | None = None
) -> AsyncIterator[Follower]:
    """An index in `folder` that is open and follows the feed; `memory`: where it is written, if not where the settings say."""
    feed = Feed(database)
    clock = clock or (lambda: datetime.now(UTC))
    settings = SearchSettings(heap_bytes=15_000_000)
    if memory is not None:
        settings.memory_dir = str(memory)
    follower = Follower(SearchIndex(folder, settings, ["EUR", "USD"], clock), feed)
    await follower.index.open(database, feed)
    await feed.start()
    await follower.until(lambda: follower.index.ready)
    try:
        yield follower
    finally:
        await feed.close()
        await follower.index.close()


@pytest.fixture(scope="module")
def filled() -> dict[str, bool]:
    """Remembers that this module's database has its products."""
    return {}


@pytest.fixture
async def products(owner: asyncpg.Connection, filled: dict[str, bool]) -> None:
    """A generated catalog."""
    if not filled:
        await fill(owner, PRODUCTS, random.Random(7))
        filled["done"] = True


@pytest.fixture
async def follower(products: None, database: Database, tmp_path: Path) -> AsyncIterator[Follower]:
    """An index of the generated catalog that follows the feed."""
    async with following(database, tmp_path / "search") as follower:
        yield follower


def asked(chance: random.Random, collections: list[int]) -> ListingQuery:
    """A listing as a shopper may ask for it, without text."""
    choices = {
        "brand": [brand for brand in BRANDS if brand],
        "availability": ["in_stock", "few_left", "sold_out", "backorder", "preorder"],
        "category": PATHS,
        **{f"attr.{name}": values for name, values in ATTRIBUTES.items()},
        **{f"opt.{name}": values for name, values in OPTIONS.items()},
        "attr.Unknown": ["Nothing"],
        "rating": ["1", "2", "3", "4"],
    }
    keys = chance.sample(sorted(choices), chance.choice([0, 0, 1, 1, 2, 3]))
    low, high = chance.choice([(None, None)] * 3 + [(1000, None), (None, 2500), (999, 1999), (5000, 5000)])
    return ListingQuery(
        currency=chance.choice(["EUR", "EUR", "USD"]),
        category_path=chance.choice([None, None, *PATHS]),
        collection_id=chance.choice([None, None, *collections]),
        sort=chance.choice(SORTS),
        page=chance.choice([1, 1, 1, 2, 3]),
        page_size=chance.choice([4, 24]),
        selected=tuple(sorted((key, tuple(sorted(set(chance.choices(choices[key], k=2))))) for key in keys)),
        price_min=low,
        price_max=high,
    )


def counts(query: ListingQuery, result: ListingResult) -> dict[str, dict[str, int]]:
    """The facets without an order of their values; of the categories those that a page offers."""
    found = {key: dict(pairs) for key, pairs in result.facets.items()}
    chosen = dict(query.selected).get("category", ())
    opened = {above for path in chosen for above in itertools.accumulate(path.split("/"), "{}/{}".format)} | {""}
    offered = {path: products for path, products in found.pop("category", {}).items() if path.rpartition("/")[0] in opened}
    return found | ({"category": offered} if offered and query.category_path is None else {})


async def compare(database: Database, index: SearchIndex, queries: Iterable[ListingQuery]) -> list[ListingResult]:
    """Asks both, and requires one answer."""
    answers = []
    for query in queries:
        found = await index.find(query)
        async with database.read() as conn:
            plain = await service.listing_from_sql(conn, query)
        assert (found.ids, found.total) == (plain.ids, plain.total), query
        assert counts(query, found) == counts(query, plain), query
        assert (found.price_min, found.price_max) == (plain.price_min, plain.price_max), query
        answers.append(found)
    return answers


async def test_the_index_finds_and_counts_what_sql_does(follower: Follower, database: Database, owner: asyncpg.Connection):
    collections = [row["id"] for row in await owner.fetch("SELECT id FROM collection ORDER BY id")]
    chance = random.Random(1)
    answers = await compare(database, follower.index, [asked(chance, collections) for _ in range(250)])
    assert sum(bool(answer.ids) for answer in answers) > 50  # else nothing was compared


async def test_after_any_changes_the_index_finds_what_sql_does(follower: Follower, database: Database, owner: asyncpg.Connection):
    chance = random.Random(2)
    collections = [row["id"] for row in await owner.fetch("SELECT id FROM collection ORDER BY id")]
    for round_number in range(6):
        await change_something(owner, chance)
        marker = f"Marker{round_number}"
        await owner.execute("UPDATE product SET brand = $1 WHERE id = (SELECT min(id) FROM product)", marker)
        here = await follower.feed.here()
        await eventually(lambda here=here: _reached(follower.index, here, database), 10)
        await compare(database, follower.index, [asked(chance, collections) for _ in range(40)])


async def _reached(index: SearchIndex, position: str, database: Database) -> bool:
    async with database.write() as conn:
        sql = "SELECT pg_snapshot_xmin($1::text::pg_snapshot) >= pg_snapshot_xmin($2::text::pg_snapshot)"
        return bool(await conn.fetchval(sql, *(text.rpartition("/")[2] for text in (index.position or "", position))))


CHANGES = [
    "UPDATE product SET title = 'Changed ' || title WHERE id % 7 = 0",
    "UPDATE product SET status = CASE status WHEN 'active' THEN 'draft' ELSE 'active' END WHERE id % 11 = 0",
    "UPDATE variant_price SET amount = amount + 501 WHERE variant_id % 3 = 0",
    "DELETE FROM variant_price WHERE variant_id % 13 = 0",
    "UPDATE stock SET on_hand = 0 WHERE variant_id % 5 = 0 AND reserved = 0",
    "UPDATE stock SET on_hand = 3 WHERE variant_id % 5 = 1",
    "DELETE FROM product WHERE id % 29 = 0",
    "UPDATE category SET slug = slug || '-x', path = path || '-x' WHERE path = 'garden/tools'",
    "UPDATE product SET category_id = (SELECT id FROM category WHERE path = 'home/living') WHERE id % 9 = 0",
    "UPDATE variant SET active = NOT active WHERE id % 8 = 0",
    "UPDATE collection SET rule = '{\"tag\": \"gift\"}' WHERE slug = 'collection-1'",
    "DELETE FROM collection_product WHERE product_id % 4 = 0",
    "INSERT INTO collection_product SELECT c.id, p.id FROM collection c, product p WHERE c.slug = 'collection-0' AND p.id % 10 = 3"
    " ON CONFLICT DO NOTHING",
    'UPDATE product SET attributes = \'{"Material": ["Steel"]}\' WHERE id % 17 = 0',
    "UPDATE product SET popularity = popularity + 1 WHERE id % 2 = 0",
    "UPDATE product SET rating_sum = rating_sum + 2, rating_count = rating_count + 1 WHERE id % 6 = 0",
]


async def change_something(owner: asyncpg.Connection, chance: random.Random) -> None:
    """Some changes, as plain SQL outside the shop."""
    for statement in chance.sample(CHANGES, 5):
        await owner.execute(statement)


async def one_product(owner: asyncpg.Connection, title: str, *, published_at: datetime | None = None) -> int:
    """A product of its own that can be found; returns its id."""
    product_id = await owner.fetchval(
        "INSERT INTO product (slug, title, status, published_at) VALUES (md5(random()::text), $1, 'active', $2) RETURNING id",
        title,
        (published_at or datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0),  # as the index keeps it
    )
    variant = await owner.fetchval("INSERT INTO variant (product_id, sku) VALUES ($1, md5(random()::text)) RETURNING id", product_id)
    await owner.execute("INSERT INTO variant_price (variant_id, currency, amount) VALUES ($1, 'EUR', 1000)", variant)
    return int(product_id)


async def test_a_committed_change_is_found_within_a_second(follower: Follower, owner: asyncpg.Connection):
    """Once in three tries: what else a machine has to do may hold up the others."""
    clock = asyncio.get_running_loop().time
    took: list[tuple[float, float, float]] = []
    for _ in range(3):
        began = clock()
        product_id = await one_product(owner, "Zebrawood Cabinet")
        await follower.until(lambda: _finds(follower, "zebrawood", product_id))
        there = clock()
        await owner.execute("UPDATE product SET title = 'Ironwood Cabinet' WHERE id = $1", product_id)
        await follower.until(lambda: _finds(follower, "ironwood", product_id))
        assert await follower.ids(text="zebrawood", sort="relevance") == []
        changed = clock()
        await owner.execute("DELETE FROM product WHERE id = $1", product_id)
        await follower.until(lambda: _finds_nothing(follower, "ironwood"))
        took.append((there - began, changed - there, clock() - changed))
    assert all(min(of_one_kind) < 1 for of_one_kind in zip(*took, strict=True)), took


async def _finds(follower: Follower, text: str, product_id: int) -> bool:
    return product_id in await follower.ids(text=text, sort="relevance")


async def _finds_nothing(follower: Follower, text: str) -> bool:
    return not await follower.ids(text=text, sort="relevance")


async def test_words_of_a_new_product_are_known_to_typing_mistakes(follower: Follower, owner: asyncpg.Connection):
    product_id = await one_product(owner, "Chrysanthemum Planter")
    await follower.until(lambda: _finds(follower, "chrysantemum", product_id))


async def test_a_product_appears_when_its_time_has_come(products: None, database: Database, owner: asyncpg.Connection, tmp_path: Path):
    now = datetime.now(UTC)
    product_id = await one_product(owner, "Tomorrow Lantern", published_at=now + timedelta(days=1))
    time = [now]
    async with following(database, tmp_path, lambda: time[0]) as follower:
        assert await follower.ids(text="tomorrow lantern", sort="relevance") == []
        time[0] = now + timedelta(days=1, seconds=1)
        assert await follower.ids(text="tomorrow lantern", sort="relevance") == [product_id]


async def test_what_an_operator_teaches_is_known_at_once(follower: Follower, owner: asyncpg.Connection):
    couch, bench = await one_product(owner, "Velvet Couch"), await one_product(owner, "Velvet Bench")
    await follower.until(lambda: _finds(follower, "velvet bench", bench))
    await owner.execute("INSERT INTO search_synonym (terms) VALUES (ARRAY['davenport', 'couch'])")
    await follower.until(lambda: _finds(follower, "davenport", couch))
    await owner.execute("INSERT INTO search_boost (query, product_id, pinned_at) VALUES ('Velvet', $1, 2)", couch)
    await follower.until(lambda: _second(follower, "velvet", couch))
    await owner.execute("UPDATE search_boost SET pinned_at = 1")
    await follower.until(lambda: _first(follower, "velvet", couch))
    await owner.execute("INSERT INTO search_redirect VALUES ('Opening hours', '/about')")
    await follower.until(lambda: follower.index.redirect("opening HOURS") == "/about")


async def _first(follower: Follower, text: str, product_id: int) -> bool:
    return (await follower.ids(text=text, sort="relevance"))[0] == product_id


async def _second(follower: Follower, text: str, product_id: int) -> bool:
    return (await follower.ids(text=text, sort="relevance"))[1] == product_id


async def test_a_large_change_is_worked_off_behind_the_feed(
    follower: Follower, database: Database, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search_index, "AT_ONCE", 10)
    monkeypatch.setattr(building, "CHUNK", 7)
    await owner.execute("UPDATE category SET path = 'house' || substr(path, 5) WHERE path = 'home' OR path LIKE 'home/%'")
    await follower.until(lambda: _moved(follower, database))
    await owner.execute("UPDATE category SET path = 'home' || substr(path, 6) WHERE path = 'house' OR path LIKE 'house/%'")


async def _moved(follower: Follower, database: Database) -> bool:
    query = ListingQuery("EUR", category_path="house", page_size=100)
    async with database.read() as conn:
        plain = await service.listing_from_sql(conn, query)
    found = await follower.index.find(query)
    return bool(plain.ids) and found.ids == plain.ids and counts(query, found) == counts(query, plain)


async def test_a_restart_goes_on_where_the_feed_stood(products: None, database: Database, owner: asyncpg.Connection, tmp_path: Path):
    async with following(database, tmp_path) as follower:
        folder = follower.index.build_folder
        await one_product(owner, "First Gramophone")
        await follower.until(lambda: _finds_any(follower, "first gramophone"))
    second = await one_product(owner, "Second Gramophone")
    async with following(database, tmp_path) as follower:
        assert follower.index.build_folder == folder
        await follower.until(lambda: _finds(follower, "second gramophone", second))


async def test_what_is_found_comes_to_the_disk_now_and_then_and_when_the_shop_is_closed(
    products: None, database: Database, owner: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    memory = tmp_path / "memory"
    memory.mkdir()
    async with following(database, tmp_path / "search", memory=memory) as follower:
        folder = follower.index.build_folder
        assert folder is not None
        first = await one_product(owner, "Found At Once")
        await follower.until(lambda: _finds(follower, "found at once", first))
        built = (folder / "meta.json").read_bytes()
    kept = (folder / "meta.json").read_bytes()
    assert kept != built
    assert list(memory.iterdir()) == []
    monkeypatch.setattr(search_index, "KEEP_SECONDS", 0.05)
    async with following(database, tmp_path / "search", memory=memory) as follower:
        assert len(list(memory.iterdir())) == 1
        second = await one_product(owner, "Found Again")
        await follower.until(lambda: _finds(follower, "found again", second))
        async with asyncio.timeout(10):
            while (folder / "meta.json").read_bytes() == kept:
                await asyncio.sleep(0.01)


async def _finds_any(follower: Follower, text: str) -> bool:
    return not await _finds_nothing(follower, text)


async def test_an_index_that_is_older_than_the_feed_is_built_anew(
    products: None, database: Database, owner: asyncpg.Connection, tmp_path: Path
):
    async with following(database, tmp_path) as follower:
        folder = follower.index.build_folder
    late = await one_product(owner, "Forgotten Telescope")
    await owner.execute("DELETE FROM change_log")
    await owner.execute("UPDATE feed_horizon SET pruned_through = pg_current_xact_id()")
    async with following(database, tmp_path) as follower:
        await follower.until(lambda: follower.index.build_folder != folder)
        assert await follower.ids(text="forgotten telescope", sort="relevance") == [late]
    await owner.execute("UPDATE feed_horizon SET pruned_through = '0'")


@pytest.mark.parametrize("harm", ["cut", "garble", "remove", "no_meta"])
async def test_a_damaged_index_is_built_anew(products: None, database: Database, tmp_path: Path, harm: str):
    async with following(database, tmp_path) as follower:
        before = await follower.ids()
        folder = follower.index.build_folder
    for file in folder.iterdir():
        if harm == "cut" and file.suffix in (".term", ".idx", ".fast", ".store"):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        elif harm == "garble" and file.suffix in (".term", ".idx", ".fast", ".store"):
            file.write_bytes(bytes(byte ^ 0x5A for byte in file.read_bytes()))
        elif (harm == "remove" and file.suffix == ".fast") or (harm == "no_meta" and file.name == "meta.json"):
            file.unlink()
    async with following(database, tmp_path) as follower:
        assert await follower.ids() == before
        assert follower.index.build_folder != folder


async def test_without_an_index_find_says_so_and_sql_answers(products: None, database: Database, tmp_path: Path):
    index = SearchIndex(tmp_path, SearchSettings(heap_bytes=15_000_000), ["EUR", "USD"])
    with pytest.raises(IndexMissing):
        await index.find(ListingQuery("EUR"))


async def test_changes_during_a_build_are_in_the_new_index(follower: Follower, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(building, "CHUNK", 2)  # so that the build takes many steps
    folder = follower.index.build_folder
    rebuilding = asyncio.create_task(follower.index.rebuild())
    titles = []
    while not rebuilding.done():
        titles.append(await one_product(owner, f"Meanwhile Clock {len(titles)}"))
        await asyncio.sleep(0)
    await rebuilding
    assert follower.index.build_folder != folder
    await follower.until(lambda: _has_all(follower, titles))
    async with asyncio.timeout(5):
        while folder.exists():  # the old one is put away behind the new one
            await asyncio.sleep(0.01)


async def _has_all(follower: Follower, product_ids: list[int]) -> bool:
    found: list[int] = []
    for page in range(1, len(product_ids) // 100 + 2):
        found += await follower.ids(text="meanwhile clock", sort="relevance", page=page)
    return set(product_ids) <= set(found)


async def test_a_write_that_fails_is_made_again(follower: Follower, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch):
    commit, failures = DiskIndex.commit, iter([True, True])

    def failing(index: DiskIndex, position: str | None = None) -> None:
        if next(failures, False):
            raise ValueError("disk full")
        commit(index, position)

    folder = follower.index.build_folder
    monkeypatch.setattr(DiskIndex, "commit", failing)
    product_id = await one_product(owner, "Stubborn Metronome")
    await follower.until(lambda: _finds(follower, "stubborn metronome", product_id))
    assert follower.index.build_folder == folder


async def test_an_index_that_can_no_longer_be_written_is_built_anew(
    follower: Follower, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    folder = follower.index.build_folder

    def failing(index: DiskIndex, *args: object) -> None:
        raise ValueError("read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(DiskIndex, "commit", failing)
        patch.setattr(DiskIndex, "reopen", failing)
        patch.setattr(building, "RETRY_SECONDS", 0.05)
        product_id = await one_product(owner, "Undaunted Metronome")
        async with asyncio.timeout(10):
            while follower.index.ready:
                await asyncio.sleep(0.01)
    await follower.until(lambda: follower.index.ready)
    await follower.until(lambda: _finds(follower, "undaunted metronome", product_id))
    assert follower.index.build_folder != folder


async def test_two_processes_may_share_a_folder(follower: Follower, database: Database, tmp_path: Path, owner: asyncpg.Connection):
    async with following(database, tmp_path / "search") as other:
        assert other.index.build_folder != follower.index.build_folder
        product_id = await one_product(owner, "Shared Harmonica")
        await other.until(lambda: _finds(other, "shared harmonica", product_id))
        await follower.until(lambda: _finds(follower, "shared harmonica", product_id))


async def test_a_text_that_finds_nothing_is_counted_for_the_operator(follower: Follower, owner: asyncpg.Connection):
    for text in ("Unobtainium!", "unobtainium", "chair"):
        await follower.index.find(ListingQuery("EUR", text=text, sort="relevance"))
    await follower.index.find(ListingQuery("EUR", text="Filtered away", sort="relevance", price_min=10**9))
    await follower.index.write_misses()
    rows = await owner.fetch("SELECT query, searches FROM search_miss WHERE query IN ('unobtainium', 'chair', 'filtered away')")
    assert [tuple(row) for row in rows] == [("unobtainium", 2)]


async def test_an_index_survives_being_killed_in_its_commits(
    products: None, database: Database, owner: asyncpg.Connection, settings: Settings, tmp_path: Path
):
    async with following(database, tmp_path) as follower:
        folder = follower.index.build_folder
    chance = random.Random(3)
    for round_number in range(6):
        await kill_in_a_commit(owner, settings.database.url, tmp_path, chance)
        title = f"Survivor Barometer {round_number}"
        product_id = await one_product(owner, title)
        async with following(database, tmp_path) as follower:
            assert follower.index.build_folder == folder, "it was built anew, so what was committed did not survive"
            await follower.until(lambda follower=follower, title=title: _finds(follower, title, product_id))
            await compare(database, follower.index, [asked(chance, []) for _ in range(20)])


async def kill_in_a_commit(owner: asyncpg.Connection, dsn: str, folder: Path, chance: random.Random) -> None:
    """Runs a process that keeps the index while products change, and kills it when it says that it commits."""
    await _change(owner, 0)  # for it to find when it comes
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.search_process", dsn, str(folder), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    commits = chance.randint(1, 5)
    changing: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(30):
            while commits:
                line = await process.stdout.readline()
                assert line, "the process ended by itself"
                commits -= line == b"committing\n"
                changing = changing or asyncio.create_task(_keep_changing(owner))
        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.003, 0.01]))  # somewhere inside the commit
    finally:
        process.kill()
        await process.wait()
        if changing is not None:
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)


async def _keep_changing(owner: asyncpg.Connection) -> None:
    number = 0
    while True:
        number += 1
        await _change(owner, number)
        await asyncio.sleep(0.01)


async def _change(owner: asyncpg.Connection, number: int) -> None:
    await owner.execute("UPDATE product SET popularity = popularity + 1, brand = $1 WHERE id % 5 = $2", f"Brand {number}", number % 5)


async def test_operators_see_how_the_index_is(follower: Follower):
    seen = follower.index.check()
    assert (seen.name, seen.ok, seen.vital) == ("search", True, False)
    assert f"{follower.index.products:,} products" in seen.detail
    assert "segments" in seen.detail
    assert "s behind" in seen.detail
    assert f"built {datetime.now(UTC):%Y-%m-%d}" in seen.detail


async def test_a_table_that_is_emptied_at_once_is_emptied_here(follower: Follower, owner: asyncpg.Connection):
    """The last test of this file: it takes the products away."""
    assert await follower.ids()
    await owner.execute("TRUNCATE product CASCADE")
    await follower.until(lambda: follower.index.products == 0)
    assert await follower.ids() == []
