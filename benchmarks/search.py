"""What a search costs as the catalog grows: first pages with facets, suggestions, memory, and the size of the index.

`python3 run.py bench search`: generated products go straight into an index as the shop builds it (`DiskIndex`), and are searched as the
shop searches it (`engine.search`, `suggesting.suggest`), by one thread, in a process of its own that has opened the finished index. No
product passes through PostgreSQL, no answer through HTTP. Counts of large listings, which the shop keeps while the index stays the same,
are measured without that (`first`) and with it (`again`). The sizes are measured in alternating rounds, as machines are not always equally
fast; each figure is the median of the rounds.
"""

import argparse
import itertools
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._bench import ROOT, result, say, table
from storefront.catalog.model import ListingQuery, Offer, SearchDocument
from storefront.search.counting import KEPT, Memo
from storefront.search.disk import DiskIndex
from storefront.search.engine import search
from storefront.search.language import ENGLISH
from storefront.search.model import CategoryName
from storefront.search.rules import Rules
from storefront.search.suggesting import suggest
from storefront.settings import SearchSettings

SIZES = (10_000, 100_000, 1_000_000)
P99_GOAL_MS = 25.0
SUGGEST_GOAL_MS = 5.0
CURRENCY = "EUR"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PUBLISHED = 1_700_000_000
CHUNK = 10_000


def _words(text: str) -> list[str]:
    return text.split()


THINGS = _words(
    "table chair lamp sofa shelf desk bench stool cabinet dresser rug curtain cushion blanket towel mug plate bowl teapot kettle "
    "pan knife jacket coat shirt sweater scarf belt sock boot sandal sneaker backpack handbag wallet watch bracelet necklace "
    "earring ring tent lantern kayak paddle bicycle helmet guitar piano violin drum speaker headphones camera keyboard monitor "
    "charger hammer wrench drill saw plant vase candle clock mirror poster notebook pen puzzle doll "
)
KINDS = _words(
    "oak walnut linen cotton wool silk leather suede denim steel copper brass glass ceramic marble bamboo rattan velvet canvas cork "
    "red blue green yellow black white grey pink purple orange beige modern vintage rustic classic compact folding waterproof "
    "wireless electric portable large small round square striped floral "
)
ROOMS = ("home", "garden", "sport", "music", "fashion", "office", "kitchen", "kids", "travel", "tools")
SYLLABLES = ("ba", "do", "ki", "lu", "mer", "no", "pel", "ri", "sa", "tor", "ul", "ven", "wi", "zan", "fe", "gro")


def main(argv: list[str]) -> int:
    """Prints a row for each size and, last, the JSON object.

    Its fields have the size behind them (`first_p99_ms_1000000`): first_p50_ms, first_p99_ms, first_cpu_p50_ms (of the processor, which
    neighbours disturb less), again_p99_ms, suggest_p50_ms, suggest_p99_ms,
    build_seconds, index_mb, resident_mb, private_mb; growth_per_decade, how many times as long the median takes with ten times the
    products; and growth_vs_log, how many times as much it grew from the smallest size to the largest as the logarithm of the size did;
    cpu_growth_vs_log is the same of the processor's time.
    Exits 1 if the goals are not met.
    """
    parser = argparse.ArgumentParser(prog="run.py bench search", description=__doc__)
    parser.add_argument("--products", type=int, nargs="+", default=list(SIZES), help="sizes of the catalog")
    parser.add_argument("--queries", type=int, default=1000, help="searches of each size")
    parser.add_argument("--rounds", type=int, default=3, help="how often each size is measured")
    parser.add_argument("--keep", type=Path, help="a folder where indexes stay for the next run; they are not built again")
    parser.add_argument("--part", nargs=3, metavar=("WHAT", "FOLDER", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.part:
        what, folder, number = options.part
        print(json.dumps(PARTS[what](Path(folder), int(number))))
        return 0
    say(f"load average {os.getloadavg()[0]:.1f}")
    scratch = Path(tempfile.mkdtemp(prefix="storefront-bench-"))
    try:
        folders = {size: (options.keep or scratch) / str(size) for size in options.products}
        built = {size: _built(folder, size) for size, folder in folders.items()}
        rounds = []
        for number in range(1, options.rounds + 1):
            say(f"round {number}")
            rounds.append({size: _part("search", folder, options.queries) for size, folder in folders.items()})
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _report({size: built[size] | _middle([found[size] for found in rounds]) for size in folders}, rounds)


def _built(folder: Path, size: int) -> dict[str, Any]:
    if (folder / "meta.json").is_file():
        return {}
    say(f"{size:,} products: building")
    return _part("build", folder, size)


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure."""
    first = rounds[0]
    return {
        name: _middle([found[name] for found in rounds]) if name == "kinds" else median(found[name] for found in rounds) for name in first
    }


def _growth(rounds: list[dict[int, dict[str, Any]]], figure: str) -> float:
    """How many times as long the median search takes at the largest size as at the smallest."""
    return median(found[max(found)][figure] / found[min(found)][figure] for found in rounds)


def _part(what: str, folder: Path, number: int) -> dict[str, Any]:
    """Runs a part in a process of its own, so that its memory is only its own."""
    command = [sys.executable, str(ROOT / "run.py"), "bench", "search", "--part", what, str(folder), str(number)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _report(measured: dict[int, dict[str, Any]], rounds: list[dict[int, dict[str, Any]]]) -> int:
    names = list(dict.fromkeys(name for found in measured.values() for name in found if name != "kinds"))
    table(["products", *names], [[f"{size:,}", *(found.get(name, math.nan) for name in names)] for size, found in measured.items()])
    print()
    kinds = list(dict.fromkeys(kind for found in measured.values() for kind in found["kinds"]))
    head = ["p99 ms by kind", *(f"{size:,}" for size in measured)]
    table(head, [[kind, *(found["kinds"].get(kind, math.nan) for found in measured.values())] for kind in kinds])
    smallest, largest = min(measured), max(measured)
    decades = math.log10(largest / smallest)
    growth, cpu_growth = _growth(rounds, "first_p50_ms"), _growth(rounds, "first_cpu_p50_ms")
    log_growth = math.log(largest) / math.log(smallest)
    vs_log = growth / log_growth
    figures = {f"{name}_{size}": found[name] for size, found in measured.items() for name in names if name in found}
    met = measured[largest]["first_p99_ms"] <= P99_GOAL_MS and measured[largest]["suggest_p99_ms"] <= SUGGEST_GOAL_MS and vs_log <= 1
    print(f"from {smallest:,} to {largest:,} the median grows {growth:.2f} times, {vs_log:.2f} times as much as the logarithm")
    print(f"that of the processor's time grows {cpu_growth:.2f} times, {cpu_growth / log_growth:.2f} times as much")
    print(
        f"goal at {largest:,}: first page p99 {P99_GOAL_MS:.0f} ms, suggestions p99 {SUGGEST_GOAL_MS:.0f} ms, no faster growth than the "
        f"logarithm's: {'met' if met else 'not met'}"
    )
    result(
        **figures,
        growth_per_decade=growth ** (1 / decades) if decades else 1.0,
        growth_vs_log=vs_log,
        cpu_growth_vs_log=cpu_growth / log_growth,
        goals_met=met,
    )
    return 0 if met else 1


def _build(folder: Path, size: int) -> dict[str, Any]:
    began = time.monotonic()
    index = DiskIndex(folder, [CURRENCY], SearchSettings().heap_bytes)
    index.expect(size)
    chance = random.Random(1)
    for first in range(1, size + 1, CHUNK):
        index.add(_product(number, chance) for number in range(first, min(first + CHUNK, size + 1)))
        if first // CHUNK % 10 == 9:
            say(f"{first + CHUNK - 1:,} products after {time.monotonic() - began:.0f} s")
    index.settle()
    index.commit("1:1:")
    index.relearn()
    index.close()
    return {"build_seconds": time.monotonic() - began}


def _search(folder: Path, queries: int) -> dict[str, Any]:
    index = DiskIndex(folder, [CURRENCY], SearchSettings().heap_bytes)
    categories = [CategoryName(room.title(), room, "") for room in ROOMS]
    categories += [
        CategoryName(thing.title(), f"{room}/{thing}", room.title()) for thing, room in zip(THINGS, itertools.cycle(ROOMS), strict=False)
    ]
    rules = Rules(ENGLISH.same, categories=categories, means=ENGLISH.means)
    asked = list(_queries(queries, random.Random(2), index.products))
    # Other queries first: what is read from disk is measured once it is in memory, as it is in a shop that has been up for a while.
    for _, query in _queries(queries, random.Random(4), index.products):
        search(index.snapshot(rules, Memo()), query, NOW)
    memo = Memo()
    began = [time.thread_time()]
    first = []
    for _, query in asked:
        first.append(_milliseconds(search, index.snapshot(rules, Memo()), query, NOW))
        began.append(time.thread_time())
    worked = [(after - before) * 1000 for before, after in itertools.pairwise(began)]
    few = asked[: KEPT // 2]  # of more, the first would be forgotten before they are asked again
    again = [_milliseconds(search, index.snapshot(rules, memo), query, NOW) for _, query in [*few, *few]][len(few) :]
    typed = list(_typed(queries, random.Random(3)))
    for text in _typed(queries, random.Random(5)):
        suggest(index.snapshot(rules, memo), text, CURRENCY, NOW)
    suggested = [_milliseconds(suggest, index.snapshot(rules, memo), text, CURRENCY, NOW) for text in typed]
    kinds: dict[str, list[float]] = {}
    for (kind, _), took in zip(asked, first, strict=True):
        kinds.setdefault(kind, []).append(took)
    memory = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {
        "first_p50_ms": median(first),
        "first_p99_ms": _share(first, 0.99),
        "first_cpu_p50_ms": median(worked),
        "again_p50_ms": median(again),
        "again_p99_ms": _share(again, 0.99),
        "suggest_p50_ms": median(suggested),
        "suggest_p99_ms": _share(suggested, 0.99),
        "index_mb": sum(file.stat().st_size for file in folder.iterdir()) / 1e6,
        "resident_mb": int(memory["VmRSS"].split()[0]) / 1e3,
        "private_mb": int(memory["RssAnon"].split()[0]) / 1e3,
        "segments": index.searcher.num_segments,
        "kinds": {kind: _share(took, 0.99) for kind, took in kinds.items()},
    }


PARTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {"build": _build, "search": _search}


def _milliseconds(work: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    work(*given)
    return (time.perf_counter() - began) * 1000


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _name(number: int) -> str:
    """A word that no language has: the brand or model of this number."""
    found = ""
    number += 16
    while number:
        number, place = divmod(number, 16)
        found += SYLLABLES[place]
    return found


def _often(chance: random.Random, words: list[str]) -> str:
    """One of the words, the first ones more often than the last (about as Zipf has it)."""
    return words[min(len(words) - 1, int(len(words) ** chance.random()) - 1)]


def _product(number: int, chance: random.Random) -> SearchDocument:
    thing = _often(chance, THINGS)
    kind, other = _often(chance, KINDS), _often(chance, KINDS)
    place = THINGS.index(thing)
    room = ROOMS[place % len(ROOMS)]
    price = int(10 ** (3 + 2.5 * chance.random()))
    sizes = ["S", "M", "L"][: chance.randint(1, 3)] if place % 3 == 0 else []
    stock = chance.choices(("in_stock", "few_left", "sold_out"), (8, 1, 1))[0]
    brand = _name(int(2000 ** chance.random()))
    ratings = int(10 ** (3 * chance.random())) - 1
    stars = round(1 + 4 * chance.random(), 1)
    said = " ".join(chance.choices(KINDS, k=12) + chance.choices(THINGS, k=3) + ["made for every day and for a long time"])
    return SearchDocument(
        id=number,
        slug=f"{kind}-{thing}-{number}",
        title=f"{_name(number % 50_000).title()} {kind} {other} {thing}".title(),
        brand=brand.title(),
        category_names=(room.title(), thing.title(), f"{kind} {thing}".title()),
        category_paths=(room, f"{room}/{thing}", f"{room}/{thing}/{kind}"),
        tags=(kind, other),
        description=said,
        skus=(f"SKU-{number}",),
        barcodes=(f"{4_000_000_000_000 + number}",),
        attributes={"Material": [kind], "Colour": [other]},
        offers={CURRENCY: Offer(price, price, stock, {"Size": sizes} if sizes else {})},
        popularity=int(10 ** (4 * chance.random())),
        rating_average=stars if ratings else None,
        rating_count=ratings,
        stars=int(stars) if ratings else 0,
        published_at=PUBLISHED + number,
        published=True,
        collection_ids=(number % 20,),
    )


def _queries(count: int, chance: random.Random, products: int) -> Iterator[tuple[str, ListingQuery]]:
    """What shoppers ask, with the name of its kind: common words more often than rare ones, some with filters, sorts and mistakes."""
    for _ in range(count):
        thing, kind, other = _often(chance, THINGS), _often(chance, KINDS), _often(chance, KINDS)
        name = chance.choices(list(KINDS_OF_QUERY), [weight for weight, _ in KINDS_OF_QUERY.values()])[0]
        number = chance.randint(1, products)
        yield name, KINDS_OF_QUERY[name][1](thing, kind, other, number)


def _text(text: str, **fields: Any) -> ListingQuery:
    return ListingQuery(CURRENCY, text=text, **({"sort": "relevance"} | fields))


def _mistyped(word: str) -> str:
    return word[:1] + word[2:3] + word[1:2] + word[3:] if len(word) > 4 else word


# How often each is asked, of 100, and how it is made.
KINDS_OF_QUERY: dict[str, tuple[int, Callable[[str, str, str, int], ListingQuery]]] = {
    "one word": (20, lambda thing, kind, other, number: _text(thing)),
    "two words": (25, lambda thing, kind, other, number: _text(f"{kind} {thing}")),
    "three words": (10, lambda thing, kind, other, number: _text(f"{kind} {other} {thing}")),
    "a brand": (5, lambda thing, kind, other, number: _text(_name(number % 2000))),
    "a SKU": (5, lambda thing, kind, other, number: _text(f"SKU-{number}")),
    "mistyped": (10, lambda thing, kind, other, number: _text(f"{kind} {_mistyped(thing)}")),
    "half a word": (5, lambda thing, kind, other, number: _text(f"{kind} {thing[:-1]}")),
    "filtered": (
        10,
        lambda thing, kind, other, number: _text(thing, selected=(("attr.Material", (kind,)), ("availability", ("in_stock",)))),
    ),
    "by price": (5, lambda thing, kind, other, number: _text(f"{kind} {thing}", sort="price", price_max=20_000)),
    "a category": (
        5,
        lambda thing, kind, other, number: ListingQuery(CURRENCY, category_path=f"{ROOMS[THINGS.index(thing) % 10]}/{thing}"),
    ),
}


def _typed(count: int, chance: random.Random) -> Iterator[str]:
    """Texts that are being typed, letter by letter."""
    while count > 0:
        text = f"{_often(chance, KINDS)} {_often(chance, THINGS)}"
        for length in range(2, len(text) + 1):
            yield text[:length]
            count -= 1
