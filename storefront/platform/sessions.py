"""Who is asking: opaque session tokens in a cookie (pages) or an Authorization header (JSON clients).

The token is 256 random bits; the database holds its SHA-256, so a copy of the table signs nobody in.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from aiohttp import web

from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import SignInRequired
from storefront.platform.sql import load
from storefront.settings import SETTINGS

queries = load("sessions")

CUSTOMER_COOKIE = "session"
OPERATOR_COOKIE = "operator"
CUSTOMER_LIFETIME = timedelta(days=30)
OPERATOR_LIFETIME = timedelta(hours=12)


class Session(msgspec.Struct, frozen=True):
    """A valid session: exactly one of the two ids is set."""

    customer_id: UUID | None
    operator_id: UUID | None
    expires_at: datetime


# For each cookie, what was found for the request's: asked of the database once.
_FOUND: Final = {cookie: web.RequestKey[Session | None](f"{cookie}_session") for cookie in (CUSTOMER_COOKIE, OPERATOR_COOKIE)}


def token_hash(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


async def create_session(conn: Connection, now: datetime, *, customer_id: UUID | None = None, operator_id: UUID | None = None) -> str:
    """A new session of a customer or an operator; returns the token, which is not stored anywhere."""
    token = secrets.token_urlsafe(32)
    lifetime = CUSTOMER_LIFETIME if customer_id else OPERATOR_LIFETIME
    await queries.create_session(
        conn,
        token_hash=token_hash(token),
        customer_id=customer_id,
        operator_id=operator_id,
        expires_at=now + lifetime,
    )
    return token


async def end_session(conn: Connection, token: str) -> None:
    """Signs the holder of the token out."""
    await queries.delete_session(conn, token_hash=token_hash(token))


async def require_open(conn: Connection, token: str) -> None:
    """For who has locked what a session is about, and was let in before. Raises SignInRequired when it has been ended meanwhile."""
    if not await queries.session_exists(conn, token_hash=token_hash(token)):
        raise SignInRequired("You have been signed out meanwhile.")


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def session_token(request: web.Request, cookie: str = CUSTOMER_COOKIE) -> str | None:
    """The token that the request carries, if any; a bearer token only counts under /api/. What is no text is nobody's token."""
    token = _carried(request, cookie)
    return token if token is not None and token.isascii() else None


def _carried(request: web.Request, cookie: str) -> str | None:
    if request.path.startswith("/api/") and cookie == CUSTOMER_COOKIE:
        bearer = _bearer(request)
        if bearer:
            return bearer
    return request.cookies.get(cookie)


async def _find(request: web.Request, cookie: str) -> Session | None:
    if _FOUND[cookie] in request:
        return request[_FOUND[cookie]]
    token = session_token(request, cookie)
    found: Session | None = None
    if token and len(token) <= 128:
        async with request.app[DATABASE].write() as conn:
            row = await queries.session_by_token(conn, token_hash=token_hash(token), now=request.app[CLOCK]())
        if row is not None:
            found = Session(row["customer_id"], row["operator_id"], row["expires_at"])
    request[_FOUND[cookie]] = found
    return found


async def current_customer_id(request: web.Request) -> UUID | None:
    """The signed-in customer, or None. Only personal pages ask; one statement, once a request.

    Raises SignInRequired for a bearer token that is no customer's, or not any more: a client that believes itself signed in would else
    go on as a guest without knowing.
    """
    session = await _find(request, CUSTOMER_COOKIE)
    customer_id = session.customer_id if session else None
    if customer_id is None and request.path.startswith("/api/") and _bearer(request):
        raise SignInRequired("The token is not valid, or not any more.")
    return customer_id


async def require_customer_id(request: web.Request) -> UUID:
    """The signed-in customer. Raises SignInRequired."""
    customer_id = await current_customer_id(request)
    if customer_id is None:
        raise SignInRequired("Sign in to see this.")
    return customer_id


async def current_operator_id(request: web.Request) -> UUID | None:
    """The signed-in operator, or None."""
    session = await _find(request, OPERATOR_COOKIE)
    return session.operator_id if session else None


def set_session_cookie(request: web.Request, response: web.StreamResponse, token: str, cookie: str = CUSTOMER_COOKIE) -> None:
    """Gives the browser its token: HttpOnly, SameSite=Lax, Secure on https."""
    lifetime = CUSTOMER_LIFETIME if cookie == CUSTOMER_COOKIE else OPERATOR_LIFETIME
    response.set_cookie(
        cookie,
        token,
        max_age=int(lifetime.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=is_https(request),
        path="/" if cookie == CUSTOMER_COOKIE else "/admin",
    )


def is_https(request: web.Request) -> bool:
    """Whether the shop is reached by https, as configured (a replica itself speaks http behind the balancer)."""
    return request.app[SETTINGS].server.public_url.startswith("https:")


def set_readable_cookie(request: web.Request, response: web.StreamResponse, name: str, value: str) -> None:
    """A cookie that scripts read to fill in the header (cart badge, name). Never a secret."""
    if value:
        response.set_cookie(name, quote(value), max_age=30 * 86400, samesite="Lax", secure=is_https(request), path="/")
    else:
        response.del_cookie(name, path="/")
