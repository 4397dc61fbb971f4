"""Account pages. Personal answers are never stored by anybody between us and the shopper."""

import re
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aiohttp_jinja2
import msgspec
from aiohttp import web

from storefront.accounts import service
from storefront.accounts.model import Customer, Registration
from storefront.cart import service as carts
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import DomainError, InvalidInput
from storefront.platform.http import client_ip, decode_form, form_values
from storefront.platform.jobs import JOBS
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import (
    current_customer_id,
    end_session,
    session_token,
    set_readable_cookie,
    set_session_cookie,
)
from storefront.pricing.addresses import checked_address, countries
from storefront.pricing.model import Address
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

# Browsers, and whoever writes the header, drop tabs and line breaks, and take a backslash for a slash: "/\t/host" is another site.
_OWN_PATH = re.compile(r"/(?!/)[^\x00-\x20\x7f\\]*")


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True):
    current_password: str
    new_password: str


def personal_page(request: web.Request, template: str, context: dict[str, Any], *, status: int = 200) -> web.Response:
    """A rendered page that nobody may store."""
    response = aiohttp_jinja2.render_template(template, request, context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def safe_next(target: str, default: str = "/account") -> str:
    """Where to go after signing in: a path of this shop only, never another site, whatever is left out of it or put for it on the way."""
    return target if _OWN_PATH.fullmatch(target) else default


def _see_other(location: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(location, headers={"Cache-Control": "private, no-store"})


async def _needs_account(request: web.Request) -> UUID:
    """The signed-in customer, or off to the sign-in page and back."""
    customer_id = await current_customer_id(request)
    if customer_id is None:
        back = request.path if request.method == "GET" else "/account"
        raise _see_other(f"/account/sign-in?next={back}")
    return customer_id


async def _signed_in(request: web.Request, recognised: service.Recognised, target: str) -> web.StreamResponse:
    """Starts a session, takes the guest's cart along, and goes on; an exchange waits for its own link. Raises WrongCredentials."""
    now, customer = request.app[CLOCK](), recognised.customer
    before = carts.cart_before(request)
    cart_id = before.id if before is not None else carts.cart_id_from_cookie(request)

    async def work(conn: Connection) -> tuple[str, UUID | None, int]:
        token = await service.open_session(conn, recognised, now)
        cart = await carts.merge(conn, cart_id, customer.id)
        return (token, cart.id, cart.item_count) if cart else (token, None, 0)

    token, merged_id, item_count = await request.app[DATABASE].transaction(work)
    response = _see_other(target)
    set_session_cookie(request, response, token)
    set_readable_cookie(request, response, "customer_name", customer.name)
    if merged_id is not None:
        carts.clear_cart_cookies(response)
        carts.set_cart_cookies(request, response, merged_id, item_count)
    return response


@routes.get("/account/sign-in")
async def sign_in_page(request: web.Request) -> web.StreamResponse:
    target = safe_next(request.query.get("next", ""))
    if await current_customer_id(request) is not None:
        raise _see_other(target)
    return personal_page(request, "accounts/sign_in.html", {"form": {"next": target}, "errors": {}})


@routes.post("/account/sign-in")
async def sign_in(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    email = values.get("email", "")
    limiter = request.app[RATE_LIMITER]
    limit = request.app[SETTINGS].limits.sign_in
    await limiter.hit("sign_in_ip", client_ip(request), limit)
    await limiter.hit("sign_in_email", service.spelled_alike(email)[:320], limit)
    try:
        recognised = await service.sign_in(request.app[DATABASE], email, values.get("password", ""))
        return await _signed_in(request, recognised, safe_next(values.get("next", "")))
    except service.WrongCredentials as error:
        return personal_page(request, "accounts/sign_in.html", {"form": _kept(values), "errors": error.messages()}, status=422)


def _kept(values: dict[str, str]) -> dict[str, str]:
    """Form values that may be shown again: all but passwords."""
    return {name: value for name, value in values.items() if "password" not in name}


@routes.get("/account/register")
async def register_page(request: web.Request) -> web.StreamResponse:
    target = safe_next(request.query.get("next", ""))
    return personal_page(request, "accounts/register.html", {"form": {"next": target}, "errors": {}})


@routes.post("/account/register")
async def register(request: web.Request) -> web.StreamResponse:
    values, app = await form_values(request), request.app
    await app[RATE_LIMITER].hit("register", client_ip(request), app[SETTINGS].limits.register)
    given = Registration(values.get("email", ""), values.get("name", ""), values.get("password", ""))

    async def work(conn: Connection) -> Customer:
        customer = await service.register(conn, applicant)
        await service.send_welcome(conn, app[JOBS], customer, public_url=app[SETTINGS].server.public_url, now=app[CLOCK]())
        return customer

    try:
        applicant = await service.applicant(given)
        customer = await app[DATABASE].transaction(work)
    except (InvalidInput, service.EmailTaken) as error:
        context = {"form": _kept(values), "errors": error.messages()}
        return personal_page(request, "accounts/register.html", context, status=422)
    recognised = service.Recognised(customer, applicant.password_hash)
    return await _signed_in(request, recognised, safe_next(values.get("next", "")))


@routes.post("/account/sign-out")
async def sign_out(request: web.Request) -> web.StreamResponse:
    token = session_token(request)
    if token:
        async with request.app[DATABASE].write() as conn:
            await end_session(conn, token)
    response = _see_other("/")
    response.del_cookie("session", path="/")
    response.del_cookie("customer_name", path="/")
    carts.clear_cart_cookies(response)
    return response


@routes.get("/account/verify")
async def verify_page(request: web.Request) -> web.StreamResponse:
    """Asks for a click: a mail scanner that follows links must not use them up. Who clicks has to be signed in."""
    context = {"token": request.query.get("token", "")[:100], "done": False, "errors": {}}
    return personal_page(request, "accounts/verify.html", context)


@routes.post("/account/verify")
async def verify(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    token = values.get("token", "")[:100]
    customer_id = await current_customer_id(request)
    if customer_id is None:
        raise _see_other(f"/account/sign-in?next={quote(f'/account/verify?token={quote(token)}')}")

    async def work(conn: Connection) -> None:
        await service.confirm_email(conn, customer_id, token, request.app[CLOCK]())

    try:
        await request.app[DATABASE].transaction(work)
    except service.LinkExpired as error:
        context = {"token": "", "done": False, "errors": {"token": error.detail}}
        return personal_page(request, "accounts/verify.html", context, status=410)
    return personal_page(request, "accounts/verify.html", {"token": "", "done": True, "errors": {}})


@routes.get("/account/forgot-password")
async def forgot_password_page(request: web.Request) -> web.StreamResponse:
    return personal_page(request, "accounts/forgot_password.html", {"form": {}, "errors": {}, "sent": False})


@routes.post("/account/forgot-password")
async def forgot_password(request: web.Request) -> web.StreamResponse:
    values, app = await form_values(request), request.app
    await app[RATE_LIMITER].hit("reset", client_ip(request), app[SETTINGS].limits.register)
    try:
        email = service.normalise_email(values.get("email", ""))
    except InvalidInput as error:
        context = {"form": values, "errors": error.messages(), "sent": False}
        return personal_page(request, "accounts/forgot_password.html", context, status=422)

    async def work(conn: Connection) -> None:
        await service.send_reset_link(conn, app[JOBS], email, public_url=app[SETTINGS].server.public_url, now=app[CLOCK]())

    await app[DATABASE].transaction(work)
    return personal_page(request, "accounts/forgot_password.html", {"form": values, "errors": {}, "sent": True})


@routes.get("/account/reset-password")
async def reset_password_page(request: web.Request) -> web.StreamResponse:
    token = request.query.get("token", "")[:100]
    async with request.app[DATABASE].write() as conn:
        valid = await service.reset_link_valid(conn, token, request.app[CLOCK]())
    context = {"form": {"token": token}, "errors": {}, "valid": valid}
    return personal_page(request, "accounts/reset_password.html", context, status=200 if valid else 410)


@routes.post("/account/reset-password")
async def reset_password(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    token, password = values.get("token", ""), values.get("password", "")

    try:
        recognised = await service.reset_password(request.app[DATABASE], token, password, request.app[CLOCK]())
    except DomainError as error:
        valid = not isinstance(error, service.LinkExpired)
        context = {"form": {"token": token}, "errors": error.messages(), "valid": valid}
        return personal_page(request, "accounts/reset_password.html", context, status=error.status)
    return await _signed_in(request, recognised, "/account")


@routes.get("/account/details")
async def details_page(request: web.Request) -> web.StreamResponse:
    customer_id = await _needs_account(request)
    async with request.app[DATABASE].write() as conn:
        customer = await service.customer(conn, customer_id)
    context = {"customer": customer, "form": {"name": customer.name}, "errors": {}, "saved": "saved" in request.query}
    return personal_page(request, "accounts/details.html", context)


@routes.post("/account/details")
async def change_details(request: web.Request) -> web.StreamResponse:
    """Changes the name, or the password when the form is the one for it."""
    customer_id = await _needs_account(request)
    values = await form_values(request)

    database = request.app[DATABASE]
    try:
        if "new_password" in values:
            change = decode_form(values, PasswordChange)
            await request.app[RATE_LIMITER].hit("password", str(customer_id), request.app[SETTINGS].limits.sign_in)
            await service.change_password(database, customer_id, change.current_password, change.new_password, session_token(request) or "")
        else:
            name, token = values.get("name", ""), session_token(request) or ""
            await database.transaction(lambda conn: service.rename(conn, customer_id, name, token))
    except InvalidInput as error:
        async with request.app[DATABASE].write() as conn:
            customer = await service.customer(conn, customer_id)
        form = {"name": customer.name} | _kept(values)
        context = {"customer": customer, "form": form, "errors": error.messages(), "saved": False}
        return personal_page(request, "accounts/details.html", context, status=422)
    response = _see_other("/account/details?saved=1")
    if values.get("name"):
        set_readable_cookie(request, response, "customer_name", values["name"])
    return response


@routes.get("/account/addresses")
async def addresses_page(request: web.Request) -> web.StreamResponse:
    customer_id = await _needs_account(request)
    async with request.app[DATABASE].write() as conn:
        saved = await service.addresses(conn, customer_id)
    return personal_page(request, "accounts/addresses.html", {"addresses": saved})


@routes.get("/account/addresses/new")
async def new_address_page(request: web.Request) -> web.StreamResponse:
    await _needs_account(request)
    form = {"country": request.app[SETTINGS].shop.country}
    return personal_page(request, "accounts/address_form.html", _address_context(form, {}, None))


@routes.get("/account/addresses/{address_id:[0-9a-f-]{36}}")
async def edit_address_page(request: web.Request) -> web.StreamResponse:
    customer_id = await _needs_account(request)
    address_id = _address_id(request)
    async with request.app[DATABASE].write() as conn:
        saved = await service.address(conn, customer_id, address_id)
    form = msgspec.to_builtins(saved.address) | {"is_default": "1" if saved.is_default else ""}
    return personal_page(request, "accounts/address_form.html", _address_context(form, {}, address_id))


@routes.post("/account/addresses/new")
@routes.post("/account/addresses/{address_id:[0-9a-f-]{36}}")
async def save_address(request: web.Request) -> web.StreamResponse:
    customer_id = await _needs_account(request)
    address_id = _address_id(request) if "address_id" in request.match_info else None
    values = await form_values(request)
    try:
        given = checked_address(_address_from(values), prefix="")

        async def work(conn: Connection) -> None:
            is_default = bool(values.get("is_default"))
            token = session_token(request) or ""
            await service.save_address(conn, customer_id, given, token, is_default=is_default, address_id=address_id)

        await request.app[DATABASE].transaction(work)
    except InvalidInput as error:
        context = _address_context(values, error.messages(), address_id)
        return personal_page(request, "accounts/address_form.html", context, status=422)
    return _see_other("/account/addresses")


@routes.post("/account/addresses/{address_id:[0-9a-f-]{36}}/delete")
async def delete_address(request: web.Request) -> web.StreamResponse:
    customer_id = await _needs_account(request)
    async with request.app[DATABASE].write() as conn:
        await service.remove_address(conn, customer_id, _address_id(request))
    return _see_other("/account/addresses")


def _address_id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["address_id"])
    except ValueError as error:
        raise web.HTTPNotFound() from error


def _address_from(values: dict[str, str]) -> Address:
    names = msgspec.structs.fields(Address)
    return Address(**{field.name: values.get(field.name, "") for field in names})


def _address_context(form: dict[str, Any], errors: dict[str, str], address_id: UUID | None) -> dict[str, Any]:
    return {"form": form, "errors": errors, "address_id": address_id, "countries": countries()}


async def require_customer(request: web.Request) -> UUID:
    """For rooms above: the signed-in customer on a page, else off to sign in."""
    return await _needs_account(request)


__all__ = ["personal_page", "require_customer", "routes", "safe_next"]
