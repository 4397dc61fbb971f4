"""What the benchmarks share: a shop of their own, bare servers as bounds, `wrk` as the load, medians of paired rounds.

Every figure is a ratio to a bound measured in the same run, in alternating rounds, because machines differ and are noisy.
The server under test runs on core 0, the load on core 1.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# What a browser of today sends; a server must not be measured with bare headers.
BROWSER_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Upgrade-Insecure-Requests": "1",
    "Sec-CH-UA-Mobile": "?0",
    "Referer": "http://127.0.0.1/",
}


def say(text: str) -> None:
    """Progress, on stderr, so that standard output holds the result."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def free_port(count: int = 1) -> int:
    """The first of `count` neighbouring free ports."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with contextlib.ExitStack() as stack:
            try:
                for offset in range(count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port + offset))
            except OSError:
                continue
            return port


def pinned(core: int | None, command: Sequence[str]) -> list[str]:
    """The command on one core, where the machine has more than one; for None on any."""
    if core is None or (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 180) -> None:
    """Waits until `url` answers 200."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"bench: the server stopped at its start (exit {process.returncode})")
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2) as response:
            if response.status == 200:
                return
        time.sleep(0.05)
    raise SystemExit(f"bench: {url} did not answer within {seconds:.0f} s")


@dataclass
class Shop:
    """A running shop of the benchmark's own."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def runtime(self) -> dict[str, Any]:
        """The addresses of its embedded servers."""
        return dict(json.loads((self.folder / "runtime.json").read_text()))


@contextlib.contextmanager
def running_shop(core: int | None = 0, **environment: str) -> Iterator[Shop]:
    """`run.py serve` with a demo shop in a folder of its own; overrides are names like SHOP__DEMO."""
    folder = Path(tempfile.mkdtemp(prefix="storefront-bench-"))
    folder.chmod(0o755)
    port = free_port(2)
    given = {"DATA__DIR": str(folder), "SERVER__PORT": str(port), "TELEMETRY__ACCESS_LOG_SAMPLE": "0"} | environment
    env = os.environ | {f"STOREFRONT_{name}": value for name, value in given.items()}
    command = [sys.executable, str(ROOT / "run.py"), "serve"]
    process = subprocess.Popen(pinned(core, command), env=env, stdout=sys.stderr)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz", process)
        yield Shop(url, folder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def more_replicas(first: Shop, count: int, **environment: str) -> Iterator[list[Shop]]:
    """Further replicas of a running shop, on its servers."""
    told = first.runtime()
    with contextlib.ExitStack() as stack:
        shops = []
        for _ in range(count):
            provider = f"http://127.0.0.1:{int(first.url.rsplit(':', 1)[1]) + 1}"
            given = {
                "DATABASE__URL": told["database_url"],
                "DATABASE__MIGRATE_URL": told["migrate_url"],
                "CACHE__URL": told["cache_url"],
                "PAYMENTS__API_BASE": provider,
                "SHOP__DEMO": "false",
            } | {file.name.upper().replace(".", "__"): file.read_text().strip() for file in (first.folder / "secrets").iterdir()}
            shops.append(stack.enter_context(running_shop(None, **given | environment)))
        yield shops


@contextlib.contextmanager
def running_bound(script: str, *arguments: str, core: int | None = 0) -> Iterator[str]:
    """A bare server (`benchmarks/bounds/SCRIPT`), which takes its port first; yields its address."""
    port = free_port()
    command = [sys.executable, str(ROOT / "benchmarks" / "bounds" / script), str(port), *arguments]
    process = subprocess.Popen(pinned(core, command), stdout=sys.stderr)
    try:
        wait_for(f"http://127.0.0.1:{port}/livez", process, 20)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@dataclass(frozen=True)
class Load:
    """One run of wrk. Latencies are milliseconds."""

    requests_per_second: float
    p50: float
    p99: float
    failed: int


_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def _milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    return float(found.group(1)) * _UNITS[found.group(2)] if found else float("nan")


def wrk(
    url: str,
    *,
    seconds: int = 4,
    connections: int = 32,
    headers: dict[str, str] | None = None,
    script: Path | None = None,
    core: int = 1,
) -> Load:
    """Loads `url` for `seconds`. Answers other than 2xx and 3xx are counted in `failed`."""
    command = wrk_command(url, seconds=seconds, connections=connections, script=script, headers=BROWSER_HEADERS | (headers or {}))
    return parse_wrk(subprocess.run(pinned(core, command), capture_output=True, text=True, check=True).stdout)


def wrk_command(url: str, *, seconds: int, connections: int, script: Path | None, headers: dict[str, str]) -> list[str]:
    """wrk with one thread; its output is for `parse_wrk`."""
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk is missing. Install Debian's package wrk.")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    return [*command, *(["-s", str(script)] if script else []), url]


def parse_wrk(text: str) -> Load:
    """What wrk says of a run."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p50, p99 = re.search(r"50%\s+(\S+)", text), re.search(r"99%\s+(\S+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    failed = (int(bad.group(1)) if bad else 0) + (sum(map(int, errors.groups())) if errors else 0)
    return Load(
        float(rate.group(1)) if rate else 0.0,
        _milliseconds(p50.group(1)) if p50 else float("nan"),
        _milliseconds(p99.group(1)) if p99 else float("nan"),
        failed,
    )


def median_load(loads: Sequence[Load]) -> Load:
    """The median of each figure; failures are added up."""
    return Load(
        statistics.median(load.requests_per_second for load in loads),
        statistics.median(load.p50 for load in loads),
        statistics.median(load.p99 for load in loads),
        sum(load.failed for load in loads),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table."""
    texts = [list(head), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    for row in texts:
        print(
            "  ".join(cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths, strict=True)))
        )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
    return str(value)


def result(**figures: object) -> None:
    """The last line: one JSON object."""
    print(json.dumps({name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}), flush=True)


def fetch(url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """One GET: status, headers (lower-case names) and the body as sent."""
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
