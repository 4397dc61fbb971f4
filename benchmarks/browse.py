"""Shoppers browsing: a Zipf-shaped mix of pages over catalogs of growing size, on one replica and on two, beside bare aiohttp.

`python3 run.py bench browse`: home, categories, facets, products, searches, suggestions and cart adds, in the shares of `MIX`; what is
asked for is Zipf-distributed (exponent 1), as what shoppers look at is. Replicas, PostgreSQL, Valkey and the load share the machine.
Reported are requests a second, latencies, statements a second that reach PostgreSQL, and the resident memory of a replica.

`--never-repeat SECONDS` browses by keys that never repeat instead (searches, parameters, unknown products), and reports how memory grows.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg

from benchmarks._bench import (
    BROWSER_HEADERS,
    Load,
    Shop,
    fetch,
    more_replicas,
    parse_wrk,
    result,
    running_bound,
    running_shop,
    say,
    table,
    wrk_command,
)
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.valkey import Valkey
from storefront.platform.migrations import APP_ROLE, migrate

MIX = {"home": 5, "category": 22, "facet": 13, "product": 40, "search": 10, "suggestions": 7, "cart": 3}  # per cent
ASKED = 100_000  # requests that are drawn; the load repeats them in order
WARM_SECONDS = 30
SMALL_CACHE = 32 * 1024 * 1024  # bytes; full within the first minute of keys that never repeat
CATEGORIES, BRANDS = 200, 300
THINGS = ("lamp", "mug", "chair", "shelf", "rug", "vase", "bowl", "jacket", "shirt", "bag", "clock", "pot")
WORDS = ("oak", "linen", "clay", "steel", "wool", "glass", "copper", "paper", "stone", "leather", "cork", "silk", "brass", "felt", "ash")


def main(argv: list[str]) -> int:
    """Prints the table and, last, the JSON object: fields like `p99_ms_100000_1`, by products and replicas."""
    parser = argparse.ArgumentParser(prog="run.py bench browse", description=__doc__)
    parser.add_argument("--products", default="1000,100000", help="sizes of the catalog, by comma; 1000000 takes eleven minutes more")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--never-repeat", type=int, default=0, metavar="SECONDS", help="10 minutes: 600")
    options = parser.parse_args(argv)
    sizes = [int(size) for size in options.products.split(",")]
    if options.never_repeat:
        return _never_repeat(sizes[0], options.never_repeat, options.connections)
    rows: list[tuple[object, ...]] = []
    figures: dict[str, float] = {}
    for size in sizes:
        with _catalog(size) as (environment, dsn), tempfile.TemporaryDirectory() as folder:
            script, indexes = Path(folder) / "mix.lua", Path(environment["SEARCH__DIR"])
            for count in (1, 2):
                if count > 1:
                    _copy_index(indexes, count - 1)
                with running_shop(None, **environment) as first, more_replicas(first, count - 1, **environment) as others:
                    shops = [first, *others]
                    _await_indexes(indexes, count)
                    script.write_text(_mix(size, _variant(dsn)))
                    load(shops, script, WARM_SECONDS, options.connections)
                    before = asyncio.run(_statements(dsn))
                    loads = load(shops, script, options.seconds, options.connections)
                    reached = (asyncio.run(_statements(dsn)) - before) / options.seconds
                    bound = _bound(shops[0], script, options.seconds, options.connections)
                    rate, p99 = sum(one.requests_per_second for one in loads), max(one.p99 for one in loads)
                    rows.append(
                        (
                            f"{size:,}",
                            count,
                            rate,
                            max(one.p50 for one in loads),
                            p99,
                            reached,
                            _resident(shops[0]),
                            bound.requests_per_second,
                            rate / bound.requests_per_second,
                            sum(one.failed for one in loads),
                        )
                    )
                    for name, value in (
                        ("requests_per_second", rate),
                        ("p99_ms", p99),
                        ("statements_per_second", reached),
                        ("vs_aiohttp", rate / bound.requests_per_second),
                        ("resident_mb", _resident(shops[0])),
                    ):
                        figures[f"{name}_{size}_{count}"] = value
                    say(f"{size:,} products, {count} replica(s): {rate:,.0f} requests/s, p99 {p99:.0f} ms, {reached:,.0f} statements/s")
                    say(f"made anew, mean ms: {_made_anew(shops[0])}")
    head = ("products", "replicas", "requests/s", "p50 ms", "p99 ms", "statements/s", "resident MB", "aiohttp/s", "ratio", "failed")
    table(head, rows)
    result(**figures)
    return 0


# --- the catalog -----------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _catalog(size: int) -> Iterator[tuple[dict[str, str], str]]:
    """Servers with that many products: the settings that a shop stands on them with, and the owner's address of the database."""
    with tempfile.TemporaryDirectory(prefix="storefront-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        database, cache = Postgres(folder / "postgresql"), Valkey(folder / "valkey")
        try:
            database.start()
            cache.start()
            say(f"filling the shop with {size:,} products")
            asyncio.run(_fill(database.dsn(), size))
            yield (
                {
                    "SEARCH__DIR": str(folder / "search"),
                    "DATABASE__URL": database.dsn(role=APP_ROLE),
                    "DATABASE__MIGRATE_URL": database.dsn(),
                    "CACHE__URL": cache.url,
                    "SHOP__DEMO": "false",
                    "LIMITS__CHECKOUT": "1000000/second",
                    "LIMITS__CARTS": "1000000/second",
                },
                database.dsn(),
            )
        finally:
            cache.stop()
            database.stop()


FILL = (
    """INSERT INTO category (slug, path, name)
       SELECT 'kind-' || n, 'kind-' || n, 'Kind ' || n FROM generate_series(1, $1::int) AS n""",
    """INSERT INTO product (slug, title, brand, category_id, tags, attributes, option_names, status, published_at, popularity,
                            description_html)
       SELECT 'item-' || n, initcap(w.words[1 + n % 15] || ' ' || w.words[1 + n / 15 % 15]) || ' ' || w.things[1 + n / 7 % 12] || ' ' || n,
              'Brand ' || n % $4::int, c.id, ARRAY[w.words[1 + n % 15]],
              jsonb_build_object('Material', jsonb_build_array(w.words[1 + n % 15])),
              '{Size}', 'active', now() - make_interval(mins => n), 1000000 / n,
              '<p>A ' || w.things[1 + n / 7 % 12] || ' of ' || w.words[1 + n % 15] || ', made to last.</p>'
       FROM generate_series(1, $1::int) AS n, (SELECT $2::text[] AS words, $3::text[] AS things) w, category c
       WHERE c.slug = 'kind-' || 1 + n % (SELECT count(*) FROM category)""",
    """INSERT INTO variant (product_id, sku, option_values, position)
       SELECT p.id, upper(p.slug) || '-' || size, ARRAY[size], place
       FROM product p, unnest('{S,L}'::text[]) WITH ORDINALITY AS s (size, place)""",
    "INSERT INTO variant_price (variant_id, currency, amount) SELECT id, 'EUR', 500 + id * 37 % 20000 FROM variant",
    """INSERT INTO stock (variant_id, location_id, on_hand)
       SELECT v.id, l.id, CASE WHEN v.id % 10 = 0 THEN 0 ELSE 100000 END FROM variant v, stock_location l""",
)


async def _fill(dsn: str, size: int) -> None:
    await migrate(dsn)
    owner = await asyncpg.connect(dsn)
    for statement, arguments in zip(FILL, ((CATEGORIES,), (size, WORDS, THINGS, BRANDS), (), (), ()), strict=True):
        # Nobody follows yet, and what refers to what is right by the statements: only the stock's own triggers have something to write.
        await owner.execute(f"SET session_replication_role = {'origin' if 'INTO stock' in statement else 'replica'}")
        began = time.monotonic()
        await owner.execute(statement, *arguments)
        say(f"{' '.join(statement.split()[:3])}: {time.monotonic() - began:.0f} s")
    await owner.execute("TRUNCATE change_log")
    await owner.execute("VACUUM ANALYZE")
    await owner.close()


def _variant(dsn: str) -> int:
    async def read() -> int:
        owner = await asyncpg.connect(dsn)
        try:
            return int(await owner.fetchval("SELECT min(variant_id) FROM stock WHERE on_hand > 0"))
        finally:
            await owner.close()

    return asyncio.run(read())


def _await_indexes(folder: Path, count: int, seconds: float = 1800) -> None:
    """Returns when so many replicas have an index: until then the database would answer in its place."""
    began = time.monotonic()
    while len(list(folder.glob("*/*/current"))) < count:
        if time.monotonic() > began + seconds:
            raise SystemExit("bench: the search index is not built")
        time.sleep(0.1)
    say(f"{count} search index(es) in place after {time.monotonic() - began:.0f} s")


def _copy_index(folder: Path, number: int) -> None:
    """Gives the replica with this number the index of the first, which would build the same one."""
    (first,) = folder.glob("*/0")
    shutil.copytree(first, first.with_name(str(number)))


# --- the load --------------------------------------------------------------------------------------------------------------------

LUA = """
local targets = {{
{targets}
}}
local n = tonumber(os.getenv("BENCH_START") or "0")
local carts = {{}}
request = function()
  n = n + 1
  local target = targets[n % #targets + 1]
  if target == "cart" then
    return wrk.format("POST", "/cart/lines", {{["Content-Type"] = "application/x-www-form-urlencoded", ["Sec-Fetch-Site"] = "same-origin"}},
                      "variant_id={variant}&quantity=1")
  end
  return wrk.format("GET", target)
end
"""


def _mix(size: int, variant: int) -> str:
    """The requests of many shoppers, drawn once; the same for every run of a size."""
    draw = random.Random(7)
    products, kinds, brands = _zipf(size), _zipf(CATEGORIES), _zipf(BRANDS)
    queries = [f"{word}+{thing}" for word, thing in itertools.product(WORDS, THINGS)]
    which = _zipf(len(queries))

    def target(what: str) -> str:
        if what == "home":
            return "/"
        if what == "category":
            page = draw.choice(("", "", "", "?page=2", "?sort=price"))
            return f"/c/kind-{kinds(draw)}{page}"
        if what == "facet":
            return f"/c/kind-{kinds(draw)}?" + draw.choice((f"brand=Brand+{brands(draw) - 1}", "opt.Size=L", "available=1"))
        if what == "product":
            return f"/p/item-{products(draw)}"
        if what == "search":
            return f"/search?q={queries[which(draw) - 1]}"
        return f"/search/suggest?q={queries[which(draw) - 1][:5]}" if what == "suggestions" else "cart"

    drawn = draw.choices(list(MIX), weights=list(MIX.values()), k=ASKED)
    lines = ",\n".join(f'"{target(what)}"' for what in drawn)
    return LUA.format(targets=lines, variant=variant)


def _zipf(count: int) -> Callable[[random.Random], int]:
    """A draw from 1 to `count`, the n-th with a weight of 1/n."""
    sums = list(itertools.accumulate(1 / n for n in range(1, count + 1)))

    def one(draw: random.Random) -> int:
        return draw.choices(range(1, count + 1), cum_weights=sums)[0]

    return one


def load(shops: list[Shop], script: Path, seconds: int, connections: int) -> list[Load]:
    """One wrk for each replica, at the same time; the connections are shared out."""
    running = []
    for place, shop in enumerate(shops):
        command = wrk_command(shop.url, seconds=seconds, connections=connections // len(shops), script=script, headers=BROWSER_HEADERS)
        start = {"BENCH_START": str(place * ASKED // 2)}
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=start | {"PATH": "/usr/bin:/bin"}))
    return [parse_wrk(process.communicate()[0]) for process in running]


def _bound(shop: Shop, script: Path, seconds: int, connections: int) -> Load:
    """Bare aiohttp that answers everything with the bytes of one product page."""
    _, headers, body = fetch(f"{shop.url}/p/item-1", BROWSER_HEADERS)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "body"
        file.write_bytes(body)
        with running_bound("aiohttp_bytes.py", str(file), headers.get("content-encoding", "")) as url:
            return load([Shop(url, Path(folder), shop.process)], script, seconds, connections)[0]


async def _statements(dsn: str) -> int:
    """Transactions that PostgreSQL has finished; most of ours are one statement."""
    owner = await asyncpg.connect(dsn)
    try:
        await owner.execute("SELECT pg_stat_clear_snapshot()")
        return int(await owner.fetchval("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"))
    finally:
        await owner.close()


def _made_anew(shop: Shop) -> str:
    """What answers outside of the fast lane took, by route, the slowest first."""
    found: dict[str, dict[str, float]] = {"sum": {}, "count": {}}
    for line in fetch(f"{shop.url}/metrics")[2].decode().splitlines():
        one = re.fullmatch(r'storefront_request_seconds_(sum|count)\{route="(.*)"\} (\S+)', line)
        if one:
            found[one[1]][one[2]] = float(one[3])
    means = {route: found["sum"][route] / count * 1000 for route, count in found["count"].items() if count}
    slowest = sorted(means.items(), key=lambda pair: -pair[1])[:6]
    return ", ".join(f"{route} {mean:.0f} ({found['count'][route]:.0f} times)" for route, mean in slowest)


def _resident(shop: Shop) -> float:
    """Megabytes of a replica's process."""
    for line in Path(f"/proc/{shop.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


# --- keys that never repeat ------------------------------------------------------------------------------------------------------

ENDLESS = """
local n = tonumber(os.getenv("BENCH_START") or "0")
local made = {{
  function(n) return "/search?q=" .. n .. "+lamp" end,
  function(n) return "/c/kind-" .. (n % {categories} + 1) .. "?price_max=" .. n end,
  function(n) return "/p/nothing-" .. n end,
  function(n) return "/p/item-" .. (n % {size} + 1) .. "?utm_source=" .. n end,
  function(n) return "/search/suggest?q=" .. n end,
  function(n) return "/api/v1/products?limit=" .. (n % 90 + 1) .. "&after=" .. n end,
}}
request = function()
  n = n + 1
  return wrk.format("GET", made[n % #made + 1](n))
end
"""


def _never_repeat(size: int, seconds: int, connections: int) -> int:
    """Resident memory over time, while every key is new."""
    with (
        _catalog(size) as (environment, _),
        tempfile.TemporaryDirectory() as folder,
        running_shop(None, **environment, CACHE__L1_BYTES=str(SMALL_CACHE)) as shop,
    ):
        _await_indexes(Path(environment["SEARCH__DIR"]), 1)
        script = Path(folder) / "endless.lua"
        script.write_text(ENDLESS.format(categories=CATEGORIES, size=size))
        seen, answered, parts = [], 0.0, 12
        for part in range(parts):
            took = max(1, seconds // parts)
            command = wrk_command(shop.url, seconds=took, connections=connections, script=script, headers=BROWSER_HEADERS)
            start = {"BENCH_START": str(part * 100_000_000), "PATH": "/usr/bin:/bin"}
            found = parse_wrk(subprocess.run(command, capture_output=True, text=True, check=True, env=start).stdout)
            answered += found.requests_per_second * took
            seen.append(_resident(shop))
            say(f"{(part + 1) * took} s: {seen[-1]:.0f} MB, {answered:,.0f} requests")
    rows = [(f"{(part + 1) * (seconds // parts)} s", value) for part, value in enumerate(seen)]
    table(("after", "resident MB"), rows)
    half = len(seen) // 2
    growth = max(seen[half:]) / max(seen[:half])
    result(requests=int(answered), first_mb=seen[0], last_mb=seen[-1], growth_in_second_half=growth)
    return 0
