"""Counts of large listings are kept for a moment."""

import pytest

from storefront.catalog.model import ListingQuery
from storefront.search import counting
from storefront.search.counting import Counts, Memo

QUERY = ListingQuery("EUR")
COUNTS = Counts({"brand": [("Nord", 3)]}, 100, 200)


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
