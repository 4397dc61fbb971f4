"""Two thousand buyers on two replicas want a hundred units: a hundred get one, and the others are told so."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest
import uvloop

from benchmarks._client import Client
from tests.buying import offer, stock_of
from tests.drills_shop import DrilledShop, Placing, Refused, cart_of, delivery_option, drilled_shop, kind_of, with_details

T = TypeVar("T")
BUYERS, UNITS = 2000, 100
ROUNDS, FULL_ROUNDS = 1, 20
PREPARING = 64  # buyers who fill their carts at the same time


@pytest.fixture(scope="module")
def shop() -> Iterator[DrilledShop]:
    with drilled_shop() as found:
        yield found


class Buyer:
    """Keeps one connection. Every eighth orders at once; the others start checkout first, which holds the unit for them."""

    def __init__(self, number: int, url: str, option_id: int) -> None:
        self.client = Client(url)
        self.orders_at_once = number % 8 == 0
        self._email = f"buyer-{number}@shop.example"
        self._option_id = option_id

    async def fill_cart(self, variant_id: int, turn: asyncio.Semaphore) -> None:
        async with turn:
            self._path = await patiently(lambda: cart_of(self.client, variant_id))
            if self.orders_at_once:
                self._placing = await self._ready_to_order()

    async def race(self, variant_id: int) -> bool:
        """Whether the unit is theirs and paid for. Fails when they are told anything else than that, or that nothing is left."""
        if not self.orders_at_once:
            status, document = await self._checkout()
            if status == 200:
                self._placing = await self._ready_to_order()
        if self.orders_at_once or status == 200:
            status, document = await self._placing.until_answered(self.client)
        if status == 201:
            assert document["status"] == "paid"
            return True
        assert (status, kind_of(document)) == (409, "insufficient_stock"), (status, document)
        assert document["lines"] == [{"variant_id": variant_id, "wanted": 1, "available": 0}]
        assert [field["field"] for field in document["errors"]] == [f"lines.{variant_id}"]
        return False

    async def _ready_to_order(self) -> Placing:
        return Placing(await patiently(lambda: with_details(self.client, self._path, self._option_id, self._email)))

    async def _checkout(self) -> tuple[int, Any]:
        key = uuid.uuid4().hex
        while True:
            status, document = await self.client.call("POST", f"{self._path}/checkout", None, {"Idempotency-Key": key})
            if status != 503:
                return status, document
            await asyncio.sleep(0.25)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """As a client that is told by a busy shop to come again, and does."""
    while True:
        try:
            return await ask()
        except Refused as refusal:
            if refusal.status != 503:
                raise
        await asyncio.sleep(0.25)


async def one_race(shop: DrilledShop) -> float:
    """Returns how long it took from the start to the last answer, in seconds."""
    async with shop.owner() as owner:
        option_id, variant_id = await delivery_option(owner), await offer(owner, on_hand=UNITS)
        buyers = [Buyer(number, url, option_id) for number, url in zip(range(BUYERS), itertools.cycle(shop.urls), strict=False)]
        turn = asyncio.Semaphore(PREPARING)
        await asyncio.gather(*(buyer.fill_cart(variant_id, turn) for buyer in buyers))
        began = time.monotonic()
        winners = sum(await asyncio.gather(*(buyer.race(variant_id) for buyer in buyers)))
        took = time.monotonic() - began
        for buyer in buyers:
            buyer.client.close()
        assert winners == UNITS
        assert await stock_of(owner, variant_id) == (0, 0)
        of_this = "SELECT count(*) FROM orders o JOIN order_line l ON l.order_id = o.id WHERE l.variant_id = $1"
        assert await owner.fetchval(of_this, variant_id) == UNITS
        assert await owner.fetchval(f"{of_this} AND o.status = 'paid' AND o.captured = o.total", variant_id) == UNITS
        assert await owner.fetchval("SELECT count(*) FROM reservation WHERE state = 'held'") == 0
    return took


@pytest.mark.timeout(900)
def test_two_thousand_buyers_of_a_hundred_units_are_a_hundred_orders(
    shop: DrilledShop, at_full_length: bool, tell: Callable[[str], None]
) -> None:
    rounds = FULL_ROUNDS if at_full_length else ROUNDS
    for number in range(1, rounds + 1):
        took = uvloop.run(one_race(shop))
        tell(f"round {number} of {rounds}: {UNITS} orders, {BUYERS - UNITS} refused, {took:.1f} s")
    captured = [payment.captured for payment in asyncio.run(shop.payments()) if payment.captured]
    assert len(captured) == rounds * UNITS
    shop.must_hold()
