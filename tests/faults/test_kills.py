"""SIGKILL before, during and after every statement and every call to the provider, in each of the shop's ways with money.

Each kill is followed by the same request once more and by the recovery job, in either order. Then there is one order, one capture, and
stock that equals its ledger.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.model import Answer
from storefront.checkout.reconcile import reconcile
from storefront.orders.after_sale import NotPossibleNow
from storefront.platform.clock import utc_now
from storefront.platform.embedded.supervisor import Embedded
from storefront.pricing import gift_cards
from storefront.settings import Settings
from tests.buying import Buyer, MovableClock, buyer_of, offer, stock_of, violations
from tests.conftest import free_port, settings_for
from tests.drills_killed import Life, Mortals, Work, do, with_capture
from tests.sandbox import Sandbox

VISA, DECLINED, ASKS_BACK = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_threeDSecure2Required"
DEAD_FOR_SURE = 60  # seconds after which nobody waits for whoever held a key
ON_SHELF = 10
COMMITTING = (
    "COMMIT",
    "orders_pending(",
    "settle_paid_and_answer_each(",
)  # what ends a phase


@pytest.fixture(scope="module")
def provider_settings(durable: Path) -> Settings:
    return settings_for(durable / "provider", PAYMENTS__SANDBOX_PORT=str(free_port()))


@pytest.fixture(scope="module")
def provider(provider_settings: Settings) -> Iterator[Embedded]:
    """A provider whose books have nothing but what is charged here."""
    embedded = Embedded(provider_settings)
    embedded.start_provider()
    yield embedded
    embedded.stop()


@pytest.fixture
def mortals(settings: Settings) -> Iterator[Mortals]:
    with Mortals(settings) as found:
        yield found


class Case:
    """A buyer who has come to the moment in which the process dies, and what the shop must have made of it in the end."""

    status = "paid"
    capture = "order"
    refunded: tuple[int, ...] = ()

    def __init__(self, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox) -> None:
        self.shop, self.owner, self.option_id, self.sandbox = shop, owner, option_id, sandbox
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

    def order_work(self, kind: str, **given: Any) -> Work:
        return Work(kind, {"order_id": self.order_id} | given, self.capture)

    async def expect(self, status: int, work: Work) -> Answer:
        answer: Answer = await do(self.shop, work)
        assert answer.status == status, answer.body
        self.order_id = answer.document().get("id", "")
        return answer

    async def must_hold(self) -> None:
        """One order, the money once, the stock as sold."""
        orders = await self.owner.fetch("SELECT id, status FROM orders WHERE cart_id = $1", self.buyer.cart_id)
        assert [row["status"] for row in orders] == [self.status]
        attempts = await self.owner.fetch("SELECT id FROM payment_attempt WHERE order_id = $1 AND kind = 'charge'", orders[0]["id"])
        moved = [
            movement
            for row in attempts
            for intent in await self.sandbox.intents_of(row["id"])
            for movement in await self.sandbox.movements(intent["id"])
        ]
        assert [amount for kind, amount in moved if kind == "capture"] == [self.buyer.to_pay.amount], moved
        assert tuple(amount for kind, amount in moved if kind == "refund") == self.refunded, moved
        left = ON_SHELF if self.status == "cancelled" else ON_SHELF - 2
        assert await stock_of(self.owner, self.variant_id) == (left, 0)


class PaidAtOnce(Case):
    pass


class PaidOfWhatIsHeld(Case):
    """As most shoppers do: checkout was started, and each phase is one statement."""

    async def prepare(self) -> Work:
        await self.shopping()
        await self.buyer.check_out()
        return self.placing(VISA)


class RedirectedWhilePlacing(Case):
    """The process dies while it sends the shopper to their bank."""

    async def prepare(self) -> Work:
        await self.shopping()
        return self.placing(ASKS_BACK)

    async def again(self, work: Work) -> None:
        answer = await self.expect(202, work)
        await self.sandbox.send(answer.document()["next_action"]["redirect_url"], answer="approve")
        assert await do(self.shop, self.order_work("returned")) == "paid"


class BackFromTheBank(Case):
    """The process dies when the shopper, who has confirmed the payment, comes back."""

    async def prepare(self) -> Work:
        await self.shopping()
        answer = await self.expect(202, self.placing(ASKS_BACK))
        await self.sandbox.send(answer.document()["next_action"]["redirect_url"], answer="approve")
        return self.order_work("returned")

    async def again(self, work: Work) -> None:
        assert await do(self.shop, work) == "paid"


class Declined(Case):
    """The process dies while the card is declined; another card pays."""

    async def prepare(self) -> Work:
        await self.shopping()
        return self.placing(DECLINED)

    async def again(self, work: Work) -> None:
        await self.expect(402, work)
        await self.expect(201, self.placing(VISA, uuid.uuid4().hex))


class PaidAfterDeclined(Case):
    """The process dies while the second card pays."""

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(402, self.placing(DECLINED, uuid.uuid4().hex))
        return self.placing(VISA)


class GiftCardInPart(Case):
    async def prepare(self) -> Work:
        self.code = await self.shop.database.transaction(lambda conn: gift_cards.issue(conn, 1000, "EUR"))
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
    status = "cancelled"

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(201, self.placing(VISA))
        self.refunded = (self.buyer.to_pay.amount,)
        return self.order_work("cancel")

    async def again(self, work: Work) -> None:
        await do(self.shop, work)


class Refunded(Case):
    """In part, under a key."""

    refunded = (500,)

    async def prepare(self) -> Work:
        await self.shopping()
        await self.expect(201, self.placing(VISA))
        return self.order_work("refund", amount=500, key="once")

    async def again(self, work: Work) -> None:
        await do(self.shop, work)


FLOWS = (
    PaidAtOnce,
    PaidOfWhatIsHeld,
    RedirectedWhilePlacing,
    BackFromTheBank,
    Declined,
    PaidAfterDeclined,
    GiftCardInPart,
    AuthorizedThenCaptured,
    Captured,
    Cancelled,
    Refunded,
)


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
    whole = await one_life(flow(shop, owner, option_id, sandbox), None, mortals, clock)
    assert whole.exit_code == 0, whole.error
    assert {"before", "during", "after"} <= {point.partition(" ")[0] for point in whole.at if any(word in point for word in COMMITTING)}
    assert any(point.startswith("after the call") for point in whole.at)
    ends = chosen(whole.at, at_full_length)
    for end in ends:
        life = await one_life(flow(shop, owner, option_id, sandbox), end, mortals, clock)
        assert life.killed, (end, life.error)
        assert life.at == whole.at[: end + 1]
    tell(f"{flow.__name__}: {len(ends)} kills at {len(whole.at)} points")
    assert await reconcile(shop, utc_now() - timedelta(days=1)) == []
    assert await violations(owner) == []


def chosen(points: list[str], every: bool) -> list[int]:
    """All points, or those around commits and calls and a quarter of the others: before, during, after, in turn."""
    decisive = (*COMMITTING, " the call ")
    return [n for n, point in enumerate(points) if every or any(word in point for word in decisive) or n % 4 == 0]


async def one_life(case: Case, ends: int | None, mortals: Mortals, clock: MovableClock) -> Life:
    """The process is killed at that point; then a retry and recovery, and at every other point recovery and a retry."""
    clock.ahead = timedelta()
    work = await case.prepare()
    life = mortals.live(Work(work.kind, work.arguments, work.capture, ends=ends))
    clock.forward(seconds=DEAD_FOR_SURE)
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
