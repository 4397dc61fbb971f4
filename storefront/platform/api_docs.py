"""What the JSON API says of itself: its OpenAPI document, the same to read, and what each problem type means."""

from collections.abc import Callable

import aiohttp_jinja2
import msgspec
from aiohttp import web

from storefront.platform.errors import NotFound, all_errors
from storefront.platform.http import Handler

DOCUMENT: web.AppKey[Callable[[], bytes]] = web.AppKey("openapi_document")
"""Makes the document when it is first asked for: a shop that starts should not wait for it."""
SHARED = {"Cache-Control": "public, max-age=300"}

routes = web.RouteTableDef()


def _about_the_api(handler: Handler) -> Handler:
    """Marks what stands under /api/v1 and is no operation of it."""
    handler.__about_the_api__ = True  # type: ignore[attr-defined]
    return handler


@routes.get("/api/v1/openapi.json")
@_about_the_api
async def openapi_document(request: web.Request) -> web.StreamResponse:
    """The OpenAPI 3.1 document of this shop."""
    return web.Response(body=request.app[DOCUMENT](), content_type="application/json", headers=SHARED)


@routes.get("/api/v1/docs")
@_about_the_api
async def api_docs(request: web.Request) -> web.StreamResponse:
    """The document as a page to read."""
    context = {"document": msgspec.json.decode(request.app[DOCUMENT]()), "problems": list(all_errors().values())}
    response = aiohttp_jinja2.render_template("api/docs.html", request, context)
    response.headers.update(SHARED)
    return response


@routes.get("/problems/{type}")
async def problem_type(request: web.Request) -> web.StreamResponse:
    """Where the `type` of a problem leads whoever follows it."""
    name = request.match_info["type"]
    if name not in all_errors():
        raise NotFound("There is no such problem type.")
    raise web.HTTPFound(f"/api/v1/docs#problem-{name}")
