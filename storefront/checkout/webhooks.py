"""What the payment provider tells us: checked, stored, answered at once; applied by a job that asks the provider itself.

An event says only that something happened to an object. Its amounts and states are not used, so that events may come twice, late, in
any order, or be lost altogether.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from aiohttp import web

from storefront.checkout import recovery
from storefront.checkout.idempotency import queries
from storefront.checkout.model import CheckoutContext
from storefront.orders import store as order_store
from storefront.orders.model import PaymentAttempt
from storefront.payments.model import ProviderEvent
from storefront.payments.service import PAYMENTS
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import NotFound
from storefront.platform.http import json_response
from storefront.platform.jobs import JOBS
from storefront.settings import SETTINGS

routes = web.RouteTableDef()
log = structlog.get_logger("webhooks")

JOB = "payment_event"
KEPT_FOR = timedelta(days=30)  # the provider repeats an event for some days; one that is known is not applied twice


@routes.post("/webhooks/{provider}")
async def receive_event(request: web.Request) -> web.Response:
    """Raises BadSignature for what the provider did not send."""
    provider = request.match_info["provider"]
    if provider != request.app[SETTINGS].payments.provider:
        raise NotFound("There is no such provider.")
    body = await request.read()
    event = request.app[PAYMENTS].verify_webhook(body, request.headers.get("Stripe-Signature", ""))
    jobs, now = request.app[JOBS], request.app[CLOCK]()

    async def work(conn: Connection) -> bool:
        new = await queries.store_event(conn, provider=provider, event_id=event.id, type=event.kind, payload=_kept(event), now=now)
        if new:
            await jobs.enqueue(conn, JOB, {"provider": provider, "event_id": event.id})
        return bool(new)

    new = await request.app[DATABASE].transaction(work)
    return json_response({"received": True, "new": new})


def _kept(event: ProviderEvent) -> dict[str, Any]:
    return {"object_ref": event.object_ref, "created": event.created, "event": event.payload}


async def apply_event(shop: CheckoutContext, payload: dict[str, Any]) -> None:
    """The job. Raises ProviderUnknown and ProviderUnavailable, and is then tried again."""
    provider, event_id = payload["provider"], payload["event_id"]
    async with shop.database.write() as conn:
        event = await queries.waiting_event(conn, provider=provider, event_id=event_id)
        attempt = await _attempt_of(conn, event["payload"]) if event is not None else None
    if event is None:
        return
    outcome = "not_ours"
    if attempt is not None:
        outcome = await recovery.ask_again(shop, attempt.id) or "unknown"
    log.info("payment_event", event_id=event_id, kind=event["type"], outcome=outcome)
    async with shop.database.write() as conn:
        await queries.event_applied(conn, provider=provider, event_id=event_id, outcome=outcome, now=shop.clock())


async def prune(conn: Connection, now: datetime) -> None:
    """Drops events that were applied long ago."""
    await queries.prune_events(conn, before=now - KEPT_FOR)


async def _attempt_of(conn: Connection, kept: dict[str, Any]) -> PaymentAttempt | None:
    """By the provider's reference; before we know that, by the attempt id that we gave the provider when we asked."""
    attempt = await order_store.attempt_by_ref(conn, kept["object_ref"])
    if attempt is not None:
        return attempt
    try:
        hint = UUID(kept["event"]["data"]["object"]["metadata"]["attempt_id"])
    except (KeyError, TypeError, ValueError):
        return None
    return await order_store.attempt_by_id(conn, hint)
