"""Counts of large listings are estimated, and kept for a moment."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from storefront.catalog.listing import Frame, assemble
from storefront.catalog.model import ListingQuery, ListingResult, Offer, SearchDocument
from storefront.search import counting, listed
from storefront.search.counting import Counts, Memo, Size, count
from storefront.search.disk import DiskIndex
from storefront.search.engine import search
from storefront.search.filters import all_of, in_two_digits, sample
from storefront.search.model import CategoryName
from storefront.search.rules import Rules
from storefront.search.schema import SAMPLED
from tests.unit.test_search_matching import product

NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUERY = (ListingQuery("EUR"), "")
COUNTS = Counts({"brand": [("Nord", 3)]}, 100, 200, False, Size(3, 3, True))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test may move."""
    time = [1000.0]
    monkeypatch.setattr(counting.time, "monotonic", lambda: time[0])
    return time


def test_counts_outlive_a_change_for_a_moment_only(now: list[float]):
    memo = Memo()
    memo.keep(QUERY, 1, 1000.0, COUNTS)
    now[0] += counting.CHANGED_SECONDS
    assert memo.get(QUERY, 2) == msgspec.structs.replace(COUNTS, late=True)
    assert memo.get(QUERY, 1) == COUNTS
    now[0] += 0.01
    assert memo.get(QUERY, 2) is None


def test_counts_of_the_same_state_are_kept_for_a_while(now: list[float]):
    memo = Memo()
    memo.keep(QUERY, 1, 1000.0, COUNTS)
    now[0] += counting.SAME_SECONDS
    assert memo.get(QUERY, 1) == COUNTS
    now[0] += 0.01
    assert memo.get(QUERY, 1) is None


def test_only_so_many_listings_are_kept(now: list[float]):
    memo = Memo()
    for page_size in range(counting.KEPT + 1):
        memo.keep((ListingQuery("EUR", page_size=page_size), ""), 1, 1000.0, COUNTS)
    assert memo.get((ListingQuery("EUR", page_size=0), ""), 1) is None
    assert memo.get((ListingQuery("EUR", page_size=1), ""), 1) == COUNTS


def test_a_page_with_counts_of_before_a_change_is_not_kept_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: list[float]):
    monkeypatch.setattr(listed, "LARGE", 2)
    memo, rules = Memo(), Rules()
    index = DiskIndex(tmp_path / "index", ["EUR"], 15_000_000)
    index.add(product(number, "Cup") for number in range(1, 4))
    index.commit("1:1:")
    index.relearn()
    for query in (ListingQuery("EUR"), ListingQuery("EUR", text="cup", sort="relevance")):
        frame = Frame("Cups", "/search", "EUR", text=query.text)
        memo.clear()
        kept = {}
        for change in ("none", "none", "one more", "none"):
            if change != "none":
                index.add([product(index.products + 1, "Cup")])
                index.commit()
            found = search(index.snapshot(rules, memo), query, NOW)
            kept[change] = assemble(query, found, frame).shared_seconds
            if change != "none":
                memo.clear()  # a moment goes by
        assert kept == {"none": 60, "one more": 1}, query
    index.close()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskIndex]:
    """Three cups to each jug. Of the cups few are dear, and those have a category to themselves."""
    index = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000)
    index.add(_cup_or_jug(number) for number in range(1, 6001))
    index.commit("1:1:")
    index.relearn()
    yield index
    index.close()


DEAR = (2001, 2002)


def _cup_or_jug(number: int) -> SearchDocument:
    price, paths = (90_000, ("rare", "rare/dear")) if number in DEAR else (1200, ("home",))
    offers = {"EUR": Offer(price, price, "in_stock", {})}
    title = "Common Cup" if number % 4 else "Rare Jug"
    return product(number, title, brand=f"Brand {number % 5}", offers=offers, category_paths=paths)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large here."""
    monkeypatch.setattr(counting, "LARGE", 2000)
    monkeypatch.setattr(listed, "LARGE", 2000)
    monkeypatch.setattr(counting, "COUNTED", 500)
    monkeypatch.setattr(counting, "LOOKED_THROUGH", 500)


CATEGORIES = Rules(
    categories=[CategoryName("Home", "home", ""), CategoryName("Rare", "rare", ""), CategoryName("Dear", "rare/dear", "Rare")]
)


def found(index: DiskIndex, text: str, memo: Memo | None = None, **asked: Any) -> ListingResult:
    """A page of a text."""
    return search(index.snapshot(CATEGORIES, memo or Memo()), ListingQuery("EUR", text=text, **({"sort": "relevance"} | asked)), NOW)


def test_counts_of_a_large_listing_are_near_those_of_all_and_say_so(many: DiskIndex, large: None):
    common, rare = found(many, "cup"), found(many, "jug")
    chosen = found(many, "cup", selected=(("brand", ("Brand 1",)),))
    assert (common.estimated, common.total_estimated) == (True, True)
    assert common.total == pytest.approx(4500, rel=0.2)
    assert sorted(brand for brand, _ in common.facets["brand"]) == [f"Brand {number}" for number in range(5)]
    assert all(count == pytest.approx(900, rel=0.3) for _, count in common.facets["brand"])
    assert (rare.estimated, rare.total_estimated, rare.total) == (False, False, 1500)
    assert dict(rare.facets["brand"]) == {f"Brand {number}": 300 for number in range(5)}
    assert (chosen.estimated, chosen.total_estimated, chosen.total) == (True, False, 900)
    assert all(count == pytest.approx(900, rel=0.3) for _, count in chosen.facets["brand"])


def test_the_same_search_always_counts_the_same(many: DiskIndex, large: None):
    first, second = found(many, "cup"), found(many, "cup", page=2)
    assert (first.total, first.facets) == (second.total, second.facets)


@pytest.mark.parametrize("memo", [None, Memo()], ids=["anew", "kept"])
@pytest.mark.parametrize("page_size", [24, 100, 700])
def test_every_page_that_is_linked_has_products(many: DiskIndex, large: None, page_size: int, memo: Memo | None):
    """From link to link to the last page, which is where the products end."""
    frame = Frame(title="", path="/search", currency="EUR", text="cup")
    page, seen, shown = 1, 0, []
    while True:
        result = found(many, "cup", memo, page=page, page_size=page_size)
        assert result.ids
        shown += result.ids
        query = ListingQuery("EUR", text="cup", sort="relevance", page=page, page_size=page_size)
        listing = assemble(query, result, frame)
        assert not result.total_estimated or listing.page_links[-1][0] == page + 2
        for number, _ in listing.page_links:
            if number > max(page, seen):
                assert found(many, "cup", page=number, page_size=page_size).ids
                seen = number
        if listing.next_url is None:
            break
        page += 1
    assert (result.total, result.total_estimated) == (4500, False)
    assert sorted(shown) == [number for number in range(1, 6001) if number % 4]


def test_in_another_order_a_large_listing_is_counted_exactly(many: DiskIndex, large: None):
    assert (found(many, "cup", sort="price").total, found(many, "cup", sort="price").total_estimated) == (4500, False)


def test_what_is_chosen_is_never_counted_as_nothing(many: DiskIndex, large: None):
    """However rare it is among very many."""
    dear = found(many, "cup", price_min=50_000, price_max=99_999)
    assert dict(dear.facets["price"])["50000-99999"] == len(DEAR) == dear.total
    deep = found(many, "cup", selected=(("category", ("rare/dear",)),))
    counts = dict(deep.facets["category"])
    assert (counts["rare"], counts["rare/dear"]) == (2, 2)
    assert counts["home"] > 2000


@pytest.mark.parametrize("halvings", SAMPLED)
@pytest.mark.parametrize("named", [False, True])
def test_a_part_of_the_catalog_has_the_same_words_in_its_own_lists(many: DiskIndex, halvings: int, named: bool):
    snapshot = many.snapshot(Rules(), Memo())
    reader = snapshot.reader()
    reading = reader.read("common cup")
    part = reader.having(reading, named=named, sampled=halvings)
    same = all_of(sample(snapshot.schema, halvings), reader.having(reading, named=named))
    assert snapshot.count(part) == snapshot.count(same) == snapshot.count(all_of(part, same)) > 0


@pytest.mark.parametrize(("estimated", "said"), [(1.0, 1), (99.4, 99), (99.6, 100), (144.0, 140), (995.0, 1000), (12_345.6, 12_000)])
def test_an_estimate_is_said_in_two_digits(estimated: float, said: int):
    assert in_two_digits(estimated) == said


@pytest.mark.parametrize("counted", [250, 300, 350, 400, 500])
def test_little_more_is_counted_than_is_needed(many: DiskIndex, large: None, monkeypatch: pytest.MonkeyPatch, counted: int):
    monkeypatch.setattr(counting, "COUNTED", counted)
    snapshot = many.snapshot(Rules(), Memo())
    cups = snapshot.reader().having(snapshot.reader().read("cup"))
    size = count(snapshot.searcher, snapshot.schema, ListingQuery("EUR", text="cup"), lambda _: cups, {}, 4500, []).size
    assert counted * 0.95 < size.seen < counted * 1.25
    assert size.total == pytest.approx(4500, rel=0.05)


def test_counts_of_a_text_that_is_taken_loosely_are_kept_apart(many: DiskIndex, monkeypatch: pytest.MonkeyPatch):
    """What has every word of "common jug" is nothing; what has one of them is everything."""
    monkeypatch.setattr(counting, "LARGE", 2000)
    monkeypatch.setattr(listed, "LARGE", 2000)
    memo = Memo()
    first, again = (found(many, "common jug", memo) for _ in range(2))
    assert first.total == again.total == 6000
    assert first.ids == again.ids


def test_only_categories_that_can_be_chosen_next_are_counted(tmp_path: Path):
    paths = ("home", "home/lamps", "home/lamps/floor", "home/rugs", "tools", "tools/saws")
    rules = Rules(categories=[CategoryName(path.rpartition("/")[2], path, path.rpartition("/")[0].rpartition("/")[2]) for path in paths])
    index = DiskIndex(tmp_path, ["EUR"], 15_000_000)
    for number, path in enumerate(paths, 1):
        above = tuple(path[:end] for end in (*(place for place, ch in enumerate(path) if ch == "/"), len(path)))
        index.add([product(number, "Cup", category_paths=above)])
    index.commit()

    def counted(**asked: object) -> dict[str, int]:
        return dict(search(index.snapshot(rules, Memo()), ListingQuery("EUR", text="cup", **asked), NOW).facets.get("category", ()))

    assert counted() == {"home": 4, "tools": 2}
    assert counted(selected=(("category", ("home",)),)) == {"home": 4, "tools": 2, "home/lamps": 2, "home/rugs": 1}
    deepest = counted(selected=(("category", ("home/lamps",)),))
    assert deepest == {"home": 4, "tools": 2, "home/lamps": 2, "home/rugs": 1, "home/lamps/floor": 1}
    assert counted(category_path="home") == {}
    index.close()
