"""Customers in the back office: find one, see what they bought, and put them into a group that promotions are for."""

from uuid import UUID

from aiohttp import web

from storefront.accounts import editing
from storefront.accounts import service as accounts
from storefront.admin.web import actor_of, asked, group_names, page, see_other
from storefront.orders import service as orders
from storefront.orders.model import Bought
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import InvalidInput, NotFound
from storefront.platform.http import form_values
from storefront.platform.trail import changes_of

routes = web.RouteTableDef()

ROWS = 50
ORDERS_SHOWN = 20


@routes.get("/admin/customers")
async def customer_list(request: web.Request) -> web.StreamResponse:
    text, group, after = asked(request, "q", 100), asked(request, "group", 50), asked(request, "after", 320)
    async with request.app[DATABASE].write() as conn:
        found = await editing.customers(conn, text=text, group=group, after=after, most=ROWS + 1)
        shown = found[:ROWS]
        bought = await orders.bought(conn, shown)
        groups = await editing.groups(conn)
    rows = [(customer, bought.get(customer.id, Bought()).orders) for customer in shown]
    following = shown[-1].email if len(found) > ROWS else None
    context = {"rows": rows, "text": text, "group": group, "choices": [(name, name) for name in groups], "next_after": following}
    return page(request, "customers.html", context)


async def _customer_page(request: web.Request, form: dict[str, str] | None, errors: dict[str, str], status: int = 200) -> web.Response:
    """A customer as they are, or as a form was sent that cannot be taken."""
    customer_id, after = _customer_id(request), asked(request, "after", 200)
    async with request.app[DATABASE].write() as conn:
        customer = await accounts.customer(conn, customer_id)
        addresses = await accounts.addresses(conn, customer_id)
        verified_email = customer.email if customer.verified else None
        recent, following = await orders.history(conn, customer_id, verified_email, after=after, most=ORDERS_SHOWN)
        bought = await orders.bought(conn, [customer])
        groups = await group_names(conn)
        changes = await changes_of(conn, "customer", str(customer_id))
    context = {
        "customer": customer,
        "addresses": addresses,
        "orders": recent,
        "next_after": following,
        "bought": bought.get(customer_id, Bought()),
        "groups": groups,
        "changes": changes,
        "form": {"group": customer.group} if form is None else form,
        "errors": errors,
        "saved": "saved" in request.query,
    }
    return page(request, "customer.html", context, status=status)


def _customer_id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["customer_id"])
    except ValueError as error:
        raise NotFound("There is no such account.") from error


@routes.get("/admin/customers/{customer_id}")
async def customer_detail(request: web.Request) -> web.StreamResponse:
    return await _customer_page(request, None, {})


@routes.post("/admin/customers/{customer_id}")
async def set_group(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    customer_id = _customer_id(request)

    async def work(conn: Connection) -> None:
        actor = await actor_of(request, conn)
        await editing.set_group(conn, customer_id, values.get("group", ""), actor=actor, now=request.app[CLOCK]())

    try:
        await request.app[DATABASE].transaction(work)
    except InvalidInput as error:
        return await _customer_page(request, values, error.messages(), error.status)
    raise see_other(f"/admin/customers/{customer_id}?saved=1")
