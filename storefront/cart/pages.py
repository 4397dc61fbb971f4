"""The cart page. Every change is a plain form that answers with a redirect (303), or with the page and what was wrong (422)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import aiohttp_jinja2
import msgspec
from aiohttp import web
from msgspec import Meta

from storefront.cart import service
from storefront.cart.access import count_new_cart, guard_of
from storefront.cart.model import Cart, CartClosed, CartNotFound, CodeText, Guard, LineChange, NewLine
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import InvalidInput
from storefront.platform.http import client_ip, decode_form, form_values
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.pricing.service import Till
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

Change = Callable[[Connection, UUID, Guard], Awaitable[Cart]]


class CodeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: CodeText


class CodeRemoval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two."""

    code: CodeText | None = None
    gift_card_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


@routes.get("/cart")
async def cart_page(request: web.Request) -> web.StreamResponse:
    """Shows the cart at its prices of now; a price that has changed is marked, this once."""
    return await _page(request, {}, {})


@routes.post("/cart/lines")
async def add_line(request: web.Request) -> web.StreamResponse:
    """Adds to the browser's cart, or starts one."""
    return await _add_and_see(request, "/cart")


@routes.post("/cart/buy")
async def buy_now(request: web.Request) -> web.StreamResponse:
    """As adding to the cart, for whoever goes on to checkout at once."""
    return await _add_and_see(request, "/checkout")


async def _add_and_see(request: web.Request, next_page: str) -> web.StreamResponse:
    values = await form_values(request)
    try:
        line = decode_form(values, NewLine)
        cart = await _added(request, line)
    except InvalidInput as error:
        return await _page(request, values, error.messages(), status=422)
    return _done(request, cart, next_page)


@routes.post(r"/cart/lines/{variant_id:\d{1,15}}")
async def change_line(request: web.Request) -> web.StreamResponse:
    """Sets the quantity of a line; 0, or the button named `remove`, removes it."""
    variant_id = int(request.match_info["variant_id"])
    values = await form_values(request)

    async def change(conn: Connection, cart_id: UUID, guard: Guard) -> Cart:
        quantity = 0 if "remove" in values else decode_form(values, LineChange).quantity
        return await service.set_quantity(conn, cart_id, variant_id, quantity, guard)

    return await _changed(request, values, change)


@routes.post("/cart/coupon")
async def apply_code(request: web.Request) -> web.StreamResponse:
    """Puts a coupon code or a gift card on the cart."""
    values = await form_values(request)
    await request.app[RATE_LIMITER].hit("cart_code", client_ip(request), request.app[SETTINGS].limits.checkout)
    now = request.app[CLOCK]()

    async def change(conn: Connection, cart_id: UUID, guard: Guard) -> Cart:
        code = decode_form(values, CodeForm).code
        return await service.apply_code(conn, cart_id, code, now=now, guard=guard)

    return await _changed(request, values, change)


@routes.post("/cart/coupon/remove")
async def remove_code(request: web.Request) -> web.StreamResponse:
    """Takes a coupon code, or a gift card by its id, off the cart."""
    values = await form_values(request)

    async def change(conn: Connection, cart_id: UUID, guard: Guard) -> Cart:
        removal = decode_form(values, CodeRemoval)
        if removal.gift_card_id is not None:
            return await service.remove_gift_card(conn, cart_id, removal.gift_card_id, guard)
        return await service.remove_code(conn, cart_id, removal.code or "", guard)

    return await _changed(request, values, change)


@routes.post("/cart/back")
async def back_to_the_cart_before(request: web.Request) -> web.StreamResponse:
    """From an exchange to the cart that the browser had. The exchange waits, too: it is taken up again from its order's page."""
    return _see("/cart") if service.cart_before(request) is None else _left(request)


async def _added(request: web.Request, line: NewLine) -> Cart:
    guard = await guard_of(request)
    cart_id, before = service.cart_id_from_cookie(request), service.cart_before(request)
    async with request.app[DATABASE].write() as conn:
        for own in (cart_id, before.id if before is not None else None):
            if own is None:
                continue
            try:
                return await service.add_line(conn, own, line.variant_id, line.quantity, guard)
            except (CartNotFound, CartClosed):
                pass  # its cart has been ordered, or is another shopper's: this is the first line of a new one, unless one has begun
            successor = await service.successor(conn, own, guard)
            if successor is not None:
                return await service.add_line(conn, successor.id, line.variant_id, line.quantity, guard)
        await count_new_cart(request)
        currency = request.app[SETTINGS].shop.currency
        try:
            return await service.create(conn, currency=currency, customer_id=guard.customer_id, lines=[(line.variant_id, line.quantity)])
        except InvalidInput as error:
            raise InvalidInput.of("variant_id", error.fields[0].reason) from error


async def _changed(request: web.Request, values: dict[str, str], change: Change) -> web.StreamResponse:
    cart_id = service.cart_id_from_cookie(request)
    if cart_id is None:
        return _left(request)
    guard = await guard_of(request)
    try:
        async with request.app[DATABASE].write() as conn:
            cart = await change(conn, cart_id, guard)
    except (CartNotFound, CartClosed):
        return await _gone(request, cart_id, guard)
    except service.LineNotFound:
        return _see("/cart")
    except InvalidInput as error:
        return await _page(request, values, error.messages(), status=422)
    return _done(request, cart)


def _see(page: str) -> web.Response:
    return web.Response(status=303, headers={"Location": page, "Cache-Control": "private, no-store"})


def _done(request: web.Request, cart: Cart, next_page: str = "/cart") -> web.Response:
    response = _see(next_page)
    service.set_cart_cookies(request, response, cart.id, cart.item_count)
    return response


async def _gone(request: web.Request, cart_id: UUID, guard: Guard) -> web.Response:
    async with request.app[DATABASE].write() as conn:
        successor = await service.successor(conn, cart_id, guard)
    return _left(request, successor)


def _left(request: web.Request, successor: Cart | None = None) -> web.Response:
    response = _see("/cart")
    service.leave_cart(request, response, successor)
    return response


async def _page(request: web.Request, form: dict[str, str], errors: dict[str, str], *, status: int = 200) -> web.Response:
    cart_id = service.cart_id_from_cookie(request)
    guard = await guard_of(request)
    context: dict[str, Any] = {"cart": None, "before": service.cart_before(request), "form": form, "errors": errors}
    cart: Cart | None = None
    if cart_id is not None:
        async with request.app[DATABASE].write() as conn:
            till = service.till(conn, now=request.app[CLOCK](), settings=request.app[SETTINGS])
            cart = await _open_cart(till, cart_id, guard)
            if cart is None:
                successor = await service.successor(conn, cart_id, guard)
                if successor is not None or context["before"] is not None:
                    return _left(request, successor)
            if cart is not None and cart.lines:
                priced = await till.price(cart)
                await service.mark_seen(conn, cart, priced)
                context["cart"] = priced
    response = aiohttp_jinja2.render_template("cart/cart.html", request, context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    if cart is not None:
        service.set_cart_cookies(request, response, cart.id, cart.item_count)
    elif cart_id is not None:
        service.leave_cart(request, response)
    return response


async def _open_cart(till: Till, cart_id: UUID, guard: Guard) -> Cart | None:
    try:
        cart = await service.get(till, cart_id, guard)
    except CartNotFound:
        return None
    return cart if cart.state == "open" else None
