"""Processes that are killed: each statement, each provider call is a point before, during and after which SIGKILL may come.

A server with everything imported forks a process for each piece of work (`Mortals`), so that a life costs milliseconds. What the points
are is found by instrumentation: whatever goes through asyncpg (BEGIN and COMMIT too) and through the caller of the payment provider.
"""

import asyncio
import contextlib
import functools
import gc
import json
import os
import signal
import ssl
import subprocess
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvloop

from storefront.cart.view import cart_view
from storefront.checkout import idempotency, recovery, service, webhooks
from storefront.checkout.answers import refusal
from storefront.checkout.context import CheckoutContext
from storefront.checkout.model import Answer, BuyNow, PlaceOrder
from storefront.checkout.place_order import place_order
from storefront.checkout.together import Together
from storefront.inventory.gate import StockGate
from storefront.orders import after_sale, exchanges, returns
from storefront.orders.after_sale import NotPossibleNow
from storefront.orders.returns import Arrival
from storefront.payments.service import Payments
from storefront.payments.stripe_client import StripeCaller
from storefront.platform.clock import utc_now
from storefront.platform.database import Database
from storefront.platform.http import encode_json
from storefront.platform.jobs import Jobs
from storefront.settings import ROOT, Settings
from tests.known_types import learn_arrays, remember_types

ABANDONED = 20  # seconds until a life that neither ends nor is killed counts as hung


class Work(msgspec.Struct, frozen=True):
    """What a process is to do. `ahead`: seconds that its clock is fast. `ends`: the point at which it is killed, by number (from 0) or by
    name; None: none.
    """

    kind: str
    arguments: dict[str, Any]
    capture: str = "order"
    ahead: float = 0.0
    ends: int | str | None = None


class Life(msgspec.Struct, frozen=True):
    """What became of it: the points that it came to, and the exit code that the kernel tells (-9: killed)."""

    at: list[str]
    exit_code: int
    error: str = ""

    @property
    def killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL

    def __str__(self) -> str:
        return f"killed {self.at[-1]}" if self.killed else f"exit {self.exit_code} {self.error}"


async def do(shop: CheckoutContext, work: Work) -> Any:
    """The work itself, as the shop's handlers and jobs do it."""
    given = work.arguments
    after = (shop.database, shop.payments, shop.jobs)
    match work.kind:
        case "place":
            request = msgspec.convert(given["request"], PlaceOrder)
            return await place_order(shop, request, given["key"], path="/api/v1/orders")
        case "buy_now":
            return await _buy_now(shop, given)
        case "returned":
            return await service.returned(shop, UUID(given["order_id"]))
        case "capture":
            return await after_sale.capture(*after, UUID(given["order_id"]), actor="operator")
        case "cancel":
            return await after_sale.cancel(*after, UUID(given["order_id"]), actor="shopper")
        case "refund":
            return await after_sale.refund(*after, UUID(given["order_id"]), amount=given["amount"], key=given["key"], actor="operator")
        case "fulfill":
            lines = {int(line_id): quantity for line_id, quantity in given["lines"].items()}
            return await after_sale.fulfill(*after, UUID(given["order_id"]), lines=lines, key=given["key"], actor="operator")
        case "refund_return":
            return await _refund_return(shop, UUID(given["order_id"]), UUID(given["return_id"]))
        case "exchange":
            return await _exchange(shop, UUID(given["order_id"]), UUID(given["return_id"]))
        case "told":
            return await _told(shop, given["body"].encode(), given["signature"])
        case "recover":
            return await recovery.recover(shop)
        case unknown:
            raise ValueError(unknown)


async def _buy_now(shop: CheckoutContext, given: dict[str, Any]) -> Answer:
    """A cart is started with its stock held, under a key, as a client that buys at once asks for it."""
    wanted = msgspec.convert(given["wanted"], BuyNow)
    gate, lines = StockGate(shop.database), [(line.variant_id, line.quantity) for line in wanted.lines]

    async def start() -> Answer:
        started = await service.start_new(shop, gate, currency="EUR", customer_id=None, lines=lines, details=wanted.details)
        return Answer(201, encode_json(cart_view(started.cart, started.priced)), {})

    return await idempotency.once(
        shop.database,
        "new_cart:1",
        given["key"],
        idempotency.fingerprint("POST", "/api/v1/checkout", wanted),
        start,
        lambda error: refusal(shop.settings, error),
        now=shop.clock(),
        stale=shop.stale_after,
    )


async def _refund_return(shop: CheckoutContext, order_id: UUID, return_id: UUID) -> None:
    """The goods are back, and the money goes."""
    await _receive(shop, order_id, return_id)
    after = (shop.database, shop.payments, shop.jobs, order_id, return_id)
    await returns.refund(*after, delivery_amount=0, actor="operator", now=shop.clock())


async def _exchange(shop: CheckoutContext, order_id: UUID, return_id: UUID) -> None:
    """The goods are back, and their value is there for others."""
    await _receive(shop, order_id, return_id)
    await exchanges.offer(shop.database, shop.jobs, order_id, return_id, delivery_amount=0, actor="operator", now=shop.clock())


async def _receive(shop: CheckoutContext, order_id: UUID, return_id: UUID) -> None:
    """All that was announced came."""
    async with shop.database.write() as conn:
        found = await returns.held(conn, order_id, return_id)
    arrived = {line.order_line_id: Arrival(line.quantity, 0) for line in found.lines}
    with contextlib.suppress(NotPossibleNow):  # an operator who does it again is told that it was received, and goes on
        await returns.receive(shop.database, shop.jobs, order_id, return_id, arrived, actor="operator", now=shop.clock())


async def _told(shop: CheckoutContext, body: bytes, signature: str) -> None:
    """The provider's event is taken in, and what follows from it is done."""
    event = shop.payments.verify_webhook(body, signature)
    await webhooks.Inbox(shop).store(shop.settings.payments.provider, event)
    await webhooks.look_at_waiting(shop)
    shop.jobs.register(webhooks.JOB, lambda job: webhooks.apply_event(shop, job.payload))
    await shop.jobs.run_due()


def with_capture(settings: Settings, when: str) -> Settings:
    """The settings of a shop that takes the money then."""
    found = msgspec.convert(msgspec.to_builtins(settings), Settings)
    found.payments.capture = msgspec.convert(when, type(settings.payments).__annotations__["capture"])
    return found


class Mortals:
    """`with Mortals(settings) as mortals:`, then `mortals.live(work)` for each life."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> "Mortals":
        command = [sys.executable, "-m", "tests.drills_killed"]
        self._server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._send(msgspec.json.encode(self._settings))
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(10)

    def live(self, work: Work) -> Life:
        """Returns when the process is gone."""
        self._send(msgspec.json.encode(work))
        assert self._server.stdout is not None
        return msgspec.json.decode(self._server.stdout.readline(), type=Life)

    def _send(self, line: bytes) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(line + b"\n")
        self._server.stdin.flush()


# --- the server and its children -------------------------------------------------------------------------------------------------


class _Points:
    """Tells the server of each point as it is reached, and ends this process at one of them."""

    def __init__(self, told: int, ends: int | str | None) -> None:
        self._told = told
        self._ends = ends
        self._count = 0

    def reached(self, what: str) -> None:
        if self._tell(what):
            _die()

    def under_way(self, what: str) -> None:
        """The statement is sent with the loop's next breath; then the kill comes before its answer does."""
        if self._tell(what):
            asyncio.get_running_loop().call_soon(_die)

    def _tell(self, what: str) -> bool:
        os.write(self._told, f"{what}\n".encode())
        self._count += 1
        return self._ends in (self._count - 1, what)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _instrument(points: _Points) -> None:
    connection: Any = asyncpg.Connection
    execute, with_arguments, call = connection.execute, connection._execute, StripeCaller._once

    @functools.wraps(execute)
    async def without(self: Any, query: str, *args: Any, timeout: float | None = None) -> Any:
        if args:
            return await execute(self, query, *args, timeout=timeout)  # which comes by `_execute`
        return await _around(points, query, execute(self, query, timeout=timeout))

    @functools.wraps(with_arguments)
    async def statement(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        return await _around(points, str(query), with_arguments(self, query, *args, **options))

    @functools.wraps(call)
    async def called(self: Any, operation: str, make: Any) -> Any:
        points.reached(f"before the call {operation}")
        try:
            return await call(self, operation, make)
        finally:
            points.reached(f"after the call {operation}")

    connection.execute, connection._execute = without, statement
    provider: Any = StripeCaller
    provider._once = called


async def _around(points: _Points, query: str, statement: Any) -> Any:
    what = next((line for line in query.splitlines() if line.strip() and not line.startswith("--")), "")[:60]
    points.reached(f"before {what}")
    points.under_way(f"during {what}")
    answer = await statement
    points.reached(f"after {what}")
    return answer


async def _live(settings: Settings, work: Work, points: _Points) -> None:
    database, payments = Database(settings.database.url, [], settings.database), Payments(settings)
    await database.start()
    ahead = timedelta(seconds=work.ahead)
    shop = CheckoutContext(
        database=database,
        together=Together(database, settings),
        payments=payments,
        jobs=Jobs(settings, database),
        settings=with_capture(settings, work.capture),
        clock=lambda: utc_now() + ahead,
    )
    _instrument(points)
    await do(shop, work)


def _child(settings: Settings, work: Work, told: int) -> int:
    signal.alarm(ABANDONED)
    os.dup2(2, 1)  # what is logged is no answer of the server's
    try:
        uvloop.run(_live(settings, work, _Points(told, work.ends)))
    except Exception as error:
        os.write(told, f"error {error!r}\n".replace("\n", " ").encode() + b"\n")
        return 1
    return 0


def _in_a_process_of_its_own(settings: Settings, work: Work) -> Life:
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        os._exit(_child(settings, work, writes))
    os.close(writes)
    with os.fdopen(reads) as told:
        at = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    errors = [line for line in at if line.startswith("error ")]
    return Life([line for line in at if line not in errors], os.waitstatus_to_exitcode(status), " ".join(errors))


async def _warm(settings: Settings) -> None:
    """A first call, for what the provider's library imports then, and what the driver asks of types."""
    await learn_arrays(settings.database.url)
    payments = Payments(settings)
    await payments.lookup(attempt_id=uuid4())
    await payments.close()


def _serve() -> None:
    # Read once for all lives: it is the dearest part of a process's first call.
    ssl.create_default_context = functools.cache(ssl.create_default_context)
    remember_types()
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    settings.database.pool_min = 1
    uvloop.run(_warm(settings))
    gc.disable()
    gc.freeze()  # else a child would touch, and copy, what it shares with all others
    for line in sys.stdin.buffer:
        life = _in_a_process_of_its_own(settings, msgspec.json.decode(line, type=Work))
        sys.stdout.buffer.write(json.dumps(msgspec.to_builtins(life)).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
