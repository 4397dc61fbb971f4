"""Counts of large listings are estimated, and kept for a moment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from storefront.catalog.model import ListingQuery
from storefront.search import counting
from storefront.search.counting import Counts, Memo
from storefront.search.disk import DiskIndex
from storefront.search.engine import search
from storefront.search.model import CategoryName
from storefront.search.rules import Rules
from tests.unit.test_search_matching import product

QUERY = ListingQuery("EUR")
COUNTS = Counts({"brand": [("Nord", 3)]}, 100, 200, False)


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
    assert memo.get(QUERY, 2) == COUNTS
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
        memo.keep(ListingQuery("EUR", page_size=page_size), 1, 1000.0, COUNTS)
    assert memo.get(ListingQuery("EUR", page_size=0), 1) is None
    assert memo.get(ListingQuery("EUR", page_size=1), 1) == COUNTS


def test_counts_of_a_large_listing_are_near_those_of_all_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(counting, "LARGE", 2000)
    monkeypatch.setattr(counting, "COUNTED", 1000)
    index = DiskIndex(tmp_path, ["EUR"], 15_000_000)
    index.add(product(number, "Common Cup" if number % 4 else "Rare Jug", brand=f"Brand {number % 5}") for number in range(1, 6001))
    index.commit("1:1:")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    common = search(index.snapshot(Rules(), Memo()), ListingQuery("EUR", text="cup"), now)
    rare = search(index.snapshot(Rules(), Memo()), ListingQuery("EUR", text="jug"), now)
    chosen = search(index.snapshot(Rules(), Memo()), ListingQuery("EUR", text="cup", selected=(("brand", ("Brand 1",)),)), now)
    assert (common.estimated, common.total) == (True, 4500)
    assert sorted(brand for brand, _ in common.facets["brand"]) == [f"Brand {number}" for number in range(5)]
    assert all(count == pytest.approx(900, rel=0.25) for _, count in common.facets["brand"])
    assert (rare.estimated, rare.total) == (False, 1500)
    assert dict(rare.facets["brand"]) == {f"Brand {number}": 300 for number in range(5)}
    assert (chosen.estimated, chosen.total) == (True, 900)
    assert all(count == pytest.approx(900, rel=0.25) for _, count in chosen.facets["brand"])
    index.close()


def test_only_categories_that_can_be_chosen_next_are_counted(tmp_path: Path):
    paths = ("home", "home/lamps", "home/lamps/floor", "home/rugs", "tools", "tools/saws")
    rules = Rules(categories=[CategoryName(path.rpartition("/")[2], path, path.rpartition("/")[0].rpartition("/")[2]) for path in paths])
    index = DiskIndex(tmp_path, ["EUR"], 15_000_000)
    for number, path in enumerate(paths, 1):
        above = tuple(path[:end] for end in (*(place for place, ch in enumerate(path) if ch == "/"), len(path)))
        index.add([product(number, "Cup", category_paths=above)])
    index.commit()
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def counted(**asked: object) -> dict[str, int]:
        return dict(search(index.snapshot(rules, Memo()), ListingQuery("EUR", text="cup", **asked), now).facets.get("category", ()))

    assert counted() == {"home": 4, "tools": 2}
    assert counted(selected=(("category", ("home",)),)) == {"home": 4, "tools": 2, "home/lamps": 2, "home/rugs": 1}
    deepest = counted(selected=(("category", ("home/lamps",)),))
    assert deepest == {"home": 4, "tools": 2, "home/lamps": 2, "home/rugs": 1, "home/lamps/floor": 1}
    assert counted(category_path="home") == {}
    index.close()
