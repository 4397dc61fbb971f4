"""Promotions and their codes in the back office."""

from typing import Any

from aiohttp import web

from storefront.admin import promotion_form
from storefront.admin.web import actor_of, asked, group_names, id_in_path, page, see_other
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import InvalidInput
from storefront.platform.http import decode_form, form_values
from storefront.platform.trail import changes_of
from storefront.pricing import editing
from storefront.pricing.editing import NewCoupons, PromotionDraft
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

CODES_SHOWN = 100
KINDS = (
    ("percentage", "Takes a percentage off"),
    ("fixed", "Takes an amount off"),
    ("buy_x_get_y", "Gives some when some are bought"),
    ("free_delivery", "Delivers for nothing"),
)
_EMPTY = {"kind": "percentage", "combinable": "1", "active": "1", "priority": "0"}


@routes.get("/admin/promotions")
async def promotion_list(request: web.Request) -> web.StreamResponse:
    text = asked(request, "q", 100)
    async with request.app[DATABASE].write() as conn:
        found = await editing.promotions(conn, text)
    now = request.app[CLOCK]()
    rows = [(promotion, promotion.state(now)) for promotion in found]
    return page(request, "promotions.html", {"rows": rows, "text": text, "kinds": dict(KINDS)})


def _form_page(request: web.Request, form: dict[str, str], errors: dict[str, str], status: int = 200, **more: Any) -> web.Response:
    about: dict[str, Any] = {"promotion_id": None, "coupons": [], "new": {}, "changes": [], "coupon_errors": {}, "more": False}
    choices = {"kinds": KINDS, "currencies": [(code, code) for code in request.app[SETTINGS].shop.currencies]}
    return page(request, "promotion.html", about | choices | {"form": form, "errors": errors, "saved": ""} | more, status=status)


async def _new_page(request: web.Request, form: dict[str, str], errors: dict[str, str], status: int = 200) -> web.Response:
    async with request.app[DATABASE].write() as conn:
        groups = await group_names(conn)
    return _form_page(request, form, errors, status, groups=groups)


@routes.get("/admin/promotions/new")
async def new_promotion(request: web.Request) -> web.StreamResponse:
    return await _new_page(request, _EMPTY | {"currency": request.app[SETTINGS].shop.currency}, {})


@routes.post("/admin/promotions/new")
async def make_promotion(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    try:
        promotion_id = await _save(request, None, values)
    except InvalidInput as error:
        return await _new_page(request, values, error.messages(), error.status)
    raise see_other(f"/admin/promotions/{promotion_id}?saved=made")


async def _save(request: web.Request, promotion_id: int | None, values: dict[str, str]) -> int:
    shop, now = request.app[SETTINGS].shop, request.app[CLOCK]()

    async def work(conn: Connection) -> int:
        draft = await promotion_form.read(conn, values, shop.currency, shop.currencies)
        return await editing.save_promotion(conn, promotion_id, draft, actor=await actor_of(request, conn), now=now)

    return await request.app[DATABASE].transaction(work)


async def _promotion_page(
    request: web.Request,
    *,
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    new: dict[str, str] | None = None,
    coupon_errors: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    """A promotion as it is, or as a form was sent that cannot be taken."""
    promotion_id, after = id_in_path(request, "promotion_id"), asked(request, "after", 100)
    async with request.app[DATABASE].write() as conn:
        draft: PromotionDraft = await editing.promotion(conn, promotion_id)
        if form is None:
            form = await promotion_form.fill(conn, draft, request.app[SETTINGS].shop.currency)
        codes = await editing.coupons(conn, promotion_id, after=after, most=CODES_SHOWN + 1)
        changes = await changes_of(conn, "promotion", str(promotion_id))
        groups = await group_names(conn)
    return _form_page(
        request,
        form,
        errors or {},
        status,
        promotion_id=promotion_id,
        name=draft.name,
        active=draft.active,
        needs_coupon=draft.needs_coupon,
        coupons=codes[:CODES_SHOWN],
        more=len(codes) > CODES_SHOWN,
        new=new or {"count": "1"},
        coupon_errors=coupon_errors or {},
        changes=changes,
        groups=groups,
        saved=request.query.get("saved", ""),
    )


@routes.get(r"/admin/promotions/{promotion_id:\d+}")
async def promotion_detail(request: web.Request) -> web.StreamResponse:
    return await _promotion_page(request)


@routes.post(r"/admin/promotions/{promotion_id:\d+}")
async def change_promotion(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    promotion_id = id_in_path(request, "promotion_id")
    try:
        await _save(request, promotion_id, values)
    except InvalidInput as error:
        return await _promotion_page(request, form=values, errors=error.messages(), status=error.status)
    raise see_other(f"/admin/promotions/{promotion_id}?saved=changed")


@routes.post(r"/admin/promotions/{promotion_id:\d+}/{action:on|off}")
async def turn_promotion(request: web.Request) -> web.StreamResponse:
    promotion_id, active = id_in_path(request, "promotion_id"), request.match_info["action"] == "on"

    async def work(conn: Connection) -> None:
        await editing.set_active(conn, promotion_id, active, actor=await actor_of(request, conn), now=request.app[CLOCK]())

    await request.app[DATABASE].transaction(work)
    raise see_other(f"/admin/promotions/{promotion_id}?saved=changed")


@routes.post(r"/admin/promotions/{promotion_id:\d+}/coupons")
async def add_coupons(request: web.Request) -> web.StreamResponse:
    values = await form_values(request)
    promotion_id = id_in_path(request, "promotion_id")
    try:
        wanted = _wanted(values)

        async def work(conn: Connection) -> None:
            await editing.add_coupons(conn, promotion_id, wanted, actor=await actor_of(request, conn), now=request.app[CLOCK]())

        await request.app[DATABASE].transaction(work)
    except InvalidInput as error:
        return await _promotion_page(request, new=values, coupon_errors=error.messages(), status=error.status)
    raise see_other(f"/admin/promotions/{promotion_id}?saved=codes#coupons")


def _wanted(values: dict[str, str]) -> NewCoupons:
    for field in ("count", "usage_limit", "customer_limit"):
        _whole(values, field)
    known = NewCoupons.__struct_fields__
    return decode_form({name: value for name, value in values.items() if name in known}, NewCoupons)


def _whole(values: dict[str, str], field: str) -> int | None:
    """A number that may be left out. Raises InvalidInput."""
    text = values.get(field, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InvalidInput.of(field, "Enter a whole number, or nothing.")
    return int(text)


@routes.post(r"/admin/promotions/{promotion_id:\d+}/coupons/{code}/{action:limits|withdraw}")
async def change_coupon(request: web.Request) -> web.StreamResponse:
    """Sets a code's limits, or takes it out of use. Its fields' errors are named with the code, for there are many on the page."""
    values = await form_values(request)
    promotion_id, code, now = id_in_path(request, "promotion_id"), request.match_info["code"], request.app[CLOCK]()

    async def work(conn: Connection) -> None:
        actor = await actor_of(request, conn)
        if request.match_info["action"] == "withdraw":
            await editing.withdraw(conn, promotion_id, code, actor=actor, now=now)
            return
        limits = _whole(values, "usage_limit"), _whole(values, "customer_limit")
        await editing.set_limits(conn, promotion_id, code, *limits, actor=actor, now=now)

    try:
        await request.app[DATABASE].transaction(work)
    except InvalidInput as error:
        typed = {f"{field}-{code}": value for field, value in values.items()}
        errors = {f"{field}-{code}": reason for field, reason in error.messages().items()}
        return await _promotion_page(request, new=typed | {"count": "1"}, coupon_errors=errors, status=error.status)
    raise see_other(f"/admin/promotions/{promotion_id}?saved=codes#coupons")


@routes.get(r"/admin/promotions/{promotion_id:\d+}/coupons.csv")
async def coupon_file(request: web.Request) -> web.StreamResponse:
    """All codes of a promotion that were not withdrawn, for whoever prints or mails them."""
    promotion_id = id_in_path(request, "promotion_id")
    lines = ["code,used,usage_limit,customer_limit"]
    async with request.app[DATABASE].write() as conn:
        await editing.promotion(conn, promotion_id)
        after = ""
        while found := await editing.coupons(conn, promotion_id, after=after):
            after = found[-1].code
            lines += [f"{one.code},{one.used},{one.usage_limit or ''},{one.customer_limit or ''}" for one in found if not one.withdrawn]
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="promotion-{promotion_id}-codes.csv"'}
    return web.Response(text="\r\n".join(lines) + "\r\n", content_type="text/csv", headers=headers)
