"""Two replicas whose connections are cut within shared batches, while somebody holds a lock: each buyer has one order, paid once."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.errors import PaymentProviderAway
from storefront.checkout.idempotency import IdempotencyInFlight
from storefront.checkout.together import Together
from storefront.platform.database import FAILURES, Database
from storefront.settings import Settings
from tests.buying import Buyer, MovableClock, buyer_of, offer, stock_of, violations
from tests.sandbox import Sandbox

BUYERS, CUTS = 40, 25
MENDED_BY_TRYING_AGAIN = (*FAILURES, IdempotencyInFlight, PaymentProviderAway)


@pytest.fixture(params=["roomy", "full pools, and statements that run out of time"])
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    if request.param != "roomy":
        settings.database.pool_max, settings.database.statement_timeout_ms = 2, 300
    return settings


@pytest.fixture
async def other(shop: CheckoutContext) -> AsyncIterator[CheckoutContext]:
    """Another replica of `shop`."""
    database = Database(shop.settings.database.url, settings=shop.settings.database)
    await database.start()
    yield msgspec.structs.replace(shop, database=database, together=Together(database, shop.settings))
    await database.close()


class Placing:
    """A buyer who sends the same request with the same key until there is an answer, to whichever replica; some hang up now and then."""

    def __init__(self, buyer: Buyer, replicas: list[CheckoutContext]) -> None:
        self.buyer, self.replicas, self.key = buyer, replicas, uuid.uuid4().hex

    async def once(self) -> bool:
        """Whether there is an answer."""
        self.buyer.shop = random.choice(self.replicas)
        placing = asyncio.create_task(self.buyer.place(self.key))
        try:
            async with asyncio.timeout(random.choice((0.02, 20))):
                answer = await placing
        except MENDED_BY_TRYING_AGAIN:
            return False
        assert answer.status == 201, answer.body
        return True

    async def until_answered(self, stop: asyncio.Event) -> None:
        while not await self.once() and not stop.is_set():
            await asyncio.sleep(0.01)


async def _cut(owner: asyncpg.Connection, times: int) -> int:
    """Ends connections of the shop, some at a time, while they are at work."""
    cut = 0
    for _ in range(times):
        cut += await owner.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'storefront' AND state <> 'idle' ORDER BY random() LIMIT 2) busy"
        )
        await asyncio.sleep(0.03)
    return cut


async def test_batches_that_are_cut_lose_nothing_and_double_nothing(
    shop: CheckoutContext, other: CheckoutContext, owner: asyncpg.Connection, option_id: int, clock: MovableClock, sandbox: Sandbox
) -> None:
    variants = [await offer(owner, on_hand=BUYERS) for _ in range(3)]
    buyers = [await buyer_of(shop, option_id, (variants[n % 3], 1), (variants[(n + 1) % 3], 1)) for n in range(BUYERS)]
    placings, stop = [Placing(buyer, [shop, other]) for buyer in buyers], asyncio.Event()
    locker = await asyncpg.connect(shop.settings.database.migrate_url)
    try:
        running = [asyncio.create_task(placing.until_answered(stop)) for placing in placings]
        async with locker.transaction():
            await locker.execute("SELECT FROM stock WHERE variant_id = $1 FOR UPDATE", variants[0])
            cut = await _cut(owner, CUTS)
        cut += await _cut(owner, CUTS)
    finally:
        await locker.close()
    stop.set()
    await asyncio.gather(*running)
    for placing in placings:
        for _ in range(100):
            with contextlib.suppress(*MENDED_BY_TRYING_AGAIN):
                if await placing.once():
                    break
                clock.forward(seconds=shop.stale_after.total_seconds() + 1)  # whoever hung up in this round, too, has left its key behind
                await recovery.recover(shop)
        else:
            raise AssertionError("no answer")
    assert cut, "nothing was cut"
    rows = await owner.fetch(
        "SELECT o.id, o.status, o.total, o.captured, (SELECT array_agg(a.id) FROM payment_attempt a WHERE a.order_id = o.id) AS attempts "
        "FROM orders o WHERE o.cart_id = ANY ($1)",
        [buyer.cart_id for buyer in buyers],
    )
    assert [(row["status"], row["captured"] == row["total"]) for row in rows] == [("paid", True)] * BUYERS
    charged = [len(await sandbox.intents_of(attempt)) for row in rows for attempt in row["attempts"]]
    assert charged == [1] * BUYERS
    sold = [sum(place in (number % 3, (number + 1) % 3) for number in range(BUYERS)) for place in range(3)]
    assert [await stock_of(owner, variant) for variant in variants] == [(BUYERS - count, 0) for count in sold]
    assert await violations(owner) == []
