"""How good what the search finds is, beside plain BM25 on the same index and PostgreSQL's full-text search on the same products.

`python3 run.py bench search_relevance [CATALOG.csv]`: the queries of judged/queries.toml over a retail catalog that is not part of the
project. Ours is the search as the shop asks it. BM25 is the library's own query parser over the same text fields, with no boosts, typing
mistakes, synonyms or stock. PostgreSQL's is `websearch_to_tsquery` on english words, weighed by field, ranked by `ts_rank_cd`.
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean

import asyncpg
import msgspec
import tantivy

from benchmarks._bench import ROOT, result, say, table
from benchmarks._judging import CLASSES, Fields, Judged, load_products, load_queries, ndcg, recall
from storefront.catalog.importer import connect, import_file
from storefront.catalog.model import ListingQuery
from storefront.platform.database import Database
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.feed import Feed
from storefront.platform.migrations import APP_ROLE, migrate
from storefront.search.index import SearchIndex
from storefront.search.language import ENGLISH
from storefront.search.schema import build_schema, register
from storefront.settings import SearchSettings

CATALOG = ROOT.parent / "shared" / "data" / "retail-catalog.csv"
QUERIES = ROOT / "benchmarks" / "judged" / "queries.toml"
DEEP = 50
RESAMPLES = 5_000
EQUAL = 1e-9  # differences of nDCG that are of arithmetic
TEXT_FIELDS = ["title", "brand", "category", "details", "description", "exact"]
CONTESTANTS = ("ours", "bm25", "postgres")
SUFFIX = {"ours": "", "bm25": "_bm25", "postgres": "_postgres"}

Ranker = Callable[[str], Awaitable[list[int]]]

WORDS = """
CREATE TABLE bench_words AS
SELECT p.id, setweight(to_tsvector('english', p.title || ' ' || p.slug), 'A')
          || setweight(to_tsvector('english', array_to_string(ARRAY(SELECT v.sku FROM variant v WHERE v.product_id = p.id), ' ')), 'A')
          || setweight(to_tsvector('english', replace(coalesce(c.path, ''), '/', ' ') || ' ' || p.brand), 'B')
          || setweight(to_tsvector('english', array_to_string(p.tags, ' ')), 'C')
          || setweight(to_tsvector('english', regexp_replace(p.description_html, '<[^>]*>', ' ', 'g')), 'D') AS words
FROM product p LEFT JOIN category c ON c.id = p.category_id
"""
RANKED = """
SELECT id FROM bench_words, websearch_to_tsquery('english', $1) asked
WHERE words @@ asked ORDER BY ts_rank_cd(words, asked) DESC, id LIMIT $2
"""


class Scores(msgspec.Struct, frozen=True):
    """Of one contestant for one query."""

    ndcg10: float
    recall50: float
    zero: float


Scored = dict[str, dict[str, Scores]]  # by text of the query


class Paired(msgspec.Struct, frozen=True):
    """Ours beside another, query by query, by nDCG@10: in how many ours is better, equal and worse, and what stands behind the means.

    `perfect` are the queries that the other leaves nothing to better in. `low` and `high` are the ends of the 95 % interval of the mean
    difference, by the bootstrap over queries (Sakai, "Evaluating evaluation metrics based on the bootstrap", 2006).
    """

    better: int
    equal: int
    worse: int
    perfect: int
    mean: float
    low: float
    high: float


def main(argv: list[str]) -> int:
    """Prints a row for each class and half and, last, the JSON object.

    Its fields are ndcg10, recall50 and zero_rate, each also with _bm25 and _postgres behind it, with tuned_ or held_out_ or the name of a
    class before it, and `queries`; and of ours beside BM25 better, equal, worse, perfect, mean, low and high, with vs_bm25_ before
    them (see `Paired`). Exits 1 if a class is not ours.
    """
    parser = argparse.ArgumentParser(prog="run.py bench search_relevance", description=__doc__)
    parser.add_argument("catalog", type=Path, nargs="?", default=CATALOG, help="a Shopify product CSV; its judgements are in judged/")
    parser.add_argument("--weakest", type=int, default=0, metavar="N", help="list so many queries of the half that may be looked at")
    options = parser.parse_args(argv)
    if not options.catalog.is_file():
        raise SystemExit(f"bench: {options.catalog} is missing. Name the retail catalog: run.py bench search_relevance CATALOG.csv")
    queries, products = load_queries(QUERIES), load_products(options.catalog)
    say(f"{len(queries)} queries over {len(products):,} products")
    scored = asyncio.run(_measure(options.catalog, queries, products))
    if options.weakest:
        _list_weakest(queries, scored, options.weakest)
    groups = {"all": queries, "tuned": [q for q in queries if not q.held_out], "held_out": [q for q in queries if q.held_out]}
    groups |= {kind: [query for query in queries if query.kind == kind] for kind in CLASSES}
    rows = {name: {who: _mean(scored[query.text][who] for query in group) for who in CONTESTANTS} for name, group in groups.items()}
    paired = {name: _paired([scored[query.text] for query in group], "bm25") for name, group in groups.items()}
    _print(rows, {name: len(group) for name, group in groups.items()})
    _print_paired(paired)
    result(queries=len(queries), **_figures(rows), **_paired_figures(paired))
    return 0 if all(_wins(rows[kind]) for kind in CLASSES) else 1


def _wins(scores: Mapping[str, Scores]) -> bool:
    return all(scores["ours"].ndcg10 >= scores[other].ndcg10 for other in ("bm25", "postgres"))


def _paired(scores: Sequence[Mapping[str, Scores]], other: str) -> Paired:
    differences = [score["ours"].ndcg10 - score[other].ndcg10 for score in scores]
    chance = random.Random(1)
    means = sorted(mean(chance.choices(differences, k=len(differences))) for _ in range(RESAMPLES))
    better, worse = (sum(sign * difference > EQUAL for difference in differences) for sign in (1, -1))
    perfect = sum(score[other].ndcg10 >= 1 - EQUAL for score in scores)
    low, high = (means[int(share * RESAMPLES)] for share in (0.025, 0.975))
    return Paired(better, len(scores) - better - worse, worse, perfect, mean(differences), low, high)


def _mean(scores: Iterable[Scores]) -> Scores:
    found = list(scores)
    return Scores(*(mean(getattr(score, name) for score in found) for name in Scores.__struct_fields__))


def _print(rows: Mapping[str, Mapping[str, Scores]], counts: Mapping[str, int]) -> None:
    head = ["queries", "count"] + [f"{name} {who}" for name in ("nDCG@10", "recall@50", "zero") for who in CONTESTANTS]
    table(
        head,
        [
            [name, counts[name], *(getattr(scores[who], field) for field in Scores.__struct_fields__ for who in CONTESTANTS)]
            for name, scores in rows.items()
        ],
    )


def _print_paired(paired: Mapping[str, Paired]) -> None:
    print()
    head = ["ours beside bm25", "better", "equal", "worse", "bm25 perfect", "nDCG@10 more by", "from", "to (95 %)"]
    table(head, [[name, *msgspec.structs.astuple(found)] for name, found in paired.items()])


def _paired_figures(paired: Mapping[str, Paired]) -> dict[str, object]:
    return {
        f"{_before(name)}vs_bm25_{field}": value for name, found in paired.items() for field, value in msgspec.structs.asdict(found).items()
    }


def _before(group: str) -> str:
    return "" if group == "all" else f"{group.replace('-', '_')}_"


def _figures(rows: Mapping[str, Mapping[str, Scores]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, scores in rows.items():
        before = _before(name)
        for who, behind in SUFFIX.items():
            score = scores[who]
            found |= {f"{before}ndcg10{behind}": score.ndcg10, f"{before}recall50{behind}": score.recall50}
            found[f"{before}zero_rate{behind}"] = score.zero
    return found


def _list_weakest(queries: Sequence[Judged], scored: Scored, most: int) -> None:
    seen = [query for query in queries if not query.held_out]
    for query in sorted(seen, key=lambda query: scored[query.text]["ours"].ndcg10)[:most]:
        figures = "  ".join(f"{who} {scores.ndcg10:.2f}/{scores.recall50:.2f}" for who, scores in scored[query.text].items())
        say(f"{query.kind:12}{query.text:36}{figures}")


async def _measure(catalog: Path, queries: Sequence[Judged], products: Mapping[str, Fields]) -> Scored:
    scored: Scored = {}
    async with _contestants(catalog) as (rankers, slugs):
        for query in queries:
            grades = {slug: query.grade(fields) for slug, fields in products.items()}
            if not any(grades.values()):
                raise SystemExit(f"bench: no product answers {query.text!r}; it is another catalog, or the judgement is wrong")
            every = list(grades.values())
            scored[query.text] = {}
            for who, rank in rankers.items():
                found = [grades[slugs[product_id]] for product_id in await rank(query.text)]
                scored[query.text][who] = Scores(ndcg(found, every, 10), recall(found, every, DEEP), float(not found))
    return scored


@contextlib.asynccontextmanager
async def _contestants(catalog: Path) -> AsyncIterator[tuple[dict[str, Ranker], dict[int, str]]]:
    """The rankers by name, and the slugs of products by id. Everything stands on one PostgreSQL with the catalog in it."""
    folder = Path(tempfile.mkdtemp(prefix="storefront-bench-"))
    folder.chmod(0o755)
    server = Postgres(folder / "postgresql", fsync=False)
    try:
        await asyncio.to_thread(server.start)
        await migrate(server.dsn())
        await _import(server.dsn(APP_ROLE), catalog)
        owner = await asyncpg.connect(server.dsn())
        await owner.execute(WORDS)
        slugs = {row["id"]: row["slug"] for row in await owner.fetch("SELECT id, slug FROM product")}
        async with _index(server.dsn(APP_ROLE), folder / "search") as index:
            yield {"ours": _ours(index), "bm25": _bm25(index), "postgres": _postgres(owner)}, slugs
        await owner.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _import(dsn: str, catalog: Path) -> None:
    conn = await connect(dsn)
    done = await import_file(conn, catalog, "EUR")
    await conn.close()
    say(f"imported in {done.seconds:.1f} s")


@contextlib.asynccontextmanager
async def _index(dsn: str, folder: Path) -> AsyncIterator[SearchIndex]:
    database = Database(dsn)
    await database.start()
    feed = Feed(database)
    index = SearchIndex(folder, SearchSettings(), ["EUR"])
    await index.open(database, feed)
    await index.wait_ready()
    try:
        yield index
    finally:
        await index.close()
        await database.close()


def _ours(index: SearchIndex) -> Ranker:
    async def rank(text: str) -> list[int]:
        return list((await index.find(ListingQuery("EUR", text=text, sort="relevance", page_size=DEEP))).ids)

    return rank


def _bm25(index: SearchIndex) -> Ranker:
    opened = tantivy.Index(build_schema(["EUR"]), os.fspath(index.build_folder or ""))
    register(opened, ENGLISH)
    searcher = opened.searcher()

    async def rank(text: str) -> list[int]:
        query, _ = opened.parse_query_lenient(text, TEXT_FIELDS)
        hits = searcher.search(query, DEEP).hits
        return [int(found or 0) for found in searcher.fast_field_values("id", [address for _, address in hits])]

    return rank


def _postgres(conn: "asyncpg.Connection[asyncpg.Record]") -> Ranker:
    async def rank(text: str) -> list[int]:
        return [row["id"] for row in await conn.fetch(RANKED, text, DEEP)]

    return rank
