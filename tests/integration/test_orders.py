"""After the sale: what was decided once happens once, and money, stock and history agree."""

import asyncio
import uuid
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.settle import settle_payment
from storefront.orders import after_sale, service
from storefront.orders.after_sale import NotPossibleNow
from storefront.orders.links import key_opens, order_key
from storefront.orders.mails import Composer
from storefront.orders.model import Order
from storefront.platform.clock import utc_now
from storefront.platform.errors import InvalidInput, Unavailable
from storefront.settings import Settings
from tests.buying import MovableClock, buyer_of, offer, open_for_delivery, stock_of, violations
from tests.sandbox import Sandbox


@pytest.fixture
async def variant_id(owner: asyncpg.Connection) -> int:
    return await offer(owner, amount=1500, on_hand=10)


@pytest.fixture
async def paid(shop: CheckoutContext, owner: asyncpg.Connection, variant_id: int) -> Order:
    """A paid order of two units: 30.00 and 4.90 for delivery."""
    buyer = await buyer_of(shop, await open_for_delivery(owner), (variant_id, 2))
    answer = await buyer.place()
    assert answer.status == 201, answer.body
    return await _order(shop, UUID(answer.document()["id"]))


async def _order(shop: CheckoutContext, order_id: UUID) -> Order:
    async with shop.database.write() as conn:
        return await service.order_by_id(conn, order_id)


async def test_a_cancelled_order_gives_back_money_and_stock(
    shop: CheckoutContext, owner: asyncpg.Connection, paid: Order, variant_id: int
) -> None:
    for _ in range(2):
        await after_sale.cancel(shop.database, shop.payments, shop.jobs, paid.id, actor="operator")
    order = await _order(shop, paid.id)
    assert (order.status, order.captured, order.refunded) == ("cancelled", 3490, 3490)
    assert await stock_of(owner, variant_id) == (10, 0)
    async with shop.database.write() as conn:
        charge = (await service.payment_attempts(conn, paid.id))[0]
    answer = await shop.payments.lookup(attempt_id=charge.id)
    assert answer is not None
    assert answer.refunded == 3490
    assert await violations(owner) == []


async def test_an_order_that_was_sent_cannot_be_cancelled(shop: CheckoutContext, paid: Order) -> None:
    await after_sale.fulfill(shop.database, shop.payments, shop.jobs, paid.id, lines={paid.lines[0].id: 1}, actor="operator")
    with pytest.raises(NotPossibleNow):
        await after_sale.cancel(shop.database, shop.payments, shop.jobs, paid.id, actor="operator")


async def test_an_order_is_sent_in_parts_and_never_twice(shop: CheckoutContext, paid: Order) -> None:
    line_id = paid.lines[0].id

    async def send(quantity: int) -> Order:
        await after_sale.fulfill(
            shop.database,
            shop.payments,
            shop.jobs,
            paid.id,
            lines={line_id: quantity},
            tracking_number="T1",
            tracking_url="https://carrier.example/T1",
            carrier="Post",
            actor="operator",
        )
        return await _order(shop, paid.id)

    assert (await send(1)).status == "partially_fulfilled"
    with pytest.raises(InvalidInput):
        await send(2)
    sent = await send(1)
    assert sent.status == "fulfilled"
    assert [part.lines[0].quantity for part in sent.fulfillments] == [1, 1]
    with pytest.raises(NotPossibleNow):
        await send(1)


async def test_of_two_parcels_each_is_told_of_by_its_own_mail(shop: CheckoutContext, owner: asyncpg.Connection, paid: Order) -> None:
    """Both were sent before the first mail was written."""
    for number in ("T1", "T2"):
        lines = {paid.lines[0].id: 1}
        await after_sale.fulfill(shop.database, shop.payments, shop.jobs, paid.id, lines=lines, tracking_number=number, actor="operator")
    due = "SELECT payload FROM job WHERE payload ->> 'mail' = 'order_fulfilled' AND payload ->> 'order_id' = $1 ORDER BY id"
    written = Composer(shop.database, shop.settings)
    told = [await written.compose(msgspec.json.decode(row["payload"])) for row in await owner.fetch(due, str(paid.id))]
    assert [mail["context"]["tracking_number"] for mail in told if mail] == ["T1", "T2"]


async def test_one_key_is_one_fulfillment(shop: CheckoutContext, owner: asyncpg.Connection, paid: Order) -> None:
    """A form that is sent twice has sent one parcel."""

    async def send(key: str | None) -> None:
        lines = {paid.lines[0].id: 1}
        await after_sale.fulfill(shop.database, shop.payments, shop.jobs, paid.id, lines=lines, key=key, actor="operator")

    await asyncio.gather(*(send("this form") for _ in range(3)))
    order = await _order(shop, paid.id)
    assert (order.status, order.lines[0].fulfilled, len(order.fulfillments)) == ("partially_fulfilled", 1, 1)
    told = "SELECT count(*) FROM job WHERE payload ->> 'mail' = 'order_fulfilled' AND payload ->> 'order_id' = $1"
    assert await owner.fetchval(told, str(paid.id)) == 1
    await send("another")
    await send("this form")
    assert (await _order(shop, paid.id)).status == "fulfilled"
    assert await violations(owner) == []


async def test_what_was_not_sent_of_an_order_is_cancelled_once_and_paid_back(
    shop: CheckoutContext, owner: asyncpg.Connection, variant_id: int
) -> None:
    parts = (shop.database, shop.payments, shop.jobs)
    other = await offer(owner, amount=999, on_hand=5)
    buyer = await buyer_of(shop, await open_for_delivery(owner), (variant_id, 3), (other, 2))
    order = await _order(shop, UUID((await buyer.place()).document()["id"]))
    with pytest.raises(NotPossibleNow):
        await after_sale.cancel_rest(*parts, order.id, actor="operator")
    sent = next(line for line in order.lines if line.variant_id == variant_id)
    await after_sale.fulfill(*parts, order.id, lines={sent.id: 1}, actor="operator")
    await asyncio.gather(*(after_sale.cancel_rest(*parts, order.id, actor="operator") for _ in range(3)))
    order = await _order(shop, order.id)
    assert (order.status, order.refunded) == ("fulfilled", 2 * 1500 + 2 * 999)
    assert [(line.quantity, line.fulfilled, line.cancelled) for line in order.lines] == [(3, 1, 2), (2, 0, 2)]
    assert (await stock_of(owner, variant_id), await stock_of(owner, other)) == ((9, 0), (5, 0))
    (note,) = order.credit_notes
    assert (note.amount, [(line.quantity, line.amount) for line in note.lines]) == (4998, [(2, 3000), (2, 1998)])
    with pytest.raises(NotPossibleNow):
        await after_sale.fulfill(*parts, order.id, lines={sent.id: 1}, actor="operator")
    assert await violations(owner) == []


async def test_no_more_is_paid_back_for_what_was_not_sent_than_is_left(
    shop: CheckoutContext, owner: asyncpg.Connection, paid: Order
) -> None:
    parts = (shop.database, shop.payments, shop.jobs)
    await after_sale.fulfill(*parts, paid.id, lines={paid.lines[0].id: 1}, actor="operator")
    await after_sale.refund(*parts, paid.id, amount=3000, key="by hand", actor="operator")
    await after_sale.cancel_rest(*parts, paid.id, actor="operator")
    order = await _order(shop, paid.id)
    assert (order.status, order.refunded, order.refundable) == ("fulfilled", 3490, 0)
    assert await violations(owner) == []


async def test_a_payment_of_another_amount_is_told_once_and_a_cancelled_order_gives_it_back(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, clock: MovableClock, variant_id: int
) -> None:
    buyer = await buyer_of(shop, await open_for_delivery(owner), (variant_id, 1))
    waiting = (await buyer.place(payment_method="pm_card_threeDSecure2Required")).document()
    order_id = UUID(waiting["id"])
    await owner.execute("UPDATE payment_attempt SET amount = amount + 1 WHERE order_id = $1", order_id)
    await sandbox.send(waiting["next_action"]["redirect_url"], answer="approve")
    for _ in range(2):
        clock.forward(minutes=shop.settings.shop.reservation_minutes + 1)
        await recovery.recover(shop)
    order = await _order(shop, order_id)
    assert (order.status, [event.kind for event in order.events]) == ("pending_payment", ["placed", "amount_differs"])
    for _ in range(2):
        await after_sale.cancel(shop.database, shop.payments, shop.jobs, order_id, actor="operator")
    order = await _order(shop, order_id)
    assert (order.status, order.captured) == ("cancelled", 0)
    assert await _moved(shop, sandbox, order) == [("authorize", 1990), ("capture", 1990), ("refund", 1990)]
    assert await stock_of(owner, variant_id) == (10, 0)
    async with shop.database.write() as conn:
        assert [attempt.state for attempt in await service.payment_attempts(conn, order_id)] == ["cancelled", "succeeded"]
    assert await violations(owner) == []


async def test_an_order_whose_stuck_charge_the_provider_never_heard_of_can_be_cancelled(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, variant_id: int
) -> None:
    buyer = await buyer_of(shop, await open_for_delivery(owner), (variant_id, 1))
    order_id = UUID((await buyer.place(payment_method="pm_card_threeDSecure2Required")).document()["id"])
    never_made = "UPDATE payment_attempt SET id = gen_random_uuid(), provider_ref = NULL, state = $2 WHERE order_id = $1"
    await owner.execute(never_made, order_id, "open")
    with pytest.raises(NotPossibleNow):  # the call may be on its way
        await after_sale.cancel(shop.database, shop.payments, shop.jobs, order_id, actor="operator")
    await owner.execute(never_made, order_id, "stuck")
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, order_id, actor="operator")
    assert (await _order(shop, order_id)).status == "cancelled"
    async with shop.database.write() as conn:
        assert [(attempt.kind, attempt.state) for attempt in await service.payment_attempts(conn, order_id)] == [("charge", "cancelled")]


async def test_one_key_is_one_refund(shop: CheckoutContext, owner: asyncpg.Connection, paid: Order) -> None:
    async def refund(amount: int, key: str) -> None:
        await after_sale.refund(shop.database, shop.payments, shop.jobs, paid.id, amount=amount, key=key, actor="operator")

    await asyncio.gather(*(refund(1000, "first") for _ in range(5)))
    assert (await _order(shop, paid.id)).refunded == 1000
    with pytest.raises(InvalidInput):
        await refund(2491, "too much")
    await refund(2490, "the rest")
    order = await _order(shop, paid.id)
    assert (order.refunded, order.refundable) == (3490, 0)
    assert await violations(owner) == []


async def test_a_refund_that_the_provider_refuses_waits_for_an_operator(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, paid: Order
) -> None:
    """Everything was given back there already."""
    async with shop.database.write() as conn:
        (charge,) = await service.payment_attempts(conn, paid.id)
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": charge.provider_ref or ""})
    await after_sale.refund(shop.database, shop.payments, shop.jobs, paid.id, amount=1000, key="ours", actor="operator")
    async with shop.database.write() as conn:
        stuck, _ = await service.for_the_operator(conn)
    found = [(attempt.kind, attempt.state, attempt.decline_code) for number, attempt in stuck if number == paid.number]
    assert found == [("refund", "declined", "charge_already_refunded")]


async def test_refunds_at_the_same_moment_never_exceed_what_was_paid(shop: CheckoutContext, owner: asyncpg.Connection, paid: Order) -> None:
    refunds = (
        after_sale.refund(shop.database, shop.payments, shop.jobs, paid.id, amount=2000, key=str(number), actor="operator")
        for number in range(4)
    )
    outcomes = await asyncio.gather(*refunds, return_exceptions=True)
    assert sum(isinstance(outcome, InvalidInput) for outcome in outcomes) == 3
    assert (await _order(shop, paid.id)).refunded == 2000
    assert await violations(owner) == []


async def test_an_order_keeps_its_history_and_only_legal_moves_are_made(owner: asyncpg.Connection, paid: Order) -> None:
    assert [event.kind for event in paid.events] == ["placed", "paid"]
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE orders SET status = 'pending_payment' WHERE id = $1", paid.id)
    for status in ("authorized", "paid", "fulfilled", "cancelled"):
        with pytest.raises(asyncpg.CheckViolationError, match="begins"):
            await owner.execute(
                "INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object("
                "'id', gen_random_uuid(), 'number', 'BORN', 'status', $2::text))).* FROM orders o WHERE id = $1",
                paid.id,
                status,
            )
    with pytest.raises(asyncpg.CheckViolationError, match="begins"):
        await owner.execute("INSERT INTO order_return (order_id, state, lines) VALUES ($1, 'received', '[]')", paid.id)
    with pytest.raises(asyncpg.RestrictViolationError):
        await owner.execute("DELETE FROM order_event WHERE order_id = $1", paid.id)


async def test_only_the_right_number_and_address_open_an_order(shop: CheckoutContext, paid: Order) -> None:
    async with shop.database.write() as conn:
        assert (await service.look_up(conn, paid.number.lower(), " ADA@shop.example")) is not None
        assert await service.look_up(conn, paid.number, "eve@shop.example") is None
        assert await service.look_up(conn, "SF-0", "ada@shop.example") is None


def test_a_key_opens_its_own_order_only(settings: Settings) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    assert key_opens(settings, one, order_key(settings, one))
    assert not key_opens(settings, other, order_key(settings, one))
    assert not key_opens(settings, one, "")
    assert not key_opens(settings, one, "ü" * 32)


async def test_a_page_of_orders_goes_on_where_the_last_one_ended(shop: CheckoutContext, owner: asyncpg.Connection, variant_id: int) -> None:
    option_id = await open_for_delivery(owner)
    for _ in range(5):
        assert (await (await buyer_of(shop, option_id, (variant_id, 1))).place()).status == 201
    seen: list[UUID] = []
    after = ""
    async with shop.database.write() as conn:
        while True:
            found, following = await service.search_orders(conn, text="", status="", after=after, most=2)
            seen += [order.id for order in found]
            if following is None:
                break
            after = following
        everything = await service.recent_orders(conn, most=100)
        figures = await service.figures(conn, utc_now())
    assert seen == [order.id for order in everything]
    assert figures.paid_today >= 5


# --- money that is taken when something is sent ----------------------------------------------------------------------------------


@pytest.fixture
async def authorized(shop: CheckoutContext, owner: asyncpg.Connection, variant_id: int) -> Order:
    """An order of two units in a shop that captures at fulfillment."""
    shop.settings.payments.capture = "fulfillment"
    answer = await (await buyer_of(shop, await open_for_delivery(owner), (variant_id, 2))).place()
    assert answer.status == 201, answer.body
    return await _order(shop, UUID(answer.document()["id"]))


async def _moved(shop: CheckoutContext, sandbox: Sandbox, order: Order) -> list[tuple[str, int]]:
    """What the provider's books have of the order's charge."""
    async with shop.database.write() as conn:
        charge = (await service.payment_attempts(conn, order.id))[0]
    (intent,) = await sandbox.intents_of(charge.id)
    return await sandbox.movements(intent["id"])


async def test_what_is_sent_is_captured_first(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, authorized: Order, variant_id: int
) -> None:
    assert (authorized.status, authorized.captured) == ("authorized", 0)
    assert await stock_of(owner, variant_id) == (8, 0)
    assert await _moved(shop, sandbox, authorized) == [("authorize", 3490)]
    assert await violations(owner) == []
    await after_sale.fulfill(shop.database, shop.payments, shop.jobs, authorized.id, lines={authorized.lines[0].id: 1}, actor="operator")
    order = await _order(shop, authorized.id)
    assert (order.status, order.captured) == ("partially_fulfilled", 3490)
    assert [event.kind for event in order.events] == ["placed", "authorized", "captured", "fulfillment_sent"]
    assert await _moved(shop, sandbox, authorized) == [("authorize", 3490), ("capture", 3490)]
    with pytest.raises(NotPossibleNow):
        await after_sale.capture(shop.database, shop.payments, shop.jobs, authorized.id, actor="operator")
    assert await violations(owner) == []


async def test_a_capture_whose_answer_is_lost_is_finished_by_recovery_and_taken_once(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, authorized: Order, clock: MovableClock
) -> None:
    await sandbox.misbehave([{"fault": "lose_answer"}])
    with pytest.raises(Unavailable):
        await after_sale.capture(shop.database, shop.payments, shop.jobs, authorized.id, actor="operator")
    with pytest.raises(NotPossibleNow):  # the money may have been taken: nobody cancels now
        await after_sale.cancel(shop.database, shop.payments, shop.jobs, authorized.id, actor="operator")
    await sandbox.misbehave([])
    clock.forward(minutes=1)
    await recovery.recover(shop)
    order = await _order(shop, authorized.id)
    assert (order.status, order.captured) == ("paid", 3490)
    assert await _moved(shop, sandbox, authorized) == [("authorize", 3490), ("capture", 3490)]
    assert await violations(owner) == []


async def test_a_cancelled_authorization_is_released_and_nothing_was_taken(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, authorized: Order, variant_id: int
) -> None:
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, authorized.id, actor="operator")
    order = await _order(shop, authorized.id)
    assert (order.status, order.captured, order.refunded) == ("cancelled", 0, 0)
    assert await _moved(shop, sandbox, authorized) == [("authorize", 3490), ("release", 3490)]
    assert await stock_of(owner, variant_id) == (10, 0)
    assert await violations(owner) == []


async def test_an_answer_from_before_the_release_is_no_late_payment(shop: CheckoutContext, authorized: Order) -> None:
    async with shop.database.write() as conn:
        (charge,) = await service.payment_attempts(conn, authorized.id)
    answer = await shop.payments.lookup(provider_ref=charge.provider_ref)
    assert answer is not None
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, authorized.id, actor="operator")
    for _ in range(2):
        settled = await shop.database.transaction(lambda conn: settle_payment(conn, shop.jobs, charge, answer, now=utc_now()))
        assert settled == "given_back"
    order = await _order(shop, authorized.id)
    assert [event.kind for event in order.events] == ["placed", "authorized", "cancelled", "payment_released"]
    async with shop.database.write() as conn:
        assert [attempt.kind for attempt in await service.payment_attempts(conn, order.id)] == ["charge", "void"]


async def test_a_second_try_to_pay_is_authorized_as_the_first(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, variant_id: int
) -> None:
    shop.settings.payments.capture = "fulfillment"
    buyer = await buyer_of(shop, await open_for_delivery(owner), (variant_id, 1))
    assert (await buyer.place(payment_method="pm_card_chargeDeclined")).status == 402
    assert (await buyer.place()).document()["status"] == "authorized"
    assert await violations(owner) == []


async def test_less_that_somebody_captured_at_the_provider_is_no_capture_of_the_order(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, authorized: Order
) -> None:
    async with shop.database.write() as conn:
        (charge,) = await service.payment_attempts(conn, authorized.id)
    await sandbox.call("POST", f"/v1/payment_intents/{charge.provider_ref}/capture", {"amount_to_capture": "1000"})
    for _ in range(2):
        with pytest.raises(NotPossibleNow):
            await after_sale.fulfill(
                shop.database, shop.payments, shop.jobs, authorized.id, lines={authorized.lines[0].id: 1}, actor="operator"
            )
    order = await _order(shop, authorized.id)
    assert (order.status, order.captured) == ("authorized", 0)
    assert [(event.kind, event.data.get("moved")) for event in order.events][2:] == [("amount_differs", 1000)]
    async with shop.database.write() as conn:
        assert [attempt.state for attempt in await service.payment_attempts(conn, order.id)] == ["authorized", "stuck"]
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, authorized.id, actor="operator")
    moved = await _moved(shop, sandbox, authorized)
    assert moved == [("authorize", 3490), ("capture", 1000), ("release", 2490), ("refund", 1000)]
    async with shop.database.write() as conn:
        assert [attempt.state for attempt in await service.payment_attempts(conn, order.id)] == ["cancelled", "cancelled", "succeeded"]
    assert await violations(owner) == []


async def test_a_capture_that_the_provider_refuses_waits_for_an_operator_and_does_not_keep_the_order(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, authorized: Order, variant_id: int
) -> None:
    parts = (shop.database, shop.payments, shop.jobs)
    await sandbox.misbehave([{"fault": "refuse", "method": "POST", "path": "/v1/payment_intents/"}])
    for _ in range(2):
        with pytest.raises(NotPossibleNow):
            await after_sale.capture(*parts, authorized.id, actor="operator")
    await after_sale.cancel(*parts, authorized.id, actor="operator")
    order = await _order(shop, authorized.id)
    assert [event.kind for event in order.events][2:] == ["capture_failed", "cancelled", "void_failed"]
    async with shop.database.write() as conn:
        assert [attempt.state for attempt in await service.payment_attempts(conn, order.id)] == ["authorized", "cancelled", "stuck"]
        stuck, _ = await service.for_the_operator(conn)
    assert [attempt.kind for number, attempt in stuck if number == order.number] == ["void"]
    await sandbox.misbehave([])
    await recovery.ask_about_order(shop, order.id)
    assert await _moved(shop, sandbox, authorized) == [("authorize", 3490), ("release", 3490)]
    assert await stock_of(owner, variant_id) == (10, 0)
    assert await violations(owner) == []


async def test_a_refused_capture_of_an_authorization_that_then_ended_waits_for_nobody(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, authorized: Order
) -> None:
    await sandbox.misbehave([{"fault": "refuse", "method": "POST", "path": "/v1/payment_intents/"}])
    with pytest.raises(NotPossibleNow):
        await after_sale.capture(shop.database, shop.payments, shop.jobs, authorized.id, actor="operator")
    await sandbox.misbehave([])
    async with shop.database.write() as conn:
        charge, _ = await service.payment_attempts(conn, authorized.id)
    await sandbox.call("POST", f"/v1/payment_intents/{charge.provider_ref}/cancel")
    await recovery.ask_again(shop, charge.id)
    assert (await _order(shop, authorized.id)).status == "cancelled"
    async with shop.database.write() as conn:
        assert [attempt.state for attempt in await service.payment_attempts(conn, authorized.id)] == ["cancelled", "cancelled"]
    assert await violations(owner) == []


async def test_what_cannot_be_captured_any_more_is_not_sent_and_ends_the_order(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, authorized: Order, variant_id: int
) -> None:
    async with shop.database.write() as conn:
        (charge,) = await service.payment_attempts(conn, authorized.id)
    await sandbox.call("POST", f"/v1/payment_intents/{charge.provider_ref}/cancel")
    with pytest.raises(NotPossibleNow):
        await after_sale.fulfill(
            shop.database, shop.payments, shop.jobs, authorized.id, lines={authorized.lines[0].id: 1}, actor="operator"
        )
    order = await _order(shop, authorized.id)
    assert (order.status, order.captured, order.fulfillments) == ("cancelled", 0, ())
    assert await stock_of(owner, variant_id) == (10, 0)
    assert await violations(owner) == []
