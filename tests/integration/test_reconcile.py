"""The provider's books and ours: what differs is healed or told, and what is right is left alone."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.reconcile import Balance, Difference, learn, look_at, reconcile
from storefront.orders import after_sale
from storefront.orders import service as orders
from storefront.platform.clock import utc_now
from storefront.platform.embedded.supervisor import Embedded
from storefront.platform.errors import InvalidInput
from storefront.settings import Settings
from tests.buying import MovableClock, buyer_of, offer, stock_of, violations
from tests.conftest import running_provider, settings_of_a_provider
from tests.sandbox import Sandbox, charge_request, eventually

ASKS_BACK = "pm_card_threeDSecure2Required"


@pytest.fixture(scope="module")
def provider_settings(scratch: Path) -> Iterator[Settings]:
    with settings_of_a_provider(scratch / "provider-of-reconcile") as found:
        yield found


@pytest.fixture(scope="module")
def provider(provider_settings: Settings) -> Iterator[Embedded]:
    """A provider of this module's own: each comparison asks about every charge of the last minute that is not this shop's."""
    with running_provider(provider_settings) as running:
        yield running


@pytest.fixture
def since() -> datetime:
    return utc_now() - timedelta(minutes=1)


async def mine(shop: CheckoutContext, owner: asyncpg.Connection, since: datetime) -> list[Difference]:
    """Differences of this test's orders: other tests leave charges that differ."""
    rows = await owner.fetch("SELECT id FROM payment_attempt WHERE created_at >= $1", since + timedelta(minutes=1))
    return [found for found in await reconcile(shop, since) if found.attempt_id in {row["id"] for row in rows}]


async def broken(owner: asyncpg.Connection, number: str) -> list[str]:
    """The invariants that the auditor finds broken by this order: other tests leave charges that differ."""
    return [name for name, what, _ in await violations(owner) if number in what]


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
    assert found == Difference(attempt["id"], order["number"], attempt["provider_ref"], Balance(1990, 0), Balance(1290, 0))


async def test_a_charge_that_we_know_nothing_of_is_told(shop: CheckoutContext, sandbox: Sandbox, since: datetime) -> None:
    request = charge_request(amount=4321)
    answer = await shop.payments.charge(request)
    found = [difference for difference in await reconcile(shop, since) if difference.attempt_id == request.attempt_id]
    assert found == [Difference(request.attempt_id, None, answer.provider_ref, Balance(0, 0), Balance(4321, 0))]


async def test_money_that_we_believe_in_and_the_provider_does_not_have_is_told(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime
) -> None:
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    lost = uuid.uuid4()
    await owner.execute("UPDATE payment_attempt SET id = $2, provider_ref = 'pi_of_nobody' WHERE order_id = $1", UUID(order["id"]), lost)
    found = [difference for difference in await reconcile(shop, since) if difference.attempt_id == lost]
    assert found == [Difference(lost, order["number"], None, Balance(1990, 0), Balance(0, 0))]


async def test_an_attempt_that_was_charged_twice_is_told(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime
) -> None:
    """As if the provider had forgotten the key of the first call when the second came."""
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    attempt = await owner.fetchrow("SELECT id, provider_ref FROM payment_attempt WHERE order_id = $1", UUID(order["id"]))
    again = {"amount": "1990", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
    status, second = await sandbox.call("POST", "/v1/payment_intents", again | {"metadata[attempt_id]": str(attempt["id"])})
    assert (status, second["status"]) == (200, "succeeded")
    (found,) = await mine(shop, owner, since)
    assert found == Difference(attempt["id"], order["number"], attempt["provider_ref"], Balance(1990, 0), Balance(3980, 0))
    assert await broken(owner, order["number"]) == ["kept_equals_the_providers_books"]
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": second["id"], "amount": "1990"})
    assert await mine(shop, owner, since) == []
    assert await broken(owner, order["number"]) == []


async def test_a_charge_that_changes_at_the_provider_is_compared_however_old_it_is(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    attempt = await owner.fetchrow("SELECT id, provider_ref FROM payment_attempt WHERE order_id = $1", UUID(order["id"]))
    assert await look_at(shop, attempt["id"]) is None
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": attempt["provider_ref"], "amount": "700"})
    clock.forward(minutes=1)
    found = await look_at(shop, attempt["id"])
    assert found == Difference(attempt["id"], order["number"], attempt["provider_ref"], Balance(1990, 0), Balance(1290, 0))
    assert await broken(owner, order["number"]) == ["kept_equals_the_providers_books"]


async def test_an_authorization_that_ended_at_the_provider_ends_its_order_however_old_it_is(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox
) -> None:
    """It ran out, or somebody released it there; and no event told us."""
    shop.settings.payments.capture = "fulfillment"
    variant_id = await offer(owner, on_hand=5)
    buyers = [await buyer_of(shop, option_id, (variant_id, 1)) for _ in range(2)]
    ended, kept = [UUID((await buyer.place()).document()["id"]) for buyer in buyers]
    (ended_attempt, intent), (kept_attempt, _) = [
        await owner.fetchrow("SELECT id, provider_ref FROM payment_attempt WHERE order_id = $1", order_id) for order_id in (ended, kept)
    ]
    await sandbox.call("POST", f"/v1/payment_intents/{intent}/cancel")
    await owner.execute("UPDATE payment_attempt SET created_at = created_at - interval '8 days' WHERE order_id = ANY ($1)", [ended, kept])
    for _ in range(2):
        assert {ended_attempt, kept_attempt}.isdisjoint({found.attempt_id for found in await reconcile(shop, utc_now())})
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", ended) == "cancelled"
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", kept) == "authorized"
    assert await stock_of(owner, variant_id) == (4, 0)
    kinds = [row["kind"] for row in await owner.fetch("SELECT kind FROM order_event WHERE order_id = $1 ORDER BY id", ended)]
    assert kinds == ["placed", "authorized", "authorization_ended", "cancelled"]
    told = "SELECT count(*) FROM job WHERE payload ->> 'mail' = 'order_cancelled' AND payload ->> 'order_id' = $1"
    assert await owner.fetchval(told, str(ended)) == 1
    for order_id in (ended, kept):
        assert await broken(owner, await owner.fetchval("SELECT number FROM orders WHERE id = $1", order_id)) == []


async def test_a_capture_that_somebody_made_at_the_provider_is_learnt(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime, clock: MovableClock
) -> None:
    shop.settings.payments.capture = "fulfillment"
    order_id = UUID((await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()["id"])
    intent = await owner.fetchval("SELECT provider_ref FROM payment_attempt WHERE order_id = $1", order_id)
    await sandbox.call("POST", f"/v1/payment_intents/{intent}/capture")
    assert await mine(shop, owner, since) == [], "it is being learnt"
    clock.forward(minutes=1)
    await recovery.recover(shop)
    row = await owner.fetchrow("SELECT number, status, captured FROM orders WHERE id = $1", order_id)
    assert tuple(row)[1:] == ("paid", 1990)
    assert await sandbox.movements(intent) == [("authorize", 1990), ("capture", 1990)]
    assert await mine(shop, owner, since) == []
    assert await broken(owner, row["number"]) == []


async def test_a_refund_of_ours_that_came_back_is_learnt_when_an_operator_asks(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox
) -> None:
    """The event that would have told was lost."""
    await sandbox.misbehave([], takes_a_while=0)
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    order_id = UUID((await buyer.place(payment_method="pm_card_refundFail")).document()["id"])
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=500, key="once", actor="operator")
    intent = await owner.fetchval("SELECT provider_ref FROM payment_attempt WHERE order_id = $1 AND kind = 'charge'", order_id)

    async def sent_back() -> bool:
        return (await sandbox.movements(intent))[-1] == ("refund_failed", 500)

    await eventually(sent_back)
    for _ in range(2):
        await learn(shop, order_id, actor="operator")
    async with shop.database.write() as conn:
        order = await orders.order_by_id(conn, order_id)
    assert (order.refunded, order.refundable) == (0, order.captured)
    assert [event.kind for event in order.events].count("refund_failed") == 1
    assert await broken(owner, order.number) == []


async def test_what_was_given_back_at_the_provider_is_booked_once_when_an_operator_asks(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, since: datetime
) -> None:
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    order_id, parts = UUID(order["id"]), (shop.database, shop.payments, shop.jobs)
    charge = await owner.fetchrow("SELECT id, provider_ref FROM payment_attempt WHERE order_id = $1", order_id)
    await after_sale.refund(*parts, order_id, amount=300, key="ours", actor="operator")
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": charge["provider_ref"], "amount": "700"})
    assert len(await mine(shop, owner, since)) == 1
    for _ in range(2):
        await learn(shop, order_id, actor="operator")
    async with shop.database.write() as conn:
        found = await orders.order_by_id(conn, order_id)
    assert (found.refunded, found.refundable) == (1000, 990)
    assert [note.amount for note in found.credit_notes] == [300, 700]
    assert [event.actor for event in found.events if event.kind == "refunded_at_provider"] == ["operator"]
    with pytest.raises(InvalidInput):
        await after_sale.refund(*parts, order_id, amount=991, key="too much", actor="operator")
    for row in await owner.fetch("SELECT id FROM payment_attempt WHERE order_id = $1", order_id):
        await recovery.ask_again(shop, row["id"])  # as late events make the shop do
    moved = await sandbox.movements(charge["provider_ref"])
    assert [movement for movement in moved if movement[0] == "refund"] == [("refund", 300), ("refund", 700)]
    assert await mine(shop, owner, since) == []
    assert await broken(owner, order["number"]) == []
