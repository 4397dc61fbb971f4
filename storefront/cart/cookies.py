"""The cart in the browser: `cart` names it and is for us alone, `cart_count` is read by scripts for the badge in the header."""

from uuid import UUID

from aiohttp import web

from storefront.platform.sessions import is_https, set_readable_cookie

_LIFETIME = 90 * 86400  # seconds


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


def clear_cart_cookies(response: web.StreamResponse) -> None:
    """The browser has no cart any more."""
    response.del_cookie("cart", path="/")
    response.del_cookie("cart_count", path="/")
