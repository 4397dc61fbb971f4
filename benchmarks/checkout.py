"""Whole orders a second, from an empty cart to a paid order, beside pgbench's TPC-B and beside a bare shop that keeps no rules; cart adds
beside one bare UPDATE.

`python3 run.py bench checkout`: the replicas of the shop, the sandbox provider, PostgreSQL (fsync on) and the buyers share the machine, as
do pgbench and PostgreSQL, and as do the bare shop (`bounds/aiohttp_order.py`: the same requests, the same provider, and the fewest
statements that make an order of them), a provider of its own and the same buyers. An order is two requests: a cart with its line,
contact, address and delivery, whose stock is held, and the order itself. Counted are orders that were paid while the buyers bought;
what orders leave behind (mails, the provider's events) is done beside them and after them, and the rate up to the end of that is told as
well. Alternating rounds, medians. Where the time of an order goes is read from the shop's own metrics.
"""

import argparse
import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from math import nan
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks._bench import (
    ROOT,
    Load,
    Shop,
    fetch,
    free_port,
    median_load,
    more_replicas,
    result,
    running_bound,
    running_shop,
    say,
    table,
    wait_for,
    wrk,
)
from benchmarks._client import Client
from storefront.platform.embedded.postgres import find_binaries

ADDRESS = {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE"}
UNLIMITED = {"LIMITS__CHECKOUT": "1000000/second", "LIMITS__CARTS": "1000000/second"}
CLIENTS = (8, 16, 32, 64)  # of pgbench, of which those that serve it best are the bound
SCALE = 64  # of pgbench: no fewer branches than clients, as its manual asks, or they would wait for each other


def main(argv: list[str]) -> int:
    """Prints the tables and, last, the JSON object.

    orders_per_second, orders_vs_tpcb, orders_vs_bare (of the bare shop's), order_p50_ms, order_p99_ms, bare_vs_tpcb, cart_adds_vs_raw, …;
    orders_done_per_second and orders_done_vs_tpcb are with all that an order leaves behind.
    """
    parser = argparse.ArgumentParser(prog="run.py bench checkout", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--buyers", type=int, default=256, help="at once; the more there are, the more share a statement")
    parser.add_argument("--clients", type=int, default=0, help=f"of pgbench; 0: whichever of {CLIENTS} serves it best")
    parser.add_argument(
        "--replicas",
        type=int,
        default=os.cpu_count() or 1,
        help="of the shop and of the bare one, among which the buyers are spread; one for each processor unless told otherwise",
    )
    options = parser.parse_args(argv)
    with running_shop(core=None, **UNLIMITED) as shop:
        variants = stocked(shop)
        orders: list[Round] = []
        bare: list[Round] = []
        bounds: list[float] = []
        with (
            more_replicas(shop, options.replicas - 1, **UNLIMITED) as more,
            _bare_shop(shop, options.replicas) as bare_urls,
            _pgbench(shop) as tpcb,
        ):
            say(f"{options.buyers} buyers, {len(variants)} variants, {options.replicas} replica(s); warming up")
            uvloop.run(round_of_orders(shop, variants, options.buyers, 3, more=more))
            uvloop.run(_bare_orders(shop, bare_urls, variants, options.buyers, 3))
            _sql(shop.runtime()["migrate_url"], "VACUUM ANALYZE")  # as pgbench has done for its tables, and PostgreSQL does within a minute
            clients = options.clients or max(CLIENTS, key=lambda count: tpcb(count, 4))
            say(f"pgbench has {clients} clients")
            for number in range(options.rounds):
                orders.append(uvloop.run(round_of_orders(shop, variants, options.buyers, options.seconds, more=more)))
                bounds.append(tpcb(clients, options.seconds))
                bare.append(uvloop.run(_bare_orders(shop, bare_urls, variants, options.buyers, options.seconds)))
                ours = f"{orders[-1].per_second:.1f} orders/s ({orders[-1].done_per_second:.1f} with mails and events)"
                rates = f"{ours}, {bounds[-1]:,.0f} TPC-B/s, {bare[-1].per_second:.1f} bare orders/s"
                say(f"round {number + 1} of {options.rounds}: {rates}")
        adds = _cart_adds(shop, variants[0], options.rounds, max(3, options.seconds // 6))
    ratio, bare_ratio = (median(ours.per_second / bound for ours, bound in zip(found, bounds, strict=True)) for found in (orders, bare))
    done_ratio = median(ours.done_per_second / bound for ours, bound in zip(orders, bounds, strict=True))
    vs_bare = median(ours.per_second / theirs.per_second for ours, theirs in zip(orders, bare, strict=True))
    latencies, bare_latencies = (quantiles([seconds for ours in found for seconds in ours.latencies], n=100) for found in (orders, bare))
    table(
        ("what", "per second", "p50 ms", "p99 ms", "bound per second", "ratio"),
        [
            (
                "whole orders",
                median(ours.per_second for ours in orders),
                latencies[49] * 1000,
                latencies[98] * 1000,
                median(bounds),
                ratio,
            ),
            ("with mails and events", median(ours.done_per_second for ours in orders), nan, nan, median(bounds), done_ratio),
            (
                "orders of the bare shop",
                median(theirs.per_second for theirs in bare),
                bare_latencies[49] * 1000,
                bare_latencies[98] * 1000,
                median(bounds),
                bare_ratio,
            ),
            *((name, load.requests_per_second, load.p50, load.p99, bound.requests_per_second, share) for name, load, bound, share in adds),
        ],
    )
    print()
    _print_phases(orders)
    failed = sum(ours.failed for ours in [*orders, *bare])
    print(f"orders beside those of the bare shop: {vs_bare:.2f}")
    result(
        orders_per_second=median(ours.per_second for ours in orders),
        order_p50_ms=latencies[49] * 1000,
        order_p99_ms=latencies[98] * 1000,
        orders_vs_tpcb=ratio,
        orders_done_per_second=median(ours.done_per_second for ours in orders),
        orders_done_vs_tpcb=done_ratio,
        orders_vs_bare=vs_bare,
        bare_vs_tpcb=bare_ratio,
        tpcb_per_second=median(bounds),
        cart_adds_vs_raw=adds[0][3],
        cart_adds_priced_vs_raw=adds[1][3],
        cart_adds_vs_raw_not_waiting=adds[2][3],
        failed=failed,
    )
    return 1 if failed else 0


# --- orders ----------------------------------------------------------------------------------------------------------------------


class Round:
    """What one round of buying came to. Times are seconds."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.failed = 0
        self.paid = 0  # while the buyers bought, which was for `bought`
        self.bought = 0.0
        self.seconds = 0.0  # until nothing was left to do
        self.phases: Counter[str] = Counter()
        self.processors: Counter[str] = Counter()

    @property
    def per_second(self) -> float:
        return self.paid / self.bought

    @property
    def done_per_second(self) -> float:
        return len(self.latencies) / self.seconds


async def round_of_orders(shop: Shop, variants: list[int], buyers: int, seconds: float, *, more: Sequence[Shop] = ()) -> Round:
    """Buyers who buy one order after another for a while, each on one of the replicas, which are the shop and `more`.

    The work that orders leave behind (mails, events) is waited for.
    """
    done = Round()
    replicas = [shop, *more]
    before, processors = _phases(replicas), _processor_seconds(replicas)
    started = time.monotonic()
    await _buy_all([replica.url for replica in replicas], variants, buyers, seconds, done)
    await _nothing_left(shop)
    done.seconds = time.monotonic() - started
    done.phases = Counter({name: value - before[name] for name, value in _phases(replicas).items()})
    done.processors = Counter({name: value - processors[name] for name, value in _processor_seconds(replicas).items()})
    return done


async def _bare_orders(shop: Shop, urls: Sequence[str], variants: list[int], buyers: int, seconds: float) -> Round:
    """The same from the bare shop, which leaves only the provider's events behind."""
    done = Round()
    started = time.monotonic()
    await _buy_all(urls, variants, buyers, seconds, done)
    while _sql(shop.runtime()["migrate_url"], _UNTOLD).strip() != "0":
        await asyncio.sleep(0.1)
    done.seconds = time.monotonic() - started
    return done


_UNTOLD = "SELECT greatest(0, (SELECT count(*) FROM bench_order WHERE status = 'paid') - (SELECT count(*) FROM bench_event))"


async def _buy_all(urls: Sequence[str], variants: list[int], buyers: int, seconds: float, done: Round) -> None:
    until = time.monotonic() + seconds
    done.bought = seconds
    await asyncio.gather(*(_buy_until(Client(urls[place % len(urls)]), variants, place, until, done) for place in range(buyers)))


async def _buy_until(client: Client, variants: list[int], place: int, until: float, done: Round) -> None:
    number = place * 7919
    while time.monotonic() < until:
        number += 1
        began = time.perf_counter()
        try:
            await _buy(client, variants[number % len(variants)])
            done.latencies.append(time.perf_counter() - began)
            done.paid += time.monotonic() < until
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            done.failed += 1
            if done.failed < 5:
                say(f"an order failed: {error!r}")
    client.close()


async def _buy(client: Client, variant: int) -> None:
    lines = [{"variant_id": variant, "quantity": 1}]
    whole = {"lines": lines, "email": "ada@example.com", "delivery_address": ADDRESS, **_chosen()}
    _, cart = await _expect(client, 201, "POST", "/api/v1/checkout", whole)
    order = {"cart_id": cart["id"], "expected_total": cart["total"], "payment_method": "pm_card_visa"}
    _, placed = await _expect(client, 201, "POST", "/api/v1/orders", order, {"Idempotency-Key": uuid.uuid4().hex})
    if placed["status"] != "paid":
        raise ValueError(f"the order is {placed['status']}")


_option: list[int] = []


def _chosen() -> dict[str, int]:
    return {"fulfillment_option_id": _option[0]}


async def _expect(client: Client, status: int, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    found, document = await client.call(method, path, body, headers)
    if found != status:
        raise ValueError(f"{method} {path} answered {found}: {document}")
    return found, document


def stocked(shop: Shop) -> list[int]:
    """Plenty of every variant of the demo shop; their ids. Chooses the delivery option, too."""
    owner = shop.runtime()["migrate_url"]
    _sql(owner, "UPDATE stock SET on_hand = 10000000")
    _option[:] = [int(_sql(owner, _AN_OPTION))]
    return [int(line) for line in _sql(owner, _VARIANTS).splitlines()]


_VARIANTS = """SELECT v.id FROM variant v JOIN product p ON p.id = v.product_id
WHERE v.active AND p.status = 'active' AND v.requires_delivery ORDER BY v.id"""
_AN_OPTION = """SELECT o.id FROM fulfillment_option o JOIN delivery_zone z ON z.id = o.zone_id
WHERE 'DE' = ANY (z.countries) AND o.currency = 'EUR' AND o.active ORDER BY o.position LIMIT 1"""


async def _nothing_left(shop: Shop) -> None:
    """When the last mail is written, and the provider has told of the last payment: what is left would slow down whatever comes next."""
    owner = shop.runtime()["migrate_url"]
    while _sql(owner, _LEFT).strip() != "0":
        await asyncio.sleep(0.1)


_LEFT = """SELECT (SELECT count(*) FROM job WHERE dead_at IS NULL AND run_at < now() + interval '1 minute')
    + greatest(0, (SELECT count(*) FROM orders WHERE status = 'paid') - (SELECT count(*) FROM webhook_inbox))"""


# --- where the time goes ---------------------------------------------------------------------------------------------------------

_SUM = re.compile(r'^storefront_(order_phase|request)_seconds_(sum|count)\{(?:phase|route)="([^"]+)"\} (\S+)$', re.MULTILINE)


def _phases(replicas: Sequence[Shop]) -> "Counter[str]":
    found: Counter[str] = Counter()
    for replica in replicas:
        text = fetch(f"{replica.url}/metrics")[2].decode()
        found.update({f"{kind}:{what}:{name}": float(value) for kind, what, name, value in _SUM.findall(text)})  # type: ignore[arg-type]
    return found


def _processor_seconds(replicas: Sequence[Shop]) -> "Counter[str]":
    """Processor time so far, by program: the shop, the provider, PostgreSQL."""
    spent: Counter[str] = Counter()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            times = (folder / "stat").read_text().rpartition(")")[2].split()
            spent[_program(command, int(folder.name), replicas)] += (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def _program(command: str, pid: int, replicas: Sequence[Shop]) -> str:
    if pid in [replica.process.pid for replica in replicas]:
        return "shop"
    if pid == os.getpid():
        return "buyers"
    if "sandbox" in command or "run.py provider" in command:
        return "provider"
    return "PostgreSQL" if command.startswith("postgres") or "/postgres" in command.split(" ")[0] else "other"


def _print_phases(orders: list[Round]) -> None:
    count = sum(len(ours.latencies) for ours in orders)
    total: Counter[str] = Counter()
    for ours in orders:
        total.update(ours.phases)
    rows = []
    for name in sorted(total):
        kind, what, label = name.split(":", 2)
        often = total[f"{kind}:count:{label}"]
        if what == "sum" and often and (kind == "order_phase" or label.startswith(("/api/v1/checkout", "/api/v1/orders", "/webhooks"))):
            rows.append((f"{'phase' if kind == 'order_phase' else 'request'} {label}", often / count, total[name] / often * 1000))
    table(("where the time goes", "times an order", "ms each"), rows)
    print()
    spent: Counter[str] = Counter()
    for ours in orders:
        spent.update(ours.processors)
    table(("processor time", "ms an order"), [(name, spent[name] / count * 1000) for name in ("shop", "provider", "PostgreSQL", "buyers")])


# --- the bounds ------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _bare_shop(shop: Shop, replicas: int) -> Iterator[list[str]]:
    """The bare shop on the same PostgreSQL, with a provider of its own, which tells it of its events; the addresses of its replicas."""
    key = "sk_test_bare"
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="storefront-bench-"))
        port = free_port()
        address, owner = f"http://127.0.0.1:{port}", shop.runtime()["migrate_url"]
        urls = [stack.enter_context(running_bound("aiohttp_order.py", owner, address, key, core=None)) for _ in range(replicas)]
        given = {"DATA__DIR": folder, "SERVER__PUBLIC_URL": urls[0], "PAYMENTS__SANDBOX_PORT": str(port), "PAYMENTS__API_KEY": key}
        env = os.environ | {f"STOREFRONT_{name}": value for name, value in given.items()}
        provider = subprocess.Popen([sys.executable, str(ROOT / "run.py"), "provider"], env=env, stdout=sys.stderr)
        try:
            wait_for(f"{address}/livez", provider)
            yield urls
        finally:
            provider.terminate()
            provider.wait(10)


@contextlib.contextmanager
def _pgbench(shop: Shop) -> Iterator[Any]:
    """TPC-B in a database of its own on the shop's PostgreSQL: a function (clients, seconds) → transactions a second."""
    owner, programs = shop.runtime()["migrate_url"], find_binaries()
    _sql(owner, "CREATE DATABASE tpcb")
    parts = urlsplit(owner)
    where = parts._replace(path="/tpcb").geturl()
    say(f"pgbench: filling scale {SCALE}")
    subprocess.run([programs / "pgbench", "-q", "-i", "-s", str(SCALE), where], check=True, capture_output=True)

    def run(clients: int, seconds: int) -> float:
        command = [programs / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds), where]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = re.search(r"tps = ([\d.]+)", text)
        return float(found.group(1)) if found else 0.0

    yield run
    _sql(owner, "DROP DATABASE tpcb")


def _sql(dsn: str, statement: str) -> str:
    done = subprocess.run([find_binaries() / "psql", "-qAtX", dsn, "-c", statement], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench: {done.stderr.strip()}")
    return done.stdout


ADD = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
{prefer}
local carts = {{ {carts} }}
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", "/api/v1/carts/" .. carts[n % #carts + 1] .. "/lines", nil, '{{"variant_id": {variant}, "quantity": 1}}')
end
"""
MINIMAL = 'wrk.headers["Prefer"] = "return=minimal"'


def _cart_adds(shop: Shop, variant: int, rounds: int, seconds: int) -> list[tuple[str, Load, Load, float]]:
    """Adding one unit to one of 1,000 carts, answered without and with the priced cart, beside one UPDATE of one row.

    Our carts commit without waiting for the disk; beside an UPDATE that does not wait either, too.
    """
    found: dict[str, list[tuple[Load, Load]]] = {}
    owner = shop.runtime()["migrate_url"]
    with (
        running_bound("aiohttp_update.py", owner, "on", core=0) as waits,
        running_bound("aiohttp_update.py", owner, "off", core=0) as waits_not,
        tempfile.TemporaryDirectory() as folder,
    ):
        script = Path(folder) / "add.lua"
        for number in range(rounds):
            say(f"cart adds: round {number + 1} of {rounds}")
            for name, prefer, bound in (
                ("cart adds", MINIMAL, waits),
                ("cart adds, priced", "", waits),
                ("cart adds beside one that does not wait", MINIMAL, waits_not),
            ):
                carts = ", ".join(f'"{cart}"' for cart in uvloop.run(_new_carts(shop, 1000)))
                script.write_text(ADD.format(carts=carts, variant=variant, prefer=prefer))
                ours = wrk(shop.url, seconds=seconds, script=script)
                found.setdefault(name, []).append((ours, wrk(bound, seconds=seconds, script=script)))
    return [
        (
            name,
            median_load([ours for ours, _ in pairs]),
            median_load([theirs for _, theirs in pairs]),
            median(ours.requests_per_second / theirs.requests_per_second for ours, theirs in pairs),
        )
        for name, pairs in found.items()
    ]


async def _new_carts(shop: Shop, count: int) -> list[str]:
    client = Client(shop.url)
    found = [str((await _expect(client, 201, "POST", "/api/v1/carts", {}))[1]["id"]) for _ in range(count)]
    client.close()
    return found
