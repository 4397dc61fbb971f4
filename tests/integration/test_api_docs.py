"""docs/api.md tells the truth: its examples run, their answers look as it shows them, and its table has every problem."""

import asyncio
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.platform.errors import all_errors
from storefront.settings import ROOT, Settings

Client = TestClient[web.Request, web.Application]
PAGE = (ROOT / "docs" / "api.md").read_text()
SHOP = "http://127.0.0.1:8080"

_BLOCK = re.compile(r"^```(\w+)(?: (\d{3}))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(\w+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
# Each request tells its status beside its answer; an example that writes something else out says so itself.
TELL = """
set -euo pipefail
curl() { command curl --max-time 20 --write-out '%{stderr}%{http_code} %{url}\\n' "$@"; }
"""


@dataclass(frozen=True)
class Example:
    """A shell example, the status that its last request must have (0: one of success), and what it is shown to print ("": not shown)."""

    script: str
    status: int
    shown: str
    kind: str


def examples() -> list[Example]:
    found: list[Example] = []
    for kind, status, text in _BLOCK.findall(PAGE):
        if kind == "sh":
            found.append(Example(text, int(status or 0), "", ""))
        else:
            assert not found[-1].shown, f"two answers to one example: {text}"
            found[-1] = Example(found[-1].script, found[-1].status, text, kind)
    return found


def compare(shown: Any, real: Any, at: str = "") -> None:
    """What is shown is there and of the same kind; values differ from shop to shop."""
    if isinstance(shown, dict):
        assert isinstance(real, dict), at
        for name, value in shown.items():
            assert name in real, f"{at}.{name}"
            compare(value, real[name], f"{at}.{name}")
        if {"amount", "currency"} <= set(shown):
            assert set(real) == {"amount", "currency"}, at
    elif isinstance(shown, list):
        assert isinstance(real, list), at
        if shown and isinstance(shown[0], dict):
            assert real, f"{at} is empty"
            compare(shown[0], real[0], f"{at}[0]")
    elif shown is not None and real is not None:
        assert type(shown) is type(real), f"{at}: {shown!r} is shown, {real!r} is answered"
        if at in (".status", ".state", ".errors[0].field"):
            assert shown == real, at
        if at == ".type":
            assert shown.rpartition("/")[2] == real.rpartition("/")[2], at


async def test_every_example_runs_and_answers_what_is_shown(stocked: Client, settings: Settings, tmp_path: Path) -> None:
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    found = examples()
    assert len(found) > 15
    blocks = [f'{{\n{example.script}}} > "$OUT/{i}" 2> "$OUT/{i}.told"\n' for i, example in enumerate(found)]
    script = TELL + "\n".join(blocks).replace(SHOP, settings.server.public_url)
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script),
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "OUT": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    for i, example in enumerate(found):
        assert (tmp_path / str(i)).exists(), f"did not run, after {found[i - 1].script}: {output.decode()}"
        told = (tmp_path / f"{i}.told").read_text()
        printed = (tmp_path / str(i)).read_text()
        statuses = [int(status) for status in re.findall(r"^(\d{3}) http", told, re.MULTILINE)]
        refused = [status for status in statuses if not 200 <= status < 300]
        assert refused == ([example.status] if example.status else []), (example.script, told, printed)
        assert re.sub(r"^\d{3} http.*\n", "", told, flags=re.MULTILINE) == "", example.script
        if example.kind == "json":
            try:
                compare(json.loads(example.shown), json.loads(printed))
            except AssertionError as error:
                raise AssertionError(f"{example.script}\n{error}\n{printed}") from error
        elif example.shown:
            assert printed == example.shown, example.script
    assert process.returncode == 0, output.decode()


async def test_the_table_has_every_problem_and_says_of_each_what_the_shop_says() -> None:
    import storefront.app  # noqa: F401  # loads every room, and with them their errors

    known = {kind.type: (kind.status, kind.title) for kind in all_errors().values() if kind.__module__.startswith("storefront.")}
    told = {name: (int(status), title) for name, status, title, _ in _ROW.findall(PAGE)}
    assert told == known
    assert list(told) == sorted(told)


async def test_no_two_problems_share_a_type() -> None:
    from storefront.platform.errors import DomainError

    def kinds(of: type[DomainError]) -> list[type[DomainError]]:
        return [of, *(kind for child in of.__subclasses__() for kind in kinds(child))]

    # One that says nothing else than the one it is a case of, but in more words, is the same problem.
    own = [kind for kind in dict.fromkeys(kinds(DomainError)) if kind.__module__.startswith("storefront.") and "type" in vars(kind)]
    assert len(own) == len({kind.type for kind in own})
    without = [kind for kind in kinds(DomainError) if "type" not in vars(kind)]
    assert not [kind for kind in without if {"title", "status"} & vars(kind).keys()]
