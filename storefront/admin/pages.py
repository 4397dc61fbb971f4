"""The back office: orders and what follows them, products, prices, stock, mails, jobs, health."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from storefront.accounts.service import WrongCredentials
from storefront.admin import audit, service, stock_form
from storefront.admin.web import OPERATOR, actor_of, asked, id_in_path, is_id, page, read_amount, see_other
from storefront.catalog import editing
from storefront.checkout import reconcile
from storefront.inventory import editing as inventory
from storefront.orders import service as orders
from storefront.platform import health
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import DomainError, InvalidInput, NotFound
from storefront.platform.http import client_ip, decode_form, form_values
from storefront.platform.jobs import JOBS
from storefront.platform.mail import MAILER
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import (
    OPERATOR_COOKIE,
    create_session,
    current_operator_id,
    end_session,
    session_token,
    set_session_cookie,
)
from storefront.search.index import SEARCH
from storefront.settings import SETTINGS

routes = web.RouteTableDef()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROWS = 50


@web.middleware
async def operators_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing under /admin answers without an operator's session, whatever route is added there later."""
    path = request.path
    if (path == "/admin" or path.startswith("/admin/")) and path != "/admin/sign-in":
        operator_id = await current_operator_id(request)
        if operator_id is None:
            raise see_other("/admin/sign-in")
        request[OPERATOR] = operator_id
    return await handler(request)


@routes.get("/admin/sign-in")
async def admin_sign_in_page(request: web.Request) -> web.StreamResponse:
    return page(request, "sign_in.html", {"form": {}, "errors": {}})


@routes.post("/admin/sign-in")
async def admin_sign_in(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    email = values.get("email", "")
    limiter, limit = request.app[RATE_LIMITER], request.app[SETTINGS].limits.sign_in
    await limiter.hit("admin_ip", client_ip(request), limit)
    await limiter.hit("admin_email", email.lower()[:320], limit)
    try:
        operator = await service.sign_in(request.app[DATABASE], email, values.get("password", ""))
        async with request.app[DATABASE].write() as conn:
            token = await create_session(conn, request.app[CLOCK](), operator_id=operator.id)
    except WrongCredentials as error:
        return page(request, "sign_in.html", {"form": {"email": email}, "errors": error.messages()}, status=422)
    response = see_other("/admin")
    set_session_cookie(request, response, token, OPERATOR_COOKIE)
    return response


@routes.post("/admin/sign-out")
async def admin_sign_out(request: web.Request) -> web.StreamResponse:
    token = session_token(request, OPERATOR_COOKIE)
    if token:
        async with request.app[DATABASE].write() as conn:
            await end_session(conn, token)
    response = see_other("/admin/sign-in")
    response.del_cookie(OPERATOR_COOKIE, path="/admin")
    return response


@routes.get("/admin")
async def dashboard(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as conn:
        figures = await orders.figures(conn, request.app[CLOCK]())
        recent = await orders.recent_orders(conn, most=10)
        stuck, waiting = await orders.for_the_operator(conn)
        dead = await request.app[JOBS].dead_letters(conn)
    context = {"figures": figures, "orders": recent, "stuck": stuck, "returns": waiting, "dead_letters": len(dead)}
    return page(request, "dashboard.html", context)


@routes.get("/admin/orders")
async def order_list(request: web.Request) -> web.StreamResponse:
    text, status, after = asked(request, "q", 100), asked(request, "status", 20), asked(request, "after", 200)
    async with request.app[DATABASE].write() as conn:
        found, following = await orders.search_orders(conn, text=text, status=status, after=after, most=ROWS)
    context = {"orders": found, "text": text, "status": status, "next_after": following}
    return page(request, "orders.html", context)


@routes.get("/admin/products")
async def product_list(request: web.Request) -> web.StreamResponse:
    text, after = asked(request, "q", 100), asked(request, "after", 20)
    after_id = int(after) if is_id(after) else 0
    async with request.app[DATABASE].write() as conn:
        found = await editing.products(conn, text, after_id, ROWS + 1)
    following = found[ROWS - 1].id if len(found) > ROWS else None
    return page(request, "products.html", {"products": found[:ROWS], "text": text, "next_after": following})


async def _product_page(request: web.Request, form: dict[str, str], errors: dict[str, str], status: int = 200) -> web.Response:
    async with request.app[DATABASE].write() as conn:
        product = await editing.product(conn, id_in_path(request, "product_id"), request.app[SETTINGS].shop.currency)
        shelves = await inventory.shelves(conn, [variant.id for variant in product.variants])
    context = {"product": product, "shelves": shelves, "form": form, "errors": errors, "saved": "saved" in request.query}
    choices = {"policies": stock_form.POLICIES, "reasons": stock_form.REASONS}
    return page(request, "product.html", context | choices, status=status)


@routes.get(r"/admin/products/{product_id:\d+}")
async def product_detail(request: web.Request) -> web.StreamResponse:
    return await _product_page(request, {}, {})


@routes.post(r"/admin/products/{product_id:\d+}")
async def save_product(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    try:
        change = decode_form(values, editing.ProductChange)
        async with request.app[DATABASE].write() as conn:
            await editing.save_product(conn, id_in_path(request, "product_id"), change, request.app[CLOCK]())
    except InvalidInput as error:
        return await _product_page(request, values, error.messages(), error.status)
    raise see_other(f"/admin/products/{id_in_path(request, 'product_id')}?saved=1")


@routes.post(r"/admin/products/{product_id:\d+}/variants/{variant_id:\d+}")
async def save_variant(request: web.Request) -> web.StreamResponse:
    """Sets a variant's price, its stock at each location, and whether it is sold ahead."""
    values = await form_values(request)
    product_id, variant_id = id_in_path(request, "product_id"), id_in_path(request, "variant_id")
    currency = request.app[SETTINGS].shop.currency
    try:
        amount = read_amount(values, currency)
        compare_at = read_amount(values, currency, "compare_at") if values.get("compare_at") else None
        stock = stock_form.read_stock(values)

        async def work(conn: Connection) -> None:
            actor = await actor_of(request, conn)
            await editing.set_price(conn, product_id, variant_id, currency, amount, compare_at)
            await inventory.save_stock(conn, variant_id, stock, actor=actor, now=request.app[CLOCK]())

        await request.app[DATABASE].transaction(work)
    except DomainError as error:
        errors = {f"{field}-{variant_id}": reason for field, reason in error.messages().items()}
        form = {f"{name}-{variant_id}": value for name, value in values.items()}
        return await _product_page(request, form, errors or {"": error.detail}, error.status)
    raise see_other(f"/admin/products/{product_id}?saved=1")


@routes.get("/admin/mails")
async def mail_list(request: web.Request) -> web.StreamResponse:
    return page(request, "mails.html", {"mails": await request.app[MAILER].folder.recent(ROWS)})


@routes.get("/admin/mails/{mail_id}")
async def mail_detail(request: web.Request) -> web.StreamResponse:
    mail = await request.app[MAILER].folder.read(request.match_info["mail_id"])
    if mail is None:
        raise NotFound("There is no such mail.")
    return page(request, "mail.html", {"mail": mail})


@routes.get("/admin/jobs")
async def job_list(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as conn:
        dead = await request.app[JOBS].dead_letters(conn)
    return page(request, "jobs.html", {"dead_letters": dead})


@routes.post(r"/admin/jobs/{job_id:\d+}/replay")
async def replay_job(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as conn:
        await request.app[JOBS].replay(conn, id_in_path(request, "job_id"))
    raise see_other("/admin/jobs")


@routes.get("/admin/health")
async def health_page(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as conn:
        results, compared = await audit.last_results(conn), await reconcile.last_comparison(conn)
    report = [*await health.report(request.app), request.app[SEARCH].check()]
    context = {"report": report, "results": results, "compared": compared}
    return page(request, "health.html", context)
