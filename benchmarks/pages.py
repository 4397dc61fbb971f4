"""How our pages stand beside bare aiohttp serving the same bytes, and adding to a cart beside a bare UPDATE.

`python3 run.py bench pages`: one core for the server, one for the load (wrk with a browser's headers), alternating rounds, medians.
"""

import argparse
import contextlib
import http.client
import json
import tempfile
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks._bench import BROWSER_HEADERS, Load, Shop, fetch, median_load, result, running_bound, running_shop, say, table, wrk

PAGES = {"home": "/", "category": "/c/{category}", "product": "/p/{product}", "search": "/search?q=lamp"}


def main(argv: list[str]) -> int:
    """Prints the table and, last, the JSON object with the fields PAGE_vs_aiohttp and cart_post_vs_update."""
    parser = argparse.ArgumentParser(prog="run.py bench pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args(argv)
    with running_shop(LIMITS__CHECKOUT="1000000/minute") as shop:
        places = _places(shop)
        rows, figures = [], {}
        for name, pattern in PAGES.items():
            path = pattern.format(**places)
            ours, bound = _page(shop, name, path, options.rounds, options.seconds)
            ratio = median(a.requests_per_second / b.requests_per_second for a, b in zip(ours, bound, strict=True))
            rows.append(_row(name, median_load(ours), median_load(bound), ratio))
            figures[f"{name}_vs_aiohttp"] = ratio
        ours, bound = _cart(shop, places["variant"], options.rounds, options.seconds)
        ratio = median(a.requests_per_second / b.requests_per_second for a, b in zip(ours, bound, strict=True))
        rows.append(_row("cart POST", median_load(ours), median_load(bound), ratio))
        figures["cart_post_vs_update"] = ratio
    table(("page", "ours/s", "p50 ms", "p99 ms", "bound/s", "ratio", "failed"), rows)
    result(**figures)
    return 0


def _row(name: str, ours: Load, bound: Load, ratio: float) -> tuple[object, ...]:
    return name, ours.requests_per_second, ours.p50, ours.p99, bound.requests_per_second, ratio, ours.failed + bound.failed


def _places(shop: Shop) -> dict[str, str]:
    """A category, a product and a variant that the demo shop really has."""
    products = json.loads(fetch(f"{shop.url}/api/v1/products?limit=50")[2])["items"]
    categories = json.loads(fetch(f"{shop.url}/api/v1/categories")[2])["items"]
    for product in products:
        detail = json.loads(fetch(f"{shop.url}/api/v1/products/{product['slug']}")[2])
        for variant in detail["variants"]:
            if variant["availability"] == "in_stock":
                return {"category": categories[0]["path"], "product": product["slug"], "variant": str(variant["id"])}
    raise SystemExit("bench: the demo shop has nothing in stock")


def _page(shop: Shop, name: str, path: str, rounds: int, seconds: int) -> tuple[list[Load], list[Load]]:
    status, headers, body = fetch(shop.url + path, BROWSER_HEADERS)
    if status != 200:
        raise SystemExit(f"bench: {path} answered {status}")
    say(f"{name}: {path}, {len(body):,} bytes as sent ({headers.get('content-encoding', 'identity')})")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "body").write_bytes(body)
        bound = stack.enter_context(running_bound("aiohttp_bytes.py", str(folder / "body"), headers.get("content-encoding", "")))
        wrk(shop.url + path, seconds=1)
        pairs = [(wrk(shop.url + path, seconds=seconds), wrk(bound + path, seconds=seconds)) for _ in range(rounds)]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


CART_POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local carts = {{ {carts} }}
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", "/api/v1/carts/" .. carts[n % #carts + 1] .. "/lines", nil, '{{"variant_id": {variant}, "quantity": 1}}')
end
"""


def _cart(shop: Shop, variant: str, rounds: int, seconds: int) -> tuple[list[Load], list[Load]]:
    """Adds one unit to one of 1,000 carts; quantities are capped by the shop, so each round has carts of its own."""
    dsn = shop.runtime()["migrate_url"]
    ours: list[Load] = []
    bounds: list[Load] = []
    with running_bound("aiohttp_update.py", dsn) as bound, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "cart.lua"
        for number in range(rounds):
            say(f"cart POST: round {number + 1} of {rounds}")
            carts = ", ".join(f'"{cart}"' for cart in _new_carts(shop, 1000))
            script.write_text(CART_POST.format(carts=carts, variant=variant))
            ours.append(wrk(shop.url, seconds=seconds, script=script))
            bounds.append(wrk(bound, seconds=seconds, script=script))
    return ours, bounds


def _new_carts(shop: Shop, count: int) -> list[str]:
    conn = http.client.HTTPConnection(urlsplit(shop.url).netloc)
    found = []
    for _ in range(count):
        conn.request("POST", "/api/v1/carts", body=b"{}", headers={"Content-Type": "application/json"})
        answer = conn.getresponse()
        found.append(str(json.loads(answer.read())["id"]))
    conn.close()
    return found
