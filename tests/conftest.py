"""Real parts for every test: PostgreSQL (with a standby), Valkey and the sandbox provider, started once for each worker.

A template database is migrated once and cloned for each test module. fsync is off here; tests/faults have it on.
"""

import asyncio
import contextlib
import fcntl
import gc
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp_jinja2
import asyncpg
import hypothesis
import jinja2
import msgspec
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient
from argon2 import PasswordHasher
from jinja2.bccache import Bucket
from pytest_aiohttp.plugin import AiohttpClient

from storefront.accounts import passwords
from storefront.platform.database import Database, StatementCount
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.supervisor import Embedded
from storefront.platform.embedded.valkey import Valkey
from storefront.platform.migrations import APP_ROLE, migrate
from storefront.settings import ROOT, Settings, ShopSettings, complete_secrets, load_settings
from tests.known_types import remember_types
from tests.scratch import InMemory, in_memory

# How fast a machine draws examples says nothing of the shop.
hypothesis.settings.register_profile("shop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shop")

StatementCount.possible = True
remember_types()
# In colour, with the values of all variables, what is logged of one exception would take as long as a test.
_told_plainly = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _told_plainly])
SHARED_DATA = ROOT.parent / "shared" / "data"

# Made up here once: made by the shop, each would be flushed to the disk for each of a thousand tests.
SECRETS = {
    "SECURITY__SIGNING_SECRET": "what the tests sign with, and nobody else",
    "PAYMENTS__API_KEY": "sk_test_of_the_tests",
    "PAYMENTS__WEBHOOK_SECRET": "whsec_of_the_tests",
    "SHOP__OPERATOR_PASSWORD": "the password of the tests",
}


# They begin first, in this order: one that begins last leaves the other workers idle. The others are short.
LONGEST = (
    "browser/test_every_page",
    "integration/test_stateful",
    "faults/test_kills",
    "integration/test_pages",
    "faults/test_runtime",
    "integration/test_demo",
    "integration/test_office",
    "faults/test_embedded",
    "faults/test_race",
    "integration/test_openapi",
    "browser/test_buying",
    "browser/test_mistakes",
    "integration/test_search_index",
    "faults/test_chaos",
    "integration/test_orders_export",
    "browser/test_browsing",
    "unit/test_search_matching",
    "faults/test_edge",
    "faults/test_redis_away",
    "integration/test_search",
    "integration/test_fast_lane",
    "browser/test_accounts",
    "integration/test_catalog_import",
    "integration/test_catalog_roundtrip",
    "integration/test_returns",
    "unit/test_pricing",
    "faults/test_card_numbers",
    "faults/test_freshness",
    "integration/test_buying_pages",
    "integration/test_audit",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the modules that take longest first."""
    rank = {f"tests/{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


IN_MEMORY = pytest.StashKey[InMemory | None]()


def pytest_configure(config: pytest.Config) -> None:
    """One folder for all workers, which inherit it. Whoever names a folder for temporary files is obeyed."""
    config.stash[IN_MEMORY] = in_memory() if "TMPDIR" not in os.environ else None


def pytest_unconfigure(config: pytest.Config) -> None:
    made = config.stash.get(IN_MEMORY, None)
    if made is not None:
        made.forget()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--drill", action="store_true", help="run the drills at their full length (docs/drills.md)")
    parser.addoption("--pictures", action="store_true", help="take a picture of every page, wide and narrow, into tests/screenshots")


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """How passwords are hashed in earnest, which takes 64 MB and most of the time in which a test's shop starts: here they are not."""
    earnest = passwords.hasher
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    yield earnest
    passwords.hasher = earnest


@pytest.fixture(scope="session")
def at_full_length(request: pytest.FixtureRequest) -> bool:
    """Whether the drills were asked for at their full length."""
    return bool(request.config.getoption("--drill"))


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Writes a line of what a drill measured to the terminal; nowhere when tests run beside each other."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")

    def write(text: str) -> None:
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.write_line(text)

    return write


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder of this worker that PostgreSQL's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="storefront-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def for_all_workers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def postgres(scratch: Path, for_all_workers: Path) -> Iterator[Postgres]:
    """A running cluster whose database `template_shop` is migrated and empty."""
    with serving_template(Postgres(scratch / "postgresql", fsync=False), for_all_workers / "cluster") as server:
        yield server


@contextlib.contextmanager
def serving_template(server: Postgres, made: Path) -> Iterator[Postgres]:
    """Runs a cluster with `template_shop`. Whoever comes first makes it, and leaves a copy in `made` for all others."""
    with made.with_suffix(".lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not made.exists():
            server.start()
            _run_sql(server, "CREATE DATABASE template_shop")
            asyncio.run(migrate(server.dsn(database="template_shop")))
            server.stop()
            _copy(server.folder, made)
    if not server.folder.exists():
        _copy(made, server.folder)
    server.start()
    yield server
    server.stop()


def _copy(folder: Path, to: Path) -> None:
    """With all its owners."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)


def _run_sql(server: Postgres, statement: str) -> None:
    async def run() -> None:
        conn = await asyncpg.connect(server.dsn(database="postgres"))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    asyncio.run(run())


@pytest.fixture(scope="session")
def valkey(scratch: Path) -> Iterator[Valkey]:
    """A running Valkey."""
    server = Valkey(scratch / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def standby(postgres: Postgres, scratch: Path) -> Iterator[Postgres]:
    """A streaming standby of `postgres`: a real read replica."""
    replica = postgres.standby(scratch / "standby")
    replica.start()
    yield replica
    replica.stop()


@pytest.fixture(scope="module")
def database_name(postgres: Postgres) -> Iterator[str]:
    """A migrated, empty database of this module's own."""
    name = f"shop_{uuid.uuid4().hex[:12]}"
    _run_sql(postgres, f"CREATE DATABASE {name} TEMPLATE template_shop STRATEGY FILE_COPY")
    yield name
    _run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


_HELD: deque[socket.socket] = deque(maxlen=400)


def free_port() -> int:
    """A TCP port that is free, and is given to nobody else: the kernel hands out no port that a socket is bound to, but whoever asks for
    this very one may still listen there (all our servers set SO_REUSEADDR). It is held until several hundred others were.
    """
    return hold(0)


def hold(port: int) -> int:
    """As `free_port`, of a port that is to be just this one. Raises OSError when it is taken."""
    held = reserve(port)
    _HELD.append(held)
    return int(held.getsockname()[1])


def reserve(port: int = 0) -> socket.socket:
    """Holds a port (0: any that is free) for whoever will listen there. Nothing answers until then. Raises OSError when it is taken."""
    held = socket.socket()
    try:
        if port:
            held.bind(("127.0.0.1", port))  # which fails if somebody else holds it; with SO_REUSEADDR it would be held twice
            held.close()
            held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        raise
    return held


def settings_for(folder: Path, **overrides: str) -> Settings:
    """Settings as a test shop has them; `overrides` are names like SHOP__CURRENCY."""
    given = {"DATA__DIR": str(folder), "SERVER__PORT": str(free_port()), "SHOP__DEMO": "false", "TELEMETRY__LOG_LEVEL": "error"}
    given |= SECRETS | overrides
    settings = load_settings({f"STOREFRONT_{name}": value for name, value in given.items()})
    complete_secrets(settings)
    return settings


@contextlib.contextmanager
def settings_of_a_provider(folder: Path) -> Iterator[Settings]:
    """Settings to start a sandbox provider with. Where it tells its events nobody listens, ever: another worker's shop would take them for
    its own.
    """
    with reserve() as nobody, reserve() as its_own:
        ports = {"SERVER__PORT": nobody.getsockname()[1], "PAYMENTS__SANDBOX_PORT": its_own.getsockname()[1]}
        yield settings_for(folder, DATABASE__FSYNC="false", **{name: str(port) for name, port in ports.items()})


@contextlib.contextmanager
def running_provider(settings: Settings) -> Iterator[Embedded]:
    """A sandbox payment provider, a process of its own."""
    embedded = Embedded(settings)
    embedded.start_provider()
    try:
        yield embedded
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def provider_settings(scratch: Path) -> Iterator[Settings]:
    """What this worker's provider was started with."""
    with settings_of_a_provider(scratch / "provider") as found:
        yield found


@pytest.fixture(scope="session")
def provider(provider_settings: Settings) -> Iterator[Embedded]:
    """This worker's provider."""
    with running_provider(provider_settings) as running:
        yield running


@pytest.fixture
def settings(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, database_name: str, valkey: Valkey, provider_settings: Settings
) -> Settings:
    """Settings of a shop on the real parts. Ask for `provider` too where payments are made."""
    return settings_on(tmp_path_factory.mktemp("shop"), postgres, database_name, valkey, provider_settings)


def settings_on(folder: Path, postgres: Postgres, database_name: str, valkey: Valkey, provider_settings: Settings) -> Settings:
    """Settings of a shop on these parts."""
    payments = provider_settings.payments
    return settings_for(
        folder,
        DATABASE__URL=postgres.dsn(APP_ROLE, database_name),
        DATABASE__MIGRATE_URL=postgres.dsn(database=database_name),
        CACHE__URL=valkey.url,
        CACHE__NAMESPACE=f"{database_name}-{uuid.uuid4().hex[:6]}",
        PAYMENTS__SANDBOX_PORT=str(provider_settings.sandbox_port),
        PAYMENTS__API_KEY=payments.api_key,
        PAYMENTS__WEBHOOK_SECRET=payments.webhook_secret,
        TELEMETRY__ACCESS_LOG_SAMPLE="0",
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The shop's database as the serving role sees it."""
    database = Database(settings.database.url, settings.database.replica_urls, settings.database)
    await database.start()
    yield database
    await database.close()


@pytest.fixture
def replica(standby: Postgres, database_name: str) -> str:
    """The address of this module's database on the standby, when it has arrived there."""

    async def arrived() -> None:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(asyncpg.InvalidCatalogNameError):
                    conn = await asyncpg.connect(standby.dsn(database=database_name))
                    return await conn.close()
                await asyncio.sleep(0.05)

    asyncio.run(arrived())
    return standby.dsn(APP_ROLE, database_name)


class _Compiled(jinja2.BytecodeCache):
    """What one app's templates were compiled to is what those of the next would be."""

    def __init__(self) -> None:
        self._by_key: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        found = self._by_key.get(bucket.key)
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._by_key[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session")
def compiled_templates() -> jinja2.BytecodeCache:
    """The templates of all apps of this worker: each would compile them for itself."""
    return _Compiled()


@pytest.fixture(scope="module")
def prepared() -> Iterator[list[ShopSettings]]:
    """What this module's database has been prepared for."""
    yield []
    gc.unfreeze()  # each app has put everything aside as if it lived as long as the process
    gc.collect()


@pytest.fixture
async def app(settings: Settings, prepared: list[ShopSettings], compiled_templates: jinja2.BytecodeCache) -> web.Application:
    """The whole shop on this module's database, with its operator, delivery and tax defaults, without products."""
    from storefront.app import create_app
    from storefront.setup import prepare_shop

    if prepared[-1:] != [settings.shop]:
        await prepare_shop(settings, lambda text: None)
        await _put_off_the_comparison(settings)
        prepared.append(msgspec.structs.replace(settings.shop))
    made = await create_app(settings)
    aiohttp_jinja2.get_env(made).bytecode_cache = compiled_templates
    return made


async def _put_off_the_comparison(settings: Settings) -> None:
    """The provider has the charges of all modules of this worker. At its start each shop would ask about every one that is not its own,
    and the next again, as few live to the end of it. A test of this work makes it due.
    """
    conn = await asyncpg.connect(settings.database.migrate_url)
    await conn.execute("INSERT INTO periodic_job (name, next_at) VALUES ('reconcile', now() + interval '1 day') ON CONFLICT DO NOTHING")
    await conn.close()


@pytest.fixture
async def client(app: web.Application, settings: Settings, aiohttp_client: AiohttpClient) -> TestClient[web.Request, web.Application]:
    """A client of `app`, which serves on its own public address (so that same-origin checks hold)."""
    return await aiohttp_client(app, server_kwargs={"port": settings.server.port})


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner of the tables, for arranging what the shop itself may not do."""
    conn = await asyncpg.connect(settings.database.migrate_url)
    yield conn
    await conn.close()


@pytest.fixture(scope="session")
def demo_pictures(for_all_workers: Path) -> Path:
    """A media folder with all pictures of the demo shop, to be copied; whichever worker asks first draws them for all."""
    from storefront.catalog.demo.model import read_shelves
    from storefront.catalog.demo.stock_room import stock
    from storefront.catalog.demo.studio import draw_all

    folder = for_all_workers / "demo-pictures"
    with folder.with_suffix(".lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        orders = [order for stocked in stock(read_shelves()) for order in stocked.orders]
        asyncio.run(draw_all(orders, folder, lambda count: None))
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real product files beside the project; a test that needs it is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"{SHARED_DATA} is not there")
    return SHARED_DATA
