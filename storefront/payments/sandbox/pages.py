"""What browsers see of the provider: its payment page, its confirmation page, the card field for the shop's checkout, its books."""

import hmac
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from aiohttp import web

from storefront.payments.sandbox.api import LEDGER, PROVIDER
from storefront.payments.sandbox.cards import HINTS, digits
from storefront.payments.sandbox.wire import ApiError, Document
from storefront.payments.units import from_provider
from storefront.platform.money import format_amount

STATIC = Path(__file__).resolve().parent / "static"
TEMPLATES = web.AppKey("templates", jinja2.Environment)
FRAMED_BY = web.AppKey("framed_by", str)
routes = web.RouteTableDef()

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self' http: https:; frame-ancestors "
)
SHOWN = 100


def templates(folder: Path) -> jinja2.Environment:
    """The environment of templates/sandbox."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["money"] = lambda amount, currency: format_amount(from_provider(int(amount), currency.upper()), currency.upper())
    environment.filters["moment"] = lambda at: time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
    return environment


def _page(request: web.Request, template: str, context: dict[str, Any], *, status: int = 200, framed: bool = False) -> web.Response:
    text = request.app[TEMPLATES].get_template(f"sandbox/{template}").render(context)
    headers = {
        "Content-Security-Policy": PAGE_POLICY + (request.app[FRAMED_BY] if framed else "'none'"),
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _see_other(location: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(location, headers={"Cache-Control": "private, no-store"})


# --- the payment page ------------------------------------------------------------------------------------------------------------


@routes.get("/pay/{session_id}")
async def payment_page(request: web.Request) -> web.Response:
    async with request.app[LEDGER].transaction():
        session = _session(request)
        refusal = _last_refusal(request, session)
    if session["status"] == "complete":
        raise _see_other(_success_url(session))
    return _payment_page(request, session, {}, refusal)


@routes.post("/pay/{session_id}")
async def pay(request: web.Request) -> web.Response:
    """Tries the card. Then back to the shop, or on to the confirmation, or the page again with the reason."""
    form = {name: value.strip() for name, value in (await request.post()).items() if isinstance(value, str)}
    expiry = digits(form.get("expiry", ""))
    card = {"number": form.get("number", ""), "exp_month": expiry[:2], "exp_year": expiry[2:], "cvc": form.get("cvc", "")}
    provider = request.app[PROVIDER]
    refusal = ""
    intent: Document | None = None
    async with request.app[LEDGER].transaction():
        session = _session(request)
        if session["status"] == "open":
            try:
                intent = provider.pay_session(session, card, form.get("name", ""))
            except ApiError as error:
                refusal = str(error)
    if refusal or session["status"] == "expired":
        return _payment_page(request, session, form, refusal)
    if intent is not None and intent["status"] == "requires_action":
        raise _see_other(intent["next_action"]["redirect_to_url"]["url"])
    raise _see_other(_success_url(session))


def _session(request: web.Request) -> Document:
    try:
        return request.app[PROVIDER].session(request.match_info["session_id"])
    except ApiError as error:
        raise web.HTTPNotFound(text="There is no such payment.") from error


def _payment_page(request: web.Request, session: Document, form: dict[str, str], refusal: str) -> web.Response:
    context = {"session": session, "lines": session["sandbox"]["lines"], "form": form, "refusal": refusal, "hints": HINTS}
    return _page(request, "pay.html", context, status=402 if refusal and form else 200)


def _last_refusal(request: web.Request, session: Document) -> str:
    """Why the card before this one did not pay."""
    intent = request.app[LEDGER].get(session["payment_intent"] or "")
    error = intent["last_payment_error"] if intent is not None else None
    return str(error["message"]) if error else ""


def _success_url(session: Document) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


# --- the confirmation page (3-D Secure) ------------------------------------------------------------------------------------------


@routes.get("/3ds/{intent_id}")
async def confirmation_page(request: web.Request) -> web.Response:
    async with request.app[LEDGER].transaction():
        intent = _asked_intent(request)
        back = _way_back(request, intent)
    if intent["status"] != "requires_action":
        raise _see_other(back)
    return _page(request, "confirm.html", {"intent": intent})


@routes.post("/3ds/{intent_id}")
async def confirm(request: web.Request) -> web.Response:
    """The shopper's answer, and the way back to the shop."""
    _asked_intent(request)
    approved = (await request.post()).get("answer") == "approve"
    provider = request.app[PROVIDER]
    async with request.app[LEDGER].transaction():
        intent = provider.answer_shopper(request.match_info["intent_id"], approved=approved)
        session = provider.session_of(intent)
        if session is not None:
            provider.complete_session(session, intent)
    raise _see_other(_way_back(request, intent))


def _asked_intent(request: web.Request) -> Document:
    """The intent, if the caller has the key of its page."""
    intent = request.app[LEDGER].get(request.match_info["intent_id"])
    key = (intent or {}).get("sandbox", {}).get("key", "")
    if intent is None or not key or not hmac.compare_digest(key.encode(), request.query.get("key", "").encode()):
        raise web.HTTPNotFound(text="There is no such payment.")
    return intent


def _way_back(request: web.Request, intent: Document) -> str:
    session = request.app[PROVIDER].session_of(intent)
    if session is not None:
        return _success_url(session) if session["status"] == "complete" else f"/pay/{session['id']}"
    url = str(intent["sandbox"]["return_url"])
    told = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "failed" if intent["status"] in ("requires_payment_method", "canceled") else "succeeded",
    }
    return url + ("&" if "?" in url else "?") + urlencode(told)


# --- the card field --------------------------------------------------------------------------------------------------------------


@routes.get("/elements/card")
async def card_field(request: web.Request) -> web.Response:
    """The inside of the frame that the script mounts in the shop's page: the card number is typed here, on the provider's origin."""
    return _page(request, "card.html", {}, framed=True)


async def _file(name: str, kind: str) -> web.Response:
    text = (STATIC / name).read_text("utf-8")
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin"}
    return web.Response(text=text, content_type=kind, headers=headers)


@routes.get("/v3/")
async def script(request: web.Request) -> web.Response:
    """The part of Stripe.js that the checkout page uses."""
    return await _file("stripe.js", "text/javascript")


@routes.get("/elements/card.js")
async def card_script(request: web.Request) -> web.Response:
    return await _file("card.js", "text/javascript")


@routes.get("/sandbox.css")
async def style(request: web.Request) -> web.Response:
    return await _file("sandbox.css", "text/css")


# --- the books -------------------------------------------------------------------------------------------------------------------


@routes.get("/")
async def books(request: web.Request) -> web.Response:
    """The latest payments, for people."""
    ledger = request.app[LEDGER]
    async with ledger.transaction():
        intents = ledger.find("payment_intent", limit=SHOWN)
        rows = [intent | {"charge": ledger.get(intent["latest_charge"] or "")} for intent in intents]
    return _page(request, "books.html", {"intents": rows, "shown": SHOWN})


@routes.get("/livez")
async def livez(request: web.Request) -> web.Response:
    return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})
