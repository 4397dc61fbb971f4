"""What the tests of buying share: checkout made of the real parts, one way to deliver, and a shop with goods on its shelves."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.checkout.context import CheckoutContext
from storefront.checkout.together import Together
from storefront.payments.service import Payments
from storefront.platform.clock import utc_now
from storefront.platform.database import DATABASE, Database
from storefront.platform.jobs import Jobs
from storefront.platform.sessions import OPERATOR_COOKIE, create_session
from storefront.search.index import SEARCH
from storefront.settings import Settings
from tests import shelves
from tests.buying import MovableClock, open_for_delivery
from tests.forms import Browser
from tests.sandbox import Sandbox, eventually


@pytest.fixture
def clock() -> MovableClock:
    """The time of `shop`."""
    return MovableClock()


@pytest.fixture(scope="module")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the index of a module's catalog may stay from test to test."""
    return tmp_path_factory.mktemp("search")


@pytest.fixture
async def shop(settings: Settings, database: Database, provider: object, clock: MovableClock) -> AsyncIterator[CheckoutContext]:
    """Checkout on the real parts, with a clock that can be moved."""
    payments, jobs = Payments(settings), Jobs(settings, database)
    yield CheckoutContext(
        database=database, together=Together(database, settings), payments=payments, jobs=jobs, settings=settings, clock=clock
    )
    await payments.close()


@pytest.fixture
async def option_id(owner: asyncpg.Connection) -> int:
    """A delivery option for 4.90 EUR."""
    return await open_for_delivery(owner)


@pytest.fixture
async def sandbox(settings: Settings, provider: object) -> AsyncIterator[Sandbox]:
    """The provider, well-behaved until it is told otherwise."""
    async with Sandbox(settings) as found:
        await found.misbehave([])
        yield found


@pytest.fixture
async def stocked(
    client: TestClient[web.Request, web.Application], settings: Settings, owner: asyncpg.Connection, provider: object, tmp_path: Path
) -> TestClient[web.Request, web.Application]:
    """A client of a shop that has the goods of `tests.shelves`, and finds them."""
    await shelves.fill(settings, owner, tmp_path)
    index = client.app[SEARCH]  # type: ignore[index]

    async def knows_all() -> bool:
        return bool(index.products >= shelves.MUGS + shelves.LAMPS)

    await eventually(knows_all)
    return client


@pytest.fixture
async def browser(client: TestClient[web.Request, web.Application], provider: object) -> Browser:
    """A guest's browser."""
    return Browser(client)


@pytest.fixture
async def operator(browser: Browser, app: web.Application) -> Browser:
    """A browser with an operator's session. Not by the form, which takes only so many from one address in a minute."""
    async with app[DATABASE].write() as conn:
        operator_id = await conn.fetchval("SELECT id FROM operator LIMIT 1")
        token = await create_session(conn, utc_now(), operator_id=operator_id)
    cookie = SimpleCookie({OPERATOR_COOKIE: token})
    cookie[OPERATOR_COOKIE]["path"] = "/admin"
    browser.client.session.cookie_jar.update_cookies(cookie, browser.client.make_url("/admin"))
    return browser
