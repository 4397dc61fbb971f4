"""Order pages: one order by its signed link or its owner, lookup by number and address, and the customer's history."""

from aiohttp import web

from storefront.accounts import service as accounts
from storefront.accounts.pages import personal_page, require_customer
from storefront.orders import after_sale, service
from storefront.orders.links import key_opens, order_key, order_path
from storefront.orders.model import Order
from storefront.payments.service import PAYMENTS
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
    if order.customer_id is not None and order.customer_id == customer_id:
        return order
    if customer_id is not None and order.customer_id is None:
        async with request.app[DATABASE].write() as conn:
            customer = await accounts.customer(conn, customer_id)
        if customer.verified and customer.email.lower() == order.email.lower():
            return order
    raise NotFound(service.NO_SUCH_ORDER)


async def _order_page(request: web.Request, order: Order, errors: dict[str, str] | None = None, status: int = 200) -> web.StreamResponse:
    context = {
        "order": order,
        "order_key": order_key(request.app[SETTINGS], order.id),
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
