"""Pages of a listing: in every sort they hold each product once, however many are equal."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storefront.catalog.model import ListingQuery, Offer
from storefront.search import sorting
from storefront.search.counting import Memo
from storefront.search.disk import DiskIndex
from storefront.search.engine import search
from storefront.search.rules import Rules
from tests.unit.test_search_matching import product

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SORTS = ("relevance", "popular", "newest", "price", "-price", "title")

PRODUCTS = st.lists(
    st.tuples(st.sampled_from(["Chair", "chair", "Table", "Lamp"]), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.booleans()),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("page_size", [1, 3, 24])
@settings(max_examples=15, deadline=None)
@given(rows=PRODUCTS)
def test_pages_hold_each_product_once_in_order(tmp_path_factory: pytest.TempPathFactory, page_size: int, rows: list):
    index = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000)
    for number, (title, popularity, price, age, alone) in enumerate(rows):
        offers = {"EUR": Offer(price, price, "in_stock", {})}
        # The ids run against the order of insertion, so that it cannot stand in for them.
        index.add([product(1000 - number, title, popularity=popularity, published_at=1_700_000_000 - age, offers=offers)])
        if alone:
            index.commit()  # a segment of its own
    index.commit()
    snapshot = index.snapshot(Rules(), Memo())
    expected = {
        "popular": lambda row: (-row[1][1], 1000 - row[0]),
        "newest": lambda row: (row[1][3], 1000 - row[0]),
        "price": lambda row: (row[1][2], 1000 - row[0]),
        "-price": lambda row: (-row[1][2], 1000 - row[0]),
        "title": lambda row: (row[1][0].lower(), 1000 - row[0]),
    }
    for sort in SORTS:
        ids: list[int] = []
        for page in range(1, len(rows) // page_size + 2):
            ids += search(snapshot, ListingQuery("EUR", sort=sort, page=page, page_size=page_size), NOW).ids
        order = expected.get(sort, expected["popular"])
        assert ids == [1000 - number for number, _ in sorted(enumerate(rows), key=order)], sort
    index.close()


def test_equal_scores_are_in_one_order_over_all_pages(tmp_path_factory: pytest.TempPathFactory):
    index = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000)
    for number in range(300):
        index.add([product(1000 - number, "Chair")])
    index.commit()
    snapshot = index.snapshot(Rules(), Memo())
    pages = [search(snapshot, ListingQuery("EUR", text="chair", sort="relevance", page=page), NOW).ids for page in range(1, 14)]
    ids = [product_id for page in pages for product_id in page]
    assert sorted(ids) == list(range(701, 1001))
    whole = search(snapshot, ListingQuery("EUR", text="chair", sort="relevance", page_size=300), NOW).ids
    assert list(whole) == ids
    index.close()


def test_a_tie_longer_than_the_look_back_is_still_in_order(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sorting, "LOOK_BACK", 8)
    index = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000)
    index.add([product(1, "Aaa"), *(product(1000 - number, "Same") for number in range(200))])
    index.commit()
    snapshot = index.snapshot(Rules(), Memo())
    pages = [search(snapshot, ListingQuery("EUR", sort="title", page=page, page_size=20), NOW).ids for page in range(1, 12)]
    assert [product_id for page in pages for product_id in page] == [1, *range(801, 1001)]
    index.close()
