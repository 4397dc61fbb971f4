"""Carts for JSON clients. The ETag of a cart is its version; a change with If-Match answers 412 when the cart has changed meanwhile."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import msgspec
from aiohttp import web

from storefront.cart import service
from storefront.cart.access import cart_id_of, count_new_cart, currency_of, guard_of
from storefront.cart.desk import DESK, AtDesk
from storefront.cart.model import (
    Cart,
    CartChange,
    CartClosed,
    CartNotFound,
    CartView,
    Guard,
    LineChange,
    NewCart,
    NewCode,
    NewLine,
    VariantId,
)
from storefront.cart.service import LineNotFound
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import RateLimited, VersionMismatch
from storefront.platform.http import client_ip, json_response, read_json
from storefront.platform.openapi import ETAG, IF_MATCH, LOCATION, PREFER, operation
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import current_customer_id
from storefront.pricing.model import PricedCart
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

Change = Callable[[Connection, UUID, Guard, AtDesk], Awaitable[Cart]]
CHANGE = (CartNotFound, CartClosed, VersionMismatch)
PATH = {"cart_id": UUID}
LINE_PATH = PATH | {"variant_id": VariantId}
CART = {"cart_id": "/id"}
LINE = CART | {"variant_id": "/lines/0/variant_id"}
LINKS = {
    "read_cart": CART,
    "update_cart": CART,
    "add_cart_line": CART,
    "update_cart_line": LINE,
    "delete_cart_line": LINE,
    "add_cart_code": CART,
    "delete_cart_code": CART | {"code": "/coupon_codes/0"},
    "start_checkout": CART,
}
# What all changes of a cart have in common: they take If-Match, and answer the cart, or nothing but its version.
cart_operation = partial(
    operation,
    tag="Carts",
    response=CartView,
    answers={204: None},
    headers=(IF_MATCH, PREFER),
    answer_headers=(ETAG,),
    links=LINKS,
    session="optional",
)
ADDRESS = {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE"}


@routes.post("/api/v1/carts")
@operation(
    summary="Start a cart",
    tag="Carts",
    request=NewCart,
    example={"lines": [{"variant_id": 1, "quantity": 2}], "email": "ada@example.com", "delivery_address": ADDRESS},
    response=CartView,
    status=201,
    answer_headers=(ETAG, LOCATION),
    links=LINKS,
    errors=(RateLimited,),
    session="optional",
)
async def create_cart(request: web.Request) -> web.Response:
    """A new cart, with what is given of lines, contact, addresses and delivery. The delivery option must be one that is offered for it.

    Whoever knows the id of a guest's cart may use it; a signed-in customer's is their own.
    """
    given = await read_json(request, NewCart)
    currency = currency_of(request, given)
    customer_id = await current_customer_id(request)
    await count_new_cart(request)
    lines = [(line.variant_id, line.quantity) for line in given.lines]
    cart, priced = await service.create_priced(
        request.app[DATABASE].statements,
        currency=currency,
        customer_id=customer_id,
        lines=lines,
        details=given.details,
        till=_at_desk(request),
    )
    return _answer(cart, priced, status=201)


@routes.get("/api/v1/carts/{cart_id}")
@operation(
    summary="Read a cart",
    tag="Carts",
    response=CartView,
    answer_headers=(ETAG,),
    links=LINKS,
    errors=(CartNotFound,),
    session="optional",
    path_types=PATH,
)
async def read_cart(request: web.Request) -> web.Response:
    """The cart at its prices of now. What was put into it while its order was being paid for is in the cart `next_cart_id`, once it is
    ordered.
    """
    guard, till = await guard_of(request), _at_desk(request)
    cart = await service.get(till, cart_id_of(request), guard)
    successor: Cart | None = None
    if cart.state == "ordered":
        async with request.app[DATABASE].write() as conn:
            successor = await service.successor(conn, cart.id, guard)
    return _answer(cart, await till.price(cart), next_cart_id=successor.id if successor is not None else None)


@routes.patch("/api/v1/carts/{cart_id}")
@cart_operation(
    summary="Change contact, addresses or delivery",
    request=CartChange,
    example={"email": "ada@example.com", "delivery_address": ADDRESS},
    errors=CHANGE,
    path_types=PATH,
)
async def update_cart(request: web.Request) -> web.Response:
    """What is left out stays as it is. The delivery option must be one that is offered for the address; where tax hangs on the region, the
    address must name one that has rates.
    """
    given = await read_json(request, CartChange)
    guard, cart_id = await guard_of(request), cart_id_of(request)

    details = msgspec.structs.asdict(given)
    if given.fulfillment_option_id is not msgspec.UNSET or given.delivery_address or given.billing_address:
        cart, priced = await service.choose_delivery(cart_id, details, guard, till=_at_desk(request))
        return _nothing(cart) if _minimal(request) else _answer(cart, priced)

    async def change(conn: Connection, cart_id: UUID, guard: Guard, till: AtDesk) -> Cart:
        return await service.set_details(conn, cart_id, **details, guard=guard, till=till)

    return await _changed(request, change)


@routes.post("/api/v1/carts/{cart_id}/lines")
@cart_operation(
    summary="Add to a cart",
    request=NewLine,
    example={"variant_id": 1, "quantity": 2},
    errors=CHANGE,
    path_types=PATH,
)
async def add_cart_line(request: web.Request) -> web.Response:
    """Adds units of a variant; a line that is there already grows."""
    line = await read_json(request, NewLine)

    async def change(conn: Connection, cart_id: UUID, guard: Guard, till: AtDesk) -> Cart:
        return await service.add_line(conn, cart_id, line.variant_id, line.quantity, guard, till=till)

    return await _changed(request, change)


@routes.patch("/api/v1/carts/{cart_id}/lines/{variant_id}")
@cart_operation(
    summary="Change a line",
    request=LineChange,
    example={"quantity": 3},
    errors=(*CHANGE, LineNotFound),
    path_types=LINE_PATH,
)
async def update_cart_line(request: web.Request) -> web.Response:
    """Sets the quantity; 0 removes the line."""
    variant_id, line = _variant_id(request), await read_json(request, LineChange)

    async def change(conn: Connection, cart_id: UUID, guard: Guard, till: AtDesk) -> Cart:
        return await service.set_quantity(conn, cart_id, variant_id, line.quantity, guard, till=till)

    return await _changed(request, change)


@routes.delete("/api/v1/carts/{cart_id}/lines/{variant_id}")
@cart_operation(
    summary="Remove a line",
    errors=(*CHANGE, LineNotFound),
    path_types=LINE_PATH,
)
async def delete_cart_line(request: web.Request) -> web.Response:
    """Answers the cart without it."""
    variant_id = _variant_id(request)

    async def change(conn: Connection, cart_id: UUID, guard: Guard, till: AtDesk) -> Cart:
        return await service.remove(conn, cart_id, variant_id, guard, till=till)

    return await _changed(request, change)


@routes.post("/api/v1/carts/{cart_id}/codes")
@cart_operation(
    summary="Use a code",
    request=NewCode,
    example={"code": "WELCOME10"},
    errors=(*CHANGE, RateLimited),
    path_types=PATH,
)
async def add_cart_code(request: web.Request) -> web.Response:
    """Puts a coupon code or a gift card on the cart. `code_problems` says when it takes nothing off, and why."""
    given = await read_json(request, NewCode)
    await request.app[RATE_LIMITER].hit("cart_code", client_ip(request), request.app[SETTINGS].limits.checkout)

    async def change(conn: Connection, cart_id: UUID, guard: Guard, till: AtDesk) -> Cart:
        return await service.apply_code(conn, cart_id, given.code, now=request.app[CLOCK](), guard=guard, till=till)

    return await _changed(request, change)


@routes.delete("/api/v1/carts/{cart_id}/codes/{code}")
@cart_operation(
    summary="Take a code off",
    errors=CHANGE,
    path_types=PATH,
)
async def delete_cart_code(request: web.Request) -> web.Response:
    """A code that is not on the cart is no error."""
    code = request.match_info["code"]

    async def change(conn: Connection, cart_id: UUID, guard: Guard, till: AtDesk) -> Cart:
        return await service.remove_code(conn, cart_id, code, guard, till=till)

    return await _changed(request, change)


async def _changed(request: web.Request, change: Change) -> web.Response:
    guard, cart_id = await guard_of(request), cart_id_of(request)
    till, statements = _at_desk(request, priced=not _minimal(request)), request.app[DATABASE].statements
    cart = await change(statements, cart_id, guard, till)
    return _nothing(cart) if _minimal(request) else _answer(cart, await till.price(service.used_by(cart, guard)))


def _minimal(request: web.Request) -> bool:
    """Whether the client asks for no body (RFC 7240, section 4.2)."""
    given = ",".join(request.headers.getall("Prefer", ())).lower()
    return given == "return=minimal" or any(part.strip() == "return=minimal" for part in re.split("[,;]", given))


def _nothing(cart: Cart) -> web.Response:
    headers = {"ETag": f'"{cart.version}"', "Preference-Applied": "return=minimal", "Cache-Control": "private, no-store"}
    return web.Response(status=204, headers=headers)


def _variant_id(request: web.Request) -> int:
    text = request.match_info["variant_id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise LineNotFound("This is not in the cart.")
    return int(text)


def _at_desk(request: web.Request, *, priced: bool = True) -> AtDesk:
    return request.app[DESK].at(request.app[CLOCK](), priced=priced)


def _answer(cart: Cart, priced: PricedCart, *, status: int = 200, next_cart_id: UUID | None = None) -> web.Response:
    headers = {"ETag": f'"{cart.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/carts/{cart.id}"
    return json_response(service.cart_view(cart, priced, next_cart_id=next_cart_id), status=status, headers=headers)
