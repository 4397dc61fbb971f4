"""Large listings: only the best are scored, and yet each product is listed once, and what was meant comes first."""

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st

from storefront.catalog.model import ListingQuery
from storefront.search import best, counting, listed, suggesting
from storefront.search.counting import Memo
from storefront.search.disk import DiskIndex
from storefront.search.engine import search
from storefront.search.filters import all_of
from storefront.search.model import Pin
from storefront.search.rules import Rules
from storefront.search.snapshot import Snapshot
from storefront.search.suggesting import suggest
from tests.unit.test_search_matching import NOW, product

CUPS, SPOKEN_OF, PLATES = range(1, 1201), range(1201, 1801), range(1801, 1841)
UNPOPULAR = 777  # the one that is called just "Cup"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskIndex]:
    """Many cups, some of them popular, others that only speak of cups and plates, and a few plates that nobody buys."""
    made = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000)
    made.add(product(number, "Cup" if number == UNPOPULAR else f"Cup of kind {number}", popularity=2 ** (number % 12)) for number in CUPS)
    made.add(
        product(number, f"Mat {number}", description="Goes under a cup or a plate.", popularity=2 ** (number % 12)) for number in SPOKEN_OF
    )
    made.add(product(number, f"Plate {number}", popularity=0, availability="sold_out") for number in PLATES)
    made.commit("1:1:")
    made.relearn()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is many here."""
    monkeypatch.setattr(best, "MANY", 300)
    monkeypatch.setattr(listed, "MANY", 300)
    monkeypatch.setattr(best, "AIM", 90)
    monkeypatch.setattr(best, "ENOUGH", 60)


def pages(snapshot: Snapshot, size: int, text: str = "cup") -> tuple[list[int], int]:
    """The ids of all pages for the text, and their total."""
    ids: list[int] = []
    page = 1
    while True:
        answer = search(snapshot, ListingQuery("EUR", text=text, sort="relevance", page=page, page_size=size), NOW)
        if not answer.ids:
            return ids, answer.total
        ids += answer.ids
        page += 1


@settings(deadline=None, max_examples=8)
@given(st.integers(30, 700))
def test_pages_of_a_large_listing_have_every_product_once(index: DiskIndex, size: int):
    ids, total = pages(index.snapshot(Rules(), Memo()), size)
    assert total == len(CUPS) + len(SPOKEN_OF)
    assert sorted(ids) == [*CUPS, *SPOKEN_OF]


def test_what_is_called_so_comes_before_what_is_more_popular_and_speaks_of_it(index: DiskIndex):
    ids, total = pages(index.snapshot(Rules(), Memo()), 50, "plate")
    assert set(ids[: len(PLATES)]) == set(PLATES)
    assert sorted(ids[len(PLATES) :]) == [*SPOKEN_OF]
    assert total == len(PLATES) + len(SPOKEN_OF)


def test_only_the_best_of_many_are_scored(index: DiskIndex):
    snapshot = index.snapshot(Rules(), Memo())
    reader = snapshot.reader()
    found, closest = (reader.having(reader.read("cup"), named=named) for named in (False, True))
    scored = [part.found for part in best.best(snapshot.schema, snapshot.levels, lambda: found, 1800, closest, 1200, [])]
    counts = [snapshot.count(all_of(found, part)) for part in scored]
    assert counts == sorted(counts)
    assert best.ENOUGH <= next(count for count in counts if count >= best.ENOUGH) < best.MANY


def test_how_many_match_closest_is_told_by_how_many_have_each_word(index: DiskIndex, monkeypatch: pytest.MonkeyPatch):
    """Where they are many; where they may be few they are looked for."""
    snapshot = index.snapshot(Rules(), Memo())
    reader = snapshot.reader()
    assert reader.named_share(reader.read("cup")) == pytest.approx(len(CUPS) / (len(CUPS) + len(SPOKEN_OF)))
    assert reader.named_share(reader.read("cup plate")) == pytest.approx(2 / 3 * len(PLATES) / (len(PLATES) + len(SPOKEN_OF)))
    looked: list[int] = []
    monkeypatch.setattr(listed, "roughly", lambda *asked: looked.append(1) or counting.roughly(*asked))
    assert (pages(snapshot, 4000)[1], len(looked)) == (1800, 2)  # each page once, to see how many it has
    looked.clear()
    assert (pages(snapshot, 4000, "plate")[1], len(looked)) == (640, 4)


def test_a_further_part_is_made_only_when_too_few_are_found(index: DiskIndex):
    snapshot = index.snapshot(Rules(), Memo())
    reader = snapshot.reader()
    cups, plates = (reader.having(reader.read(text), named=True) for text in ("cup", "plate"))
    made: list[tantivy.Query] = []

    def parts(*found: tantivy.Query) -> Iterator[best.Part]:
        for one in found:
            made.append(one)
            yield best.Part(one, one)

    def shown(*found: tantivy.Query) -> int:
        made.clear()
        listing = best.BestFirst(snapshot.searcher, lambda: cups, lambda: parts(*found), lambda part: part.found, len(CUPS))
        return len(listing.page(0, 24))

    assert (shown(cups, plates), len(made)) == (24, 1)
    assert (shown(plates, cups, plates), len(made)) == (24, 2)


def test_what_is_called_exactly_so_is_first_however_unpopular(index: DiskIndex):
    assert pages(index.snapshot(Rules(), Memo()), 50)[0][0] == UNPOPULAR


def test_pinned_and_boosted_products_are_where_the_operator_wants_them(index: DiskIndex):
    rules = Rules(pins=[("cup", Pin(1300, 3, 1.0)), ("cup", Pin(97, None, 50.0))])
    ids, total = pages(index.snapshot(rules, Memo()), 40)
    assert ids[2] == 1300
    assert 97 in ids[:3]
    assert total == len(CUPS) + len(SPOKEN_OF)
    assert sorted(ids) == [*CUPS, *SPOKEN_OF]


def test_suggestions_are_the_weightiest_and_the_rest_only_where_those_are_too_few(index: DiskIndex):
    snapshot = index.snapshot(Rules(), Memo())
    cups = [found.text for found in suggest(snapshot, "cu", "EUR", NOW) if found.kind == "product"]
    plates = [found.text for found in suggest(snapshot, "pla", "EUR", NOW) if found.kind == "product"]
    assert all(int(title.rpartition(" ")[2]) % 12 >= 9 for title in cups)
    assert len(plates) == 5
    assert all(title.startswith("Plate") for title in plates)


class Counted:
    """A searcher that remembers how often it was asked."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        self.searches = 0

    def __getattr__(self, name: str) -> Any:
        self.searches += name == "search"
        return getattr(self._searcher, name)


def test_among_very_many_those_that_are_shown_are_enough(index: DiskIndex, monkeypatch: pytest.MonkeyPatch):
    """Where a part of the catalog that is as large as that has five cups, no larger one is looked through for more."""
    monkeypatch.setattr(suggesting, "FIRST", 10)

    def suggested() -> tuple[list[str], int]:
        snapshot = index.snapshot(Rules(), Memo())
        counted = Counted(snapshot.searcher)
        found = suggest(msgspec.structs.replace(snapshot, searcher=counted), "cu", "EUR", NOW)
        return [one.text for one in found if one.kind == "product"], counted.searches

    shown, searches = suggested()
    monkeypatch.setattr(suggesting, "WIDE", 0)
    fewer, once = suggested()
    assert (len(shown), len(fewer), once) == (5, 5, 1)
    assert once < searches


def test_a_part_is_aimed_so_that_chance_seldom_leaves_too_few_in_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    assert best.AIM - 4 * best.AIM**0.5 > best.ENOUGH  # four standard deviations of how many of many are in a part


@pytest.mark.parametrize("levels", [(1.0,) * 9 + (0.0,) * 23, (0.0,) * 32, (0.9,) * 9 + (0.1,) * 10 + (0.001,) * 13])
def test_also_where_many_weigh_the_same_only_a_part_is_looked_at(index: DiskIndex, levels: tuple[float, ...]):
    sizes = [step.size for step in best.steps(index.schema, levels, 100_000, best.AIM)]
    assert best.AIM <= sizes[0] < 4 * best.AIM
    assert all(before < size for before, size in itertools.pairwise(sizes))
    assert len(sizes) > 5


def test_of_what_weighs_the_same_little_more_is_looked_at_than_is_needed(index: DiskIndex):
    for total in range(20_000, 100_000, 7_000):
        first = next(best.steps(index.schema, (0.0,) * 32, total, best.AIM))
        assert best.AIM <= first.size <= best.AIM * 1.2, total


@pytest.fixture(scope="module")
def unsold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskIndex]:
    """The cups of a shop that has sold nothing yet."""
    made = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000)
    made.add(product(number, f"Cup of kind {number}") for number in range(1, 2001))
    made.commit("1:1:")
    yield made
    made.close()


def test_of_many_that_weigh_the_same_some_are_scored(unsold: DiskIndex):
    snapshot = unsold.snapshot(Rules(), Memo())
    reader = snapshot.reader()
    found = reader.having(reader.read("cup"))
    scored = [part.found for part in best.best(snapshot.schema, snapshot.levels, lambda: found, 2000, found, 2000, [])]
    counts = [snapshot.count(all_of(found, part)) for part in scored]
    assert counts == sorted(counts)
    assert best.ENOUGH <= next(count for count in counts if count >= best.ENOUGH) < best.MANY
    answer = search(snapshot, ListingQuery("EUR", text="cup", sort="relevance", page_size=2000), NOW)
    assert sorted(answer.ids) == list(range(1, 2001))


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiskIndex]:
    """As many words in each title; of one title in ten those that are asked for stand together."""
    made = DiskIndex(tmp_path_factory.mktemp("index"), ["EUR"], 15_000_000)
    titles = ("Fine Blue Cup {}" if number % 10 == 0 else "Blue Fine Big Cup" for number in range(1, 1201))
    made.add(product(number, title.format("Big"), popularity=2 ** (number % 7)) for number, title in enumerate(titles, 1))
    made.commit("1:1:")
    yield made
    made.close()


@pytest.mark.parametrize("levelled", [True, False], ids=["of some levels", "of one level"])
def test_also_among_very_many_words_that_stand_together_come_first(named: DiskIndex, levelled: bool):
    snapshot = named.snapshot(Rules(), Memo())
    if not levelled:
        snapshot = msgspec.structs.replace(snapshot, levels=(0.0,) * len(snapshot.levels))
    answer = search(snapshot, ListingQuery("EUR", text="blue cup", sort="relevance", page_size=5), NOW)
    assert [product_id % 10 for product_id in answer.ids] == [0] * 5
