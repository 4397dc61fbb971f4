"""Stock in the back office: the locations where it lies, and the history of a variant's."""

from aiohttp import web

from storefront.admin import stock_form
from storefront.admin.web import actor_of, asked, id_in_path, is_id, page, see_other
from storefront.catalog import editing as catalog
from storefront.inventory import editing
from storefront.inventory import service as inventory
from storefront.inventory.editing import LocationDraft
from storefront.orders import service as orders
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import InvalidInput, NotFound
from storefront.platform.http import form_values
from storefront.platform.trail import changes_of
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

ROWS = 50


@routes.get("/admin/locations")
async def location_list(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as conn:
        found = await editing.locations(conn)
    return page(request, "locations.html", {"locations": found})


@routes.get("/admin/locations/new")
async def new_location(request: web.Request) -> web.StreamResponse:
    return page(request, "location.html", _context(stock_form.fill_location(LocationDraft("", "")), {}))


def _context(form: dict[str, str], errors: dict[str, str]) -> dict[str, object]:
    return {"location_id": None, "form": form, "errors": errors, "changes": [], "saved": False}


@routes.post("/admin/locations/new")
async def make_location(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    try:
        draft = stock_form.read_location(values)

        async def work(conn: Connection) -> int:
            return await editing.make_location(conn, draft, actor=await actor_of(request, conn), now=request.app[CLOCK]())

        location_id = await request.app[DATABASE].transaction(work)
    except InvalidInput as error:
        return page(request, "location.html", _context(values, error.messages()), status=error.status)
    raise see_other(f"/admin/locations/{location_id}?saved=1")


async def _location_page(
    request: web.Request, form: dict[str, str] | None = None, errors: dict[str, str] | None = None, status: int = 200
) -> web.Response:
    """A location as it is, or as a form was sent that cannot be taken."""
    location_id = id_in_path(request, "location_id")
    async with request.app[DATABASE].write() as conn:
        draft = await editing.location(conn, location_id)
        changes = await changes_of(conn, "location", str(location_id))
    shown = _context(stock_form.fill_location(draft) if form is None else form, errors or {})
    context = shown | {
        "location_id": location_id,
        "code": draft.code,
        "name": draft.name,
        "changes": changes,
        "saved": "saved" in request.query,
    }
    return page(request, "location.html", context, status=status)


@routes.get(r"/admin/locations/{location_id:\d+}")
async def location_detail(request: web.Request) -> web.StreamResponse:
    return await _location_page(request)


@routes.post(r"/admin/locations/{location_id:\d+}")
async def save_location(request: web.Request) -> web.StreamResponse:
    values, location_id = await form_values(request), id_in_path(request, "location_id")
    try:
        draft = stock_form.read_location(values)

        async def work(conn: Connection) -> None:
            await editing.save_location(conn, location_id, draft, actor=await actor_of(request, conn), now=request.app[CLOCK]())

        await request.app[DATABASE].transaction(work)
    except InvalidInput as error:
        return await _location_page(request, values, error.messages(), error.status)
    raise see_other(f"/admin/locations/{location_id}?saved=1")


@routes.get(r"/admin/products/{product_id:\d+}/variants/{variant_id:\d+}/stock")
async def stock_history(request: web.Request) -> web.StreamResponse:
    """What became of a variant's stock, newest first."""
    variant_id, before = id_in_path(request, "variant_id"), asked(request, "before", 20)
    async with request.app[DATABASE].write() as conn:
        product = await catalog.product(conn, id_in_path(request, "product_id"), request.app[SETTINGS].shop.currency)
        variant = next((variant for variant in product.variants if variant.id == variant_id), None)
        if variant is None:
            raise NotFound("There is no such variant.")
        found = await inventory.history(conn, variant_id, before=int(before) if is_id(before) else None, most=ROWS + 1)
        changes = await changes_of(conn, "stock", str(variant_id))
        numbers = await orders.numbers_of(conn, [movement.order_id for movement in found if movement.order_id is not None])
    following = found[ROWS - 1].id if len(found) > ROWS else None
    context = {"product": product, "variant": variant, "movements": found[:ROWS], "numbers": numbers, "next_before": following}
    return page(request, "stock_history.html", context | {"changes": changes, "reasons": dict(stock_form.REASONS)})
