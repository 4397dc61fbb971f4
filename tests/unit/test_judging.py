"""The judgements of the search benchmark: what their conditions say, and how a ranking is scored by them."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._judging import CLASSES, Judged, load_queries, ndcg, recall

QUERIES = Path(__file__).parents[2] / "benchmarks" / "judged" / "queries.toml"
GRADES = st.lists(st.integers(0, 3), max_size=80)
BELT = {
    "title": "classic woven belts",
    "type": "accessories > belt",
    "body": "a belt of soft leather",
    "sku": "ab-1",
    "named": "classic woven belts",
    "any": "classic woven belts ; accessories > belt ; belt ; a belt of soft leather",
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("title:belt", True),
        ("title:bel", False),
        ("title:woven_belt", True),
        ("title:leather", False),
        ("title:leather | body:leather", True),
        ("title:belt body:silk", False),
        ("body:silk/leather", True),
        ("sku:ab-1", True),
        ("named:classic_woven", False),
        ("thing any:leather", True),
    ],
)
def test_a_condition_looks_at_whole_words_of_a_products_own_fields(condition: str, holds: bool):
    assert bool(Judged("q", "category", "q", {"thing": "title:belt", "best": condition}).grade(BELT)) is holds


def test_a_product_has_the_highest_grade_that_holds():
    query = Judged("q", "category", "q", {"best": "title:silk", "good": "title:belt", "fair": "type:belt"})
    assert query.grade(BELT) == 2


def test_there_are_enough_queries_of_every_class_and_both_halves_have_some():
    queries = load_queries(QUERIES)
    assert len(queries) >= 150
    assert len({query.text.casefold() for query in queries}) == len(queries)
    for kind in CLASSES:
        halves = {query.held_out for query in queries if query.kind == kind}
        assert halves == {True, False}
        assert sum(query.kind == kind for query in queries) >= 20
    by_text = {query.text: query for query in queries}
    assert all(by_text[query.meant].held_out == query.held_out for query in queries)


def test_the_best_order_scores_one_and_what_is_not_found_nothing():
    assert ndcg([3, 2, 1], [0, 1, 2, 3], 10) == 1
    assert ndcg([], [3], 10) == 0
    assert ndcg([0, 3], [3, 0], 10) == pytest.approx(1 / math.log2(3))
    assert recall([3, 1, 2], [3, 2, 2, 1], 50) == pytest.approx(2 / 3)
    assert recall([2] * 5, [2] * 100, 5) == 1


@given(found=GRADES, rest=GRADES, most=st.integers(1, 50))
def test_scores_are_shares(found: list[int], rest: list[int], most: int):
    every = found + rest
    assert 0 <= ndcg(found, every, most) <= 1 + 1e-9
    assert 0 <= recall(found, every, most) <= 1
