"""Who asks for which cart, as both the pages and the JSON API find out."""

import re
from uuid import UUID

from aiohttp import web

from storefront.cart.model import CartNotFound, Guard
from storefront.platform.errors import VersionMismatch
from storefront.platform.sessions import current_customer_id

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


def cart_id_of(request: web.Request) -> UUID:
    """The cart of the path. Raises CartNotFound."""
    try:
        return UUID(request.match_info["cart_id"])
    except ValueError as error:
        raise CartNotFound("There is no such cart.") from error
