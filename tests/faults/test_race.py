"""Two thousand buyers on two replicas want a hundred units: a hundred get one, and the others are told so. And one buyer who asks a
hundred times for one thing.
"""

import asyncio
import contextlib
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest
import uvloop

from benchmarks._client import Client
from tests.buying import offer, stock_of
from tests.drills_shop import DrilledShop, Placing, Refused, cart_of, delivery_option, drilled_shop, kind_of, with_details
from tests.sandbox import Sandbox, eventually

T = TypeVar("T")
BUYERS, UNITS = 2000, 100
ROUNDS, FULL_ROUNDS = 1, 20
PREPARING = 64  # buyers who fill their carts at the same time
REPEATS = 100  # of one request
LEAVES = 5  # one client of so many goes away
TAKES_A_WHILE = {"fault": "slow", "seconds": 0.5, "method": "POST", "path": "/v1/payment_intents"}


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
    before = _captures(shop)
    rounds = FULL_ROUNDS if at_full_length else ROUNDS
    for number in range(1, rounds + 1):
        took = uvloop.run(one_race(shop))
        tell(f"round {number} of {rounds}: {UNITS} orders, {BUYERS - UNITS} refused, {took:.1f} s")
    assert _captures(shop) - before == rounds * UNITS
    shop.must_hold()


def _captures(shop: DrilledShop) -> int:
    return sum(payment.captured > 0 for payment in asyncio.run(shop.payments()))


# --- one key ---------------------------------------------------------------------------------------------------------------------


class Given(NamedTuple):
    """An answer as it came."""

    status: int
    body: bytes
    replayed: bool
    retry_after: str


class OneKey:
    """One request that many clients send, byte for byte. `at_work`: those that were told that it is at work."""

    def __init__(self, placing: Placing, http: aiohttp.ClientSession) -> None:
        self.http = http
        self.body = json.dumps(placing.body).encode()
        self.headers = {"Content-Type": "application/json", "Idempotency-Key": placing.key}
        self.at_work: list[Given] = []

    async def ask(self, url: str) -> Given:
        """The answer to one request."""
        async with self.http.post(f"{url}/api/v1/orders", data=self.body, headers=self.headers) as answer:
            given = answer.headers
            return Given(answer.status, await answer.read(), given.get("Idempotent-Replayed") == "true", given.get("Retry-After", ""))

    async def ask_until_answered(self, url: str) -> Given:
        """The answer of a client that is told to come again, and does."""
        while (given := await self.ask(url)).status != 201:
            assert given.status in (409, 503), given
            assert given.status == 503 or kind_of(json.loads(given.body)) == "idempotency_in_flight", given
            self.at_work += [given] if given.status == 409 else []
            await asyncio.sleep(int(given.retry_after))
        return given

    @contextlib.asynccontextmanager
    async def asked_by_one_who_leaves(self, url: str, of_body: float = 1.0) -> AsyncIterator[None]:
        """A client that has sent this part of the body, and at the end goes away without having read anything."""
        where = urlsplit(url)
        _, writer = await asyncio.open_connection(where.hostname, where.port)
        lines = ["POST /api/v1/orders HTTP/1.1", f"Host: {where.netloc}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + self.body[: int(of_body * len(self.body))])
        await writer.drain()
        yield
        writer.close()

    async def leave(self, url: str, of_body: float) -> None:
        async with self.asked_by_one_who_leaves(url, of_body):
            pass


async def ask_a_hundred_times(shop: DrilledShop, owner: asyncpg.Connection, http: aiohttp.ClientSession, *, first_leaves: bool) -> None:
    """One client comes first; whether that one goes away or stays for its answer, the others come while its request is at work."""
    client, variant_id = Client(shop.urls[0]), await offer(owner)
    cart = await with_details(client, await cart_of(client, variant_id), await delivery_option(owner), "ada@shop.example")
    client.close()
    placing = Placing(cart)
    key = OneKey(placing, http)
    urls = [url for url, _ in zip(itertools.cycle(shop.urls), range(REPEATS), strict=False)]

    async def claimed() -> bool:
        return bool(await owner.fetchval("SELECT EXISTS (SELECT FROM idempotency_key WHERE key = $1)", placing.key))

    if first_leaves:
        async with key.asked_by_one_who_leaves(urls[0]):
            await eventually(claimed)
        stays = []
    else:
        stays = [asyncio.create_task(key.ask_until_answered(urls[0]))]
        await eventually(claimed)
    leaving = [asyncio.create_task(key.leave(url, 1.0 if number % 4 < 2 else 0.5)) for number, url in enumerate(urls[1::LEAVES])]
    stays += [asyncio.create_task(key.ask_until_answered(url)) for number, url in enumerate(urls[1:]) if number % LEAVES]
    await asyncio.gather(*leaving)
    answers = await asyncio.gather(*stays)

    assert {answer.body for answer in answers} == {answers[0].body}
    assert [answer.replayed for answer in answers].count(False) == (0 if first_leaves else 1)
    assert key.at_work, "nobody came while the first was at work, so nothing was shown"
    assert all(int(answer.retry_after) >= 1 for answer in key.at_work)
    of_cart = "SELECT array_agg(number) FROM orders WHERE cart_id = $1 AND status = 'paid'"
    numbers = await owner.fetchval(of_cart, uuid.UUID(cart["id"]))
    assert numbers == [json.loads(answers[0].body)["number"]]
    captured = [payment.captured for payment in await shop.payments() if payment.order_number in numbers]
    assert captured == [cart["total"]["amount"]]
    assert await stock_of(owner, variant_id) == (9, 0)


async def test_a_hundred_requests_with_one_key_at_two_replicas_are_one_order(shop: DrilledShop) -> None:
    async with (
        shop.owner() as owner,
        Sandbox(shop.settings) as sandbox,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        await sandbox.misbehave([TAKES_A_WHILE])
        for first_leaves in (False, True):
            await ask_a_hundred_times(shop, owner, http, first_leaves=first_leaves)
    await asyncio.to_thread(shop.must_hold)
