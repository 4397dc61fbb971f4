"""How our pages stand beside bare servers: aiohttp and nginx with the same bytes, aiohttp + asyncpg + jinja2 with the same statements.

`python3 run.py bench pages`: one core for the server, one for the load (wrk with a browser's headers, the same connections and bytes for
both), in short alternating rounds. A ratio is the median of those of the rounds, with the middle half of them beside it.
"""

import argparse
import contextlib
import http.client
import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks._bench import (
    BROWSER_HEADERS,
    Load,
    Shop,
    fetch,
    free_port,
    median_load,
    pinned,
    result,
    running_bound,
    running_shop,
    say,
    table,
    wrk,
)

PAGES = {"home": "/", "category": "/c/{category}", "product_cached": "/p/{product}", "search": "/search?q=lamp"}


def main(argv: list[str]) -> int:
    """Prints the table and, last, the JSON object: PAGE_vs_aiohttp, product_cached_vs_nginx, not_modified_vs_aiohttp, product_cold_vs_raw,
    cart_post_vs_update.
    """
    parser = argparse.ArgumentParser(prog="run.py bench pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=1)
    options = parser.parse_args(argv)
    fewer, longer = max(1, options.rounds // 3), options.seconds * 3  # where a round takes long to begin
    rows: list[tuple[object, ...]] = []
    figures: dict[str, float] = {}

    def note(name: str, field: str, ours: list[Load], bound: list[Load]) -> None:
        ratios = sorted(a.requests_per_second / b.requests_per_second for a, b in zip(ours, bound, strict=True))
        figures[field] = median(ratios)
        quarter = len(ratios) // 4
        spread = f"{ratios[quarter]:.2f}–{ratios[-1 - quarter]:.2f}"
        rows.append(_row(name, median_load(ours), median_load(bound), figures[field], spread))

    with running_shop(LIMITS__CHECKOUT="1000000/minute", LIMITS__CARTS="1000000/minute") as shop:
        places = _places(shop)
        for name, pattern in PAGES.items():
            ours, aiohttp, nginx = _page(shop, name, pattern.format(**places), options.rounds, options.seconds)
            note(name, f"{name}_vs_aiohttp", ours, aiohttp)
            if name == "product_cached" and nginx:
                note(f"{name} beside nginx", f"{name}_vs_nginx", ours, nginx)
        ours, aiohttp = _not_modified(shop, PAGES["product_cached"].format(**places), options.rounds, options.seconds)
        note("304", "not_modified_vs_aiohttp", ours, aiohttp)
        ours, bound = _cart(shop, places["variant"], fewer, longer)
        note("cart POST", "cart_post_vs_update", ours, bound)
    with running_shop(CACHE__URL="none", CACHE__L1_BYTES="0") as shop:
        ours, bound = _cold(shop, fewer, longer)
        note("product cold", "product_cold_vs_raw", ours, bound)
    table(("page", "ours/s", "p50 ms", "p99 ms", "bound/s", "ratio", "middle half", "failed"), rows)
    result(**figures)
    return 0


def _row(name: str, ours: Load, bound: Load, ratio: float, spread: str) -> tuple[object, ...]:
    return name, ours.requests_per_second, ours.p50, ours.p99, bound.requests_per_second, ratio, spread, ours.failed + bound.failed


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


def _page(shop: Shop, name: str, path: str, rounds: int, seconds: int) -> tuple[list[Load], list[Load], list[Load]]:
    """Our loads, aiohttp's and nginx's (empty where there is none), of the same bytes."""
    status, headers, body = fetch(shop.url + path, BROWSER_HEADERS)
    if status != 200:
        raise SystemExit(f"bench: {path} answered {status}")
    encoding = headers.get("content-encoding", "")
    say(f"{name}: {path}, {len(body):,} bytes as sent ({encoding or 'identity'})")
    ours: list[Load] = []
    aiohttp: list[Load] = []
    nginx: list[Load] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "body").write_bytes(body)
        bound = stack.enter_context(running_bound("aiohttp_bytes.py", str(folder / "body"), encoding))
        file = stack.enter_context(_running_nginx(body, headers)) if name == "product_cached" else None
        wrk(shop.url + path, seconds=1)
        measured = [(ours, shop.url + path), (aiohttp, bound + path), *([(nginx, file)] if file else [])]
        for number in range(rounds):  # there and back, so that nobody always comes after the same one
            for loads, url in measured[:: -1 if number % 2 else 1]:
                loads.append(wrk(url, seconds=seconds))
    return ours, aiohttp, nginx


# Without sendfile, which is slower for a file of a few KB: one write has headers and body together then.
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile off; open_file_cache max=100; keepalive_requests 1000000000; default_type text/html;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; {headers} }}
}}
"""


@contextlib.contextmanager
def _running_nginx(body: bytes, headers: dict[str, str]) -> Iterator[str | None]:
    """nginx serving the bytes as a file, with the headers that our answer has; yields its address, or None where nginx is missing."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        say("nginx is missing (Debian's package nginx-light), so nothing is said of it")
        yield None
        return
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "www").mkdir()
        (folder / "www" / "page").write_bytes(body)
        own = {"content-length", "date", "server", "connection", "content-type", "etag", "last-modified"}
        lines = " ".join(f'add_header {key} "{value}";' for key, value in headers.items() if key not in own)
        (folder / "conf").write_text(NGINX.format(folder=folder, port=port, headers=lines))
        process = subprocess.Popen(pinned(0, [program, "-c", str(folder / "conf"), "-e", str(folder / "error.log")]))
        try:
            _await(f"http://127.0.0.1:{port}/page")
            yield f"http://127.0.0.1:{port}/page"
        finally:
            process.terminate()
            process.wait(10)


def _await(url: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return


def _not_modified(shop: Shop, path: str, rounds: int, seconds: int) -> tuple[list[Load], list[Load]]:
    """A browser that has the page already, beside aiohttp answering the whole page."""
    _, headers, body = fetch(shop.url + path, BROWSER_HEADERS)
    known = {"If-None-Match": headers["etag"]}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "body").write_bytes(body)
        bound = stack.enter_context(running_bound("aiohttp_bytes.py", str(folder / "body"), headers.get("content-encoding", "")))
        pairs = [(wrk(shop.url + path, seconds=seconds, headers=known), wrk(bound + path, seconds=seconds)) for _ in range(rounds)]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


COLD = """
local slugs = {{ {slugs} }}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", "/p/" .. slugs[n % #slugs + 1])
end
"""


def _cold(shop: Shop, rounds: int, seconds: int) -> tuple[list[Load], list[Load]]:
    """Product pages of a shop that keeps nothing, each asked in turn."""
    slugs = [product["slug"] for product in json.loads(fetch(f"{shop.url}/api/v1/products?limit=100")[2])["items"]]
    with running_bound("aiohttp_cold.py", shop.runtime()["database_url"]) as bound, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "cold.lua"
        script.write_text(COLD.format(slugs=", ".join(f'"{slug}"' for slug in slugs)))
        say(f"product cold: {len(slugs)} pages in turn")
        pairs = []
        for _ in range(rounds):
            ours = wrk(shop.url, seconds=seconds, script=script, connections=8)
            pairs.append((ours, wrk(bound, seconds=seconds, script=script, connections=8)))
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
    with running_bound("aiohttp_update.py", dsn, "on") as bound, tempfile.TemporaryDirectory() as folder:
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
