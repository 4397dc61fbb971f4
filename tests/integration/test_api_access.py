"""Who may do what by JSON: every operation has a rule here, and those on somebody's things are tried by everybody else."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.orders import after_sale
from storefront.payments.service import PAYMENTS
from storefront.platform.clock import utc_now
from storefront.platform.database import DATABASE
from storefront.platform.jobs import JOBS
from storefront.platform.openapi_document import Route, api_routes
from storefront.platform.sessions import create_session
from storefront.settings import Settings
from tests import shelves
from tests.shopper import ADDRESS, Shopper

Client = TestClient[web.Request, web.Application]
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Things:
    """What somebody has: a cart ready to be ordered, with a line and a code, an order that may be cancelled, an address; and an order that
    was sent, of which some was given back, and some is to be returned.
    """

    cart: str
    variant: int
    code: str
    total: dict[str, Any]
    order: str
    key: str
    address: str
    sent: str
    line: int
    returned: str
    note: str


@dataclass(frozen=True)
class Ask:
    """A request; `headers` are its own."""

    method: str
    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


def _order(things: Things) -> Ask:
    body = {"cart_id": things.cart, "expected_total": things.total, "payment_method": "pm_card_visa"}
    return Ask("POST", "/orders", body, (("Idempotency-Key", uuid.uuid4().hex),))


ANYBODY = {
    *("list_categories", "list_category_products", "list_collections", "list_collection_products", "list_products", "read_product"),
    *("search_products", "list_suggestions", "create_cart", "buy_now", "register_customer", "create_customer_session"),
}
"""The same for everybody, or the beginning of something of one's own."""

OWN = {"read_customer", "list_addresses", "add_address", "list_orders", "delete_customer_session"}
"""Of whoever is signed in; their address names no thing."""

OBJECTS: dict[str, Callable[[Things], Ask]] = {
    "read_cart": lambda of: Ask("GET", f"/carts/{of.cart}"),
    "update_cart": lambda of: Ask("PATCH", f"/carts/{of.cart}", {"email": "eve@shop.example"}),
    "add_cart_line": lambda of: Ask("POST", f"/carts/{of.cart}/lines", {"variant_id": of.variant}),
    "update_cart_line": lambda of: Ask("PATCH", f"/carts/{of.cart}/lines/{of.variant}", {"quantity": 3}),
    "delete_cart_line": lambda of: Ask("DELETE", f"/carts/{of.cart}/lines/{of.variant}"),
    "add_cart_code": lambda of: Ask("POST", f"/carts/{of.cart}/codes", {"code": of.code}),
    "delete_cart_code": lambda of: Ask("DELETE", f"/carts/{of.cart}/codes/{of.code}"),
    "start_checkout": lambda of: Ask("POST", f"/carts/{of.cart}/checkout"),
    "create_order": _order,
    "read_order": lambda of: Ask("GET", f"/orders/{of.order}"),
    "cancel_order": lambda of: Ask("POST", f"/orders/{of.order}/cancel"),
    "read_invoice": lambda of: Ask("GET", f"/orders/{of.sent}/invoice.pdf"),
    "read_credit_note": lambda of: Ask("GET", f"/orders/{of.sent}/credit-notes/{of.note}.pdf"),
    "create_return": lambda of: Ask("POST", f"/orders/{of.sent}/returns", {"lines": [{"order_line_id": of.line, "quantity": 1}]}),
    "withdraw_return": lambda of: Ask("POST", f"/orders/{of.sent}/returns/{of.returned}/withdraw"),
    "delete_address": lambda of: Ask("DELETE", f"/customers/me/addresses/{of.address}"),
}
"""Somebody's thing, named by its id."""


def names_a_thing(route: Route) -> bool:
    """Whether the route's address or body has the id of a thing that belongs to somebody."""
    request = route.described.request
    in_body = {field.type for field in msgspec.structs.fields(request)} if request is not None else set()
    return UUID in {*route.described.path_types.values(), *in_body}


async def test_every_operation_has_a_rule(app: web.Application) -> None:
    routes = {route.operation_id: route for route in api_routes(app)}
    assert set(routes) == ANYBODY | OWN | set(OBJECTS), "say in this file who may use the operation"
    for name, route in routes.items():
        assert names_a_thing(route) == (name in OBJECTS), name
        assert (route.described.session == "required") == (name in OWN or name == "delete_address"), name


# --- whose things they are -------------------------------------------------------------------------------------------------------


async def customer(settings: Settings, name: str) -> Shopper:
    async with Shopper(settings.server.public_url) as door:
        account = {"email": f"{name}-{uuid.uuid4().hex[:8]}@shop.example", "name": name, "password": PASSWORD}
        opened = await door.expect(201, "POST", "/customers", json=account)
    return Shopper(settings.server.public_url, opened["token"])


async def things_of(customer: Shopper, code: str, app: web.Application) -> Things:
    """New things of a customer's."""
    variant = (await customer.something_in_stock())["id"]
    _, order = await customer.place(await customer.filled_cart(variant))
    _, sent = await customer.place(await customer.filled_cart(variant, 2))
    line, parts = sent["lines"][0]["id"], (app[DATABASE], app[PAYMENTS], app[JOBS], UUID(sent["id"]))
    await after_sale.fulfill(*parts, lines={line: 2}, actor="operator")
    await after_sale.refund(*parts, amount=100, key="some", actor="operator")
    back = {"lines": [{"order_line_id": line, "quantity": 1}]}
    returned = await customer.expect(201, "POST", f"/orders/{sent['id']}/returns", json=back)
    sent = await customer.expect(200, "GET", f"/orders/{sent['id']}")
    cart = await customer.filled_cart(variant)
    cart = await customer.expect(200, "POST", f"/carts/{cart['id']}/codes", json={"code": code})
    address = await customer.expect(201, "POST", "/customers/me/addresses", json={"address": ADDRESS})
    return Things(
        cart=cart["id"],
        variant=variant,
        code=code,
        total=cart["total"],
        order=order["id"],
        key=order["key"],
        address=address["id"],
        sent=sent["id"],
        line=line,
        returned=returned["id"],
        note=sent["credit_notes"][0]["number"],
    )


def unknown(things: Things) -> Things:
    """The same with ids that nobody has."""
    return replace(things, cart=str(uuid.uuid4()), order=str(uuid.uuid4()), address=str(uuid.uuid4()), sent=str(uuid.uuid4()))


async def send(who: Shopper, ask: Ask) -> tuple[int, Any]:
    status, body = await who.call(ask.method, ask.path, json=ask.body, headers=dict(ask.headers))
    return status, {name: value for name, value in (body or {}).items() if name != "instance"}


async def state(of: Shopper, things: Things) -> Any:
    """What the owner sees of their things; the invoice of an order is issued when it is, by a job."""
    cart = await of.expect(200, "GET", f"/carts/{things.cart}")
    orders = [await of.expect(200, "GET", f"/orders/{order}") | {"invoice": None} for order in (things.order, things.sent)]
    return cart, orders, await of.expect(200, "GET", "/customers/me/addresses")


@pytest.fixture
async def operator(app: web.Application) -> str:
    """The token of an operator's session, which is nobody's among customers."""
    async with app[DATABASE].write() as conn:
        operator_id = await conn.fetchval("SELECT id FROM operator LIMIT 1")
        return await create_session(conn, utc_now(), operator_id=operator_id)


async def test_nobody_else_learns_of_a_customers_things_or_changes_them(
    stocked: Client, app: web.Application, settings: Settings, owner: asyncpg.Connection, operator: str
) -> None:
    """A stranger is told exactly what they are told of a thing that does not exist; the owner is let in by the same request.

    Whose token is no customer's is told so, and not taken for a guest.
    """
    url = settings.server.public_url
    code = await shelves.coupon(owner)
    async with (
        await customer(settings, "ada") as ada,
        await customer(settings, "eve") as eve,
        Shopper(url) as guest,
        Shopper(url, "no-such-token") as forger,
        Shopper(url, operator) as clerk,
    ):
        theirs = await things_of(eve, code, app)  # what a stranger has of their own must not open what others have
        for name, of in OBJECTS.items():
            things = await things_of(ada, code, app)
            before = await state(ada, things)
            for stranger in (eve, guest, forger, clerk):
                refused = await send(stranger, of(things))
                signed_out = stranger in (forger, clerk) or (stranger is guest and name == "delete_address")
                assert refused[0] == (401 if signed_out else 404), (name, refused)
                assert refused == await send(stranger, of(unknown(things))), name
            ask = of(things)
            if ask.path.startswith("/orders/"):
                for key in (theirs.key, things.key[:-1] + ("A" if things.key[-1] != "A" else "B"), ""):
                    assert (await send(eve, replace(ask, path=f"{ask.path}?key={key}")))[0] == 404, name
            assert await state(ada, things) == before, name
            done = await send(ada, of(things))
            assert done[0] < 300, (name, done)


async def test_what_is_ones_own_needs_a_session(stocked: Client, settings: Settings, app: web.Application, operator: str) -> None:
    routes = {route.operation_id: route for route in api_routes(app)}
    for token in (None, "no-such-token", operator):
        async with Shopper(settings.server.public_url, token) as stranger:
            for name in OWN:
                method, path = routes[name].method.upper(), routes[name].path.removeprefix("/api/v1")
                body = {"address": ADDRESS} if name == "add_address" else None
                refused = await stranger.expect(401, method, path, json=body)
                assert refused["type"].endswith("/sign_in_required"), name
            async with stranger.http.get("/api/v1/customers/me") as answer:
                assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_what_is_ones_own_is_only_ones_own(
    stocked: Client, app: web.Application, settings: Settings, owner: asyncpg.Connection
) -> None:
    async with await customer(settings, "ada") as ada, await customer(settings, "eve") as eve:
        things = await things_of(ada, await shelves.coupon(owner), app)
        assert [order["id"] for order in (await ada.expect(200, "GET", "/orders"))["items"]] == [things.sent, things.order]
        assert (await eve.expect(200, "GET", "/orders"))["items"] == []
        assert (await eve.expect(200, "GET", "/customers/me/addresses"))["items"] == []
        assert (await eve.expect(200, "GET", "/customers/me"))["name"] == "eve"
        await eve.expect(204, "DELETE", "/sessions/current")
        await eve.expect(401, "GET", "/customers/me")
        assert (await ada.expect(200, "GET", "/customers/me"))["name"] == "ada"


async def test_a_guests_order_opens_by_its_key_alone(stocked: Client, settings: Settings) -> None:
    async with Shopper(settings.server.public_url) as guest, await customer(settings, "eve") as eve:
        order, other = await guest.buy(), await guest.buy()
        path = f"/orders/{order['id']}"
        for who in (guest, eve):
            for query in ("", f"?key={other['key']}", "?key=" + "A" * 32):
                await who.expect(404, "GET", path + query)
                await who.expect(404, "POST", f"{path}/cancel{query}")
        found = await eve.expect(200, "GET", f"{path}?key={order['key']}")
        assert found | {"invoice": None} == order, "whoever was given the key"


async def test_a_guests_order_is_theirs_who_have_confirmed_its_address(
    stocked: Client, settings: Settings, owner: asyncpg.Connection
) -> None:
    """What the list of own orders leads to can be read."""
    async with (
        Shopper(settings.server.public_url) as guest,
        await customer(settings, "eve") as eve,
        await customer(settings, "mallory") as other,
    ):
        email = (await eve.expect(200, "GET", "/customers/me"))["email"]
        variant = await guest.something_in_stock()
        _, order = await guest.place(await guest.filled_cart(variant["id"], email=email.upper()))
        path = f"/orders/{order['id']}"
        await eve.expect(404, "GET", path)
        await owner.execute("UPDATE customer SET email_verified_at = now()")
        (listed,) = (await eve.expect(200, "GET", "/orders"))["items"]
        assert (await eve.expect(200, "GET", f"/orders/{listed['id']}"))["number"] == order["number"]
        await other.expect(404, "GET", path)


async def test_the_log_names_no_cart_and_no_code_that_somebody_could_use(client: Client, settings: Settings) -> None:
    settings.telemetry.access_log_sample = 1
    async with client.post("/api/v1/carts", json={}) as answer:
        cart_id = (await answer.json())["id"]
    with structlog.testing.capture_logs() as lines:
        async with client.delete(f"/api/v1/carts/{cart_id}/codes/ABCD-EFGH-JKLM-NPQR") as answer:
            assert answer.status == 200
        async with client.get(f"/api/v1/orders/{cart_id}") as answer:
            assert answer.status == 404
    assert [line["path"] for line in lines if line["event"] == "request"] == [
        "/api/v1/carts/{cart_id}/codes/{code}",
        f"/api/v1/orders/{cart_id}",
    ]
