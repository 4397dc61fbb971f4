"""Personal pages, compressed as they are made. Shared pages and static files come compressed already.

What is secret in a page (the key of an order's link, an idempotency key) never stands beside what another site could put there: cookies
are SameSite=Lax, and a page repeats only what its own form sent. So its length tells nothing (BREACH, breachattack.com).
"""

from aiohttp import web

from storefront.platform.encodings import accepted_encoding, pack_once
from storefront.platform.http import SHARED_PAGE, Handler
from storefront.platform.page_cache import SMALLEST_COMPRESSED


@web.middleware
async def compression_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """HTML in the best encoding that the browser takes."""
    response = await handler(request)
    if not isinstance(response, web.Response) or response.content_type != "text/html" or response.get(SHARED_PAGE):
        return response
    body = response.body
    if not isinstance(body, bytes) or len(body) < SMALLEST_COMPRESSED or "Content-Encoding" in response.headers:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    encoding = accepted_encoding(request.headers.get("Accept-Encoding", ""))
    if encoding != "identity":
        response.body = pack_once(body, encoding)
        response.headers["Content-Encoding"] = encoding
    return response
