"""Checkout for JSON clients: start it, place the order, cancel it."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web

from storefront.cart import service as carts
from storefront.cart.access import cart_id_of, count_new_cart, currency_of, guard_of
from storefront.cart.api import ADDRESS, LINKS
from storefront.cart.model import CartClosed, CartNotFound, CartView
from storefront.cart.service import cart_view
from storefront.checkout import idempotency, service
from storefront.checkout.answers import refusal
from storefront.checkout.errors import CartOrdered, OrderGivenUp, PaymentDeclined, PaymentProviderAway, PriceChanged
from storefront.checkout.idempotency import (
    IdempotencyInFlight,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyMismatch,
)
from storefront.checkout.model import Answer, BuyNow, PlaceOrder
from storefront.checkout.place_order import place_order
from storefront.inventory.gate import STOCK
from storefront.inventory.service import OutOfStock
from storefront.orders import after_sale, returns
from storefront.orders import service as orders
from storefront.orders.after_sale import NotPossibleNow
from storefront.orders.api import OrderQuery, order_for
from storefront.orders.model import NewReturn, OrderView, ReturnView
from storefront.platform.errors import InvalidInput, MalformedBody, NotFound, RateLimited, Unavailable, VersionMismatch
from storefront.platform.http import client_ip, encode_json, read_json
from storefront.platform.openapi import ETAG, IDEMPOTENCY_KEY, IF_MATCH, LOCATION, OPTIONAL_KEY, operation
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import current_customer_id
from storefront.pricing.service import CouponExhausted, GiftCardExhausted
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

ORDER = {"order_id": "/id"}


class CheckoutView(CartView, frozen=True):
    """The cart, ready to be ordered; its stock is held until `expires_at`."""

    expires_at: datetime


def _send(answer: Answer) -> web.Response:
    headers = {"Cache-Control": "private, no-store"} | answer.headers
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return web.Response(body=answer.body, status=answer.status, headers=headers)


async def _maybe_once(request: web.Request, scope: str, work: Callable[[], Awaitable[Answer]], asked: object = None) -> web.Response:
    """Under the request's key, if it has one; the work itself is harmless to repeat. `asked` is the body, if there is one."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return _send(await work())
    shop = service.checkout_context(request.app)
    answer = await idempotency.once(
        shop.database,
        scope,
        idempotency.read_key(header),
        idempotency.fingerprint(request.method, request.path, asked),
        work,
        lambda error: refusal(shop.settings, error),
        now=shop.clock(),
        stale=shop.stale_after,
    )
    return _send(answer)


@routes.post("/api/v1/carts/{cart_id}/checkout")
@operation(
    summary="Start checkout",
    tag="Checkout",
    response=CheckoutView,
    headers=(OPTIONAL_KEY, IF_MATCH),
    answer_headers=(ETAG,),
    session="optional",
    errors=(
        CartNotFound,
        CartClosed,
        VersionMismatch,
        InvalidInput,
        OutOfStock,
        CartOrdered,
        IdempotencyInFlight,
        IdempotencyMismatch,
        RateLimited,
        Unavailable,
        PaymentProviderAway,
    ),
    path_types={"cart_id": UUID},
)
async def start_checkout(request: web.Request) -> web.Response:
    """Holds the cart's stock until `expires_at` and prices it anew. Start again to hold it for longer."""
    cart_id, guard = cart_id_of(request), await guard_of(request)
    await request.app[RATE_LIMITER].hit("checkout", client_ip(request), request.app[SETTINGS].limits.checkout, loosely=True)
    shop = service.checkout_context(request.app)
    if "Idempotency-Key" in request.headers:
        async with shop.database.write() as conn:
            await carts.get(conn, cart_id, guard)  # an answer that was given before is its owner's

    async def work() -> Answer:
        return _started(await service.start(shop, request.app[STOCK], cart_id, guard), status=200)

    return await _maybe_once(request, f"cart:{cart_id}", work)


@routes.post("/api/v1/checkout")
@operation(
    summary="Start a cart and its checkout",
    tag="Checkout",
    request=BuyNow,
    example={"lines": [{"variant_id": 1, "quantity": 1}], "email": "ada@example.com", "delivery_address": ADDRESS},
    response=CheckoutView,
    status=201,
    headers=(OPTIONAL_KEY,),
    answer_headers=(ETAG, LOCATION),
    links=LINKS,
    session="optional",
    errors=(InvalidInput, OutOfStock, IdempotencyInFlight, IdempotencyMismatch, RateLimited, Unavailable),
)
async def buy_now(request: web.Request) -> web.Response:
    """A new cart with its stock held, in one request: "Start a cart" and "Start checkout" for whoever buys at once. Next is the order.

    When something is out of stock there is no cart either.
    """
    given = await read_json(request, BuyNow)
    currency = currency_of(request, given)
    customer_id = await current_customer_id(request)
    await count_new_cart(request)
    await request.app[RATE_LIMITER].hit("checkout", client_ip(request), request.app[SETTINGS].limits.checkout, loosely=True)
    shop = service.checkout_context(request.app)
    lines = [(line.variant_id, line.quantity) for line in given.lines]

    async def work() -> Answer:
        gate, details = request.app[STOCK], given.details
        started = await service.start_new(shop, gate, currency=currency, customer_id=customer_id, lines=lines, details=details)
        return _started(started, status=201)

    # A guest is known by nothing but where they call from.
    return await _maybe_once(request, f"new_cart:{customer_id or client_ip(request)}", work, given)


def _started(started: service.Started, *, status: int) -> Answer:
    view = cart_view(started.cart, started.priced)
    body = CheckoutView(**msgspec.structs.asdict(view), expires_at=started.expires_at)
    headers = {"Content-Type": "application/json", "ETag": f'"{started.cart.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/carts/{started.cart.id}"
    return Answer(status, encode_json(body), headers)


@routes.post("/api/v1/orders")
@operation(
    summary="Place an order",
    tag="Checkout",
    request=PlaceOrder,
    example={
        "cart_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "expected_total": {"amount": 4390, "currency": "EUR"},
        "payment_method": "pm_card_visa",
    },
    response=OrderView,
    status=201,
    answers={202: OrderView},
    headers=(IDEMPOTENCY_KEY,),
    answer_headers=(LOCATION,),
    links={"read_order": ORDER | {"key": "/key"}, "cancel_order": ORDER | {"key": "/key"}},
    session="optional",
    errors=(
        IdempotencyKeyMissing,
        IdempotencyKeyInvalid,
        MalformedBody,
        PaymentDeclined,
        CartNotFound,
        CartClosed,
        PriceChanged,
        OutOfStock,
        CouponExhausted,
        GiftCardExhausted,
        CartOrdered,
        OrderGivenUp,
        IdempotencyInFlight,
        InvalidInput,
        VersionMismatch,
        IdempotencyMismatch,
        RateLimited,
        PaymentProviderAway,
    ),
)
async def create_order(request: web.Request) -> web.Response:
    """Places the order of a cart and pays for it.

    201: it is paid. 202: it is not yet; open `next_action.redirect_url` if there is one, else read the order again in a while.
    402: the payment was declined; the stock stays held, so that the same cart may be ordered with another payment method and a new key.
    Send the same request with the same key as often as you like: there is one order and one charge, and the answer is the first one.
    """
    key = idempotency.read_key(request.headers.get("Idempotency-Key"))
    wanted = await read_json(request, PlaceOrder)
    await request.app[RATE_LIMITER].hit("checkout", client_ip(request), request.app[SETTINGS].limits.checkout, loosely=True)
    customer_id = await current_customer_id(request)
    shop = service.checkout_context(request.app)
    return _send(await place_order(shop, wanted, key, path=request.path, customer_id=customer_id))


@routes.post("/api/v1/orders/{order_id}/cancel")
@operation(
    summary="Cancel an order",
    tag="Orders",
    query=OrderQuery,
    response=OrderView,
    headers=(OPTIONAL_KEY,),
    session="optional",
    errors=(NotFound, NotPossibleNow, InvalidInput, IdempotencyInFlight, IdempotencyMismatch, Unavailable),
    path_types={"order_id": UUID},
)
async def cancel_order(request: web.Request) -> web.Response:
    """Possible until something has been sent. The payment is given back; a repeat changes nothing."""
    order = await order_for(request)
    shop = service.checkout_context(request.app)

    async def work() -> Answer:
        await after_sale.cancel(shop.database, shop.payments, shop.jobs, order.id, actor="shopper", reason="by_shopper")
        async with shop.database.write() as conn:
            cancelled = await orders.order_by_id(conn, order.id)
        body = encode_json(orders.order_view(shop.settings, cancelled))
        return Answer(200, body, {"Content-Type": "application/json"})

    return await _maybe_once(request, f"order:{order.id}", work)


@routes.post("/api/v1/orders/{order_id}/returns")
@operation(
    summary="Ask to return something",
    tag="Orders",
    request=NewReturn,
    example={"lines": [{"order_line_id": 1, "quantity": 1, "reason": "does_not_fit"}], "resolution": "refund"},
    query=OrderQuery,
    response=ReturnView,
    status=201,
    headers=(OPTIONAL_KEY,),
    links={"withdraw_return": {"return_id": "/id"}},
    session="optional",
    errors=(NotFound, NotPossibleNow, InvalidInput, IdempotencyInFlight, IdempotencyMismatch, RateLimited),
    path_types={"order_id": UUID},
)
async def create_return(request: web.Request) -> web.Response:
    """Asks for the return of units that were sent (`returnable` of each line says how many), for the money or for an exchange.

    The shop answers by mail; its answer and what follows are in `returns` of the order. Without a key, each request is another return.
    """
    order = await order_for(request)
    wanted = await read_json(request, NewReturn)
    shop = service.checkout_context(request.app)
    await request.app[RATE_LIMITER].hit("return", order.number, request.app[SETTINGS].limits.order_lookup)
    header = request.headers.get("Idempotency-Key")
    key = idempotency.read_key(header) if header is not None else uuid.uuid4().hex

    async def work() -> Answer:
        now = shop.clock()
        found = await returns.ask(shop.database, shop.jobs, shop.settings, order.id, wanted, key=key, actor="shopper", now=now)
        return Answer(201, encode_json(orders.return_view(order, found)), {"Content-Type": "application/json"})

    return await _maybe_once(request, f"returns:{order.id}", work, wanted)


@routes.post("/api/v1/orders/{order_id}/returns/{return_id}/withdraw")
@operation(
    summary="Withdraw a return",
    tag="Orders",
    query=OrderQuery,
    response=ReturnView,
    headers=(OPTIONAL_KEY,),
    session="optional",
    errors=(NotFound, NotPossibleNow, InvalidInput, IdempotencyInFlight, IdempotencyMismatch),
    path_types={"order_id": UUID, "return_id": UUID},
)
async def withdraw_return(request: web.Request) -> web.Response:
    """Possible until the goods have arrived. A repeat changes nothing."""
    order = await order_for(request)
    try:
        return_id = UUID(request.match_info["return_id"])
    except ValueError as error:
        raise NotFound("There is no such return.") from error
    shop = service.checkout_context(request.app)

    async def work() -> Answer:
        found = await returns.withdraw(shop.database, order.id, return_id, actor="shopper", now=shop.clock())
        return Answer(200, encode_json(orders.return_view(order, found)), {"Content-Type": "application/json"})

    return await _maybe_once(request, f"return:{order.id}:{return_id}", work)
