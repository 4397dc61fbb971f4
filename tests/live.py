"""A whole shop in processes of its own, as an operator starts it: `run.py serve`."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storefront.settings import ROOT


@dataclass
class LiveShop:
    """`url` is where it serves, `folder` its data, `output` what it printed."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def operator_password(self) -> str:
        return (self.folder / "secrets" / "shop.operator_password").read_text()

    def wait_ready(self, seconds: float = 240) -> None:
        """Returns when /readyz says so; fails with the shop's own words when it stops before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the shop stopped: {self.output.read_text()}")
            with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as response:
                if response.status == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the shop was not ready within {seconds} s: {self.output.read_text()}")

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def neighbouring_ports() -> int:
    """A free port whose successor is free too (the provider takes it)."""
    from tests.conftest import free_port, hold

    while True:
        port = free_port()
        try:
            hold(port + 1)
        except OSError:
            continue
        return port


def start_shop(folder: Path, port: int, **environment: str) -> LiveShop:
    """Starts run.py on `folder` and `port`; overrides are names like SHOP__DEMO."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder.parent / f"{folder.name}.out"
    given = {"DATA__DIR": str(folder), "SERVER__PORT": str(port), "DATABASE__FSYNC": "false"} | environment
    env = os.environ | {f"STOREFRONT_{name}": value for name, value in given.items()}
    with output.open("ab") as log:
        process = subprocess.Popen([sys.executable, str(ROOT / "run.py")], env=env, stdout=log, stderr=log)
    return LiveShop(f"http://127.0.0.1:{port}", folder, process, output)


@contextlib.contextmanager
def live_shop(pictures: Path | None = None, **environment: str) -> Iterator[LiveShop]:
    """A ready shop in a scratch folder, stopped at the end; the demo shop finds `pictures` drawn before."""
    with tempfile.TemporaryDirectory(prefix="storefront-live-", ignore_cleanup_errors=True) as scratch:
        Path(scratch).chmod(0o755)
        if pictures is not None:
            shutil.copytree(pictures, Path(scratch) / "data" / "media")
        shop = start_shop(Path(scratch) / "data", neighbouring_ports(), **environment)
        try:
            shop.wait_ready()
            yield shop
        finally:
            if shop.process.poll() is None:
                shop.stop()
