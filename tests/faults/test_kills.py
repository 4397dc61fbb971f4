"""SIGKILL before, during and after every statement and every call to the provider, in each of the shop's ways with money.

Each kill is followed by the same request once more and by the recovery job, in either order. Then there is one order, one capture, each
refund once, and stock that equals its ledger.
"""

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.model import Answer
from storefront.checkout.reconcile import reconcile
from storefront.inventory import service as inventory
from storefront.orders import exchanges, returns
from storefront.orders import service as orders
from storefront.orders.after_sale import NotPossibleNow
from storefront.orders.model import NewReturn, NewReturnLine, OrderReturn
from storefront.payments.sandbox.events import signature
from storefront.platform.clock import utc_now
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.supervisor import Embedded
from storefront.platform.embedded.valkey import Valkey
from storefront.platform.money import Money
from storefront.pricing import gift_cards
from storefront.settings import Settings
from tests.buying import ADDRESS, Buyer, MovableClock, buyer_of, gift_card, offer, stock_of, violations
from tests.conftest import free_port, running_provider, settings_for, settings_on
from tests.drills_killed import Life, Mortals, Work, do, with_capture
from tests.sandbox import Sandbox

VISA, DECLINED, ASKS_BACK = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_threeDSecure2Required"
DEAD_FOR_SURE = 150  # seconds after which nobody waits for whoever held a key or a lease
ON_SHELF = 10
ALL_GOODS = 3000  # what both units cost, without their delivery
BACKENDS = "SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
LEAST_KILLS = 200  # in the shorter form too
COMMITTING = (
    "COMMIT",
    "hold_from_shelf(",
    "orders_pending(",
    "settle_paid_and_answer_each(",
)  # what ends a phase


@pytest.fixture(scope="module")
def provider_settings(durable: Path) -> Settings:
    return settings_for(durable / "provider", PAYMENTS__SANDBOX_PORT=str(free_port()))


@pytest.fixture(scope="module")
def provider(provider_settings: Settings) -> Iterator[Embedded]:
    """A provider whose books have nothing but what is charged here."""
    with running_provider(provider_settings) as running:
        yield running


@pytest.fixture(scope="module")
def mortals(durable: Path, postgres: Postgres, database_name: str, valkey: Valkey, provider_settings: Settings) -> Iterator[Mortals]:
    """One server for all flows: to import the shop takes as long as twenty lives."""
    with Mortals(settings_on(durable / "mortals", postgres, database_name, valkey, provider_settings)) as found:
        yield found


class Case:
    """A buyer who has come to the moment in which the process dies, and what the shop must have made of it in the end."""

    points = 30  # that there are at least; were there fewer, what finds them would be broken
    status = "paid"
    capture = "order"
    refunded: tuple[int, ...] = ()
    left = ON_SHELF - 2
    calls = True  # whether it asks the provider

    def __init__(
        self, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, mortals: Mortals, clock: MovableClock
    ) -> None:
        self.shop, self.owner, self.option_id = shop, owner, option_id
        self.sandbox, self.mortals, self.clock = sandbox, mortals, clock
        self.key = uuid.uuid4().hex

    async def prepare(self) -> Work:
        """Returns what the process that dies is to do."""
        await self.shopping()
        return self.placing(VISA)

    async def again(self, work: Work) -> None:
        """The same request once more, and what the shopper then does until the end."""
        answer = await self.expect(201, work)
        assert (await self.expect(201, work)).body == answer.body, "a repeat has the same answer"

    async def shopping(self, *codes: str) -> None:
        self.variant_id = await offer(self.owner, on_hand=ON_SHELF)
        self.buyer: Buyer = await buyer_of(self.shop, self.option_id, (self.variant_id, 2), codes=codes)

    def placing(self, payment_method: str, key: str = "") -> Work:
        """As `Buyer.place` asks for it."""
        request = {
            "cart_id": str(self.buyer.cart_id),
            "expected_total": {"amount": self.buyer.total.amount, "currency": "EUR"},
            "expected_to_pay": {"amount": self.buyer.to_pay.amount, "currency": "EUR"},
            "payment_method": payment_method,
        }
        return Work("place", {"request": request, "key": key or self.key}, self.capture)

    async def live(self, work: Work) -> Life:
        """Returns when the process is gone, and PostgreSQL has done with what it was sent last and let go of what it had locked."""
        ours = set(await self.owner.fetchval(BACKENDS))
        life = self.mortals.live(work)
        while set(await self.owner.fetchval(BACKENDS)) - ours:
            await asyncio.sleep(0.002)
        return life

    def order_work(self, kind: str, **given: Any) -> Work:
        return Work(kind, {"order_id": self.order_id} | given, self.capture)

    async def expect(self, status: int, work: Work) -> Answer:
        """The answer; if one was stored before it was asked for it is that one, and marked as a replay."""
        key = work.arguments["key"]
        stored = await self.owner.fetchval("SELECT response_body FROM idempotency_key WHERE key = $1 AND finished_at IS NOT NULL", key)
        answer: Answer = await do(self.shop, work)
        assert answer.status == status, answer.body
        assert (answer.replayed, stored) in ((False, None), (True, answer.body))
        self.order_id = answer.document().get("id", "")
        return answer

    async def must_hold(self) -> None:
        """One order, the money once, the stock as sold."""
        await self.is_paid_once(self.buyer, self.status, self.refunded)
        assert await stock_of(self.owner, self.variant_id) == (self.left, 0)

    async def is_paid_once(self, buyer: Buyer, status: str, refunded: tuple[int, ...] = ()) -> None:
        """The cart's one order, as it stands here and in the provider's books."""
        moved = await self.moved_for(buyer, status)
        assert [amount for kind, amount in moved if kind == "capture"] == [buyer.to_pay.amount], moved
        assert tuple(amount for kind, amount in moved if kind == "refund") == refunded, moved

    async def moved_for(self, buyer: Buyer, status: str) -> list[tuple[str, int]]:
        """What the provider's books have of the cart's one order."""
        found = await self.owner.fetch("SELECT id, status FROM orders WHERE cart_id = $1", buyer.cart_id)
        assert [row["status"] for row in found] == [status]
        attempts = await self.owner.fetch("SELECT id FROM payment_attempt WHERE order_id = $1 AND kind = 'charge'", found[0]["id"])
        return [
            movement
            for row in attempts
            for intent in await self.sandbox.intents_of(row["id"])
            for movement in await self.sandbox.movements(intent["id"])
        ]


class PaidAtOnce(Case):
    pass


class PaidOfWhatIsHeld(Case):
    """As most shoppers do: checkout was started, and each phase is one statement."""

    points = 12

    async def prepare(self) -> Work:
        await self.shopping()
        await self.buyer.check_out()
        return self.placing(VISA)


class BoughtNow(Case):
    """The process dies while a cart is started and its stock held; what it held for nobody ends with its time."""

    points = 15
    calls = False

    async def prepare(self) -> Work:
        self.variant_id = await offer(self.owner, on_hand=ON_SHELF)
        wanted = {
            "lines": [{"variant_id": self.variant_id, "quantity": 2}],
            "email": "ada@shop.example",
            "delivery_address": msgspec.to_builtins(ADDRESS),
            "fulfillment_option_id": self.option_id,
        }
        return Work("buy_now", {"wanted": wanted, "key": self.key})

    async def again(self, work: Work) -> None:
        answer = await self.expect(201, work)
        assert (await self.expect(201, work)).body == answer.body, "a repeat has the same answer"
        cart = answer.document()
        total, to_pay = (Money(cart[name]["amount"], "EUR") for name in ("total", "to_pay"))
        self.buyer = Buyer(self.shop, UUID(cart["id"]), total, to_pay)
        await self.expect(201, self.placing(VISA, uuid.uuid4().hex))

    async def must_hold(self) -> None:
        self.clock.forward(seconds=self.shop.hold_time.total_seconds())
        now = self.clock()
        await self.shop.database.transaction(lambda conn: inventory.release_expired(conn, now))
        await super().must_hold()


class RedirectedWhilePlacing(Case):
    """The process dies while it sends the shopper to their bank."""

    points = 45

    async def prepare(self) -> Work:
        await self.shopping()
        return self.placing(ASKS_BACK)

    async def again(self, work: Work) -> None:
        answer = await self.expect(202, work)
        await self.sandbox.send(answer.document()["next_action"]["redirect_url"], answer="approve")
        assert await do(self.shop, self.order_work("returned")) == "paid"


class BackFromTheBank(Case):
    """The process dies when the shopper, who has confirmed the payment, comes back."""

    points = 18

    async def prepare(self) -> Work:
        await self.shopping()
        answer = await self.expect(202, self.placing(ASKS_BACK))
        await self.sandbox.send(answer.document()["next_action"]["redirect_url"], answer="approve")
        return self.order_work("returned")

    async def again(self, work: Work) -> None:
        assert await do(self.shop, work) == "paid"


class Declined(Case):
    """The process dies while the card is declined; another card pays."""

    points = 45

    async def prepare(self) -> Work:
        await self.shopping()
        return self.placing(DECLINED)

    async def again(self, work: Work) -> None:
        await self.expect(402, work)
        await self.expect(201, self.placing(VISA, uuid.uuid4().hex))


class PaidAfterDeclined(Case):
    """The process dies while the second card pays."""

    points = 45

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(402, self.placing(DECLINED, uuid.uuid4().hex))
        return self.placing(VISA)


class GiftCardInPart(Case):
    async def prepare(self) -> Work:
        self.code = await gift_card(self.shop, 1000)
        await self.shopping(self.code)
        return self.placing(VISA)

    async def must_hold(self) -> None:
        await super().must_hold()
        assert self.buyer.to_pay.amount == self.buyer.total.amount - 1000
        assert await self.owner.fetchval("SELECT balance FROM gift_card WHERE code_hash = $1", gift_cards.code_hash(self.code)) == 0


class AuthorizedThenCaptured(Case):
    """The process dies while the money is put aside; it is taken later."""

    capture = "fulfillment"
    status = "paid"

    async def again(self, work: Work) -> None:
        await self.expect(201, work)
        await do(self.shop, self.order_work("capture"))


class Captured(Case):
    """The process dies while it takes the money that was put aside."""

    capture = "fulfillment"

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(201, self.placing(VISA))
        return self.order_work("capture")

    async def again(self, work: Work) -> None:
        try:
            await do(self.shop, work)
        except NotPossibleNow:
            assert await self.owner.fetchval("SELECT captured FROM orders WHERE id = $1", UUID(self.order_id)) > 0


class Cancelled(Case):
    points = 60
    status = "cancelled"
    left = ON_SHELF

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(201, self.placing(VISA))
        self.refunded = (self.buyer.to_pay.amount,)
        return self.order_work("cancel")

    async def again(self, work: Work) -> None:
        await do(self.shop, work)


class Refunded(Case):
    """In part, under a key."""

    points = 50
    refunded = (500,)

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(201, self.placing(VISA))
        return self.order_work("refund", amount=500, key="once")

    async def again(self, work: Work) -> None:
        await do(self.shop, work)


class LeftBehind(Case):
    """The recovery job dies while it goes on with what another dead process left: a charge whose answer nobody has."""

    points = 25

    async def prepare(self) -> Work:
        await self.shopping()
        self.placed = self.placing(VISA)
        await self.is_killed(self.placed, "after the call charge")
        return Work("recover", {}, self.capture, ahead=DEAD_FOR_SURE)

    async def again(self, work: Work) -> None:
        answer = await self.expect(201, self.placed)
        assert (await self.expect(201, self.placed)).body == answer.body, "a repeat has the same answer"

    async def is_killed(self, work: Work, at: str) -> None:
        life = await self.live(msgspec.structs.replace(work, ends=at))
        assert life.killed, life
        self.clock.forward(seconds=DEAD_FOR_SURE)


class LeftUnpaid(LeftBehind):
    """The recovery job dies while it gives up an order whose time is over, and which was never charged."""

    points = 40
    status = "cancelled"
    left = ON_SHELF

    async def prepare(self) -> Work:
        await self.shopping()
        self.placed = self.placing(VISA)
        await self.is_killed(self.placed, "before the call charge")
        self.clock.forward(hours=3)
        return Work("recover", {}, self.capture, ahead=self.clock.ahead.total_seconds())

    async def again(self, work: Work) -> None:
        await recovery.recover(self.shop)
        await self.expect(409, self.placed)

    async def must_hold(self) -> None:
        assert await self.moved_for(self.buyer, self.status) == []
        assert await stock_of(self.owner, self.variant_id) == (self.left, 0)


class LeftRefunding(LeftBehind):
    """The recovery job dies while it sends a refund that another process had decided."""

    points = 30
    refunded = (500,)

    async def prepare(self) -> Work:
        await self.shopping()
        self.placed = self.placing(VISA)
        await self.expect(201, self.placed)
        await self.is_killed(self.order_work("refund", amount=500, key="once"), "before the call refund")
        return Work("recover", {}, self.capture, ahead=DEAD_FOR_SURE)

    async def again(self, work: Work) -> None:
        await do(self.shop, self.order_work("refund", amount=500, key="once"))


class ToldByTheProvider(Case):
    """The process dies while it takes in and applies the news that a shopper, who never came back, has confirmed the payment."""

    points = 50

    async def prepare(self) -> Work:
        await self.shopping()
        answer = await self.expect(202, self.placing(ASKS_BACK))
        await self.sandbox.send(answer.document()["next_action"]["redirect_url"], answer="approve")
        body = json.dumps(await self.news())
        return Work("told", {"body": body, "signature": self.signed(body)}, self.capture)

    async def news(self) -> dict[str, Any]:
        """The provider's event of this payment."""
        _, listed = await self.sandbox.call("GET", "/v1/events?limit=100")
        return next(
            event
            for event in listed["data"]
            if event["type"] == "payment_intent.succeeded" and event["data"]["object"]["metadata"]["order_id"] == self.order_id
        )

    def signed(self, body: str) -> str:
        return signature(self.shop.settings.payments.webhook_secret, body.encode(), int(time.time()))

    async def again(self, work: Work) -> None:
        """It had no answer, so it comes again; and a job that the dead process had taken is due again in a minute."""
        await self.owner.execute("UPDATE job SET run_at = now() WHERE kind = 'payment_event'")
        await do(self.shop, work)

    async def must_hold(self) -> None:
        await super().must_hold()
        assert await self.owner.fetchval("SELECT count(*) FROM job WHERE kind = 'payment_event'") == 0
        assert await self.owner.fetchval("SELECT count(*) FROM webhook_inbox WHERE applied_at IS NULL") == 0


class Sent(Case):
    """The process dies while a parcel is noted, for which the money that was put aside is taken first."""

    points = 50
    capture = "fulfillment"
    status = "fulfilled"

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(201, self.placing(VISA))
        return await self.sending()

    async def sending(self) -> Work:
        rows = await self.owner.fetch("SELECT id, quantity FROM order_line WHERE order_id = $1", UUID(self.order_id))
        return self.order_work("fulfill", lines={str(row["id"]): row["quantity"] for row in rows}, key="once")

    async def again(self, work: Work) -> None:
        await do(self.shop, work)

    async def must_hold(self) -> None:
        await super().must_hold()
        sent = "SELECT array_agg((lines -> 0 ->> 'quantity')::int) FROM fulfillment WHERE order_id = $1"
        assert await self.owner.fetchval(sent, UUID(self.order_id)) == [2]


class ComesBack(Sent):
    """What was sent is on its way back."""

    capture = "order"
    resolution: Any = "refund"

    async def prepare(self) -> Work:
        await do(self.shop, await super().prepare())
        database, jobs, order_id = self.shop.database, self.shop.jobs, UUID(self.order_id)
        rows = await self.owner.fetch("SELECT id, quantity FROM order_line WHERE order_id = $1", order_id)
        wanted = NewReturn(tuple(NewReturnLine(row["id"], row["quantity"]) for row in rows), self.resolution)
        settings, now = self.shop.settings, self.shop.clock()
        asked = await returns.ask(database, jobs, settings, order_id, wanted, key="once", actor="shopper", now=now)
        await returns.approve(database, jobs, order_id, asked.id, answer="", actor="operator", now=now)
        self.return_id = asked.id
        return self.order_work(self.ending, return_id=str(asked.id))

    async def known(self) -> OrderReturn:
        async with self.shop.database.write() as conn:
            (found,) = (await orders.order_by_id(conn, UUID(self.order_id))).returns
        return found


class Returned(ComesBack):
    """The process dies while goods are received and their money goes back."""

    points = 80
    status = "returned"
    ending = "refund_return"
    refunded = (ALL_GOODS,)
    left = ON_SHELF

    async def must_hold(self) -> None:
        await super().must_hold()
        assert (await self.known()).state == "refunded"


class Exchanged(ComesBack):
    """The process dies while goods are received and their value is put into an exchange, which is then ordered."""

    points = 75
    calls = False
    status = "returned"
    ending = "exchange"
    resolution = "exchange"

    async def again(self, work: Work) -> None:
        await do(self.shop, work)
        cart = await exchanges.take_up(self.shop.database, await self.known())
        self.instead = Buyer(self.shop, cart.id, Money(0, "EUR"), Money(0, "EUR"))
        priced = await self.instead.look()
        assert priced.total - priced.to_pay == ALL_GOODS, "all that was paid for the goods is in the exchange, once"
        assert (await self.instead.place()).status == 201
        await exchanges.settle_all(self.shop.database, self.shop.payments, self.shop.jobs, now=self.shop.clock())

    async def must_hold(self) -> None:
        await super().must_hold()
        await self.is_paid_once(self.instead, "paid")
        assert (await self.known()).state == "exchanged"


FLOWS = (
    LeftUnpaid,  # first, while the provider has few payments: what it has not heard of is looked for among all of them
    PaidAtOnce,
    PaidOfWhatIsHeld,
    BoughtNow,
    RedirectedWhilePlacing,
    BackFromTheBank,
    Declined,
    PaidAfterDeclined,
    GiftCardInPart,
    AuthorizedThenCaptured,
    Captured,
    Cancelled,
    Refunded,
    LeftBehind,
    LeftRefunding,
    ToldByTheProvider,
    Sent,
    Returned,
    Exchanged,
)


@pytest.fixture(scope="module")
def kills() -> Counter[str]:
    """How many there were, by flow."""
    return Counter()


@pytest.mark.parametrize("flow", FLOWS)
async def test_a_process_may_be_killed_at_any_point(
    flow: type[Case],
    mortals: Mortals,
    shop: CheckoutContext,
    owner: asyncpg.Connection,
    option_id: int,
    sandbox: Sandbox,
    clock: MovableClock,
    at_full_length: bool,
    kills: Counter[str],
    tell: Callable[[str], None],
) -> None:
    shop = CheckoutContext(
        database=shop.database,
        together=shop.together,
        payments=shop.payments,
        jobs=shop.jobs,
        settings=with_capture(shop.settings, flow.capture),
        clock=clock,
    )

    async def one_life(ends: int | None) -> Life:
        return await killed_and_mended(flow(shop, owner, option_id, sandbox, mortals, clock), ends)

    whole = await one_life(None)
    assert whole.exit_code == 0, whole.error
    assert len(whole.at) >= flow.points
    assert {"before", "during", "after"} <= {point.partition(" ")[0] for point in whole.at if any(word in point for word in COMMITTING)}
    assert any(point.startswith("after the call") for point in whole.at) == flow.calls
    ends = chosen(whole.at, at_full_length)
    for end in ends:
        life = await one_life(end)
        assert life.killed, (end, life.error)
        assert life.at == whole.at[: end + 1]
        kills[flow.__name__] += 1
    tell(f"{flow.__name__}: {len(ends)} kills at {len(whole.at)} points")
    assert await reconcile(shop, utc_now() - timedelta(days=1)) == []
    assert await violations(owner) == []


def chosen(points: list[str], every: bool) -> list[int]:
    """All points, or those that decide and some of the others: before, during, after, in turn, and now the retry and now recovery first."""
    return [n for n, point in enumerate(points) if every or decides(point) or n % 11 == 0]


def decides(point: str) -> bool:
    """Around a call to the provider, or where a phase ends. Before its end is as after the statement before: nothing of it stands."""
    return " the call " in point or (any(word in point for word in COMMITTING) and not point.startswith("before"))


async def killed_and_mended(case: Case, ends: int | None) -> Life:
    """The process is killed at that point; then a retry and recovery, and at every other point recovery and a retry."""
    case.clock.ahead = timedelta()
    work = await case.prepare()
    life = await case.live(msgspec.structs.replace(work, ends=ends))
    case.clock.forward(seconds=DEAD_FOR_SURE)
    try:
        if ends is not None and ends % 2:
            await recovery.recover(case.shop)
        await case.again(work)
        done = await recovery.recover(case.shop)
        assert done.failed == 0
        await case.must_hold()
    except Exception as error:
        error.add_note(f"{life}, point {ends}")
        raise
    return life


def test_two_hundred_processes_and_more_were_killed(kills: Counter[str]) -> None:
    if set(kills) != {flow.__name__ for flow in FLOWS}:
        pytest.skip("only some of the flows were run")
    assert kills.total() >= LEAST_KILLS
