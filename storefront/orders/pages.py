"""Order pages: one order by its signed link or its owner, what may follow it, lookup by number and address, and the customer's history."""

import uuid
from typing import Any

from aiohttp import web

from storefront.accounts import service as accounts
from storefront.accounts.pages import personal_page, require_customer
from storefront.cart import service as carts
from storefront.cart.model import CartClosed, CartNotFound
from storefront.orders import after_sale, exchanges, invoices, return_form, returns, service
from storefront.orders.links import credit_note_path, invoice_path, key_opens, order_key, order_path
from storefront.orders.model import Order, OrderReturn
from storefront.orders.web import pdf_response
from storefront.payments.service import PAYMENTS
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE
from storefront.platform.errors import DomainError, NotFound
from storefront.platform.http import client_ip, form_values
from storefront.platform.jobs import JOBS
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import current_customer_id
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

RECENT = 5
ROWS = 20
LOOKUP_REFUSED = "No order matches this number and e-mail address."


def _see_other(location: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(location, headers={"Cache-Control": "private, no-store"})


@routes.get("/orders/lookup")
async def order_lookup_page(request: web.Request) -> web.StreamResponse:
    return personal_page(request, "orders/lookup.html", {"form": {}, "errors": {}})


@routes.post("/orders/lookup")
async def order_lookup(request: web.Request) -> web.StreamResponse:
    """Opens an order for who knows its number and its e-mail address; every wrong pair is told the same."""
    values = await form_values(request)
    settings = request.app[SETTINGS]
    number, email = values.get("number", "")[:40], values.get("email", "")[:320]
    limiter = request.app[RATE_LIMITER]
    await limiter.hit("order_lookup_ip", client_ip(request), settings.limits.order_lookup)
    await limiter.hit("order_lookup_number", number.upper(), settings.limits.order_lookup)
    async with request.app[DATABASE].write() as conn:
        order = await service.look_up(conn, number, email)
    if order is None:
        context = {"form": {"number": number, "email": email}, "errors": {"number": LOOKUP_REFUSED}}
        return personal_page(request, "orders/lookup.html", context, status=422)
    raise _see_other(order_path(settings, order.id, order.number))


async def _order_for(request: web.Request, key: str) -> Order:
    """The order of the path, for who holds its key or owns it. Raises NotFound for everybody else."""
    async with request.app[DATABASE].write() as conn:
        order = await service.order_by_number(conn, request.match_info["number"][:40])
    if key and key_opens(request.app[SETTINGS], order.id, key):
        return order
    customer_id = await current_customer_id(request)
    if customer_id is not None:
        async with request.app[DATABASE].write() as conn:
            if await service.is_theirs(conn, order, customer_id):
                return order
    raise NotFound(service.NO_SUCH_ORDER)


async def _order_page(
    request: web.Request, order: Order, errors: dict[str, str] | None = None, status: int = 200, form: dict[str, str] | None = None
) -> web.StreamResponse:
    settings = request.app[SETTINGS]
    may_return = returns.may_ask(settings, order, request.app[CLOCK]())
    choices = {}
    if may_return:
        async with request.app[DATABASE].write() as conn:
            choices = await returns.exchange_choices(conn, order)
    context: dict[str, Any] = {
        "order": order,
        "may_return": may_return,
        "choices": choices,
        "return_key": uuid.uuid4().hex,
        "form": form or {},
        "invoice_path": invoice_path(settings, order.id, order.number) if order.paid_at else "",
        "credit_note_paths": {note.name: credit_note_path(settings, order.id, order.number, note.name) for note in order.credit_notes},
        "order_key": order_key(settings, order.id),
        "placed": "placed" in request.query and order.status not in ("pending_payment", "cancelled"),
        "can_cancel": order.cancellable,
        "errors": errors or {},
    }
    response = personal_page(request, "orders/order.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@routes.get("/orders/{number}")
async def order_page(request: web.Request) -> web.StreamResponse:
    return await _order_page(request, await _order_for(request, request.query.get("key", "")[:100]))


@routes.post("/orders/{number}/cancel")
async def cancel_from_page(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    order = await _order_for(request, values.get("key", "")[:100])
    app = request.app
    try:
        await after_sale.cancel(app[DATABASE], app[PAYMENTS], app[JOBS], order.id, actor="shopper", reason="by_shopper")
    except DomainError as error:
        return await _order_page(request, order, {"": error.detail}, error.status)
    raise _see_other(order_path(app[SETTINGS], order.id, order.number))


# --- returns and exchanges -------------------------------------------------------------------------------------------------------


@routes.post("/orders/{number}/returns")
async def ask_return_from_page(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    order = await _order_for(request, values.get("key", "")[:100])
    app, settings = request.app, request.app[SETTINGS]
    await app[RATE_LIMITER].hit("return", order.number, settings.limits.order_lookup)
    try:
        wanted = return_form.wanted(order, values)
        now, key = app[CLOCK](), values.get("return_key", "")
        await returns.ask(app[DATABASE], app[JOBS], settings, order.id, wanted, key=key, actor="shopper", now=now)
    except DomainError as error:
        errors = return_form.beside_the_fields(error, values, order)
        return await _order_page(request, order, errors, error.status, values)
    raise _see_other(order_path(settings, order.id, order.number) + "#returns")


def _return_of(request: web.Request, order: Order) -> OrderReturn:
    for found in order.returns:
        if str(found.id) == request.match_info["return_id"]:
            return found
    raise NotFound("There is no such return.")


@routes.post("/orders/{number}/returns/{return_id}/withdraw")
async def withdraw_return_from_page(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    order = await _order_for(request, values.get("key", "")[:100])
    found = _return_of(request, order)
    try:
        await returns.withdraw(request.app[DATABASE], order.id, found.id, actor="shopper", now=request.app[CLOCK]())
    except DomainError as error:
        return await _order_page(request, order, {"": error.detail}, error.status)
    raise _see_other(order_path(request.app[SETTINGS], order.id, order.number) + "#returns")


@routes.post("/orders/{number}/returns/{return_id}/exchange")
async def take_up_exchange(request: web.Request) -> web.StreamResponse:
    """The browser's cart is the exchange's until that is ordered, and off to checkout. An account's is for who is signed in to it."""
    values = await form_values(request)
    order = await _order_for(request, values.get("key", "")[:100])
    found = _return_of(request, order)
    if order.customer_id is not None and await current_customer_id(request) != order.customer_id:
        raise _see_other(f"/account/sign-in?next=/orders/{order.number}")
    try:
        cart = await exchanges.take_up(request.app[DATABASE], found)
    except (CartClosed, CartNotFound):
        return await _order_page(request, order, {"": "This exchange has been ordered already, or its cart is gone."}, 409)
    except DomainError as error:
        return await _order_page(request, order, {"": error.detail}, error.status)
    response = _see_other("/checkout")
    carts.put_exchange_first(request, response, cart.id, cart.item_count)
    return response


# --- invoices --------------------------------------------------------------------------------------------------------------------


@routes.get("/orders/{number}/invoice.pdf")
async def invoice_from_page(request: web.Request) -> web.StreamResponse:
    order = await _order_for(request, request.query.get("key", "")[:100])
    return pdf_response(*await invoices.invoice_pdf(request.app[DATABASE], request.app[SETTINGS], order.id, now=request.app[CLOCK]()))


@routes.get("/orders/{number}/credit-notes/{name}.pdf")
async def credit_note_from_page(request: web.Request) -> web.StreamResponse:
    order = await _order_for(request, request.query.get("key", "")[:100])
    return pdf_response(*await invoices.credit_note_pdf(request.app[SETTINGS], order, request.match_info["name"]))


# --- the customer's own ----------------------------------------------------------------------------------------------------------


@routes.get("/account")
async def account_page(request: web.Request) -> web.StreamResponse:
    customer_id = await require_customer(request)
    async with request.app[DATABASE].write() as conn:
        customer = await accounts.customer(conn, customer_id)
        verified_email = customer.email if customer.verified else None
        recent, _ = await service.history(conn, customer_id, verified_email, most=RECENT)
        addresses = await accounts.addresses(conn, customer_id)
    context = {"customer": customer, "orders": recent, "addresses": addresses}
    return personal_page(request, "accounts/account.html", context)


@routes.get("/account/orders")
async def history_page(request: web.Request) -> web.StreamResponse:
    customer_id = await require_customer(request)
    after = request.query.get("after", "")[:200]
    async with request.app[DATABASE].write() as conn:
        customer = await accounts.customer(conn, customer_id)
        verified_email = customer.email if customer.verified else None
        found, following = await service.history(conn, customer_id, verified_email, after=after, most=ROWS)
    context = {"customer": customer, "orders": found, "next_after": following}
    return personal_page(request, "orders/history.html", context)
