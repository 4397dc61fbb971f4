"""The commands of run.py."""

import argparse
import asyncio
import errno
import importlib.util
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path

import asyncpg
import uvloop
from aiohttp import web

from storefront.platform.embedded.process import EmbeddedError
from storefront.platform.embedded.supervisor import Embedded
from storefront.platform.migrations import MigrationError, migrate
from storefront.platform.opening import Opening, listen
from storefront.platform.telemetry import configure_logging
from storefront.settings import ROOT, SettingError, Settings, complete_secrets, load_settings, use_port

OWN_WORDS = {"test": 1, "bench": 2}  # after these words, everything belongs to pytest or the benchmark
NEEDED_BY_TESTS = {  # one of these programs: (tests, packages)
    ("chromium-headless-shell", "chromium"): ("the browser", "chromium-headless-shell"),
    ("varnishd",): ("the edge", "varnish and varnish-modules"),
}
ROOMS = ("catalog", "search", "cart", "checkout", "orders", "accounts", "admin")


class CommandError(Exception):
    """A command that cannot do its work; the text is one line."""


def main(argv: list[str]) -> int:
    """Runs a command; returns the exit code: 0 done, 1 done with refusals, 2 wrong use or settings."""
    argv = argv or ["serve"]
    own = OWN_WORDS.get(argv[0], len(argv))
    try:
        arguments = _parser().parse_args(argv[:own])
        arguments.rest = argv[own:]
        return int(arguments.command(arguments) or 0)
    except (SettingError, EmbeddedError, MigrationError, CommandError) as error:
        print(f"storefront: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains at its end
        return 1
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        print(f"storefront: {type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description="Storefront, a shop server. Without a command: serve.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="start everything and serve the shop")
    serve.add_argument("--only", default="", help=f"open only these doors, by comma: {', '.join(ROOMS)}")
    serve.set_defaults(command=_serve)
    test = commands.add_parser("test", help="install what the tests need and run them; what follows goes to pytest")
    test.set_defaults(command=_test)
    commands.add_parser("migrate", help="bring the database up to this release").set_defaults(command=_migrate)
    load = commands.add_parser("import", help="read a file into the shop")
    load.add_argument("what", choices=["catalog"])
    load.add_argument("file", type=Path, help="a Shopify product CSV")
    load.set_defaults(command=_import)
    dump = commands.add_parser("export", help="write the shop's data to files").add_subparsers(required=True, metavar="WHAT")
    catalog = dump.add_parser("catalog", help="the products, as a Shopify product CSV")
    catalog.add_argument("file", type=Path, nargs="?", help="where to; standard output without it")
    catalog.set_defaults(command=_export_catalog)
    orders = dump.add_parser("orders", help="the history of orders, one file for each day that is over")
    orders.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="where to (exports/orders in the data folder)")
    orders.add_argument("--format", choices=["jsonl", "parquet"], default="jsonl", help="JSON lines or Parquet (jsonl)")
    orders.add_argument("--since", metavar="DATE", type=date.fromisoformat, help="leave out what was before this day, such as 2026-11-28")
    orders.set_defaults(command=_export_orders)
    commands.add_parser("audit", help="check that nothing is oversold, lost or charged twice").set_defaults(command=_audit)
    compare = commands.add_parser("reconcile", help="compare every payment with the provider's books")
    compare.add_argument("--days", type=int, default=2, help="how far back (2)")
    compare.set_defaults(command=_reconcile)
    people = commands.add_parser("customers", help="change many customers at once").add_subparsers(required=True, metavar="WHAT")
    group = people.add_parser("group", help="put customers into a group that promotions are for")
    group.add_argument("group", metavar="GROUP", help='its name; "" takes them out of theirs')
    group.add_argument("--emails", metavar="FILE", type=Path, required=True, help="their addresses, one a line")
    group.set_defaults(command=_group_customers)
    bench = commands.add_parser("bench", help="run benchmarks/NAME.py; what follows goes to it")
    bench.add_argument("name")
    bench.set_defaults(command=_bench)
    commands.add_parser("provider", help="the sandbox payment provider by itself").set_defaults(command=_provider)
    return parser


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings.telemetry)
    return settings


def _listen(settings: Settings) -> socket.socket:
    server = settings.server
    try:
        listening = listen(server.host, server.port)
    except OSError as error:
        where = f"{server.host}:{server.port} cannot be bound ({error.strerror})"
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise CommandError(f"server.host: {where}. Set STOREFRONT_SERVER__HOST to an address of this machine.") from error
        raise CommandError(f"server.port: {where}. Stop what listens there, or set STOREFRONT_SERVER__PORT.") from error
    if server.port == 0:
        use_port(settings, listening.getsockname()[1])
        if settings.embedded_sandbox and not settings.payments.sandbox_port:
            settings.payments.sandbox_port = _free_port()
    return listening


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _doors(text: str) -> tuple[str, ...]:
    only = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in only:
        if name not in ROOMS:
            raise CommandError(f"--only: there is no door {name!r}. The doors are {', '.join(ROOMS)}.")
    return only


def _serve(arguments: argparse.Namespace) -> int:
    settings = _settings()
    only = _doors(arguments.only)
    embedded = Embedded(settings)
    embedded.lock()
    listening = _listen(settings)
    made_password = complete_secrets(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        embedded.begin_provider()
        embedded.start_data(serving=True)
        embedded.await_provider()
        return _run(_serve_until_stopped(settings, embedded, listening, only, made_password))
    finally:
        embedded.stop()


def _interrupt(signum: int, frame: object) -> None:
    """SIGTERM before the event loop runs: out by the way that stops the children."""
    sys.exit(0)


def _run(work: Coroutine[object, object, int]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _say(text: str) -> None:
    print(f"storefront: {text}", flush=True)


async def _serve_until_stopped(
    settings: Settings, embedded: Embedded, listening: socket.socket, only: tuple[str, ...], made_password: bool
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    opening = Opening(listening)
    await opening.start()
    preparing = asyncio.create_task(_prepare(settings, only))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({preparing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await opening.close()
    if not preparing.done():
        preparing.cancel()
        await asyncio.gather(preparing, return_exceptions=True)
        return 0
    await _serve_app(settings, embedded, listening, await preparing, stop, made_password)
    return 0


async def _prepare(settings: Settings, only: tuple[str, ...]) -> web.Application:
    from storefront.app import create_app
    from storefront.setup import prepare_shop

    await migrate(settings.database.migrate_url or settings.database.url, _say)
    await prepare_shop(settings, _say)
    return await create_app(settings, only=only)


async def _serve_app(
    settings: Settings, embedded: Embedded, listening: socket.socket, app: web.Application, stop: asyncio.Event, made_password: bool
) -> None:
    from storefront.platform.fast_lane import FastRunner
    from storefront.platform.health import READINESS

    grace = settings.server.shutdown_grace_seconds
    runner = FastRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=grace)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        embedded.start_watch()
        print(_greeting(settings, made_password), flush=True)
        await stop.wait()
        app[READINESS].draining = True
        await asyncio.sleep(settings.server.drain_seconds)
    finally:
        await embedded.stop_watch()
        await runner.cleanup()


def _greeting(settings: Settings, made_password: bool) -> str:
    line = f"storefront: serving {settings.shop.name} on {settings.server.public_url}"
    if settings.server.environment == "production":
        return line
    secret = settings.data_dir / "secrets" / "shop.operator_password"
    password = settings.shop.operator_password if made_password else f"in {secret}"
    return f"{line} · back office {settings.server.public_url}/admin as {settings.shop.operator_email}, password {password}"


def _with_data(work: Callable[[Settings], Coroutine[object, object, int]], *, provider: bool = False) -> int:
    """Runs a command on the shop's data: beside a serving shop through its servers, else with its own for as long as it takes."""
    settings = _settings()
    embedded = Embedded(settings)
    beside = embedded.attach()
    complete_secrets(settings)
    try:
        if not beside:
            embedded.start_data()
            if provider:
                embedded.start_provider()

        async def command() -> int:
            await migrate(settings.database.migrate_url or settings.database.url)
            return await work(settings)

        return _run(command())
    finally:
        embedded.stop()


def _migrate(arguments: argparse.Namespace) -> int:
    async def work(settings: Settings) -> int:
        print("storefront: the database is up to date")
        return 0

    return _with_data(work)


def _import(arguments: argparse.Namespace) -> int:
    from storefront.catalog import importer

    path = arguments.file
    if not path.is_file():
        raise CommandError(f"{path}: there is no such file.")
    return _with_data(lambda settings: importer.run(settings, path))


def _export_catalog(arguments: argparse.Namespace) -> int:
    from storefront.catalog import exporter

    return _with_data(lambda settings: exporter.run(settings, arguments.file))


def _export_orders(arguments: argparse.Namespace) -> int:
    from storefront.orders import export

    async def work(settings: Settings) -> int:
        folder = arguments.folder or settings.data_dir / "exports" / "orders"
        try:
            return await export.run(settings, folder, arguments.format, arguments.since, _say)
        except export.ExportRefused as error:
            raise CommandError(str(error)) from error

    return _with_data(work)


def _audit(arguments: argparse.Namespace) -> int:
    from storefront.admin import audit
    from storefront.checkout import reconcile
    from storefront.platform.clock import utc_now

    async def work(settings: Settings) -> int:
        findings = await audit.run(settings.database.url, utc_now())
        conn = await asyncpg.connect(settings.database.url)
        try:
            compared = await reconcile.last_comparison(conn)
        finally:
            await conn.close()
        for finding in findings:
            print(f"{len(finding.violations):6}  {finding.invariant.replace('_', ' ')}")
            for what, detail in finding.violations[: audit.EXAMPLES]:
                print(f"        {what}: {detail}")
        if compared is None:
            print("the provider's books were never compared (run.py reconcile)")
        else:
            print(f"the provider's books were last compared at {compared.compared_at:%Y-%m-%d %H:%M} UTC, since {compared.since:%Y-%m-%d}")
            print(f"        {compared.charges} charges, {compared.differing} differed, {compared.unknown} of no order here")
        broken = sum(bool(finding.violations) for finding in findings)
        print(f"{len(findings) - broken} invariants hold, {broken} are broken")
        return 1 if broken else 0

    return _with_data(work)


def _reconcile(arguments: argparse.Namespace) -> int:
    from storefront.checkout import reconcile
    from storefront.platform.errors import Unavailable

    if not 1 <= arguments.days <= 3650:
        raise CommandError("--days: give a number of days from 1.")

    async def work(settings: Settings) -> int:
        try:
            differences = await reconcile.run(settings, arguments.days)
        except Unavailable as error:
            raise CommandError(error.detail) from error
        for found in differences:
            print(
                f"order {found.number or 'unknown'}, {found.provider_ref or 'no payment'}: ours {found.ours}, the provider's {found.theirs}"
            )
        print(f"{len(differences)} payments differ")
        return 1 if differences else 0

    return _with_data(work, provider=True)


def _group_customers(arguments: argparse.Namespace) -> int:
    from storefront.accounts import editing, group_file
    from storefront.platform.clock import utc_now
    from storefront.platform.errors import InvalidInput

    try:
        group = editing.checked_group(arguments.group)
        lines = group_file.read_addresses(arguments.emails)
    except InvalidInput as error:
        raise CommandError(f"GROUP: {error.detail}") from error
    except group_file.FileRefused as error:
        raise CommandError(str(error)) from error

    async def work(settings: Settings) -> int:
        done = await group_file.put(settings, list(lines), group, utc_now())
        print(f"{done.put:6}  {f'put into {group}' if group else 'taken out of their groups'}")
        print(f"{done.before:6}  were in {group or 'none'} before")
        print(f"{done.unconfirmed:6}  of these have not confirmed their address")
        print(f"{len(done.unknown):6}  have no account")
        for email in done.unknown:
            print(f"        line {lines[email]}: {email}")
        return 1 if done.unknown else 0

    return _with_data(work)


def _provider(arguments: argparse.Namespace) -> int:
    from storefront.payments.sandbox.server import main as provider_main

    settings = _settings()
    complete_secrets(settings)
    return int(provider_main(settings) or 0)


def _bench(arguments: argparse.Namespace) -> int:
    path = ROOT / "benchmarks" / f"{arguments.name}.py"
    if not path.is_file() or not arguments.name.isidentifier():
        names = sorted(found.stem for found in (ROOT / "benchmarks").glob("*.py") if not found.stem.startswith("_"))
        raise CommandError(f"there is no benchmark {arguments.name!r}. There are: {', '.join(names)}.")
    sys.path.insert(0, str(ROOT))
    spec = importlib.util.spec_from_file_location(f"benchmarks.{arguments.name}", path)
    if spec is None or spec.loader is None:
        raise CommandError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return int(module.main(arguments.rest) or 0)


def _test(arguments: argparse.Namespace) -> int:
    for programs, (tests, packages) in NEEDED_BY_TESTS.items():
        if not any(shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") for program in programs):
            print(
                f"storefront: {programs[0]} is missing, so the tests of {tests} will fail and the others run. Install Debian's {packages}.",
                file=sys.stderr,
            )
    workers = (os.cpu_count() or 1) + 1  # tests also wait for disks, browsers and clocks
    given = arguments.rest or ["-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder"]  # in the order of tests/conftest.py
    python = str(ROOT / ".venv" / "bin" / "python")
    os.chdir(ROOT)
    # As for the shop itself (run.py): else each worker, and each process that a test starts, would compile all it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execv(python, [python, "-m", "pytest", *given])
