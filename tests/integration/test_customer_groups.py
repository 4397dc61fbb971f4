"""Customers are put into a group by a file of addresses: all whom it names, or nobody, and it is said who is not known."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from storefront.accounts import group_file
from storefront.accounts.group_file import FileRefused, read_addresses
from storefront.cli import main
from storefront.platform.clock import utc_now
from storefront.settings import Settings
from tests.buying import account
from tests.commands import command

Run = Callable[..., Awaitable["subprocess.CompletedProcess[str]"]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of addresses."""
    return tmp_path / "emails.txt"


@pytest.fixture
def run(settings: Settings, path: Path) -> Run:
    """The command, of a file with these lines."""

    async def started(group: str, text: str) -> "subprocess.CompletedProcess[str]":
        path.write_text(text, "utf-8")
        arguments, environment = command(settings, "customers", "group", group, "--emails", str(path))
        return await asyncio.to_thread(subprocess.run, arguments, env=environment, capture_output=True, text=True, check=False)

    return started


async def groups_of(owner: asyncpg.Connection) -> dict[str, str]:
    """By address."""
    return {row["email"]: row["customer_group"] for row in await owner.fetch("SELECT email, customer_group FROM customer")}


@pytest.fixture(autouse=True)
async def nobody_else(owner: asyncpg.Connection) -> None:
    """Each test begins with these three."""
    await owner.execute("DELETE FROM customer")
    await account(owner, email="Ada@shop.example", confirmed=True)
    await account(owner, email="bob@shop.example", group="trade")
    await account(owner, email="eve@shop.example", group="staff")


async def test_the_command_puts_whom_it_finds_into_the_group_and_names_the_others(owner: asyncpg.Connection, run: Run) -> None:
    done = await run("trade", "\ufeffADA@shop.example\r\n\r\n  bob@shop.example\nnobody@shop.example\nada@Shop.example\neve@shop.example")
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [
        "     2  put into trade",
        "     1  were in trade before",
        "     2  of these have not confirmed their address",
        "     1  have no account",
        "        line 4: nobody@shop.example",
    ]
    assert await groups_of(owner) == dict.fromkeys(("Ada@shop.example", "bob@shop.example", "eve@shop.example"), "trade")
    trail = "SELECT c.email, o.action, o.data->>'group' AS name, o.actor FROM operator_change o JOIN customer c ON c.id::text = o.key"
    assert sorted(tuple(row) for row in await owner.fetch(trail)) == [
        (email, "put into a group", "trade", group_file.ACTOR) for email in ("Ada@shop.example", "eve@shop.example")
    ]


async def test_without_a_name_they_are_taken_out_of_their_groups(owner: asyncpg.Connection, run: Run) -> None:
    done = await run("", "ada@shop.example\nbob@shop.example\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == ["     1  taken out of their groups", "     1  were in none before"]
    assert await groups_of(owner) == {"Ada@shop.example": "", "bob@shop.example": "", "eve@shop.example": "staff"}


@pytest.mark.parametrize(
    ("group", "text", "said"),
    [
        ("trade", "ada@shop.example\n\nbob@\neve@shop.example\n", "emails.txt, line 3: 'bob@' is no e-mail address. Nothing was changed."),
        ("trade", "\n \n", "emails.txt: there is no address in it."),
        ("x" * 51, "ada@shop.example\n", "GROUP: Enter the name of a group, of up to 50 characters, or nothing."),
    ],
)
async def test_what_cannot_be_meant_changes_nothing_and_is_said_in_one_line(
    owner: asyncpg.Connection,
    settings: Settings,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    group: str,
    text: str,
    said: str,
) -> None:
    before = await groups_of(owner)
    path.write_text(text, "utf-8")
    (_, _, *arguments), environment = command(settings, "customers", "group", group, "--emails", str(path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(main, arguments) == 2
    done = capfd.readouterr()
    assert done.out == ""
    assert done.err.startswith("storefront: ")
    assert done.err.endswith(f"{said}\n")
    assert done.err.count("\n") == 1
    assert await groups_of(owner) == before


@pytest.mark.parametrize(
    "line", [b"a,b@shop.example", b"Ada <ada@shop.example>", b"ad\xe4@shop.example", b"a\x00@shop.example", b"a" * 400 + b"@b.de"]
)
def test_a_line_that_is_no_address_is_named_whatever_is_in_it(path: Path, line: bytes) -> None:
    path.write_bytes(b"ada@shop.example\n" + line + b"\n")
    with pytest.raises(FileRefused) as refused:
        read_addresses(path)
    assert f"{path}, line 2: " in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < len(str(path)) + 300


def test_a_file_that_is_not_there_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(FileRefused, match="there is no such file"):
        read_addresses(path)


async def test_a_command_that_fails_in_the_middle_has_changed_nobody(settings: Settings, owner: asyncpg.Connection) -> None:
    """Who did it cannot be written down: it is not done."""
    before = await groups_of(owner)
    await owner.execute("ALTER TABLE operator_change ADD CONSTRAINT not_so CHECK (data->>'group' <> 'nogo') NOT VALID")
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await group_file.put(settings, ["ada@shop.example", "bob@shop.example"], "nogo", utc_now())
    finally:
        await owner.execute("ALTER TABLE operator_change DROP CONSTRAINT not_so")
    assert await groups_of(owner) == before
