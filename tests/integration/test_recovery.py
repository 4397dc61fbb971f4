"""A process may die before any statement, commit or call: the order is finished by a retry, or by recovery, and there is one charge."""

import uuid
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storefront.cart import service as carts
from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.errors import PaymentProviderAway, PaymentUnderWay
from storefront.checkout.idempotency import IdempotencyInFlight
from storefront.checkout.reconcile import learn
from storefront.orders import after_sale
from storefront.orders import service as orders
from storefront.payments import service as payments_service
from storefront.payments.errors import ProviderUnavailable, ProviderUnknown
from storefront.payments.model import ChargeRequest, ProviderAnswer
from storefront.payments.service import Payments
from storefront.platform.errors import InvalidInput, Unavailable
from storefront.settings import Settings
from tests.buying import Buyer, MovableClock, buyer_of, offer, stock_of, violations
from tests.conftest import free_port
from tests.dying import Died, Life, mortal
from tests.sandbox import Sandbox, charge_request, eventually

DECLINED = "pm_card_chargeDeclined"
ASKS_BACK = "pm_card_threeDSecure2Required"


async def captured_for(owner: asyncpg.Connection, sandbox: Sandbox, cart_id: UUID) -> list[int]:
    """Every capture that the provider's books have for orders of this cart."""
    rows = await owner.fetch("SELECT a.id FROM payment_attempt a JOIN orders o ON o.id = a.order_id WHERE o.cart_id = $1", cart_id)
    found: list[int] = []
    for row in rows:
        for intent in await sandbox.intents_of(row["id"]):
            found += [amount for kind, amount in await sandbox.movements(intent["id"]) if kind == "capture"]
    return found


async def dies_at(shop: CheckoutContext, buyer: Buyer, key: str, step: int | str | None, *, payment_method: str = "pm_card_visa") -> Life:
    """A process that begins to place the order and does not live past `step`."""
    life = Life(step)
    dying = Buyer(mortal(shop, life), buyer.cart_id, buyer.total, buyer.to_pay)
    try:
        await dying.place(key, payment_method=payment_method)
    except Died:
        assert life.over
    return life


async def a_whole_life(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, payment_method: str, *, checked_out: bool = False
) -> Life:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    if checked_out:
        await buyer.check_out()
    return await dies_at(shop, buyer, uuid.uuid4().hex, None, payment_method=payment_method)


@pytest.mark.parametrize("checked_out", [False, True])
async def test_after_a_death_at_any_step_a_retry_is_one_order_and_one_charge(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock, checked_out: bool
) -> None:
    """Of a cart that holds its goods, each phase is one statement; of one that does not, there is a transaction."""
    whole = await a_whole_life(shop, owner, option_id, "pm_card_visa", checked_out=checked_out)
    assert {"charge", "charged", "committed"} <= set(whole.at)
    assert ("commit" in whole.at, whole.steps > 15) == ((False, False) if checked_out else (True, True))
    for step in range(whole.steps):
        variant_id = await offer(owner, on_hand=10)
        buyer, key = await buyer_of(shop, option_id, (variant_id, 2)), uuid.uuid4().hex
        if checked_out:
            await buyer.check_out()
        life = await dies_at(shop, buyer, key, step)
        clock.forward(seconds=60)
        answer = await buyer.place(key)
        assert answer.status == 201, (step, life.at[-1:], answer.body)
        assert await captured_for(owner, sandbox, buyer.cart_id) == [buyer.total.amount], (step, life.at[-1:])
        assert await stock_of(owner, variant_id) == (8, 0), (step, life.at[-1:])
        assert (await buyer.place(key)).body == answer.body
    assert await violations(owner) == []


async def test_after_a_death_at_any_step_recovery_leaves_an_order_or_nothing(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    whole = await a_whole_life(shop, owner, option_id, "pm_card_visa")
    outcomes = set()
    for step in range(whole.steps):
        variant_id = await offer(owner, on_hand=10)
        buyer, key = await buyer_of(shop, option_id, (variant_id, 1)), uuid.uuid4().hex
        life = await dies_at(shop, buyer, key, step)
        clock.forward(seconds=60)
        done = await recovery.recover(shop)
        assert done.failed == 0, (step, life.at[-1:])
        order = await owner.fetchrow("SELECT status, total FROM orders WHERE cart_id = $1", buyer.cart_id)
        captured = await captured_for(owner, sandbox, buyer.cart_id)
        if order is None:
            assert (captured, await stock_of(owner, variant_id)) == ([], (10, 0)), (step, life.at[-1:])
        else:
            assert (order["status"], captured) == ("paid", [order["total"]]), (step, life.at[-1:])
            assert await stock_of(owner, variant_id) == (9, 0), (step, life.at[-1:])
        outcomes.add(order is None)
    assert outcomes == {True, False}
    assert await violations(owner) == []
    mails = "SELECT count(*) FROM job WHERE kind = 'order_mail' AND payload ->> 'order_id' = o.id::text"
    assert await owner.fetch(f"SELECT o.number FROM orders o WHERE status = 'paid' AND ({mails}) <> 1") == []


async def test_after_a_death_at_any_step_a_declined_card_holds_the_stock_and_takes_no_money(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    whole = await a_whole_life(shop, owner, option_id, DECLINED)
    for step in range(whole.steps):
        variant_id = await offer(owner, on_hand=10)
        buyer, key = await buyer_of(shop, option_id, (variant_id, 1)), uuid.uuid4().hex
        life = await dies_at(shop, buyer, key, step, payment_method=DECLINED)
        clock.forward(seconds=60)
        answer = await buyer.place(key, payment_method=DECLINED)
        assert answer.status == 402, (step, life.at[-1:], answer.body)
        assert await captured_for(owner, sandbox, buyer.cart_id) == []
        assert await stock_of(owner, variant_id) == (10, 1), (step, life.at[-1:])
    clock.forward(minutes=shop.settings.shop.reservation_minutes + 1)
    await recovery.recover(shop)
    assert await owner.fetchval("SELECT count(*) FROM reservation WHERE state = 'held'") == 0
    assert await violations(owner) == []


async def test_recovery_may_die_too(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    """At every step of finishing an order whose first process died after the charge."""
    step, finished = 0, False
    while not finished:
        variant_id = await offer(owner, on_hand=10)
        buyer, key = await buyer_of(shop, option_id, (variant_id, 1)), uuid.uuid4().hex
        await dies_at(shop, buyer, key, "charged")
        clock.forward(seconds=60)
        life = Life(step)
        try:
            await recovery.recover(mortal(shop, life))
            finished = True
        except Died:
            pass
        clock.forward(seconds=60)
        await recovery.recover(shop)
        assert (await buyer.place(key)).status == 201
        assert await captured_for(owner, sandbox, buyer.cart_id) == [buyer.total.amount], life.at[-1:]
        assert await stock_of(owner, variant_id) == (9, 0), life.at[-1:]
        step += 1
    assert step > 10
    assert await violations(owner) == []


async def test_an_order_whose_charge_was_never_made_is_given_up_in_the_end(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    """The shop was down for longer than recovery goes on with what a shopper began."""
    variant_id = await offer(owner, on_hand=10)
    buyer, key = await buyer_of(shop, option_id, (variant_id, 1)), uuid.uuid4().hex
    await dies_at(shop, buyer, key, "charge")
    assert await stock_of(owner, variant_id) == (10, 1)
    clock.forward(hours=3)
    for _ in range(3):
        await recovery.recover(shop)
        clock.forward(minutes=5)
    assert await owner.fetchval("SELECT status FROM orders WHERE cart_id = $1", buyer.cart_id) == "cancelled"
    assert await stock_of(owner, variant_id) == (10, 0)
    again = await buyer.place(key)
    assert (again.status, again.document()["type"].rpartition("/")[2]) == (409, "order_cancelled")
    assert await captured_for(owner, sandbox, buyer.cart_id) == []
    assert (await buyer.place()).status == 201
    assert await violations(owner) == []


async def test_a_key_whose_attempt_was_closed_is_told_of_the_payment_that_paid_or_begins_another(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    for paid_by_another in (True, False):
        variant_id = await offer(owner)
        buyer, key = await buyer_of(shop, option_id, (variant_id, 1)), uuid.uuid4().hex
        await dies_at(shop, buyer, key, "charge")
        order_id = await owner.fetchval("SELECT id FROM orders WHERE cart_id = $1", buyer.cart_id)
        await owner.execute("UPDATE payment_attempt SET state = 'cancelled' WHERE order_id = $1", order_id)
        if paid_by_another:
            assert (await buyer.place()).status == 201
        clock.forward(seconds=60)
        if paid_by_another:
            told = (await buyer.place(key)).document()
            assert (told["type"].rpartition("/")[2], told["order"]["id"]) == ("cart_ordered", str(order_id))
        else:
            with pytest.raises(IdempotencyInFlight):
                await buyer.place(key)
            answer = await buyer.place(key)
            assert (answer.status, answer.document()["id"]) == (201, str(order_id))
        assert await captured_for(owner, sandbox, buyer.cart_id) == [buyer.total.amount]
        assert await stock_of(owner, variant_id) == (9, 0)
    assert await violations(owner) == []


async def test_money_that_comes_for_an_order_that_was_given_up_goes_back(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    variant_id = await offer(owner, on_hand=1)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    waiting = (await buyer.place(payment_method=ASKS_BACK)).document()
    attempt_id = await owner.fetchval("SELECT id FROM payment_attempt WHERE order_id = $1", UUID(waiting["id"]))
    async with shop.database.write() as conn:  # as if the provider had not told us the truth when the order was given up
        await conn.execute("UPDATE payment_attempt SET state = 'cancelled' WHERE id = $1", attempt_id)
        await orders.cancel_unpaid(conn, UUID(waiting["id"]), "not_paid_in_time", now=clock())
    await sandbox.send(waiting["next_action"]["redirect_url"], answer="approve")
    assert await recovery.ask_again(shop, attempt_id) == "given_back"
    clock.forward(minutes=1)
    await recovery.recover(shop)
    (intent,) = await sandbox.intents_of(attempt_id)
    assert [kind for kind, _ in await sandbox.movements(intent["id"])] == ["authorize", "capture", "refund"]
    assert await stock_of(owner, variant_id) == (1, 0)
    assert await violations(owner) == []


async def test_money_that_has_gone_back_pays_for_nothing(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    """It came while another payment of its order was under way; the provider's event of the refund comes when that one is declined."""
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    waiting = (await buyer.place(payment_method=ASKS_BACK)).document()
    order_id = UUID(waiting["id"])
    first = await owner.fetchval("UPDATE payment_attempt SET state = 'cancelled' WHERE order_id = $1 RETURNING id", order_id)
    other = (await buyer.place(payment_method=ASKS_BACK)).document()
    second = await owner.fetchval("SELECT id FROM payment_attempt WHERE order_id = $1 AND id <> $2", order_id, first)
    await sandbox.send(waiting["next_action"]["redirect_url"], answer="approve")
    assert await recovery.ask_again(shop, first) == "given_back"
    await sandbox.send(other["next_action"]["redirect_url"], answer="refuse")
    assert await recovery.ask_again(shop, second) == "declined"
    for _ in range(2):
        assert await recovery.ask_again(shop, first) == "given_back"
        clock.forward(minutes=1)
        await recovery.recover(shop)
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", order_id) == "pending_payment"
    (intent,) = await sandbox.intents_of(first)
    assert [kind for kind, _ in await sandbox.movements(intent["id"])] == ["authorize", "capture", "refund"]
    assert (await buyer.place()).status == 201
    assert await stock_of(owner, variant_id) == (9, 0)
    assert await violations(owner) == []


async def test_money_that_was_given_back_at_the_provider_before_the_shop_knew_of_it_pays_for_nothing(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    await dies_at(shop, buyer, uuid.uuid4().hex, "charged")
    order_id = await owner.fetchval("SELECT id FROM orders WHERE cart_id = $1", buyer.cart_id)
    attempt_id = await owner.fetchval("SELECT id FROM payment_attempt WHERE order_id = $1", order_id)
    (intent,) = await sandbox.intents_of(attempt_id)
    for amount, became in ((500, "stuck"), (buyer.total.amount - 500, "cancelled")):
        await sandbox.call("POST", "/v1/refunds", {"payment_intent": intent["id"], "amount": str(amount)})
        assert await recovery.ask_again(shop, attempt_id) == became
        assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", order_id) == "pending_payment"
    await learn(shop, order_id, actor="operator")
    answer = await buyer.place()
    assert (answer.status, answer.document()["id"]) == (201, str(order_id))
    assert await stock_of(owner, variant_id) == (9, 0)
    assert await recovery.ask_again(shop, attempt_id) == "given_back"
    assert await void_of(owner, order_id) is None, "nothing is left to give back"
    assert await violations(owner) == []


async def test_an_order_whose_charge_was_never_made_is_charged_in_the_end_however_much_is_sold(
    shop: CheckoutContext,
    owner: asyncpg.Connection,
    option_id: int,
    sandbox: Sandbox,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The provider has more payments than are looked through for one that it may never have heard of."""
    monkeypatch.setattr(payments_service, "MOST_LISTED", 0)
    buyers = [await buyer_of(shop, option_id, (await offer(owner), 1)) for _ in range(2)]
    for buyer in buyers:
        await dies_at(shop, buyer, uuid.uuid4().hex, "charge")
    given_up, charged = [await owner.fetchval("SELECT id FROM orders WHERE cart_id = $1", buyer.cart_id) for buyer in buyers]
    clock.forward(minutes=1)
    await recovery.recover(shop)
    with pytest.raises(ProviderUnknown):
        await recovery.give_up(shop, given_up, "not_paid_in_time")
    await owner.execute("UPDATE payment_attempt SET created_at = created_at - $1::interval", payments_service.SEARCH_LAG)
    assert await recovery.give_up(shop, given_up, "not_paid_in_time")
    clock.forward(minutes=1)
    await recovery.recover(shop)
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", charged) == "paid"
    assert await captured_for(owner, sandbox, buyers[1].cart_id) == [buyers[1].total.amount]
    assert await captured_for(owner, sandbox, buyers[0].cart_id) == []


async def late_money(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, clock: MovableClock, payment_method: str, *, amount: int = 0
) -> tuple[UUID, str]:
    """(order, intent) of an order that was given up before its charge was made; then the money came (another `amount` than was asked for,
    if one is given), and is on its way back.
    """
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    await dies_at(shop, buyer, uuid.uuid4().hex, "charge", payment_method=payment_method)
    order_id = await owner.fetchval("SELECT id FROM orders WHERE cart_id = $1", buyer.cart_id)
    clock.forward(minutes=1)
    assert await recovery.give_up(shop, order_id, "not_paid_in_time")
    attempt_id = await owner.fetchval("SELECT id FROM payment_attempt WHERE order_id = $1", order_id)
    request = charge_request(payment_method, amount or buyer.to_pay.amount)
    answer = await shop.payments.charge(msgspec.structs.replace(request, attempt_id=attempt_id, order_id=order_id))
    assert await recovery.ask_again(shop, attempt_id) == "given_back"
    return order_id, answer.provider_ref


async def void_of(owner: asyncpg.Connection, order_id: UUID) -> asyncpg.Record:
    return await owner.fetchrow("SELECT id, state FROM payment_attempt WHERE order_id = $1 AND kind = 'void'", order_id)


async def test_late_money_goes_back_however_much_it_is(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    order_id, intent = await late_money(shop, owner, option_id, clock, "pm_card_visa", amount=777)
    clock.forward(minutes=1)
    await recovery.recover(shop)
    assert await sandbox.movements(intent) == [("authorize", 777), ("capture", 777), ("refund", 777)]
    async with shop.database.write() as conn:
        told = [(event.kind, event.data.get("amount")) for event in (await orders.order_by_id(conn, order_id)).events]
    assert told[-2:] == [("late_payment", 777), ("payment_released", 777)]
    await learn(shop, order_id, actor="operator")
    assert (await void_of(owner, order_id))["state"] == "succeeded"
    assert await violations(owner) == []


async def test_late_money_that_the_bank_sends_back_to_the_shop_waits_for_an_operator(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    await sandbox.misbehave([], takes_a_while=0)
    order_id, intent = await late_money(shop, owner, option_id, clock, "pm_card_refundFail")
    clock.forward(minutes=1)
    await recovery.recover(shop)

    async def sent_back() -> bool:
        return (await sandbox.movements(intent))[-1][0] == "refund_failed"

    await eventually(sent_back)
    for _ in range(2):
        await learn(shop, order_id, actor="operator")  # as the event `refund.failed` makes the shop do
    assert (await void_of(owner, order_id))["state"] == "stuck"
    async with shop.database.write() as conn:
        stuck, _ = await orders.for_the_operator(conn)
        events = [event.kind for event in (await orders.order_by_id(conn, order_id)).events]
    assert [attempt.kind for _, attempt in stuck if attempt.order_id == order_id] == ["void"]
    assert events[-2:] == ["payment_released", "void_failed"]
    await sandbox.misbehave([], takes_a_while=600)  # this one the bank does not send back so soon
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": intent})
    await learn(shop, order_id, actor="operator")
    assert (await void_of(owner, order_id))["state"] == "succeeded"
    assert await violations(owner) == []


async def test_late_money_is_not_back_before_the_bank_has_it(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    await sandbox.misbehave([], takes_a_while=0.5)
    order_id, _ = await late_money(shop, owner, option_id, clock, "pm_card_pendingRefund")
    void = await void_of(owner, order_id)
    for _ in range(2):
        await recovery.ask_again(shop, void["id"])
        assert (await void_of(owner, order_id))["state"] == "processing"

    async def back() -> bool:
        await recovery.ask_again(shop, void["id"])
        return (await void_of(owner, order_id))["state"] == "succeeded"

    await eventually(back)


async def test_late_money_that_the_provider_will_not_give_back_waits_for_an_operator(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    order_id, intent = await late_money(shop, owner, option_id, clock, "pm_card_visa")
    await sandbox.misbehave([{"fault": "refuse", "method": "POST", "path": "/v1/refunds"}])
    void = await void_of(owner, order_id)
    await recovery.ask_again(shop, void["id"])
    assert (await void_of(owner, order_id))["state"] == "stuck"
    await sandbox.misbehave([])
    await learn(shop, order_id, actor="operator")
    assert (await void_of(owner, order_id))["state"] == "succeeded"
    assert [kind for kind, _ in await sandbox.movements(intent)] == ["authorize", "capture", "refund"]


async def test_a_provider_that_is_away_costs_nothing_and_the_same_key_pays_later(
    shop: CheckoutContext, settings: Settings, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox
) -> None:
    settings_away = msgspec.convert(msgspec.to_builtins(settings), Settings)
    settings_away.payments.api_base = f"http://127.0.0.1:{free_port()}"
    away = Payments(settings_away)
    variant_id = await offer(owner, on_hand=10)
    buyer, key = await buyer_of(shop, option_id, (variant_id, 1)), uuid.uuid4().hex
    unlucky = Buyer(msgspec.structs.replace(shop, payments=away), buyer.cart_id, buyer.total, buyer.to_pay)
    with pytest.raises(Unavailable) as refused:
        await unlucky.place(key)
    assert refused.value.headers["Retry-After"]
    assert await stock_of(owner, variant_id) == (10, 1)
    async with shop.database.write() as conn:
        await carts.set_details(conn, buyer.cart_id, email=None)
        with pytest.raises(InvalidInput):
            await buyer.place(key)
        await carts.set_details(conn, buyer.cart_id, email="ada@shop.example")
    assert (await buyer.place(key)).status == 201, "a refusal on the way does not keep the key"
    assert await captured_for(owner, sandbox, buyer.cart_id) == [buyer.total.amount]
    await away.close()
    assert await violations(owner) == []


class SlowToFail(Payments):
    """A provider that is away; by the time that this is known, the key is another's."""

    def __init__(self, settings: Settings, owner: asyncpg.Connection, key: str) -> None:
        super().__init__(settings)
        self.owner, self.key = owner, key

    async def charge(self, request: ChargeRequest) -> ProviderAnswer:
        await self.owner.execute("UPDATE idempotency_key SET locked_at = locked_at + interval '1 second' WHERE key = $1", self.key)
        raise ProviderUnavailable("away")


async def test_who_has_lost_the_key_does_not_close_the_attempt_that_another_is_charging(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    buyer, key = await buyer_of(shop, option_id, (await offer(owner), 1)), uuid.uuid4().hex
    slow = SlowToFail(shop.settings, owner, key)
    with pytest.raises(IdempotencyInFlight):
        await Buyer(msgspec.structs.replace(shop, payments=slow), buyer.cart_id, buyer.total, buyer.to_pay).place(key)
    await slow.close()
    attempts = "SELECT a.state FROM payment_attempt a JOIN orders o ON o.id = a.order_id WHERE o.cart_id = $1"
    assert [row["state"] for row in await owner.fetch(attempts, buyer.cart_id)] == ["open"]
    clock.forward(minutes=1)
    assert (await buyer.place(key)).status == 201
    assert await captured_for(owner, sandbox, buyer.cart_id) == [buyer.total.amount]
    assert await violations(owner) == []


async def test_a_payment_that_cannot_be_ended_now_is_waited_for(
    shop: CheckoutContext, settings: Settings, owner: asyncpg.Connection, option_id: int
) -> None:
    """The cart has changed since its order went to the bank's page: that payment has to be ended before the cart's goods are held anew."""
    settings_away = msgspec.convert(msgspec.to_builtins(settings), Settings)
    settings_away.payments.api_base = f"http://127.0.0.1:{free_port()}"
    away = Payments(settings_away)
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    assert (await buyer.place(payment_method=ASKS_BACK)).status == 202
    async with shop.database.write() as conn:
        await carts.set_details(conn, buyer.cart_id, email="another@shop.example")
    unlucky = Buyer(msgspec.structs.replace(shop, payments=away), buyer.cart_id, buyer.total, buyer.to_pay)
    with pytest.raises(PaymentProviderAway):
        await unlucky.check_out()
    await away.close()
    await buyer.check_out()
    assert await violations(owner) == []


async def test_lost_answers_are_asked_for_and_never_charged_again(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    """While the provider answers nothing at all, there is no answer but that the payment is under way; then recovery learns the truth,
    which is the one answer that the key ever has.
    """
    await sandbox.misbehave([{"fault": "lose_answer"}])
    buyer, key = await buyer_of(shop, option_id, (await offer(owner), 1)), uuid.uuid4().hex
    for _ in range(2):
        with pytest.raises(PaymentUnderWay) as waits:
            await buyer.place(key)
        assert waits.value.headers["Retry-After"]
    order_id = waits.value.extra["order"]["id"]
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", order_id) == "pending_payment"
    await sandbox.misbehave([])
    clock.forward(seconds=60)
    await recovery.recover(shop)
    paid = await buyer.place(key)
    assert (paid.status, paid.replayed) == (201, True)
    assert await captured_for(owner, sandbox, buyer.cart_id) == [buyer.total.amount]
    assert await violations(owner) == []


async def test_a_refund_that_the_bank_sends_back_is_money_the_shop_has_again(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox
) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    order_id = UUID((await buyer.place(payment_method="pm_card_refundFail")).document()["id"])
    await sandbox.misbehave([], takes_a_while=0)
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=500, key="once", actor="operator")
    refund_id = await owner.fetchval("SELECT id FROM payment_attempt WHERE order_id = $1 AND kind = 'refund'", order_id)

    async def told() -> bool:
        await recovery.ask_again(shop, refund_id)  # as the event `refund.failed` makes the shop do
        return await owner.fetchval("SELECT state FROM payment_attempt WHERE id = $1", refund_id) == "declined"

    await eventually(told)
    async with shop.database.write() as conn:
        order = await orders.order_by_id(conn, order_id)
    assert (order.refunded, order.refundable) == (0, order.captured)
    assert "refund_failed" in [event.kind for event in order.events]
    assert await violations(owner) == []
