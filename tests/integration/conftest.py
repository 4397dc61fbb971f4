"""What the tests of buying share: checkout made of the real parts, and one way to deliver."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from storefront.checkout.model import CheckoutContext
from storefront.payments.service import Payments
from storefront.platform.database import Database
from storefront.platform.jobs import Jobs
from storefront.settings import Settings
from tests.buying import MovableClock, open_for_delivery
from tests.sandbox import Sandbox


@pytest.fixture
def clock() -> MovableClock:
    """The time of `shop`."""
    return MovableClock()


@pytest.fixture
async def shop(settings: Settings, database: Database, provider: object, clock: MovableClock) -> AsyncIterator[CheckoutContext]:
    """Checkout on the real parts, with a clock that can be moved."""
    payments, jobs = Payments(settings), Jobs(settings, database)
    yield CheckoutContext(database=database, payments=payments, jobs=jobs, settings=settings, clock=clock)
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
