"""The provider's books beside ours, as the operator's command and the monitor tell of them. The provider has this shop alone."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.checkout import reconcile
from storefront.checkout.service import checkout_context
from storefront.platform.embedded.supervisor import Embedded
from storefront.settings import Settings
from tests.buying import offer, violations
from tests.commands import command
from tests.conftest import running_provider, settings_of_a_provider
from tests.sandbox import Sandbox, eventually
from tests.shopper import Shopper

Client = TestClient[web.Request, web.Application]


@pytest.fixture(scope="module")
def provider_settings(scratch: Path) -> Iterator[Settings]:
    with settings_of_a_provider(scratch / "provider-of-books") as found:
        yield found


@pytest.fixture(scope="module")
def provider(provider_settings: Settings) -> Iterator[Embedded]:
    """A provider whose books have nothing but what is charged here."""
    with running_provider(provider_settings) as running:
        yield running


@pytest.fixture
async def guest(client: Client, settings: Settings, provider: object) -> AsyncIterator[Shopper]:
    async with Shopper(settings.server.public_url) as shopper:
        yield shopper


async def test_who_compares_the_books_is_told_of_each_order_on_which_they_differ(
    guest: Shopper, client: Client, app: web.Application, settings: Settings, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    """By the command, and by the metric, which the job sets."""

    async def compared() -> tuple[int, str]:
        arguments, environment = command(settings, "reconcile")
        done = await asyncio.to_thread(subprocess.run, arguments, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    async def metric() -> str:
        await owner.execute("UPDATE periodic_job SET next_at = now(), last_finished_at = NULL WHERE name = 'reconcile'")

        async def done() -> bool:
            return bool(await owner.fetchval("SELECT last_finished_at IS NOT NULL FROM periodic_job WHERE name = 'reconcile'"))

        await eventually(done)
        async with client.get("/metrics") as answer:
            return next(line for line in (await answer.text()).splitlines() if line.startswith("storefront_payments_differ "))

    variant_id = await offer(owner)
    orders = [(await guest.place(await guest.filled_cart(variant_id)))[1] for _ in range(2)]
    assert await compared() == (0, "0 payments differ\n")
    intent = await owner.fetchval("SELECT provider_ref FROM payment_attempt WHERE order_id = $1", UUID(orders[0]["id"]))
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": intent, "amount": "700"})
    total = orders[0]["total"]["amount"]
    told = f"order {orders[0]['number']}, {intent}: ours {total}, the provider's {total - 700}\n1 payments differ\n"
    assert await compared() == (1, told)
    assert await metric() == "storefront_payments_differ 1.0"
    await reconcile.learn(checkout_context(app), UUID(orders[0]["id"]), actor="operator")
    assert await metric() == "storefront_payments_differ 0.0"
    assert await violations(owner) == []
