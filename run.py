#!/usr/bin/env python3
"""The one entry of Storefront: `python3 run.py` serves the shop, `python3 run.py test` tests it, `--help` lists the rest.

Only the standard library is used here: this file makes .venv from requirements.lock and goes on inside it.
"""

from __future__ import annotations  # so that an older Python reads as far as the line that says so

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEEDED = (3, 11)
SYSTEM = "/usr/bin/python3"
CHOICE = "STOREFRONT_PYTHON"  # the variable that names another Python
MAKES_VENV = "ensurepip, sqlite3, ssl, venv"  # what a Python must have to make one that the shop runs in


def fail(message: str) -> NoReturn:
    """One line for the operator, and out."""
    print(f"storefront: {message}", file=sys.stderr)
    sys.exit(2)


class Python(NamedTuple):
    """An interpreter and what it says of itself (`sys.version`)."""

    path: str
    version: str


@cache
def python_to_use() -> Python:
    """What .venv is made with: the one that STOREFRONT_PYTHON names, else the system's where it is of the same release as this, else this.
    A .venv that works stays as it is unless another is named.

    Distributions build their Python with profile-guided optimisation; version managers do so only when told, and the whole shop is then
    slower, by a fifth or so.
    """
    this = Python(sys.executable, sys.version)
    if inside_venv():
        return this
    chosen = os.environ.get(CHOICE, "")
    if chosen:
        named = asked(chosen, MAKES_VENV)
        if named is None:
            fail(f"{CHOICE}: {chosen} is no Python {NEEDED[0]}.{NEEDED[1]} that can make virtual environments. Name another, or unset it.")
        return named
    there = asked(str(PYTHON), "pip")
    if there is not None:
        return there
    system = this if os.path.realpath(sys.executable) == os.path.realpath(SYSTEM) else asked(SYSTEM, MAKES_VENV)
    same_release = system is not None and system.version.split(".")[:2] == sys.version.split(".")[:2]
    return system if system is not None and same_release else this


def asked(path: str, modules: str) -> Python | None:
    """A Python as it says of itself; None when it is not there, too old, or lacks one of the modules."""
    program = (
        f"import sys; sys.version_info < {NEEDED} and sys.exit(1); import {modules}; print(sys.executable, sys.version, sep='|', end='')"
    )
    try:
        found = subprocess.run([path, "-I", "-c", program], capture_output=True, text=True, check=False)
    except OSError:
        return None
    executable, _, version = found.stdout.partition("|")
    return Python(executable, version) if found.returncode == 0 and version else None


def stamp_of(lock: Path) -> str:
    """What an installation is known by: the lock file and the Python it was made for."""
    return hashlib.sha256(lock.read_bytes() + python_to_use().version.encode()).hexdigest()


def stamp_file(lock: Path) -> Path:
    """Where the stamp of an installed lock file stands."""
    return VENV / f".{str(lock.relative_to(ROOT)).replace(os.sep, '-')}.stamp"


def installed(lock: Path) -> bool:
    """Whether .venv holds what the lock file names."""
    stamp = stamp_file(lock)
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == stamp_of(lock)


def install(lock: Path) -> None:
    """Installs a lock file into .venv. The stamp is written last, so an interrupted run starts over."""
    if installed(lock):
        return
    with (ROOT / ".venv.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if installed(lock):
            return
        make_venv()
        print(f"storefront: installing {lock.relative_to(ROOT)} into .venv …", flush=True)
        command = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
        command += ["--no-compile"]  # Python compiles what is really imported, when it is; all at once would take a third of the time
        done = subprocess.run([*command, "--only-binary", ":all:", "-r", str(lock)], check=False)
        if done.returncode != 0:
            fail(
                f"pip could not install {lock.relative_to(ROOT)} (see above). "
                "Check the network, or whether this platform has the wheels, and run again."
            )
        stamp_file(lock).write_text(stamp_of(lock))


def make_venv() -> None:
    """Makes .venv, anew when it is broken or belongs to another Python."""
    there = asked(str(PYTHON), "pip")
    if there is not None and there.version == python_to_use().version:
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    if python_to_use().path != sys.executable:
        print(f"storefront: making .venv with {python_to_use().path} ({CHOICE} names another)", flush=True)
    done = subprocess.run([python_to_use().path, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        said = (done.stderr or done.stdout).strip()
        if "ensurepip" in done.stdout + done.stderr or "No module named venv" in said:
            fail("this Python cannot make virtual environments. Install Debian's package python3-venv and run again.")
        fail(f"{VENV} could not be made ({said.splitlines()[-1] if said else 'no reason given'}). Mend that and run again.")


def inside_venv() -> bool:
    """Whether this is .venv's own Python."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def locks_of(arguments: list[str]) -> list[Path]:
    """What a command needs: nobody waits for packages that it does not use."""
    locks = [ROOT / "requirements.lock"]
    if arguments[:1] in (["test"], ["bench"]):
        locks.append(ROOT / "tests" / "requirements.lock")
    if arguments[:1] == ["test"] or (arguments[:2] == ["export", "orders"] and any(text.endswith("parquet") for text in arguments)):
        locks.append(ROOT / "deploy" / "export.lock")
    return locks


def main() -> None:
    """Installs what is missing, then hands over to storefront.cli inside .venv."""
    if sys.version_info < NEEDED:
        fail(f"Python {NEEDED[0]}.{NEEDED[1]} or newer is needed; this is {sys.version.split()[0]}.")
    if sys.platform != "linux":
        fail("the embedded servers run on Linux only.")
    for lock in locks_of(sys.argv[1:]):
        if not installed(lock):
            if inside_venv():
                fail(f"{lock.relative_to(ROOT)} is not installed in .venv. Run again with python3 run.py, outside of .venv.")
            try:
                install(lock)
            except OSError as error:
                fail(f"{error.filename or VENV} cannot be written ({error.strerror}). Make the project's folder yours and run again.")
    os.environ.pop(CHOICE, None)  # it is no setting of the shop
    if not inside_venv():
        os.execv(PYTHON, [str(PYTHON), str(ROOT / "run.py"), *sys.argv[1:]])
    sys.path.insert(0, str(ROOT))
    # Whatever PYTHONDONTWRITEBYTECODE says: nothing in .venv was compiled when it was installed, and each start would pay for it.
    sys.dont_write_bytecode = False
    from storefront.cli import main as cli_main

    sys.exit(cli_main(sys.argv[1:]))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
