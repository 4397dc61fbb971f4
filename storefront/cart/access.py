"""Who asks for which cart, as both the pages and the JSON API find out."""

import re
from uuid import UUID

from aiohttp import web

from storefront.cart.model import CartNotFound, Guard, NewCart
from storefront.platform.errors import InvalidInput, VersionMismatch
from storefront.platform.http import client_ip
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import current_customer_id
from storefront.settings import SETTINGS

_ETAG = re.compile(r'"(\d{1,9})"')


async def guard_of(request: web.Request) -> Guard:
    """The caller's identity and the version their change is based on. Only a request that carries a session costs a statement.

    Raises VersionMismatch for an If-Match that names no version of a cart.
    """
    return Guard(customer_id=await current_customer_id(request), version=_version(request))


def _version(request: web.Request) -> int | None:
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    found = _ETAG.fullmatch(given)
    if found is None:
        raise VersionMismatch("If-Match names no version of a cart. Send the ETag that the cart was read with.")
    return int(found.group(1))


async def count_new_cart(request: web.Request) -> None:
    """Before a cart is started. Raises RateLimited when the caller's address has started too many."""
    limit = request.app[SETTINGS].limits.carts
    await request.app[RATE_LIMITER].hit("carts", client_ip(request), limit, loosely=True)


def currency_of(request: web.Request, wanted: NewCart) -> str:
    """What a new cart is counted in. Raises InvalidInput (`currency`)."""
    shop = request.app[SETTINGS].shop
    currency = wanted.currency or shop.currency
    if currency not in shop.currencies:
        raise InvalidInput.of("currency", f"The shop sells in {', '.join(shop.currencies)}.")
    return currency


def cart_id_of(request: web.Request) -> UUID:
    """The cart of the path. Raises CartNotFound."""
    try:
        return UUID(request.match_info["cart_id"])
    except ValueError as error:
        raise CartNotFound("There is no such cart.") from error
