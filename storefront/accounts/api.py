"""Accounts for JSON clients: register, sign in for a bearer token, own details and addresses."""

from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web

from storefront.accounts import service
from storefront.accounts.model import Credentials, Customer, Registration, SavedAddress
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import NotFound, RateLimited
from storefront.platform.http import client_ip, json_response, read_json
from storefront.platform.jobs import JOBS
from storefront.platform.openapi import operation
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import (
    CUSTOMER_LIFETIME,
    end_session,
    require_customer_id,
    session_token,
)
from storefront.pricing.addresses import checked_address
from storefront.pricing.model import Address
from storefront.settings import SETTINGS

routes = web.RouteTableDef()


class SignedIn(msgspec.Struct, frozen=True):
    """`token` goes into `Authorization: Bearer …`; it is shown this once."""

    token: str
    expires_at: datetime
    customer: Customer


class NewAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: Address
    is_default: bool = False


class AddressList(msgspec.Struct, frozen=True):
    items: list[SavedAddress]


async def _session(request: web.Request, recognised: service.Recognised) -> SignedIn:
    now = request.app[CLOCK]()
    token = await request.app[DATABASE].transaction(lambda conn: service.open_session(conn, recognised, now))
    return SignedIn(token, now + CUSTOMER_LIFETIME, recognised.customer)


@routes.post("/api/v1/customers")
@operation(
    summary="Open an account",
    tag="Accounts",
    request=Registration,
    example={"email": "ada@example.com", "name": "Ada Byron", "password": "correct horse battery"},
    response=SignedIn,
    status=201,
    errors=(service.EmailTaken, RateLimited),
)
async def register_customer(request: web.Request) -> web.Response:
    """Opens an account and signs it in. A mail asks the customer to confirm the address."""
    given = await read_json(request, Registration)
    app = request.app
    await app[RATE_LIMITER].hit("register", client_ip(request), app[SETTINGS].limits.register)
    applicant = await service.applicant(given)

    async def work(conn: Connection) -> Customer:
        customer = await service.register(conn, applicant)
        await service.send_welcome(conn, app[JOBS], customer, public_url=app[SETTINGS].server.public_url, now=app[CLOCK]())
        return customer

    customer = await app[DATABASE].transaction(work)
    return json_response(await _session(request, service.Recognised(customer, applicant.password_hash)), status=201)


@routes.post("/api/v1/sessions")
@operation(
    summary="Sign in",
    tag="Accounts",
    request=Credentials,
    example={"email": "ada@example.com", "password": "correct horse battery"},
    response=SignedIn,
    status=201,
    errors=(service.WrongCredentials, RateLimited),
)
async def create_customer_session(request: web.Request) -> web.Response:
    """Exchanges an e-mail address and a password for a bearer token."""
    given = await read_json(request, Credentials)
    limiter, limit = request.app[RATE_LIMITER], request.app[SETTINGS].limits.sign_in
    await limiter.hit("sign_in_ip", client_ip(request), limit)
    await limiter.hit("sign_in_email", service.spelled_alike(given.email)[:320], limit)
    recognised = await service.sign_in(request.app[DATABASE], given.email, given.password)
    return json_response(await _session(request, recognised), status=201)


@routes.delete("/api/v1/sessions/current")
@operation(summary="Sign out", tag="Accounts", status=204, session="required")
async def delete_customer_session(request: web.Request) -> web.Response:
    """Ends the session that the request carries."""
    await require_customer_id(request)
    async with request.app[DATABASE].write() as conn:
        await end_session(conn, session_token(request) or "")
    return web.Response(status=204, headers={"Cache-Control": "private, no-store"})


@routes.get("/api/v1/customers/me")
@operation(summary="Who is signed in", tag="Accounts", response=Customer, session="required")
async def read_customer(request: web.Request) -> web.Response:
    customer_id = await require_customer_id(request)
    async with request.app[DATABASE].write() as conn:
        return json_response(await service.customer(conn, customer_id))


@routes.get("/api/v1/customers/me/addresses")
@operation(summary="Own addresses", tag="Accounts", response=AddressList, session="required")
async def list_addresses(request: web.Request) -> web.Response:
    """The default address comes first."""
    customer_id = await require_customer_id(request)
    async with request.app[DATABASE].write() as conn:
        return json_response(AddressList(await service.addresses(conn, customer_id)))


@routes.post("/api/v1/customers/me/addresses")
@operation(
    summary="Add an address",
    tag="Accounts",
    request=NewAddress,
    example={"address": {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE"}},
    response=SavedAddress,
    links={"delete_address": {"address_id": "/id"}},
    status=201,
    session="required",
)
async def add_address(request: web.Request) -> web.Response:
    customer_id = await require_customer_id(request)
    given = await read_json(request, NewAddress)
    address = checked_address(given.address, prefix="address")

    async def work(conn: Connection) -> SavedAddress:
        return await service.save_address(conn, customer_id, address, session_token(request) or "", is_default=given.is_default)

    return json_response(await request.app[DATABASE].transaction(work), status=201)


@routes.delete("/api/v1/customers/me/addresses/{address_id}")
@operation(
    summary="Remove an address",
    tag="Accounts",
    status=204,
    errors=(NotFound,),
    session="required",
    path_types={"address_id": UUID},
)
async def delete_address(request: web.Request) -> web.Response:
    customer_id = await require_customer_id(request)
    try:
        address_id = UUID(request.match_info["address_id"])
    except ValueError as error:
        raise NotFound("There is no such address.") from error
    async with request.app[DATABASE].write() as conn:
        await service.remove_address(conn, customer_id, address_id)
    return web.Response(status=204, headers={"Cache-Control": "private, no-store"})
