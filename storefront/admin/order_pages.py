"""The back office's page of an order, and what an operator does there: send, refund, take back, exchange, print."""

from uuid import UUID, uuid4

from aiohttp import web

from storefront.admin.web import actor_of, is_id, page, read_amount, see_other
from storefront.catalog import service as catalog
from storefront.checkout import reconcile
from storefront.checkout.service import checkout_context
from storefront.orders import after_sale, exchanges, invoices, return_form, returns
from storefront.orders import service as orders
from storefront.orders.returns import Arrival
from storefront.orders.web import pdf_response
from storefront.payments.service import PAYMENTS
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE
from storefront.platform.errors import DomainError, InvalidInput, NotFound
from storefront.platform.http import form_values
from storefront.platform.jobs import JOBS
from storefront.platform.questions import ask
from storefront.settings import SETTINGS

routes = web.RouteTableDef()


async def _order_page(
    request: web.Request, number: str, errors: dict[str, str], status: int = 200, at: str = "", form: dict[str, str] | None = None
) -> web.Response:
    """The order with what is wrong; `at` is the return whose form it stands in, `form` what was typed to open a new one."""
    async with request.app[DATABASE].write() as conn:
        order = await orders.order_by_number(conn, number)
        attempts = await orders.payment_attempts(conn, order.id)
        wanted = [line.variant_id for found in order.returns for line in found.lines if line.variant_id is not None]
        (instead,) = await ask(conn, catalog.sale_variants(wanted, order.currency)) if wanted else ({},)
        choices = await returns.exchange_choices(conn, order)
    context = {
        "order": order,
        "attempts": attempts,
        "instead": instead,
        "choices": choices,
        "errors": errors,
        "at": at,
        "form": form or {},
        "form_key": uuid4().hex,  # of what is sent from this page: sent twice, it is done once
    }
    return page(request, "order.html", context, status=status)


@routes.get("/admin/orders/{number}")
async def order_detail(request: web.Request) -> web.StreamResponse:
    return await _order_page(request, request.match_info["number"], {})


@routes.post("/admin/orders/{number}/{action:capture|fulfill|cancel|cancel-rest|refund|ask}")
async def order_action(request: web.Request) -> web.StreamResponse:
    """One step after the sale. A refusal shows the order again with the reason."""
    number, action = request.match_info["number"], request.match_info["action"]
    values = await form_values(request)
    database, payments, jobs = request.app[DATABASE], request.app[PAYMENTS], request.app[JOBS]
    async with database.write() as conn:
        order = await orders.order_by_number(conn, number)
        actor = await actor_of(request, conn)
    try:
        if action == "capture":
            await after_sale.capture(database, payments, jobs, order.id, actor=actor)
        elif action == "fulfill":
            await after_sale.fulfill(
                database,
                payments,
                jobs,
                order.id,
                lines=_quantities(values),
                key=values.get("key"),
                tracking_number=values.get("tracking_number") or None,
                tracking_url=values.get("tracking_url") or None,
                carrier=values.get("carrier") or None,
                actor=actor,
            )
        elif action == "cancel":
            await after_sale.cancel(database, payments, jobs, order.id, actor=actor)
        elif action == "cancel-rest":
            await after_sale.cancel_rest(database, payments, jobs, order.id, actor=actor)
        elif action == "ask":
            await reconcile.learn(checkout_context(request.app), order.id, actor=actor)
        else:
            amount = read_amount(values, order.currency)
            await after_sale.refund(database, payments, jobs, order.id, amount=amount, key=values.get("key", ""), actor=actor)
    except DomainError as error:
        return await _order_page(request, number, error.messages() or {"": error.detail}, error.status)
    raise see_other(f"/admin/orders/{number}")


def _quantities(values: dict[str, str], kind: str = "line") -> dict[int, int]:
    """Fields `<kind>-<order line id>` as quantities; empty and zero ones are left out."""
    found: dict[int, int] = {}
    for name, value in values.items():
        prefix, _, line_id = name.partition("-")
        if prefix == kind and is_id(line_id) and value not in ("", "0"):
            if not value.isdecimal() or len(value) > 6:
                raise InvalidInput.of(name, "Enter a whole number.")
            found[int(line_id)] = int(value)
    return found


@routes.post("/admin/orders/{number}/returns")
async def open_return(request: web.Request) -> web.StreamResponse:
    """What a shopper asked for by mail or telephone, or what simply arrived: asked for in their name, also after the days for it."""
    number, values = request.match_info["number"], await form_values(request)
    app = request.app
    async with app[DATABASE].write() as conn:
        order = await orders.order_by_number(conn, number)
        actor = await actor_of(request, conn)
    try:
        wanted, key, now = return_form.wanted(order, values), values.get("return_key", ""), app[CLOCK]()
        await returns.ask(app[DATABASE], app[JOBS], app[SETTINGS], order.id, wanted, key=key, actor=actor, now=now, at_any_time=True)
    except DomainError as error:
        errors = return_form.beside_the_fields(error, values, order)
        return await _order_page(request, number, errors, error.status, form=values)
    raise see_other(f"/admin/orders/{number}#returns")


@routes.post("/admin/orders/{number}/returns/{return_id}/{action:approve|refuse|receive|refund|exchange}")
async def return_action(request: web.Request) -> web.StreamResponse:
    """One step of a return. A refusal shows the order again with the reason."""
    number, action = request.match_info["number"], request.match_info["action"]
    values = await form_values(request)
    database, payments, jobs, now = request.app[DATABASE], request.app[PAYMENTS], request.app[JOBS], request.app[CLOCK]()
    return_id = _return_id(request)
    async with database.write() as conn:
        order = await orders.order_by_number(conn, number)
        actor = await actor_of(request, conn)
    try:
        if action in ("approve", "refuse"):
            decide = returns.approve if action == "approve" else returns.refuse
            await decide(database, jobs, order.id, return_id, answer=values.get("answer", ""), actor=actor, now=now)
        elif action == "receive":
            await returns.receive(database, jobs, order.id, return_id, _arrivals(values), actor=actor, now=now)
        elif action == "refund":
            amount = read_amount(values, order.currency, "delivery_amount")
            await returns.refund(database, payments, jobs, order.id, return_id, delivery_amount=amount, actor=actor, now=now)
        else:
            amount = read_amount(values, order.currency, "delivery_amount")
            await exchanges.offer(database, jobs, order.id, return_id, delivery_amount=amount, actor=actor, now=now)
    except DomainError as error:
        return await _order_page(request, number, error.messages() or {"": error.detail}, error.status, str(return_id))
    raise see_other(f"/admin/orders/{number}#returns")


def _return_id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["return_id"])
    except ValueError as error:
        raise NotFound("There is no such return.") from error


def _arrivals(values: dict[str, str]) -> dict[int, Arrival]:
    """Fields `received-<order line id>` and `damaged-<order line id>`."""
    received, damaged = _quantities(values, "received"), _quantities(values, "damaged")
    return {line_id: Arrival(received.get(line_id, 0), damaged.get(line_id, 0)) for line_id in received.keys() | damaged.keys()}


@routes.get("/admin/orders/{number}/invoice.pdf")
async def order_invoice(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as conn:
        order = await orders.order_by_number(conn, request.match_info["number"])
    return pdf_response(*await invoices.invoice_pdf(request.app[DATABASE], request.app[SETTINGS], order.id, now=request.app[CLOCK]()))


@routes.get("/admin/orders/{number}/credit-notes/{name}.pdf")
async def order_credit_note(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as conn:
        order = await orders.order_by_number(conn, request.match_info["number"])
    return pdf_response(*await invoices.credit_note_pdf(request.app[SETTINGS], order, request.match_info["name"]))
