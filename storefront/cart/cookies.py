"""The cart in the browser: `cart` names it and is for us alone, `cart_count` is read by scripts for the badge in the header.

While the browser's cart is that of an exchange, `cart_before` names the one that it had, with its count: it is current again when the
exchange is ordered, or whenever the shopper likes.
"""

import re
from typing import NamedTuple
from uuid import UUID

from aiohttp import web

from storefront.cart.model import Cart
from storefront.platform.sessions import is_https, set_readable_cookie

_LIFETIME = 90 * 86400  # seconds
_BEFORE = re.compile(r"([0-9a-f-]{36})\.(\d{1,6})")


class CartBefore(NamedTuple):
    """A cart that waits while an exchange is the browser's, and how much was in it then."""

    id: UUID
    item_count: int


def cart_id_from_cookie(request: web.Request) -> UUID | None:
    """The browser's cart, if its cookie names one."""
    text = request.cookies.get("cart", "")
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def set_cart_cookies(request: web.Request, response: web.StreamResponse, cart_id: UUID, item_count: int) -> None:
    """Names the cart and its count to the browser."""
    response.set_cookie("cart", str(cart_id), max_age=_LIFETIME, httponly=True, samesite="Lax", secure=is_https(request), path="/")
    set_readable_cookie(request, response, "cart_count", str(item_count) if item_count else "")
    before = cart_before(request)
    if before is not None and before.id == cart_id:
        response.del_cookie("cart_before", path="/")


def cart_before(request: web.Request) -> CartBefore | None:
    """The cart that waits for an exchange to be ordered."""
    found = _BEFORE.fullmatch(request.cookies.get("cart_before", ""))
    try:
        return CartBefore(UUID(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def put_exchange_first(request: web.Request, response: web.StreamResponse, cart_id: UUID, item_count: int) -> None:
    """The browser's cart is the exchange's from now on; the one that it has waits."""
    own = cart_id_from_cookie(request)
    if own is not None and own != cart_id and cart_before(request) is None:
        count = request.cookies.get("cart_count", "")
        before = f"{own}.{count if count.isdecimal() and len(count) <= 6 else 0}"
        response.set_cookie("cart_before", before, max_age=_LIFETIME, httponly=True, samesite="Lax", secure=is_https(request), path="/")
    set_cart_cookies(request, response, cart_id, item_count)


def leave_cart(request: web.Request, response: web.StreamResponse, successor: Cart | None = None) -> None:
    """The browser's cart has been ordered, or is gone: what came to it too late is current in its `successor`, else the one before an
    exchange, if there is one.
    """
    if successor is not None:
        set_cart_cookies(request, response, successor.id, successor.item_count)
        return
    before = cart_before(request)
    clear_cart_cookies(response)
    if before is not None:
        set_cart_cookies(request, response, *before)


def clear_cart_cookies(response: web.StreamResponse) -> None:
    """The browser has no cart any more."""
    for name in ("cart", "cart_count", "cart_before"):
        response.del_cookie(name, path="/")
