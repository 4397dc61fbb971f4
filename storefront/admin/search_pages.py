"""What the search was taught, and what it could not find, in the back office."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from aiohttp import web

from storefront.admin.web import actor_of, id_in_path, page, see_other
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import InvalidInput
from storefront.platform.http import form_values
from storefront.platform.trail import changes_of
from storefront.search import editing
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

PATH = "/admin/search"
FORMS = ("synonyms", "redirects", "boosts")
Change = Callable[[Connection, str, datetime], Awaitable[None]]


async def _search_page(
    request: web.Request, which: str = "", form: dict[str, str] | None = None, error: InvalidInput | None = None
) -> web.Response:
    """`which` of its forms was sent and cannot be taken."""
    async with request.app[DATABASE].write() as conn:
        taught = await editing.taught(conn)
        changes = await changes_of(conn, "search")
    forms: dict[str, dict[str, str]] = {name: {} for name in FORMS} | {which: form or {}}
    errors: dict[str, dict[str, str]] = {name: {} for name in FORMS} | {which: error.messages() if error else {}}
    # A text that found nothing is where an operator begins: its links fill in a form.
    if not which and "query" in request.query:
        text = request.query["query"][: editing.LONGEST]
        forms["redirects"], forms["boosts"] = {"query": text}, {"text": text}
    context = {"taught": taught, "changes": changes, "forms": forms, "errors": errors}
    return page(request, "search.html", context, status=error.status if error else 200)


@routes.get(PATH)
async def search_page(request: web.Request) -> web.StreamResponse:
    return await _search_page(request)


async def _change(request: web.Request, which: str, values: dict[str, str], change: Change) -> web.StreamResponse:
    async def work(conn: Connection) -> None:
        await change(conn, await actor_of(request, conn), request.app[CLOCK]())

    try:
        await request.app[DATABASE].transaction(work)
    except InvalidInput as error:
        return await _search_page(request, which, values, error)
    raise see_other(f"{PATH}#{which}")


@routes.post(f"{PATH}/synonyms")
async def add_synonyms(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)

    async def change(conn: Connection, actor: str, now: datetime) -> None:
        await editing.add_synonyms(conn, values.get("terms", "").split(","), request.app[SETTINGS].shop.locale, actor=actor, now=now)

    return await _change(request, "synonyms", values, change)


@routes.post(PATH + r"/synonyms/{synonym_id:\d+}/remove")
async def remove_synonyms(request: web.Request) -> web.StreamResponse:
    async def change(conn: Connection, actor: str, now: datetime) -> None:
        await editing.remove_synonyms(conn, id_in_path(request, "synonym_id"), actor=actor, now=now)

    return await _change(request, "synonyms", {}, change)


@routes.post(f"{PATH}/redirects")
async def put_redirect(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)

    async def change(conn: Connection, actor: str, now: datetime) -> None:
        await editing.put_redirect(conn, values.get("query", ""), values.get("url", ""), actor=actor, now=now)

    return await _change(request, "redirects", values, change)


@routes.post(f"{PATH}/redirects/remove")
async def remove_redirect(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)

    async def change(conn: Connection, actor: str, now: datetime) -> None:
        await editing.remove_redirect(conn, values.get("query", ""), actor=actor, now=now)

    return await _change(request, "redirects", {}, change)


@routes.post(f"{PATH}/boosts")
async def put_boost(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)

    async def change(conn: Connection, actor: str, now: datetime) -> None:
        place, weight = _place(values), _weight(values)
        await editing.put_boost(conn, values.get("text", ""), values.get("product", ""), place, weight, actor=actor, now=now)

    return await _change(request, "boosts", values, change)


def _place(values: dict[str, str]) -> int | None:
    text = values.get("pinned_at", "")
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise InvalidInput.of("pinned_at", "Enter a place from 1 to 100.")
    return int(text) if text else None


def _weight(values: dict[str, str]) -> float | None:
    text = values.get("boost", "")
    try:
        return float(text) if text else None
    except ValueError as error:
        raise InvalidInput.of("boost", "Enter a weight from 0.01 to 100; above 1 comes earlier.") from error


@routes.post(f"{PATH}/boosts/remove")
async def remove_boost(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)

    async def change(conn: Connection, actor: str, now: datetime) -> None:
        product_id = values.get("product_id", "")
        known = int(product_id) if product_id.isdecimal() and len(product_id) <= 18 else 0
        await editing.remove_boost(conn, values.get("query", ""), known, actor=actor, now=now)

    return await _change(request, "boosts", {}, change)


@routes.post(f"{PATH}/misses/forget")
async def forget_miss(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)

    async def change(conn: Connection, actor: str, now: datetime) -> None:
        await editing.forget_miss(conn, values.get("query", ""))

    return await _change(request, "misses", {}, change)
