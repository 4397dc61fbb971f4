"""Placing an order: one key is one order and one charge, whatever dies, repeats or changes on the way."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storefront.cart import service as carts
from storefront.cart.model import CartNotFound
from storefront.checkout import background, recovery, service
from storefront.checkout.answers import answer_of
from storefront.checkout.context import CheckoutContext
from storefront.checkout.errors import PaymentProviderAway
from storefront.checkout.idempotency import IdempotencyInFlight, IdempotencyMismatch
from storefront.checkout.model import Claim, PaymentToken
from storefront.checkout.place_order import carry_on
from storefront.checkout.together import Together
from storefront.inventory import service as inventory
from storefront.inventory.gate import StockGate
from storefront.inventory.model import Hold
from storefront.orders import service as orders
from storefront.payments.service import Payments
from storefront.platform.clock import utc_now
from storefront.platform.database import Database, statement_count
from storefront.platform.errors import InvalidInput, VersionMismatch
from storefront.platform.money import Money
from storefront.platform.questions import ask
from storefront.settings import Settings
from tests.buying import Buyer, MovableClock, account, buyer_of, gift_card, of_the_shop, offer, stock_of, violations
from tests.conftest import free_port
from tests.dying import Died, Life, mortal

DECLINED = "pm_card_chargeDeclined"
ASKS_BACK = "pm_card_threeDSecure2Required"


async def _left_behind(owner: asyncpg.Connection, buyer: Buyer, key: str) -> Claim:
    """What a replica leaves that dies right after the order stands: its claim on the key."""
    with pytest.raises(Died):
        await Buyer(mortal(buyer.shop, Life("charge")), buyer.cart_id, buyer.total, buyer.to_pay).place(key)
    row = await owner.fetchrow("SELECT * FROM idempotency_key WHERE key = $1", key)
    return Claim(row["scope"], key, row["recovery_point"], msgspec.json.decode(row["params"]), row["order_id"], row["locked_at"])


async def test_a_paid_order_takes_its_stock_and_closes_its_cart(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner, amount=1500, on_hand=10)
    buyer = await buyer_of(shop, option_id, (variant_id, 2))
    answer = await buyer.place()
    assert answer.status == 201, answer.body
    order = answer.document()
    assert (order["status"], order["total"], order["captured"]) == ("paid", {"amount": 3490, "currency": "EUR"}, order["total"])
    assert order["number"].startswith("SF-")
    assert await stock_of(owner, variant_id) == (8, 0)
    assert await owner.fetchval("SELECT state FROM cart WHERE id = $1", buyer.cart_id) == "ordered"
    assert await owner.fetchval("SELECT count(*) FROM reservation WHERE state = 'held'") == 0
    assert await violations(owner) == []


async def test_a_cart_that_was_ordered_meanwhile_holds_nothing_more(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    """Whoever read the cart and the shelf before the order, and holds after it, is told so in the statement that holds."""
    variant_id = await offer(owner, on_hand=10)
    buyer = await buyer_of(shop, option_id, (variant_id, 2))
    async with shop.database.write() as conn:
        (seen,) = await ask(conn, inventory.stock_of([variant_id]))
    assert (await buyer.place()).status == 201
    hold = inventory.cut_from_shelf(Hold(buyer.cart_id, {variant_id: 2}, utc_now() + timedelta(minutes=5)), seen)
    async with shop.database.write() as conn:
        assert not await inventory.hold_at_once(conn, [hold])
    assert await stock_of(owner, variant_id) == (8, 0)


async def test_an_order_of_what_is_held_is_four_statements_and_answers_what_is_then_read(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variants = [await offer(owner), await offer(owner), await offer(owner)]
    buyer = await buyer_of(shop, option_id, *((variant_id, 2) for variant_id in reversed(variants)))
    await buyer.check_out()
    with statement_count() as count:
        answer = await buyer.place()
    assert [statement.split()[0] for statement in of_the_shop(count)] == ["WITH", "WITH", "SELECT", "SELECT"]
    document = answer.document()
    async with shop.database.write() as conn:
        read = orders.order_view(shop.settings, await orders.order_by_id(conn, UUID(document["id"])))
    assert document == msgspec.json.decode(msgspec.json.encode(read))
    assert [await stock_of(owner, variant_id) for variant_id in variants] == [(8, 0)] * 3
    assert [row["kind"] for row in await owner.fetch("SELECT kind FROM job WHERE payload ->> 'order_id' = $1", document["id"])] == [
        "order_mail"
    ]
    assert await owner.fetchval("SELECT state FROM cart WHERE id = $1", buyer.cart_id) == "ordered"
    assert await violations(owner) == []


async def test_more_than_is_held_is_held_with_the_order(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner, on_hand=10)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    await buyer.check_out()
    async with shop.database.write() as conn:
        await carts.set_quantity(conn, buyer.cart_id, variant_id, 3)
    await buyer.look()
    assert (await buyer.place()).status == 201
    assert await stock_of(owner, variant_id) == (7, 0)
    assert await violations(owner) == []


class Meddling:
    """A database in which somebody is quick: `meanwhile` happens right before a statement that contains `word`, once."""

    def __init__(self, database: Database, word: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._word = word
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        async with self._database.write() as self._conn:
            yield self

    async def transaction(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        return await self._database.transaction(work)

    @property
    def statements(self) -> Any:
        return self._database.statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._conn, name)

        async def statement(query: str, *arguments: Any) -> Any:
            if self._meanwhile is not None and self._word in query:
                meanwhile, self._meanwhile = self._meanwhile, None
                await meanwhile()
            return await found(query, *arguments)

        return statement if name in ("fetch", "fetchrow", "fetchval", "execute") else found


def meddled(buyer: Buyer, word: str, meanwhile: Callable[[], Awaitable[object]]) -> Buyer:
    database: Any = Meddling(buyer.shop.database, word, meanwhile)
    shop = msgspec.structs.replace(buyer.shop, database=database, together=Together(database, buyer.shop.settings))
    return Buyer(shop, buyer.cart_id, buyer.total, buyer.to_pay)


async def test_a_cart_that_changes_while_it_is_ordered_is_ordered_as_it_is_then(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    await buyer.check_out()

    async def rename() -> None:
        async with shop.database.write() as conn:
            await carts.set_details(conn, buyer.cart_id, email="grace@shop.example")

    answer = await meddled(buyer, "orders_pending(", rename).place()
    assert answer.status == 201, answer.body
    assert answer.document()["email"] == "grace@shop.example"
    assert await violations(owner) == []


async def test_a_key_that_was_taken_over_writes_no_order(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    await buyer.check_out()
    key = uuid.uuid4().hex

    async def take_over() -> None:
        await owner.execute("UPDATE idempotency_key SET locked_at = now() + interval '1 second' WHERE key = $1", key)

    with pytest.raises(IdempotencyInFlight):
        await meddled(buyer, "orders_pending(", take_over).place(key)
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", buyer.cart_id) == 0
    assert await owner.fetchval("SELECT order_id FROM reservation WHERE cart_id = $1", buyer.cart_id) is None


async def test_a_key_that_was_taken_over_settles_nothing(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    await buyer.check_out()
    key = uuid.uuid4().hex

    async def take_over() -> None:
        await owner.execute("UPDATE idempotency_key SET locked_at = now() + interval '1 second' WHERE key = $1", key)

    with pytest.raises(IdempotencyInFlight):
        await meddled(buyer, "settle_paid_and_answer_each(", take_over).place(key)
    assert await owner.fetchval("SELECT status FROM orders WHERE cart_id = $1", buyer.cart_id) == "pending_payment"
    assert await stock_of(owner, variant_id) == (10, 1)
    await owner.execute("UPDATE idempotency_key SET locked_at = NULL WHERE key = $1", key)
    assert (await buyer.place(key)).status == 201
    assert await stock_of(owner, variant_id) == (9, 0)


async def test_many_keys_for_one_cart_that_holds_its_goods_are_one_order(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    await buyer.check_out()
    outcomes = await asyncio.gather(*(buyer.place() for _ in range(20)), return_exceptions=True)
    assert sum(1 for outcome in outcomes if not isinstance(outcome, BaseException) and outcome.status == 201) == 1, outcomes
    assert await stock_of(owner, variant_id) == (9, 0)
    assert await violations(owner) == []


async def test_the_same_key_is_given_the_same_bytes(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    key = uuid.uuid4().hex
    first, second = await buyer.place(key), await buyer.place(key)
    assert (second.body, second.status, second.headers) == (first.body, first.status, first.headers)
    assert (first.replayed, second.replayed) == (False, True)


async def test_a_key_is_kept_for_three_days_and_is_as_new_afterwards(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, clock: MovableClock
) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    key = uuid.uuid4().hex
    first = await buyer.place(key)
    for hours in (25, 46):
        clock.forward(hours=hours)
        await background.tidy(shop)
        again = await buyer.place(key)
        assert (again.body, again.status, again.replayed) == (first.body, 201, True)
    with pytest.raises(IdempotencyMismatch):
        await buyer.place(key, payment_method=DECLINED)
    clock.forward(hours=2)
    await background.tidy(shop)
    for replayed in (False, True):
        answer = await buyer.place(key, payment_method=DECLINED)
        problem = answer.document()
        assert (answer.status, problem["type"].rpartition("/")[2], answer.replayed) == (409, "cart_ordered", replayed)
        assert problem["order"]["id"] == first.document()["id"]
    attempts = "SELECT count(*) FROM payment_attempt a JOIN orders o ON o.id = a.order_id WHERE o.cart_id = $1"
    assert await owner.fetchval(attempts, buyer.cart_id) == 1
    assert await violations(owner) == []


async def test_a_hundred_requests_with_one_key_are_one_order(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    key = uuid.uuid4().hex
    outcomes = await asyncio.gather(*(buyer.place(key) for _ in range(100)), return_exceptions=True)
    answers = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert all(isinstance(outcome, IdempotencyInFlight) for outcome in outcomes if isinstance(outcome, BaseException))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert await stock_of(owner, variant_id) == (9, 0)
    assert (
        await owner.fetchval(
            "SELECT count(*) FROM payment_attempt a JOIN orders o ON o.id = a.order_id WHERE o.cart_id = $1", buyer.cart_id
        )
        == 1
    )


async def test_many_keys_for_one_cart_are_one_order(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    outcomes = await asyncio.gather(*(buyer.place() for _ in range(20)), return_exceptions=True)
    statuses = [outcome.status for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 409}
    assert await stock_of(owner, variant_id) == (9, 0)
    assert await violations(owner) == []


async def test_a_key_belongs_to_one_request(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    key = uuid.uuid4().hex
    await buyer.place(key)
    with pytest.raises(IdempotencyMismatch):
        await buyer.place(key, payment_method="pm_card_mastercard")


async def test_a_changed_price_is_asked_about_and_not_charged(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner, amount=1000)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    await owner.execute("UPDATE variant_price SET amount = 1100 WHERE variant_id = $1", variant_id)
    answer = await buyer.place()
    problem = answer.document()
    assert (answer.status, problem["type"].rpartition("/")[2]) == (409, "price_changed")
    assert problem["cart"]["total"] == {"amount": 1590, "currency": "EUR"}
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", buyer.cart_id) == 0
    assert (await buyer.place(total=Money(1590, "EUR"))).status == 201


async def test_a_missing_address_leaves_the_key_free(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    await owner.execute("UPDATE cart SET delivery_address = NULL WHERE id = $1", buyer.cart_id)
    key = uuid.uuid4().hex
    with pytest.raises(InvalidInput) as refused:
        await buyer.place(key)
    assert "delivery_address" in refused.value.messages()
    assert await owner.fetchval("SELECT count(*) FROM idempotency_key WHERE key = $1", key) == 0


async def test_two_buyers_of_the_last_unit_get_one_order(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner, on_hand=1)
    buyers = [await buyer_of(shop, option_id, (variant_id, 1)) for _ in range(2)]
    answers = await asyncio.gather(*(buyer.place() for buyer in buyers))
    assert sorted(answer.status for answer in answers) == [201, 409]
    loser = next(answer for answer in answers if answer.status == 409).document()
    assert loser["type"].endswith("/insufficient_stock")
    assert loser["lines"] == [{"variant_id": variant_id, "wanted": 1, "available": 0}]
    assert await stock_of(owner, variant_id) == (0, 0)


async def test_a_declined_card_may_be_followed_by_another_on_the_same_order(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    declined = await buyer.place(payment_method=DECLINED)
    assert (declined.status, declined.document()["type"].rpartition("/")[2]) == (402, "payment_declined")
    assert await stock_of(owner, variant_id) == (10, 1)
    paid = await buyer.place()
    assert (paid.status, paid.document()["id"]) == (201, declined.document()["order"]["id"])
    assert await stock_of(owner, variant_id) == (9, 0)
    assert await violations(owner) == []


@pytest.mark.parametrize("payment_method", ["pm_card_visa", None])
async def test_what_a_gift_card_leaves_may_be_too_little_to_be_paid_and_the_shopper_reads_what_helps(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, payment_method: str | None
) -> None:
    variant_id = await offer(owner)
    code = await gift_card(shop, 1960)
    buyer = await buyer_of(shop, option_id, (variant_id, 1), codes=[code])
    assert buyer.to_pay.amount == 30
    refused = await buyer.place(payment_method=payment_method)
    document = refused.document()
    assert (refused.status, document["decline_code"]) == (402, "amount_too_small")
    assert "Take a gift card off" in document["detail"]
    async with shop.database.write() as conn:
        await carts.remove_code(conn, buyer.cart_id, code)
    await buyer.look()
    assert (await buyer.place()).status == 201
    assert await violations(owner) == []


async def test_money_for_an_order_that_another_payment_has_paid_is_told_as_that(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    paid = (await buyer.place()).document()
    async with shop.database.write() as conn:
        order = await orders.order_by_id(conn, UUID(paid["id"]))
    told = answer_of(shop.settings, order, "given_back", None).document()
    assert (told["type"].rpartition("/")[2], told["order"]["number"]) == ("cart_ordered", paid["number"])
    given_up = msgspec.structs.replace(order, status="cancelled")
    told = answer_of(shop.settings, given_up, "given_back", None).document()
    assert told["type"].rpartition("/")[2] == "order_cancelled"
    waits = msgspec.structs.replace(order, status="pending_payment")
    told = answer_of(shop.settings, waits, "given_back", None).document()
    assert (told["type"].rpartition("/")[2], told["order"]["number"]) == ("payment_declined", paid["number"]), "the cart is not ordered yet"


@pytest.mark.parametrize(
    "sent",
    [
        "4242424242424242",
        "pm_4242424242424242",
        "card_4242-4242-4242-4242",
        "pm_4242_4242_4242_4242",
        "pm_378282246310005",
        "pm_card_visa\n",
        "pm_4242424242424242\n",
    ],
)
def test_a_card_number_is_no_payment_method(sent: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sent, PaymentToken)


@pytest.mark.parametrize("sent", ["pm_card_visa", "pm_1MqLiJLkdIwHu7ixUEgbFdYn", "tok_12345678901", "pm_card_4242424242424242x"])
def test_a_token_of_the_provider_is_a_payment_method(sent: str) -> None:
    assert msgspec.convert(sent, PaymentToken) == sent


async def test_a_cart_changed_after_a_declined_card_is_a_new_order(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner, amount=1000)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    declined = await buyer.place(payment_method=DECLINED)
    async with shop.database.write() as conn:
        await carts.set_quantity(conn, buyer.cart_id, variant_id, 3)
    paid = await buyer.place(total=Money(3490, "EUR"))
    assert paid.status == 201
    assert await owner.fetchval("SELECT status FROM orders WHERE id = $1", uuid.UUID(declined.document()["order"]["id"])) == "cancelled"
    assert await stock_of(owner, variant_id) == (7, 0)
    assert await violations(owner) == []


async def test_recovery_finishes_what_a_dead_replica_began(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    key = uuid.uuid4().hex
    await _left_behind(owner, buyer, key)
    with pytest.raises(IdempotencyInFlight):
        await buyer.place(key)
    shop.clock.forward(seconds=60)  # type: ignore[attr-defined]
    assert (await recovery.recover(shop)).keys == 1
    answer = await buyer.place(key)
    assert (answer.status, answer.replayed) == (201, True)
    assert await stock_of(owner, variant_id) == (9, 0)


async def test_a_retry_takes_over_from_a_dead_replica(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    key = uuid.uuid4().hex
    left = await _left_behind(owner, buyer, key)
    shop.clock.forward(seconds=60)  # type: ignore[attr-defined]
    assert (await buyer.place(key)).status == 201
    with pytest.raises(IdempotencyInFlight):  # the first one wakes up and finds that the key is no longer its own
        await carry_on(shop, left)
    assert await violations(owner) == []


async def _customer(owner: asyncpg.Connection) -> UUID:
    insert = "INSERT INTO customer (email, name, password_hash) VALUES ($1, 'Ada', '') RETURNING id"
    found: UUID = await owner.fetchval(insert, f"{uuid.uuid4().hex}@shop.example")
    return found


async def test_a_guest_who_signed_in_meanwhile_goes_on_under_the_same_key_and_nobody_else_does(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    """The payment could not be taken; by the retry the cart is a customer's."""
    buyer, key = await buyer_of(shop, option_id, (await offer(owner), 1)), uuid.uuid4().hex
    settings_away = msgspec.convert(msgspec.to_builtins(shop.settings), Settings)
    settings_away.payments.api_base = f"http://127.0.0.1:{free_port()}"
    away = Payments(settings_away)
    with pytest.raises(PaymentProviderAway):
        await Buyer(msgspec.structs.replace(shop, payments=away), buyer.cart_id, buyer.total, buyer.to_pay).place(key)
    await away.close()
    buyer.customer_id = await _customer(owner)
    await owner.execute("UPDATE cart SET customer_id = $2 WHERE id = $1", buyer.cart_id, buyer.customer_id)
    for stranger in (None, await _customer(owner)):
        with pytest.raises(CartNotFound):
            await Buyer(shop, buyer.cart_id, buyer.total, buyer.to_pay, stranger).place(key)
    assert (await buyer.place(key)).status == 201
    assert await violations(owner) == []


async def test_a_stranger_cannot_go_on_with_an_order_that_was_left_behind(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    customer_id = await _customer(owner)
    buyer, key = await buyer_of(shop, option_id, (await offer(owner), 1), customer_id=customer_id), uuid.uuid4().hex
    with pytest.raises(Died):
        await Buyer(mortal(shop, Life("charge")), buyer.cart_id, buyer.total, buyer.to_pay, customer_id).place(key)
    shop.clock.forward(seconds=60)  # type: ignore[attr-defined]
    with pytest.raises(CartNotFound):
        await Buyer(shop, buyer.cart_id, buyer.total, buyer.to_pay).place(key)
    assert (await buyer.place(key)).status == 201
    assert await violations(owner) == []


async def test_who_says_which_version_of_the_cart_they_saw_gets_no_other(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    """Another window puts other goods of the same price into the cart, before the first order of it and after a declined card."""
    first, second = await offer(owner, amount=1500), await offer(owner, amount=1500)
    buyer, key = await buyer_of(shop, option_id, (first, 1)), uuid.uuid4().hex

    async def exchanged(out: int, into: int) -> int:
        async with shop.database.write() as conn:
            await carts.remove(conn, buyer.cart_id, out)
            return (await carts.add_line(conn, buyer.cart_id, into, 1)).version

    async with shop.database.write() as conn:
        seen = (await carts.get(conn, buyer.cart_id)).version
    other = await exchanged(first, second)
    with pytest.raises(VersionMismatch):
        await buyer.place(key, cart_version=seen)
    assert (await buyer.place(key, cart_version=other, payment_method=DECLINED)).status == 402, "the key was free"
    back = await exchanged(second, first)
    with pytest.raises(VersionMismatch):
        await buyer.place(cart_version=other)
    answer = await buyer.place(cart_version=back)
    assert (answer.status, [line["variant_id"] for line in answer.document()["lines"]]) == (201, [first])
    assert await violations(owner) == []


async def test_a_code_once_a_customer_is_counted_for_who_orders_a_guests_cart(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, percent_ppm, needs_coupon) VALUES ('Welcome', 'percentage', 100000, true) RETURNING id"
    )
    code = uuid.uuid4().hex[:10].upper()
    await owner.execute("INSERT INTO coupon (code, promotion_id, customer_limit) VALUES ($1, $2, 1)", code, promotion_id)
    customer_id = await _customer(owner)
    first, second = [
        await buyer_of(shop, option_id, (await offer(owner), 1), email=email, codes=[code])
        for email in ("one@codes.example", "two@codes.example")
    ]
    first.customer_id = second.customer_id = customer_id
    assert (await first.place()).status == 201
    told = (await second.place()).document()
    assert (told["type"].rpartition("/")[2], [problem["code"] for problem in told["cart"]["code_problems"]]) == ("price_changed", [code])
    assert (await second.look()).coupon_codes == ()
    assert (await second.place()).status == 201
    assert await violations(owner) == []


@pytest.mark.parametrize("terms", ["first_order_only", "customer_group"])
async def test_a_guests_cart_costs_what_it_costs_who_orders_it(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, terms: str
) -> None:
    """Somebody who has bought before, or is in a group, signs in when the cart is full."""
    customer_id = await account(owner, group="Club")
    before = await buyer_of(shop, option_id, (await offer(owner), 1), customer_id=customer_id)
    assert (await before.place()).status == 201
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, amount, currency, first_order_only, customer_group) "
        "VALUES ('Terms', 'fixed', 500, 'EUR', $1, $2) RETURNING id",
        terms == "first_order_only",
        "Club" if terms == "customer_group" else None,
    )
    try:
        buyer = await buyer_of(shop, option_id, (await offer(owner), 1), email="new@shop.example")
        as_guest = (await buyer.look()).discount
        buyer.customer_id = customer_id
        told = (await buyer.place()).document()
        as_customer = (await buyer.look()).discount
        assert (as_guest, as_customer) == ((500, 0) if terms == "first_order_only" else (0, 500))
        assert (told["type"].rpartition("/")[2], told["cart"]["total"]["amount"]) == ("price_changed", buyer.total.amount)
        assert (await buyer.place()).status == 201
    finally:
        await owner.execute("UPDATE promotion SET active = false WHERE id = $1", promotion_id)
    assert await violations(owner) == []


async def test_an_order_that_is_not_paid_in_time_gives_its_stock_back(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    waiting = await buyer.place(payment_method=ASKS_BACK)
    assert waiting.status == 202
    assert waiting.document()["next_action"]["redirect_url"].startswith("http")
    assert await stock_of(owner, variant_id) == (10, 1)
    shop.clock.forward(minutes=shop.settings.shop.reservation_minutes + 1)  # type: ignore[attr-defined]
    await recovery.recover(shop)
    async with shop.database.write() as conn:
        order = await orders.order_by_id(conn, uuid.UUID(waiting.document()["id"]))
    assert order.status == "cancelled"
    assert await stock_of(owner, variant_id) == (10, 0)
    assert await violations(owner) == []


async def test_the_same_waiting_payment_is_shown_again(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    first, second = await buyer.place(payment_method=None), await buyer.place(payment_method=None)
    assert (first.status, second.status) == (202, 202)
    assert first.document()["next_action"] == second.document()["next_action"]
    assert first.document()["id"] == second.document()["id"]


async def test_paying_another_way_ends_the_payment_that_waited(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner), 1))
    waiting = await buyer.place(payment_method=None)
    paid = await buyer.place()
    assert (paid.status, paid.document()["id"]) == (201, waiting.document()["id"])
    states = await owner.fetch(
        "SELECT state FROM payment_attempt WHERE order_id = $1 ORDER BY created_at", uuid.UUID(paid.document()["id"])
    )
    assert [row["state"] for row in states] == ["cancelled", "succeeded"]


async def test_starting_checkout_again_does_not_touch_the_stock_of_a_waiting_order(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner)
    buyer = await buyer_of(shop, option_id, (variant_id, 2))
    gate = StockGate(shop.database)
    await service.start(shop, gate, buyer.cart_id)
    assert await stock_of(owner, variant_id) == (10, 2)
    await buyer.place(payment_method=None)
    await service.start(shop, gate, buyer.cart_id)
    assert await stock_of(owner, variant_id) == (10, 2)
    assert (await buyer.place()).status == 201
    assert await stock_of(owner, variant_id) == (8, 0)
    assert await violations(owner) == []
