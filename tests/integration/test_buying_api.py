"""Buying by JSON alone, as a client developer does it, and as one who means no good."""

import asyncio
import contextlib
import json
import re
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import example, given
from hypothesis import strategies as st

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.idempotency import IdempotencyKeyInvalid, IdempotencyKeyMissing, is_answer, read_key
from storefront.platform.errors import DomainError, Unavailable, all_errors
from storefront.platform.mail import MAILER
from storefront.platform.openapi import IDEMPOTENCY_KEY
from storefront.settings import Settings
from tests.buying import MovableClock, offer, stock_of, violations
from tests.sandbox import Sandbox, eventually
from tests.shopper import ADDRESS, Shopper

Client = TestClient[web.Request, web.Application]
PASSWORD = "correct horse battery"


@pytest.fixture
async def guest(client: Client, settings: Settings, provider: object) -> AsyncIterator[Shopper]:
    async with Shopper(settings.server.public_url) as shopper:
        yield shopper


async def signed_in(settings: Settings, email: str) -> Shopper:
    """A customer with an account of their own."""
    async with Shopper(settings.server.public_url) as door:
        opened = await door.expect(201, "POST", "/customers", json={"email": email, "name": "Ada Byron", "password": PASSWORD})
    return Shopper(settings.server.public_url, opened["token"])


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def problem(body: Any) -> str:
    return str(body["type"]).rpartition("/")[2]


def fields(body: Any) -> set[str]:
    return {error["field"] for error in body["errors"]}


# --- from cart to paid order -----------------------------------------------------------------------------------------------------


async def test_a_cart_that_is_started_with_everything_is_as_one_that_came_by_it_bit_by_bit(
    guest: Shopper, owner: asyncpg.Connection
) -> None:
    variant_id = await offer(owner, amount=1500, on_hand=10)
    slowly = await guest.filled_cart(variant_id, 2, email="Guest@Shop.example")
    at_once = await guest.expect(
        201, "POST", "/carts", json=whole(variant_id, slowly["fulfillment_option"]["id"], email="Guest@Shop.example")
    )
    apart = {"id", "version", "expires_at", "lines"}
    assert {name: value for name, value in at_once.items() if name not in apart} == {
        name: value for name, value in slowly.items() if name not in apart
    }
    (ours,), (theirs,) = at_once["lines"], slowly["lines"]
    assert ours == theirs | {"available": 8}  # the other holds two
    assert at_once["version"] == 1
    status, order = await guest.place(at_once)
    assert (status, order["status"], order["total"]) == (201, "paid", slowly["total"])


def whole(variant_id: int, option_id: int | None, **changed: Any) -> dict[str, Any]:
    """What a cart is started with by whoever knows all of it."""
    address = {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    lines = [{"variant_id": variant_id, "quantity": 2}]
    option = {"fulfillment_option_id": option_id} if option_id is not None else {}
    return {"lines": lines, "email": "guest@shop.example", "delivery_address": address, **option, **changed}


async def test_a_cart_that_cannot_be_started_with_all_of_it_is_not_started(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1500, on_hand=10)
    option_id = (await guest.filled_cart(variant_id, 2))["fulfillment_option"]["id"]
    before = await owner.fetchval("SELECT count(*) FROM cart")
    nowhere = {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Pyongyang", "postal_code": "1", "country": "KP"}
    for wrong, expected in (
        ({"fulfillment_option_id": 2**50}, {"fulfillment_option_id"}),
        ({"delivery_address": nowhere}, {"fulfillment_option_id"}),  # nothing is offered for it
        ({"delivery_address": None}, {"fulfillment_option_id"}),
        ({"email": "nobody"}, {"email"}),
        ({"email": "nobody", "billing_address": nowhere | {"country": "XX"}}, {"email", "billing_address.country"}),
        ({"lines": [{"variant_id": 2**50, "quantity": 1}]}, {"lines[0].variant_id"}),
    ):
        body = await guest.expect(422, "POST", "/carts", json=whole(variant_id, option_id, **wrong))
        assert (problem(body), fields(body)) == ("invalid_input", expected), wrong
    assert await owner.fetchval("SELECT count(*) FROM cart") == before


async def test_a_region_that_tax_cannot_be_asked_by_is_refused_when_it_is_given(guest: Shopper, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "INSERT INTO tax_rate (country, region, name, rate_ppm) VALUES ('ES', '', 'IVA', 210000), ('ES', 'Ceuta', 'IPSI', 5000) "
        "ON CONFLICT DO NOTHING"
    )
    sent, download = await offer(owner), await offer(owner, requires_delivery=False)
    nowhere, ceuta = ADDRESS | {"country": "ES", "region": "Soria"}, ADDRESS | {"country": "ES", "region": "ceuta"}
    for variant_id, field in ((sent, "delivery_address"), (download, "billing_address")):
        lines = [{"variant_id": variant_id, "quantity": 1}]
        refused = await guest.expect(422, "POST", "/carts", json={"lines": lines, field: nowhere})
        assert fields(refused) == {f"{field}.region"}
        cart = await guest.expect(201, "POST", "/carts", json={"lines": lines})
        path = f"/carts/{cart['id']}"
        refused = await guest.expect(422, "PATCH", path, json={"email": "ada@shop.example", field: nowhere})
        assert fields(refused) == {f"{field}.region"}
        assert (await guest.expect(200, "GET", path))["version"] == cart["version"], "nothing of it was kept"
        kept = await guest.expect(200, "PATCH", path, json={field: ceuta})
        assert kept[field]["region"] == "ceuta"
        await guest.expect(200, "PATCH", path, json={"email": "ada@shop.example"})
    other = await guest.expect(201, "POST", "/carts", json={"lines": [{"variant_id": sent, "quantity": 1}], "billing_address": nowhere})
    assert other["billing_address"]["region"] == "Soria", "tax is not asked by it"


async def test_a_wrong_option_spoils_no_cart_that_is_started_beside_it(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1500, on_hand=10)
    option_id = (await guest.filled_cart(variant_id, 2))["fulfillment_option"]["id"]

    async def start(option: int) -> int:
        status, _ = await guest.call("POST", "/carts", json=whole(variant_id, option))
        return status

    found = await asyncio.gather(*(start(option_id if place % 3 else 2**50) for place in range(12)))
    assert found == [201 if place % 3 else 422 for place in range(12)]


async def test_a_guest_buys(guest: Shopper, client: Client, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1500, on_hand=10)
    cart = await guest.filled_cart(variant_id, 2, email="guest@shop.example")
    assert await stock_of(owner, variant_id) == (10, 2)
    status, order = await guest.place(cart)
    assert (status, order["status"], order["total"], order["email"]) == (201, "paid", cart["total"], "guest@shop.example")
    assert await stock_of(owner, variant_id) == (8, 0)
    again = await guest.expect(200, "GET", f"/orders/{order['id']}?key={order['key']}")
    assert again | {"invoice": None} == order | {"invoice": None}
    await guest.expect(404, "GET", f"/orders/{order['id']}")
    await guest.expect(404, "GET", f"/orders/{order['id']}?key={'A' * 32}")
    gone = await guest.expect(409, "POST", f"/carts/{cart['id']}/lines", json={"variant_id": variant_id})
    assert problem(gone) == "cart_closed"
    mailer = client.app[MAILER]  # type: ignore[index]

    async def confirmed() -> list[str]:
        return [mail.subject for mail in await mailer.folder.recent() if mail.to == "guest@shop.example"]

    (subject,) = await eventually(confirmed)
    assert order["number"] in subject
    assert await violations(owner) == []


async def test_a_guests_cart_is_shown_at_the_price_of_who_signed_in(guest: Shopper, settings: Settings, owner: asyncpg.Connection) -> None:
    """Whichever request shows it: it is the price that the order has."""
    variant_id = await offer(owner, amount=1500)
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, amount, currency, customer_group) VALUES ('Club', 'fixed', 500, 'EUR', 'Club') RETURNING id"
    )
    try:
        async with await signed_in(settings, "club@customer.example") as ada:
            await owner.execute("UPDATE customer SET customer_group = 'Club' WHERE email = 'club@customer.example'")
            cart = await guest.filled_cart(variant_id)
            path = f"/carts/{cart['id']}"
            assert cart["discount"]["amount"] == 0
            shown = [
                await ada.expect(200, "GET", path),
                await ada.expect(200, "PATCH", path, json={"email": "club@customer.example"}),
                await ada.expect(200, "PATCH", path, json={"delivery_address": ADDRESS}),
                await ada.expect(200, "PATCH", f"{path}/lines/{variant_id}", json={"quantity": 1}),
                await ada.expect(200, "POST", f"{path}/checkout"),
            ]
            assert [cart["discount"]["amount"] for cart in shown] == [500] * 5
            assert (await guest.expect(200, "GET", path))["discount"]["amount"] == 0
            status, order = await ada.place(shown[-1])
            assert (status, order["discount"]["amount"]) == (201, 500)
    finally:
        await owner.execute("UPDATE promotion SET active = false WHERE id = $1", promotion_id)


async def test_a_customer_buys_and_only_they_see_the_cart_and_the_order(
    guest: Shopper, settings: Settings, owner: asyncpg.Connection
) -> None:
    variant_id = await offer(owner)
    async with await signed_in(settings, "ada@customer.example") as ada, await signed_in(settings, "eve@customer.example") as eve:
        cart = await ada.filled_cart(variant_id)
        path = f"/carts/{cart['id']}"
        for stranger in (guest, eve):
            await stranger.expect(404, "GET", path)
            await stranger.expect(404, "PATCH", path, json={"email": "eve@customer.example"})
            await stranger.expect(404, "POST", f"{path}/lines", json={"variant_id": variant_id})
            await stranger.expect(404, "PATCH", f"{path}/lines/{variant_id}", json={"quantity": 5})
            await stranger.expect(404, "DELETE", f"{path}/lines/{variant_id}")
            await stranger.expect(404, "POST", f"{path}/checkout", headers=key())
            assert (await stranger.place(cart))[0] == 404
        the_key = uuid.uuid4().hex
        status, order = await ada.place(cart, key=the_key)
        assert status == 201
        for stranger in (guest, eve):
            assert (await stranger.place(cart, key=the_key))[0] == 404, "a stored answer is its owner's"
            await stranger.expect(404, "GET", f"/orders/{order['id']}")
            await stranger.expect(404, "POST", f"/orders/{order['id']}/cancel")
        assert (await ada.expect(200, "GET", f"/orders/{order['id']}"))["number"] == order["number"]
        assert [item["number"] for item in (await ada.expect(200, "GET", "/orders"))["items"]] == [order["number"]]
        assert (await eve.expect(200, "GET", "/orders"))["items"] == []
    assert await violations(owner) == []


async def test_an_order_that_is_cancelled_gives_everything_back_once(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=5)
    _, order = await guest.place(await guest.filled_cart(variant_id, 2))
    path, the_key = f"/orders/{order['id']}/cancel?key={order['key']}", key()
    first = await guest.expect(200, "POST", path, headers=the_key)
    assert (first["status"], first["refunded"]) == ("cancelled", order["total"])
    for headers in (the_key, None):
        assert await guest.expect(200, "POST", path, headers=headers) == first
    assert await stock_of(owner, variant_id) == (5, 0)
    assert await violations(owner) == []


# --- idempotency -----------------------------------------------------------------------------------------------------------------


async def raw(client: Client, path: str, body: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    async with client.post(f"/api/v1{path}", data=body, headers={"Content-Type": "application/json"} | headers) as answer:
        return answer.status, dict(answer.headers), await answer.read()


def order_of(cart: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cart_id": cart["id"], "expected_total": cart["total"], "payment_method": "pm_card_visa"} | more


async def test_the_same_request_is_given_the_same_bytes(guest: Shopper, client: Client, owner: asyncpg.Connection) -> None:
    body, the_key = order_of(await guest.filled_cart(await offer(owner))), key()
    status, headers, first = await raw(client, "/orders", json.dumps(body), the_key)
    assert (status, "Idempotent-Replayed" in headers) == (201, False)
    in_another_order = json.dumps(dict(reversed(body.items())), indent=4)
    status, headers, second = await raw(client, "/orders", in_another_order, the_key)
    assert (status, headers["Idempotent-Replayed"], second) == (201, "true", first)
    status, _, other = await raw(client, "/orders", json.dumps(body | {"payment_method": "pm_card_mastercard"}), the_key)
    assert (status, problem(json.loads(other))) == (422, "idempotency_mismatch")


async def test_a_refusal_is_given_again_as_it_was(guest: Shopper, client: Client, owner: asyncpg.Connection) -> None:
    ready = await guest.filled_cart(await offer(owner))
    too_many = {"variant_id": await offer(owner, on_hand=1), "quantity": 2}
    short = await guest.expect(201, "POST", "/carts", json={"lines": [too_many]})
    declined = json.dumps(order_of(ready, payment_method="pm_card_chargeDeclined"))
    for path, body, status in (("/orders", declined, 402), (f"/carts/{short['id']}/checkout", "", 409)):
        the_key = key()
        (first, first_headers, text), (again, headers, repeated) = [await raw(client, path, body, the_key) for _ in range(2)]
        assert (first, again, repeated) == (status, status, text)
        assert (headers["Idempotent-Replayed"], "Idempotent-Replayed" in first_headers) == ("true", False)
        assert first_headers["Content-Type"] == headers["Content-Type"] == "application/problem+json"


async def test_while_the_first_is_at_work_the_second_is_told_to_come_again(
    guest: Shopper, client: Client, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    body, the_key = json.dumps(order_of(await guest.filled_cart(await offer(owner)))), key()
    await sandbox.misbehave([{"fault": "slow", "method": "POST", "seconds": 1, "times": 1}])
    first = asyncio.create_task(raw(client, "/orders", body, the_key))

    async def at_work() -> bool:
        return bool(
            await owner.fetchval("SELECT recovery_point <> 'started' FROM idempotency_key WHERE key = $1", the_key["Idempotency-Key"])
        )

    await eventually(at_work)
    status, headers, text = await raw(client, "/orders", body, the_key)
    assert (status, problem(json.loads(text)), headers["Retry-After"]) == (409, "idempotency_in_flight", "1")
    assert (await first)[0] == 201


async def test_without_a_good_key_no_order_is_placed(guest: Shopper) -> None:
    body = {"cart_id": str(uuid.uuid4()), "expected_total": {"amount": 1, "currency": "EUR"}}
    assert problem(await guest.expect(400, "POST", "/orders", json=body)) == "idempotency_key_missing"
    for bad in ("ä b", "k" * 256):
        refused = await guest.expect(400, "POST", "/orders", json=body, headers={"Idempotency-Key": bad})
        assert problem(refused) == "idempotency_key_invalid"


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("k-1", "k-1"),
        ('"k-1"', "k-1"),
        ('  "k-1" ;version=2', "k-1"),
        ('"two words"', "two words"),
        (r'"say \"hello\" \\ wave"', r'say "hello" \ wave'),
        ("x" * 255, "x" * 255),
        (f'"{"x" * 255}"', "x" * 255),
        ('"half', '"half'),
        ("x" * 256, None),
        (f'"{"x" * 256}"', None),
        ('""', '""'),
        ("k\u00fc", None),
        ('"a\tb"', None),
    ],
)
def test_a_key_is_read_as_the_draft_writes_it(header: str, key: str | None) -> None:
    if key is None:
        with pytest.raises(IdempotencyKeyInvalid):
            read_key(header)
    else:
        assert read_key(header) == key


def failures_of_ours() -> list[DomainError]:
    """One of each kind that the shop tells of itself."""
    found = [kind() for kind in all_errors().values() if kind.status >= 500]
    assert {error.type for error in found} == {"internal_error", "unavailable", "payment_provider_away"}
    return found


def test_no_failure_of_ours_is_the_answer_of_a_key_and_who_may_try_again_is_told_when() -> None:
    for error in failures_of_ours():
        assert not is_answer(error)
        assert ("Retry-After" in error.headers) == (error.status == 503)
    assert Unavailable(headers={"Retry-After": "1", "X-More": "1"}).headers == {"Retry-After": "1", "X-More": "1"}


async def test_a_provider_that_was_away_is_not_the_answer_of_a_cancellation(
    guest: Shopper, client: Client, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    variant_id, the_key = await offer(owner, on_hand=5), key()
    _, waiting = await guest.place(await guest.filled_cart(variant_id), payment_method="pm_card_threeDSecure2Required")
    cancel = f"/orders/{waiting['id']}/cancel?key={waiting['key']}"
    await sandbox.misbehave([{"fault": "rate_limit"}])
    status, headers, text = await raw(client, cancel, "", the_key)
    assert (status, problem(json.loads(text)), headers["Retry-After"]) == (503, "unavailable", "5")
    assert await stock_of(owner, variant_id) == (5, 1)
    await sandbox.misbehave([])
    (status, headers, first), (_, again, repeated) = [await raw(client, cancel, "", the_key) for _ in range(2)]
    assert (status, json.loads(first)["status"], "Idempotent-Replayed" in headers) == (200, "cancelled", False)
    assert (repeated, again["Idempotent-Replayed"]) == (first, "true")
    assert await stock_of(owner, variant_id) == (5, 0)
    assert await kinds_of(owner, waiting) == ["placed", "cancelled"]
    assert await violations(owner) == []


@contextlib.asynccontextmanager
async def broken(owner: asyncpg.Connection, kind: str) -> AsyncIterator[None]:
    """PostgreSQL fails at what the shop writes into an order's history."""
    await owner.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;"
        f"CREATE TRIGGER fails BEFORE INSERT ON order_event FOR EACH ROW WHEN (NEW.kind = '{kind}') EXECUTE FUNCTION fail()"
    )
    try:
        yield
    finally:
        await owner.execute("DROP FUNCTION fail CASCADE")


async def kinds_of(owner: asyncpg.Connection, order: dict[str, Any]) -> list[str]:
    """The order's history."""
    rows = await owner.fetch("SELECT kind FROM order_event WHERE order_id = $1 ORDER BY id", uuid.UUID(order["id"]))
    return [row["kind"] for row in rows]


async def test_an_error_of_ours_leaves_the_key_to_another_try(
    guest: Shopper, client: Client, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    """When the money has been taken already, and when it is to be given back."""
    variant_id = await offer(owner, on_hand=5)
    body, the_key = json.dumps(order_of(await guest.filled_cart(variant_id))), key()
    async with broken(owner, "paid"):
        status, _, text = await raw(client, "/orders", body, the_key)
        assert (status, problem(json.loads(text))) == (500, "internal_error")
        assert json.loads(text)["detail"] == f"The error is recorded under {json.loads(text)['instance']}."
    status, headers, text = await raw(client, "/orders", body, the_key)
    assert (status, "Idempotent-Replayed" in headers) == (201, False)
    order = json.loads(text)
    cancel, the_key = f"/orders/{order['id']}/cancel?key={order['key']}", key()
    async with broken(owner, "cancelled"):
        status, _, text = await raw(client, cancel, "", the_key)
        assert (status, problem(json.loads(text))) == (500, "internal_error")
    assert await stock_of(owner, variant_id) == (4, 0)
    status, headers, text = await raw(client, cancel, "", the_key)
    assert (status, json.loads(text)["refunded"], "Idempotent-Replayed" in headers) == (200, order["total"], False)
    total, charge = order["total"]["amount"], "SELECT provider_ref FROM payment_attempt WHERE order_id = $1 AND kind = 'charge'"
    intent = await owner.fetchval(charge, uuid.UUID(order["id"]))
    assert await sandbox.movements(intent) == [("authorize", total), ("capture", total), ("refund", total)]
    assert await stock_of(owner, variant_id) == (5, 0)
    assert await violations(owner) == []


def is_read(header: str) -> bool:
    try:
        read_key(header)
    except (IdempotencyKeyInvalid, IdempotencyKeyMissing):
        return False
    return True


@example("two words")
@example('"two words"')
@example("x" * 255)
@example("x" * 256)
@example(f'"{"x" * 255}"')
@example(f'"{"x" * 256}"')
@example('"' + r"\"" * 255 + '" ;a=b')
@example("ü")
@example('"k";ü')
@example("\xa0k")
@given(st.text(st.sampled_from('kx~ ;"\\\t\x7fü'), max_size=12))
def test_the_document_says_which_keys_are_read(header: str) -> None:
    header = header.strip(" \t")  # as HTTP does
    assert is_read(header) == (re.fullmatch(IDEMPOTENCY_KEY.pattern, header) is not None)


async def test_a_key_with_a_space_and_the_same_in_quotes_are_one_key(guest: Shopper, client: Client, owner: asyncpg.Connection) -> None:
    body, words = json.dumps(order_of(await guest.filled_cart(await offer(owner)))), f"one intent {uuid.uuid4().hex}"
    first, again = [await raw(client, "/orders", body, {"Idempotency-Key": header}) for header in (words, f'"{words}"')]
    assert (first[0], again[0], again[1]["Idempotent-Replayed"]) == (201, 201, "true")
    assert again[2] == first[2]


async def test_what_the_client_can_mend_leaves_the_key_free(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id, the_key = await offer(owner), key()
    cart = await guest.expect(201, "POST", "/carts", json={"lines": [{"variant_id": variant_id}]})
    refused = await guest.expect(422, "POST", "/orders", json=order_of(cart), headers=the_key)
    assert {"email", "delivery_address"} <= fields(refused)
    ready = await guest.filled_cart(variant_id)
    assert (await guest.place(ready, key=the_key["Idempotency-Key"]))[0] == 201


# --- what a client may not do ----------------------------------------------------------------------------------------------------


async def test_a_quantity_that_is_none_is_refused_by_its_name(client: Client, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    for quantity in ("-1", "0", "10000", "1.5", "1e3", "99999999999999999999", '"2"', "null", "true", "[1]"):
        status, _, text = await raw(client, "/carts", f'{{"lines":[{{"variant_id":{variant_id},"quantity":{quantity}}}]}}', {})
        assert status == 422, quantity
        assert {name.replace("[0]", "[...]") for name in fields(json.loads(text))} == {"lines[...].quantity"}, quantity


async def test_what_is_not_json_is_refused_whole(client: Client) -> None:
    for quantity in ("NaN", "Infinity", "-Infinity", "1e"):
        status, _, text = await raw(client, "/carts", f'{{"lines":[{{"variant_id":1,"quantity":{quantity}}}]}}', {})
        assert (status, problem(json.loads(text))) == (400, "malformed_body"), quantity


async def test_a_price_of_the_clients_own_is_refused(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1500)
    line = {"variant_id": variant_id, "unit_price": {"amount": 1, "currency": "EUR"}}
    assert any("unit_price" in name for name in fields(await guest.expect(422, "POST", "/carts", json={"lines": [line]})))
    cart = await guest.filled_cart(variant_id)
    for amount in (1, 0, cart["total"]["amount"] - 1, cart["total"]["amount"] + 1):
        body = order_of(cart, expected_total={"amount": amount, "currency": "EUR"})
        refused = await guest.expect(409, "POST", "/orders", json=body, headers=key())
        assert (problem(refused), refused["cart"]["total"]) == ("price_changed", cart["total"])
    for total in ({"amount": -1, "currency": "EUR"}, {"amount": 2**60, "currency": "EUR"}, {"amount": 1, "currency": "\x00UR"}):
        refused = await guest.expect(422, "POST", "/orders", json=order_of(cart, expected_total=total), headers=key())
        assert next(iter(fields(refused))).startswith("expected_total")
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", uuid.UUID(cart["id"])) == 0


async def test_a_variant_that_is_not_for_sale_is_refused_by_its_name(guest: Shopper, owner: asyncpg.Connection) -> None:
    hidden, unknown = await offer(owner), 2**50
    await owner.execute("UPDATE product SET status = 'draft' WHERE id = (SELECT product_id FROM variant WHERE id = $1)", hidden)
    cart = await guest.expect(201, "POST", "/carts", json={})
    for variant_id in (hidden, unknown):
        refused = await guest.expect(422, "POST", f"/carts/{cart['id']}/lines", json={"variant_id": variant_id})
        assert fields(refused) == {"variant_id"}
        await guest.expect(404, "PATCH", f"/carts/{cart['id']}/lines/{variant_id}", json={"quantity": 1})


async def test_a_change_of_a_cart_that_was_changed_meanwhile_is_refused(guest: Shopper, client: Client, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    cart = await guest.expect(201, "POST", "/carts", json={})
    path, etag = f"/carts/{cart['id']}/lines", {"If-Match": f'"{cart["version"]}"'}
    changed = await guest.expect(200, "POST", path, json={"variant_id": variant_id}, headers=etag)
    assert changed["version"] == cart["version"] + 1
    assert problem(await guest.expect(412, "POST", path, json={"variant_id": variant_id}, headers=etag)) == "version_mismatch"
    assert (await guest.expect(200, "GET", f"/carts/{cart['id']}"))["lines"][0]["quantity"] == 1


async def test_two_who_add_at_once_lose_nothing(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    cart = await guest.expect(201, "POST", "/carts", json={})
    add = [guest.expect(200, "POST", f"/carts/{cart['id']}/lines", json={"variant_id": variant_id}) for _ in range(20)]
    await asyncio.gather(*add)
    found = await guest.expect(200, "GET", f"/carts/{cart['id']}")
    assert (found["lines"][0]["quantity"], found["version"]) == (20, cart["version"] + 20)


async def test_who_comes_too_late_is_told_which_and_how_many_are_left(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=3)
    await guest.filled_cart(variant_id, 2)
    late = await guest.expect(201, "POST", "/carts", json={"lines": [{"variant_id": variant_id, "quantity": 2}]})
    refused = await guest.expect(409, "POST", f"/carts/{late['id']}/checkout", headers=key())
    assert (problem(refused), refused["lines"]) == ("insufficient_stock", [{"variant_id": variant_id, "wanted": 2, "available": 1}])


async def test_who_buys_at_once_has_a_cart_whose_stock_is_held(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=3)
    details = {"email": "ada@shop.example", "delivery_address": ADDRESS}
    known = await guest.expect(201, "POST", "/carts", json=details | {"lines": [{"variant_id": variant_id}]})
    option = known["fulfillment_options"][0]["id"]
    new = details | {"lines": [{"variant_id": variant_id, "quantity": 2}], "fulfillment_option_id": option}
    async with guest.http.post("/api/v1/checkout", json=new) as answer:
        ready, location, etag = await answer.json(), answer.headers["Location"], answer.headers["ETag"]
    assert (answer.status, location, etag) == (201, f"/api/v1/carts/{ready['id']}", f'"{ready["version"]}"')
    assert ready.pop("expires_at")
    assert await guest.expect(200, "GET", f"/carts/{ready['id']}") == ready
    assert await stock_of(owner, variant_id) == (3, 2)
    status, order = await guest.place(ready)
    assert (status, order["status"], await stock_of(owner, variant_id)) == (201, "paid", (1, 0))
    assert await violations(owner) == []


async def test_who_cannot_buy_at_once_is_told_why_and_leaves_nothing_behind(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=1)
    carts = "SELECT count(*) FROM cart"
    before = await owner.fetchval(carts)
    short = {"lines": [{"variant_id": variant_id, "quantity": 2}]}
    refused = await guest.expect(409, "POST", "/checkout", json=short)
    assert (problem(refused), refused["lines"]) == ("insufficient_stock", [{"variant_id": variant_id, "wanted": 2, "available": 1}])
    bad: list[tuple[dict[str, Any], str]] = [
        ({}, "lines"),
        ({"lines": []}, "lines"),
        ({"lines": [{"variant_id": variant_id, "quantity": -1}]}, "lines[0].quantity"),
        ({"lines": [{"variant_id": 2**50}]}, "lines[0].variant_id"),
        ({"lines": [{"variant_id": variant_id}], "currency": "XAU"}, "currency"),
        ({"lines": [{"variant_id": variant_id}], "email": "nobody"}, "email"),
        ({"lines": [{"variant_id": variant_id}], "fulfillment_option_id": 2**50}, "fulfillment_option_id"),
    ]
    for body, field in bad:
        refused = await guest.expect(422, "POST", "/checkout", json=body)
        assert [error["field"] for error in refused["errors"]] == [field], refused
    assert (await owner.fetchval(carts), await stock_of(owner, variant_id)) == (before, (1, 0))


async def test_a_key_starts_one_cart_and_holds_once(guest: Shopper, client: Client, owner: asyncpg.Connection) -> None:
    variant_id, the_key = await offer(owner, on_hand=50), key()
    body = json.dumps({"lines": [{"variant_id": variant_id, "quantity": 2}]})
    answers = [await raw(client, "/checkout", body, the_key) for _ in range(3)]
    assert [(status, headers.get("Idempotent-Replayed")) for status, headers, _ in answers] == [(201, None), (201, "true"), (201, "true")]
    assert len({text for _, _, text in answers}) == 1
    assert await stock_of(owner, variant_id) == (50, 2)
    status, _, text = await raw(client, "/checkout", body.replace("2}", "3}"), the_key)
    assert (status, problem(json.loads(text))) == (422, "idempotency_mismatch")


async def test_a_body_without_end_is_refused(client: Client, settings: Settings) -> None:
    status, _, text = await raw(client, "/carts", '{"lines":[' + " " * settings.limits.body_bytes, {})
    assert (status, problem(json.loads(text))) == (413, "body_too_large")


STRANGE: list[tuple[str, str, Any]] = [
    ("GET", "/api/v1/orders/%00", None),
    ("GET", "/api/v1/carts/%00", None),
    ("GET", "/orders/%00?key=%00", None),
    ("GET", "/orders/%C2%B2", None),
    ("DELETE", f"/api/v1/carts/{uuid.uuid4()}/codes/%00", None),
    ("PATCH", f"/api/v1/carts/{uuid.uuid4()}/lines/%C2%B2", {"quantity": 1}),
    ("POST", "/api/v1/sessions", {"email": "\x00@shop.example", "password": "\x00"}),
    ("POST", "/api/v1/customers", {"email": "nul@shop.example", "name": "\x00", "password": PASSWORD}),
    ("POST", f"/api/v1/carts/{uuid.uuid4()}/codes", {"code": "\x00"}),
    ("GET", "/account/verify?token=%00", None),
    ("GET", "/checkout/return?order=%00&key=%00", None),
]


async def test_no_character_breaks_the_shop(client: Client) -> None:
    for method, path, body in STRANGE:
        async with client.request(method, path, json=body) as answer:
            assert answer.status < 500, (method, path, await answer.text())


# --- the provider's events -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def events(client: Client, settings: Settings, sandbox: Sandbox) -> AsyncIterator[str]:
    """The provider tells this shop of what happens; yields where."""
    url = f"{settings.server.public_url}/webhooks/{settings.payments.provider}"
    _, endpoint = await sandbox.call("POST", "/v1/webhook_endpoints", {"url": url})
    yield url
    await sandbox.call("DELETE", f"/v1/webhook_endpoints/{endpoint['id']}")


async def test_a_payment_that_the_shopper_confirms_and_never_comes_back_from_is_learnt_by_event(
    guest: Shopper, events: str, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    """Doubled, forged and out of order, as events come."""
    await sandbox.misbehave([{"fault": "webhook_double"}, {"fault": "webhook_forge"}, {"fault": "webhook_reorder", "seconds": 0.3}])
    variant_id = await offer(owner, on_hand=4)
    status, waiting = await guest.place(await guest.filled_cart(variant_id), payment_method="pm_card_threeDSecure2Required")
    assert (status, waiting["status"]) == (202, "pending_payment")
    await sandbox.send(waiting["next_action"]["redirect_url"], answer="approve")

    async def paid() -> bool:
        found = await guest.expect(200, "GET", f"/orders/{waiting['id']}?key={waiting['key']}")
        return bool(found["status"] == "paid")

    await eventually(paid)
    assert await stock_of(owner, variant_id) == (3, 0)

    async def all_applied() -> bool:
        return bool(await owner.fetchval("SELECT count(*) > 0 AND count(*) = count(applied_at) FROM webhook_inbox"))

    await eventually(all_applied)
    assert await owner.fetchval("SELECT count(*) FROM order_event WHERE order_id = $1 AND kind = 'paid'", uuid.UUID(waiting["id"])) == 1
    assert await violations(owner) == []


class Deliveries:
    """What the provider has to tell a shop, as its own books say."""

    def __init__(self, provider_settings: Settings, url: str) -> None:
        self._books = provider_settings.data_dir / "sandbox" / "ledger.sqlite3"
        self._url = url

    def due(self) -> list[float]:
        """In so many hours each, of those that are still to be made."""
        rows = self._run("SELECT due FROM delivery WHERE url = ? AND done = 0", self._url)
        return [(due - time.time()) / 3600 for (due,) in rows]

    def hours_pass(self, hours: int) -> None:
        self._run("UPDATE delivery SET due = due - ? WHERE url = ?", hours * 3600, self._url)

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self._books)) as books, books:
            return books.execute(statement, values).fetchall()


@pytest.fixture
def deliveries(provider_settings: Settings, events: str) -> Deliveries:
    return Deliveries(provider_settings, events)


async def confirmed_at_the_bank(guest: Shopper, sandbox: Sandbox, variant_id: int) -> dict[str, Any]:
    """An order whose shopper has confirmed the payment, and does not come back."""
    status, waiting = await guest.place(await guest.filled_cart(variant_id), payment_method="pm_card_threeDSecure2Required")
    assert (status, waiting["status"]) == (202, "pending_payment")
    await sandbox.send(waiting["next_action"]["redirect_url"], answer="approve")
    return dict(waiting)


async def time_is_up(shop: CheckoutContext, clock: MovableClock) -> None:
    """The order's time to be paid has passed, and recovery looks at it."""
    clock.forward(minutes=shop.settings.shop.reservation_minutes + 1)
    await recovery.recover(shop)


async def test_a_payment_whose_events_are_lost_is_learnt_by_asking(
    guest: Shopper, deliveries: Deliveries, shop: CheckoutContext, clock: MovableClock, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    await sandbox.misbehave([{"fault": "webhook_drop"}])
    variant_id = await offer(owner, on_hand=4)
    told = await owner.fetchval("SELECT count(*) FROM webhook_inbox")
    order = await confirmed_at_the_bank(guest, sandbox, variant_id)
    await time_is_up(shop, clock)
    assert await kinds_of(owner, order) == ["placed", "paid"]
    assert await stock_of(owner, variant_id) == (3, 0)
    assert deliveries.due() == []
    assert await owner.fetchval("SELECT count(*) FROM webhook_inbox") == told
    assert await violations(owner) == []


async def test_events_that_come_hours_after_the_payment_was_learnt_change_nothing(
    guest: Shopper, deliveries: Deliveries, shop: CheckoutContext, clock: MovableClock, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    await sandbox.misbehave([{"fault": "webhook_delay", "seconds": 7200}])
    variant_id = await offer(owner, on_hand=4)
    told = await owner.fetchval("SELECT count(*) FROM webhook_inbox")
    order = await confirmed_at_the_bank(guest, sandbox, variant_id)
    late = deliveries.due()
    assert late
    assert all(1.9 < hours <= 2 for hours in late)
    await time_is_up(shop, clock)
    assert await kinds_of(owner, order) == ["placed", "paid"]
    deliveries.hours_pass(2)

    async def all_applied() -> bool:
        rows = await owner.fetch("SELECT outcome FROM webhook_inbox ORDER BY received_at OFFSET $1", told)
        return len(rows) == len(late) and all(row["outcome"] for row in rows)

    await eventually(all_applied)
    assert await kinds_of(owner, order) == ["placed", "paid"]
    assert await stock_of(owner, variant_id) == (3, 0)
    charge = await owner.fetchrow("SELECT provider_ref, state FROM payment_attempt WHERE order_id = $1", uuid.UUID(order["id"]))
    total = order["total"]["amount"]
    assert charge["state"] == "succeeded"
    assert await sandbox.movements(charge["provider_ref"]) == [("authorize", total), ("capture", total)]
    assert await violations(owner) == []


@pytest.mark.parametrize(("payment_method", "answer"), [("pm_card_visa", 201), ("pm_card_chargeDeclined", 402)])
async def test_an_event_that_tells_what_is_known_asks_nobody(
    guest: Shopper, events: str, owner: asyncpg.Connection, sandbox: Sandbox, payment_method: str, answer: int
) -> None:
    """Whether it comes while the call is under way that caused it, or afterwards; with a provider that answers no question."""
    await sandbox.misbehave([{"fault": "error_before", "method": "GET", "path": "/v1/payment_intents"}])
    seen = await owner.fetchval("SELECT count(*) FROM webhook_inbox")
    variant_id = await offer(owner, on_hand=4)
    status, _ = await guest.place(await guest.filled_cart(variant_id), payment_method=payment_method)
    assert status == answer

    async def known() -> bool:
        told = await owner.fetch("SELECT outcome FROM webhook_inbox ORDER BY received_at OFFSET $1", seen)
        return bool(told) and all(event["outcome"] == "known" for event in told)

    await eventually(known)
    assert await owner.fetchval("SELECT count(*) FROM job WHERE kind = 'payment_event'") == 0


async def test_what_happens_to_a_paid_charge_at_the_provider_is_learnt_by_event(
    guest: Shopper, events: str, owner: asyncpg.Connection, sandbox: Sandbox
) -> None:
    """Somebody gives money back there; a cardholder's bank asks it back."""
    variant_id = await offer(owner, on_hand=4)
    _, order = await guest.place(await guest.filled_cart(variant_id))
    attempt = await owner.fetchrow("SELECT id, provider_ref FROM payment_attempt WHERE order_id = $1", uuid.UUID(order["id"]))
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": attempt["provider_ref"], "amount": "100"})

    async def differs() -> bool:
        found = await owner.fetch("SELECT type FROM webhook_inbox WHERE outcome = 'differs'")
        return {row["type"] for row in found} == {"refund.created", "charge.refunded"}

    await eventually(differs)
    assert await owner.fetchval("SELECT kept FROM provider_charge WHERE attempt_id = $1", attempt["id"]) == order["total"]["amount"] - 100
    await owner.execute("DELETE FROM provider_charge")
    _, disputed = await guest.place(await guest.filled_cart(variant_id), payment_method="pm_card_createDispute")

    async def told() -> bool:
        kinds = await owner.fetch("SELECT kind FROM order_event WHERE order_id = $1", uuid.UUID(disputed["id"]))
        return "dispute_opened" in [row["kind"] for row in kinds]

    await eventually(told)


async def test_an_event_that_the_provider_did_not_sign_changes_nothing(client: Client, owner: asyncpg.Connection) -> None:
    before = await owner.fetchval("SELECT count(*) FROM webhook_inbox")
    for path, headers, status in (
        ("/webhooks/sandbox", {}, 400),
        ("/webhooks/sandbox", {"Stripe-Signature": "t=1,v1=00"}, 400),
        ("/webhooks/stripe", {}, 404),
    ):
        async with client.post(path, data=b'{"id":"evt_1"}', headers=headers) as answer:
            assert answer.status == status
            assert answer.content_type == "application/problem+json"
    assert await owner.fetchval("SELECT count(*) FROM webhook_inbox") == before
