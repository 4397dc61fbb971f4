"""How the sandbox is told to misbehave, and its books for whoever checks ours against them. The API's secret key opens both."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from storefront.payments.sandbox.api import FAULTS, LEDGER, PROVIDER, check_key
from storefront.payments.sandbox.faults import FaultRule
from storefront.payments.sandbox.wire import ApiError

routes = web.RouteTableDef()


class Behaviour(msgspec.Struct, forbid_unknown_fields=True):
    """All that is out of the ordinary. `takes_a_while`: seconds of what is "processing" or "pending"."""

    rules: Annotated[list[FaultRule], Meta(max_length=100)] = []
    takes_a_while: Annotated[float, Meta(ge=0, le=3600)] = 3.0


def _refusal(error: ApiError) -> web.Response:
    return web.json_response(error.body, status=error.status)


def _behaviour(app: web.Application) -> web.Response:
    now = Behaviour(app[FAULTS].rules, app[PROVIDER].takes_a_while)
    return web.Response(body=msgspec.json.encode(now), content_type="application/json")


@routes.get("/sandbox/faults")
async def read_faults(request: web.Request) -> web.Response:
    try:
        check_key(request)
    except ApiError as error:
        return _refusal(error)
    return _behaviour(request.app)


@routes.post("/sandbox/faults")
async def set_faults(request: web.Request) -> web.Response:
    """JSON of `Behaviour`, in place of all that was told before; `{}` is a provider that behaves."""
    try:
        check_key(request)
        wanted = msgspec.json.decode(await request.read(), type=Behaviour)
    except ApiError as error:
        return _refusal(error)
    except msgspec.DecodeError as error:
        return _refusal(ApiError(400, "invalid_request_error", str(error)))
    request.app[FAULTS].rules = wanted.rules
    request.app[PROVIDER].takes_a_while = wanted.takes_a_while
    return _behaviour(request.app)


@routes.get("/sandbox/ledger")
async def read_ledger(request: web.Request) -> web.Response:
    """Movements of money: `?after=<seq>` goes on from there, `?intent=pi_…` shows one payment's; up to 1000."""
    try:
        check_key(request)
    except ApiError as error:
        return _refusal(error)
    after = request.query.get("after", "0")
    if not after.isdecimal() or len(after) > 15:
        return _refusal(ApiError(400, "invalid_request_error", "Invalid after"))
    async with request.app[LEDGER].transaction():
        entries = request.app[LEDGER].entries(intent=request.query.get("intent"), after=int(after))
    return web.json_response({"entries": entries})
