"""How an index lies on disk: in few parts, and in each what is read together is near together."""

import itertools
from pathlib import Path

import pytest
import tantivy
from tantivy import Query

from storefront.search import disk
from storefront.search.disk import DiskIndex, part_of
from storefront.search.filters import sample
from storefront.search.schema import SAMPLED
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


def test_what_is_read_together_lies_together(tmp_path: Path):
    """First what is left of the catalog after most halvings; of the rest one category after another, of each the weightiest first."""
    index = DiskIndex(tmp_path, ["EUR"], 15_000_000)
    paths = [("home",), ("home", "home/rugs"), ("tools", "tools/saws"), ("tools", "tools/drills")]
    index.add(product(number, "Cup", popularity=number * 37 % 101, category_paths=paths[number % 4]) for number in range(1, 3001))
    index.commit()
    parts = [_places(index, sample(index.schema, halvings)) for halvings in SAMPLED]
    assert len(parts[0]) > len(parts[1]) > len(parts[2]) > 0
    assert all(part == set(range(len(part))) for part in parts)
    for path in ("home/rugs", "tools/saws", "tools/drills"):
        category = _places(index, Query.term_query(index.schema, "category_path", path, "basic")) - parts[0]
        assert category == set(range(min(category), min(category) + len(category)))
        weights = index.searcher.fast_field_values("weight", [tantivy.DocAddress(0, place) for place in sorted(category)])
        assert all((after or 0.0) - (before or 0.0) < 0.002 for before, after in itertools.pairwise(weights))
    index.close()


def _places(index: DiskIndex, query: Query | None) -> set[int]:
    assert query is not None
    return {address.doc for _, address in index.searcher.search(query, 3000).hits}
