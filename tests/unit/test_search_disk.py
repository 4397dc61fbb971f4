"""How an index lies on disk: in few parts, each with the weightiest products first."""

from pathlib import Path

import pytest
import tantivy
from tantivy import Query

from storefront.search import disk
from storefront.search.disk import DiskIndex, part_of
from tests.unit.test_search_matching import product


@pytest.mark.parametrize("products", [0, 1, 2_465, 30_000, 30_001, 99_999, 1_000_000, 30_000_000])
def test_parts_are_small_and_merge_into_one(products: int):
    part = part_of(products)
    assert part <= disk.LARGEST_PART
    parts = -(-products // part)
    while parts > 1:
        assert parts > disk.MERGED_AT_ONCE - 1
        parts = -(-parts // disk.MERGED_AT_ONCE)


def test_products_that_are_expected_are_written_in_parts_and_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disk, "LARGEST_PART", 50)
    index = DiskIndex(tmp_path, ["EUR"], 15_000_000)
    index.expect(400)
    index.add(product(number, f"Cup {number}") for number in range(1, 151))
    assert len(list(tmp_path.glob("*.store"))) >= 3
    index.add(product(number, f"Cup {number}") for number in range(151, 401))
    index.settle()
    index.commit()
    assert (index.segments, index.products) == (1, 400)
    index.close()


def test_the_weightiest_products_are_the_beginning_of_each_part(tmp_path: Path):
    index = DiskIndex(tmp_path, ["EUR"], 15_000_000)
    index.add(product(number, "Cup", popularity=number * 37 % 101) for number in range(1, 101))
    index.commit()
    addresses = [tantivy.DocAddress(0, place) for place in range(100)]
    weights = index.searcher.fast_field_values("weight", addresses)
    assert weights == sorted(weights, key=lambda weight: -(weight or 0.0))
    assert index.searcher.search(Query.all_query(), 100).count == 100
    index.close()
