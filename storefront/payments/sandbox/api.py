"""The provider's API as Stripe's library calls it: authentication, idempotency keys, faults, and a table of operations.

Source: Stripe API reference. What is not offered here answers 404, as an unknown address does there.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
import structlog
from aiohttp import web

from storefront.payments.sandbox.faults import FaultKind, FaultRule, Faults
from storefront.payments.sandbox.ledger import Ledger
from storefront.payments.sandbox.provider import Provider
from storefront.payments.sandbox.wire import ApiError, Document, expand, invalid, listing, missing, nested, new_id

PROVIDER = web.AppKey("provider", Provider)
LEDGER = web.AppKey("ledger", Ledger)
FAULTS = web.AppKey("faults", Faults)


class Keys(NamedTuple):
    """`secret` does everything; `publishable` is public, and makes payment methods only."""

    secret: str
    publishable: str


KEYS = web.AppKey("keys", Keys)
IN_FLIGHT = web.AppKey("in_flight", set[str])
routes = web.RouteTableDef()
log = structlog.get_logger("sandbox")

Operation = Callable[[web.Request, Provider, Document], Document]
BEFORE: tuple[FaultKind, ...] = ("error_before", "rate_limit", "refuse")
AROUND: tuple[FaultKind, ...] = ("lose_answer", "error_after", "slow", "slow_after")
ON_THE_WAY: tuple[FaultKind, ...] = ("lose_answer", "slow", "slow_after")  # what may befall an answer that is given again


def operation(method: str, path: str, *, public: bool = False) -> Callable[[Operation], Operation]:
    """Puts an operation at its address. `public`: the publishable key may call it."""

    def add(function: Operation) -> Operation:
        async def handler(request: web.Request) -> web.Response:
            return await _serve(request, function, public=public)

        routes.route(method, path)(handler)
        return function

    return add


async def _serve(request: web.Request, function: Operation, *, public: bool) -> web.Response:
    request_id = new_id("req")
    try:
        check_key(request, public=public)
        params = await _params(request)
        status, body, replayed = await _answer(request, function, params)
    except ApiError as error:
        status, body, replayed = error.status, _written(error.body), False
    headers = {"Request-Id": request_id}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return web.Response(text=body, status=status, content_type="application/json", headers=headers)


def check_key(request: web.Request, *, public: bool = False) -> None:
    """Raises ApiError 401 for whoever has no key that may do this."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[0]
        except (binascii.Error, ValueError):
            given = ""
    keys = request.app[KEYS]
    allowed = [keys.secret, keys.publishable] if public else [keys.secret]
    if not any(hmac.compare_digest(given.encode(), key.encode()) for key in allowed):
        raise ApiError(401, "invalid_request_error", "Invalid API Key provided.")


async def _params(request: web.Request) -> Document:
    text = request.query_string if request.method in ("GET", "DELETE") else await request.text()
    return nested(parse_qsl(text, keep_blank_values=True, max_num_fields=500))


async def _answer(request: web.Request, function: Operation, params: Document) -> tuple[int, str, bool]:
    faults = request.app[FAULTS]
    struck = faults.strike(request.method, request.path, BEFORE)
    if struck is not None:
        raise INSTEAD[struck.fault]()
    key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
    if not key:
        return await _act(request, function, params, "", "")
    fingerprint = _fingerprint(request, params)
    in_flight = request.app[IN_FLIGHT]
    if key in in_flight:
        raise ApiError(409, "idempotency_error", "This key is being used by a request right now.", code="idempotency_key_in_use")
    before = request.app[LEDGER].answered(key)
    if before is not None:
        if before[0] != fingerprint:
            message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
            raise ApiError(400, "idempotency_error", message)
        struck = faults.strike(request.method, request.path, ON_THE_WAY)
        if struck is not None:
            await _befall(request, struck)
        await request.app[LEDGER].committed()
        return before[1], before[2], True
    in_flight.add(key)
    try:
        return await _act(request, function, params, key, fingerprint)
    finally:
        in_flight.discard(key)


def _fingerprint(request: web.Request, params: Document) -> str:
    asked = msgspec.json.encode([request.method, request.path, params], order="deterministic")
    return hashlib.sha256(asked).hexdigest()


async def _act(request: web.Request, function: Operation, params: Document, key: str, fingerprint: str) -> tuple[int, str, bool]:
    """The effect and its answer, committed together; then the answer, unless a fault keeps it."""
    struck = request.app[FAULTS].strike(request.method, request.path, AROUND)
    fault = struck.fault if struck is not None else ""
    if struck is not None and fault == "slow":
        await asyncio.sleep(struck.seconds)
    ledger, provider = request.app[LEDGER], request.app[PROVIDER]
    async with ledger.transaction():
        try:
            found = function(request, provider, params)
            status, body = 200, _written(expand(found, _paths(params), ledger.get))
        except ApiError as error:
            if not error.keep:
                raise
            status, body = error.status, _written(error.body)
        if fault == "error_after":
            status, body = 500, _written(_broken().body)
        if key:
            ledger.remember(key, fingerprint, status, body)
    if struck is not None and fault != "slow":
        await _befall(request, struck)
    return status, body, False


async def _befall(request: web.Request, rule: FaultRule) -> None:
    """What happens to an answer between the books and the shop."""
    if rule.fault in ("slow", "slow_after"):
        await asyncio.sleep(rule.seconds)
    if rule.fault == "lose_answer" and request.transport is not None:
        request.transport.abort()


def _paths(params: Document) -> list[str]:
    wanted = params.get("expand")
    return [str(path) for path in wanted[:10]] if isinstance(wanted, list) else []


def _shown(document: Any) -> Any:
    """Without what is nobody's business."""
    if isinstance(document, list):
        return [_shown(one) for one in document]
    if isinstance(document, dict):
        return {name: _shown(value) for name, value in document.items() if name != "sandbox"}
    return document


def _written(document: Document) -> str:
    return msgspec.json.encode(_shown(document)).decode()


def _broken() -> ApiError:
    return ApiError(500, "api_error", "An unexpected error occurred.")


def _rate_limited() -> ApiError:
    return ApiError(429, "invalid_request_error", "Too many requests.", code="rate_limit")


def _refused() -> ApiError:
    return invalid("This account cannot do that at the moment.", code="account_invalid")


INSTEAD: dict[FaultKind, Callable[[], ApiError]] = {"error_before": _broken, "rate_limit": _rate_limited, "refuse": _refused}


# --- operations ------------------------------------------------------------------------------------------------------------------


@operation("POST", "/v1/payment_intents")
def create_intent(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.create_intent(params)


@operation("GET", "/v1/payment_intents")
def list_intents(request: web.Request, provider: Provider, params: Document) -> Document:
    return _list(provider.ledger, "payment_intent", "/v1/payment_intents", params)


@operation("GET", "/v1/payment_intents/search")
def search_intents(request: web.Request, provider: Provider, params: Document) -> Document:
    """Only `metadata['key']:'value'`."""
    asked = re.fullmatch(r"""metadata\[['"](\w{1,40})['"]\]:['"]([^'"]*)['"]""", str(params.get("query", "")))
    if asked is None:
        raise invalid("Search for metadata['key']:'value'.", param="query")
    lag = request.app[FAULTS].strike("", "", ("search_lag",))
    until = time.time() - (lag.seconds if lag is not None else 0)
    limit = _limit(params)
    found = provider.ledger.search("payment_intent", asked[1], asked[2], until=until, limit=limit + 1)
    return listing("/v1/payment_intents/search", found, limit) | {"object": "search_result", "next_page": None}


@operation("GET", r"/v1/payment_intents/{id}")
def read_intent(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.intent(request.match_info["id"])


@operation("POST", r"/v1/payment_intents/{id}/confirm")
def confirm_intent(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.confirm_intent(provider.intent(request.match_info["id"]), params)


@operation("POST", r"/v1/payment_intents/{id}/capture")
def capture_intent(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.capture_intent(provider.intent(request.match_info["id"]), params)


@operation("POST", r"/v1/payment_intents/{id}/cancel")
def cancel_intent(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.cancel_intent(provider.intent(request.match_info["id"]), params.get("cancellation_reason"))


@operation("POST", "/v1/refunds")
def create_refund(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.create_refund(params)


@operation("GET", "/v1/refunds")
def list_refunds(request: web.Request, provider: Provider, params: Document) -> Document:
    return _list(provider.ledger, "refund", "/v1/refunds", params)


@operation("GET", r"/v1/refunds/{id}")
def read_refund(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.refund(request.match_info["id"])


@operation("POST", "/v1/checkout/sessions")
def create_session(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.create_session(params)


@operation("GET", "/v1/checkout/sessions")
def list_sessions(request: web.Request, provider: Provider, params: Document) -> Document:
    return _list(provider.ledger, "checkout.session", "/v1/checkout/sessions", params)


@operation("GET", r"/v1/checkout/sessions/{id}")
def read_session(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.session(request.match_info["id"])


@operation("POST", r"/v1/checkout/sessions/{id}/expire")
def expire_session(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.expire_session(provider.session(request.match_info["id"]))


@operation("POST", "/v1/payment_methods", public=True)
def create_payment_method(request: web.Request, provider: Provider, params: Document) -> Document:
    return provider.create_payment_method(params)


@operation("GET", r"/v1/{room:payment_methods|charges|events}/{id}")
def read_object(request: web.Request, provider: Provider, params: Document) -> Document:
    kind, object_id = request.match_info["room"].removesuffix("s"), request.match_info["id"]
    found = provider.ledger.get(object_id)
    if found is None or found["object"] != kind:
        raise missing(kind, object_id)
    return found


@operation("GET", r"/v1/{room:charges|events}")
def list_objects(request: web.Request, provider: Provider, params: Document) -> Document:
    room = request.match_info["room"]
    return _list(provider.ledger, room.removesuffix("s"), f"/v1/{room}", params)


@operation("POST", "/v1/webhook_endpoints")
def create_endpoint(request: web.Request, provider: Provider, params: Document) -> Document:
    """Until the provider is started again. All endpoints share the configured secret."""
    url = str(params.get("url", ""))
    if not url.startswith(("http://", "https://")):
        raise invalid("Give the url of the endpoint.", param="url")
    if url not in provider.events.endpoints:
        provider.events.endpoints.append(url)
    return _endpoint(url)


@operation("GET", "/v1/webhook_endpoints")
def list_endpoints(request: web.Request, provider: Provider, params: Document) -> Document:
    return listing("/v1/webhook_endpoints", [_endpoint(url) for url in provider.events.endpoints], 100)


@operation("DELETE", r"/v1/webhook_endpoints/{id}")
def delete_endpoint(request: web.Request, provider: Provider, params: Document) -> Document:
    for url in provider.events.endpoints:
        if _endpoint(url)["id"] == request.match_info["id"]:
            provider.events.endpoints.remove(url)
            return {"id": request.match_info["id"], "object": "webhook_endpoint", "deleted": True}
    raise missing("webhook_endpoint", request.match_info["id"])


def _endpoint(url: str) -> Document:
    endpoint_id = "we_" + hashlib.sha256(url.encode()).hexdigest()[:24]
    return {"id": endpoint_id, "object": "webhook_endpoint", "url": url, "status": "enabled", "enabled_events": ["*"]}


def _list(ledger: Ledger, kind: str, url: str, params: Document) -> Document:
    created = params.get("created")
    created = created if isinstance(created, dict) else {}
    limit = _limit(params)
    try:
        since = int(created.get("gte", 0)) or int(created.get("gt", -1)) + 1
        until = int(created["lte"]) if "lte" in created else None
    except (TypeError, ValueError) as error:
        raise invalid("Invalid created", param="created") from error
    found = ledger.find(
        kind, limit=limit + 1, after=params.get("starting_after"), since=since, until=until, parent=params.get("payment_intent")
    )
    return listing(url, found, limit)


def _limit(params: Document) -> int:
    text = str(params.get("limit", "10"))
    if not text.isdecimal() or not 1 <= int(text[:6]) <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", param="limit")
    return int(text)


@web.middleware
async def unknown_addresses(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Errors under /v1 have Stripe's shape, whatever they come from."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if not request.path.startswith("/v1/") or error.status < 400:
            raise
        body = invalid(f"Unrecognized request URL ({request.method}: {request.path}).").body
        return web.json_response(body, status=error.status)
    except Exception:
        log.exception("provider_failed", path=request.path)
        return web.json_response(_broken().body, status=500)
