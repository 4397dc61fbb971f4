"""Gift cards in the back office: issue one, look at its ledger, block it."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

from storefront.accounts.service import normalise_email
from storefront.admin.web import actor_of, asked, id_in_path, is_id, page, read_amount, see_other
from storefront.orders import service as orders
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import InvalidInput
from storefront.platform.http import form_values
from storefront.platform.jobs import JOBS
from storefront.platform.trail import changes_of
from storefront.pricing import gift_card_editing
from storefront.pricing.gift_card_editing import AlreadyIssued, NewCard
from storefront.settings import SETTINGS

routes = web.RouteTableDef()

ROWS = 50


async def _cards_page(request: web.Request, form: dict[str, str], errors: dict[str, str], status: int = 200) -> web.Response:
    text, before = asked(request, "q", 100), asked(request, "before", 20)
    async with request.app[DATABASE].write() as conn:
        found = await gift_card_editing.cards(conn, text=text, before=int(before) if is_id(before) else None, most=ROWS + 1)
    following = found[ROWS - 1].id if len(found) > ROWS else None
    context = {"cards": found[:ROWS], "text": text, "next_before": following, "form": form, "errors": errors}
    currencies = [(code, code) for code in request.app[SETTINGS].shop.currencies]
    return page(request, "gift_cards.html", context | {"currencies": currencies, "now": request.app[CLOCK]()}, status=status)


@routes.get("/admin/gift-cards")
async def gift_card_list(request: web.Request) -> web.StreamResponse:
    return await _cards_page(request, {"currency": request.app[SETTINGS].shop.currency, "key": uuid.uuid4().hex}, {})


@routes.post("/admin/gift-cards")
async def issue_gift_card(request: web.Request) -> web.StreamResponse:
    """Shows the code in its answer, and never again: a form that is sent twice leads to the card, without it."""
    values = await form_values(request)
    settings, now = request.app[SETTINGS], request.app[CLOCK]()
    try:
        wanted = _wanted(values, settings.shop.currencies)

        async def work(conn: Connection) -> tuple[int, str]:
            actor = await actor_of(request, conn)
            return await gift_card_editing.issue(conn, request.app[JOBS], settings, wanted, actor=actor, now=now)

        card_id, code = await request.app[DATABASE].transaction(work)
    except AlreadyIssued as error:
        raise see_other(f"/admin/gift-cards/{error.extra['card_id']}?again=1") from error
    except InvalidInput as error:
        return await _cards_page(request, values, error.messages(), error.status)
    return await _card_page(request, card_id, code=code)


def _wanted(values: dict[str, str], currencies: list[str]) -> NewCard:
    """Raises InvalidInput that names every wrong field."""
    errors = []
    currency = values.get("currency", "")
    if currency not in currencies:
        errors += InvalidInput.of("currency", "Choose a currency of the shop.").fields
        currency = currencies[0]
    amount, expires_at, recipient = 0, None, None
    try:
        amount = read_amount(values, currency)
    except InvalidInput as error:
        errors += error.fields
    try:
        expires_at = _end_of(date.fromisoformat(values["expires_on"])) if values.get("expires_on") else None
    except (ValueError, OverflowError):
        errors += InvalidInput.of("expires_on", "Enter a day such as 2027-12-31.").fields
    try:
        recipient = normalise_email(values["recipient_email"]) if values.get("recipient_email") else None
    except InvalidInput as error:
        errors += InvalidInput.of("recipient_email", error.detail).fields
    if errors:
        raise InvalidInput(fields=errors)
    return NewCard(values.get("key", ""), amount, currency, expires_at, recipient)


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


async def _card_page(request: web.Request, card_id: int, *, code: str | None = None) -> web.Response:
    async with request.app[DATABASE].write() as conn:
        card, entries = await gift_card_editing.card(conn, card_id)
        changes = await changes_of(conn, "gift_card", str(card_id))
        numbers = await orders.numbers_of(conn, [entry.order_id for entry in entries if entry.order_id is not None])
    context: dict[str, Any] = {"card": card, "entries": entries, "changes": changes, "numbers": numbers, "code": code}
    return page(request, "gift_card.html", context | {"again": "again" in request.query, "now": request.app[CLOCK]()})


@routes.get(r"/admin/gift-cards/{card_id:\d+}")
async def gift_card_detail(request: web.Request) -> web.StreamResponse:
    return await _card_page(request, id_in_path(request, "card_id"))


@routes.post(r"/admin/gift-cards/{card_id:\d+}/{action:block|open}")
async def block_gift_card(request: web.Request) -> web.StreamResponse:
    card_id, active = id_in_path(request, "card_id"), request.match_info["action"] == "open"

    async def work(conn: Connection) -> None:
        await gift_card_editing.set_active(conn, card_id, active, actor=await actor_of(request, conn), now=request.app[CLOCK]())

    await request.app[DATABASE].transaction(work)
    raise see_other(f"/admin/gift-cards/{card_id}")
