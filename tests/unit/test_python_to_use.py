"""Which Python run.py makes .venv with."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from storefront.settings import ROOT

Make = Callable[[str, str], str]
RELEASE = ".".join(sys.version.split(".")[:2])


def says(version: str) -> str:
    return f"printf '%s|%s' \"$0\" '{version}'"


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """run.py as it is when the Python of a version manager runs it, with no Python in /usr/bin."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "SYSTEM", str(tmp_path / "none"))
    monkeypatch.delenv(module.CHOICE, raising=False)
    return module


@pytest.fixture
def python(tmp_path: Path) -> Make:
    """A program that answers as a Python of this version does."""

    def make(name: str, says: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{says}\n")
        path.chmod(0o755)
        return str(path)

    return make


def test_the_systems_own_of_the_same_release(entry: ModuleType, python: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "SYSTEM", python("python3", says(f"{RELEASE}.99 (main)")))
    assert entry.python_to_use() == (entry.SYSTEM, f"{RELEASE}.99 (main)")


@pytest.mark.parametrize("answer", ["printf '/usr/bin/python3|3.4.1 (main)'", "exit 1", "echo 'No module named ensurepip' >&2; exit 1"])
def test_not_one_of_another_release_or_that_lacks_something(
    answer: str, entry: ModuleType, python: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "SYSTEM", python("python3", answer))
    assert entry.python_to_use() == (sys.executable, sys.version)


def test_this_one_where_the_system_has_none(entry: ModuleType) -> None:
    assert entry.python_to_use() == (sys.executable, sys.version)


def test_inside_venv_it_is_venvs(entry: ModuleType, python: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "SYSTEM", python("python3", says(f"{RELEASE}.99 (main)")))
    monkeypatch.setattr(entry, "VENV", Path(sys.prefix))
    assert entry.python_to_use() == (sys.executable, sys.version)


def test_the_one_that_is_named(entry: ModuleType, python: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "SYSTEM", python("python3", says(f"{RELEASE}.99 (main)")))
    monkeypatch.setenv(entry.CHOICE, python("mine", says("3.14.1 (main)")))
    assert entry.python_to_use() == (os.environ[entry.CHOICE], "3.14.1 (main)")


def test_a_venv_that_works_stays_whatever_it_was_made_with(entry: ModuleType, python: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "SYSTEM", python("python3", says(f"{RELEASE}.99 (main)")))
    python(".venv/bin/python", says("3.12.4 (main)"))
    assert entry.python_to_use().version == "3.12.4 (main)"
    entry.python_to_use.cache_clear()
    python(".venv/bin/python", "exit 1")  # too old, or without pip
    assert entry.python_to_use().path == entry.SYSTEM


def test_a_venv_that_works_gives_way_to_the_one_that_is_named(entry: ModuleType, python: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    python(".venv/bin/python", says("3.12.4 (main)"))
    monkeypatch.setenv(entry.CHOICE, python("mine", says("3.14.1 (main)")))
    assert entry.python_to_use().version == "3.14.1 (main)"


def test_one_that_is_named_and_is_too_old(entry: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(entry, "NEEDED", (4, 0))
    monkeypatch.setenv(entry.CHOICE, sys.executable)
    with pytest.raises(SystemExit):
        entry.python_to_use()
    assert "is no Python 4.0 that can" in capsys.readouterr().err


def test_one_that_is_named_and_is_none(entry: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(entry.CHOICE, "/nowhere/python")
    with pytest.raises(SystemExit) as ended:
        entry.python_to_use()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "storefront: STOREFRONT_PYTHON: /nowhere/python is no Python 3.11 that can make virtual environments. Name another, or unset it.\n"
    )
