"""The provider's books and ours: what differs is healed or told, and what is right is left alone."""

import uuid
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from storefront.checkout import recovery
from storefront.checkout.model import CheckoutContext
from storefront.checkout.reconcile import Balance, Difference, reconcile
from storefront.orders import after_sale
from storefront.platform.clock import utc_now
from tests.buying import MovableClock, buyer_of, offer, stock_of, violations
from tests.sandbox import Sandbox, charge_request

ASKS_BACK = "pm_card_threeDSecure2Required"


@pytest.fixture
def since() -> datetime:
    return utc_now() - timedelta(minutes=1)


async def mine(shop: CheckoutContext, owner: asyncpg.Connection, since: datetime) -> list[Difference]:
    """Differences of this module's orders: the provider serves other modules' shops too."""
    rows = await owner.fetch("SELECT id FROM payment_attempt")
    return [found for found in await reconcile(shop, since) if found.attempt_id in {row["id"] for row in rows}]


async def test_books_that_agree_are_left_alone(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime
) -> None:
    """Paid, declined, waiting, refunded in part, cancelled."""
    variant_id = await offer(owner, on_hand=100)
    buyers = [await buyer_of(shop, option_id, (variant_id, 1)) for _ in range(5)]
    await buyers[0].place()
    await buyers[1].place(payment_method="pm_card_chargeDeclined")
    await buyers[2].place(payment_method=None)
    parts = (shop.database, shop.payments, shop.jobs)
    refunded, cancelled = [UUID((await buyer.place()).document()["id"]) for buyer in buyers[3:]]
    await after_sale.refund(*parts, refunded, amount=300, key="some", actor="operator")
    await after_sale.cancel(*parts, cancelled, actor="operator")
    before = await owner.fetch("SELECT id, state, updated_at FROM payment_attempt ORDER BY id")
    assert await mine(shop, owner, since) == []
    assert await owner.fetch("SELECT id, state, updated_at FROM payment_attempt ORDER BY id") == before


async def test_a_payment_that_no_event_told_us_of_is_found_and_its_order_paid(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime
) -> None:
    variant_id = await offer(owner, on_hand=5)
    waiting = (await (await buyer_of(shop, option_id, (variant_id, 1))).place(payment_method=ASKS_BACK)).document()
    await sandbox.send(waiting["next_action"]["redirect_url"], answer="approve")
    assert await mine(shop, owner, since) == []
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", UUID(waiting["id"])) == "paid"
    assert await stock_of(owner, variant_id) == (4, 0)
    assert await violations(owner) == []


async def test_money_of_an_order_that_was_given_up_is_found_and_goes_back(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime, clock: MovableClock
) -> None:
    variant_id = await offer(owner, on_hand=5)
    waiting = (await (await buyer_of(shop, option_id, (variant_id, 1))).place(payment_method=ASKS_BACK)).document()
    attempt_id = await owner.fetchval(
        "UPDATE payment_attempt SET state = 'cancelled' WHERE order_id = $1 RETURNING id", UUID(waiting["id"])
    )
    clock.forward(minutes=shop.settings.shop.reservation_minutes + 1)
    await recovery.recover(shop)
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", UUID(waiting["id"])) == "cancelled"
    await sandbox.send(waiting["next_action"]["redirect_url"], answer="approve")
    assert await mine(shop, owner, since) == [], "it is on its way back"
    clock.forward(minutes=1)
    await recovery.recover(shop)
    (intent,) = await sandbox.intents_of(attempt_id)
    assert [kind for kind, _ in await sandbox.movements(intent["id"])] == ["authorize", "capture", "refund"]
    assert await mine(shop, owner, since) == []
    assert await violations(owner) == []


async def test_a_refund_that_somebody_made_at_the_provider_is_told(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime
) -> None:
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    attempt = await owner.fetchrow("SELECT id, provider_ref FROM payment_attempt WHERE order_id = $1", UUID(order["id"]))
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": attempt["provider_ref"], "amount": "700"})
    (found,) = await mine(shop, owner, since)
    assert found == Difference(attempt["id"], order["number"], attempt["provider_ref"], Balance(1990, False), Balance(1290, False))


async def test_a_charge_that_we_know_nothing_of_is_told(shop: CheckoutContext, sandbox: Sandbox, since: datetime) -> None:
    request = charge_request(amount=4321)
    answer = await shop.payments.charge(request)
    found = [difference for difference in await reconcile(shop, since) if difference.attempt_id == request.attempt_id]
    assert found == [Difference(request.attempt_id, None, answer.provider_ref, Balance(0, False), Balance(4321, False))]


async def test_money_that_we_believe_in_and_the_provider_does_not_have_is_told(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime
) -> None:
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    lost = uuid.uuid4()
    await owner.execute("UPDATE payment_attempt SET id = $2, provider_ref = 'pi_of_nobody' WHERE order_id = $1", UUID(order["id"]), lost)
    found = [difference for difference in await reconcile(shop, since) if difference.attempt_id == lost]
    assert found == [Difference(lost, order["number"], None, Balance(1990, False), Balance(0, False))]
