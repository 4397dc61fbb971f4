"""What the payment provider tells us: checked, stored, answered at once; applied by a job that asks the provider itself.

An event says only that something happened to an object. Its amounts and states are not used, so that events may come twice, late, in
any order, or be lost altogether. What it would tell us is mostly known already, from the answer to the call that caused it: then nobody
is asked. While that call may be under way the event waits for a moment, as its answer is about to say the same. What happens to a charge
that has come to its end here (somebody gave money back at the provider, a bank does) has its books compared at once, however old it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from aiohttp import web

from storefront.checkout import reconcile, recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.idempotency import queries
from storefront.orders import store as order_store
from storefront.orders.model import PaymentAttempt
from storefront.payments.model import AttemptState, ProviderEvent
from storefront.payments.service import PAYMENTS
from storefront.platform.database import Connection
from storefront.platform.errors import NotFound
from storefront.platform.gathering import Gathering
from storefront.platform.http import json_response
from storefront.platform.operations import as_operation
from storefront.platform.questions import ask
from storefront.settings import SETTINGS

routes = web.RouteTableDef()
log = structlog.get_logger("webhooks")

JOB = "payment_event"
LOOK_EVERY = 2.0  # seconds between looks at the events that wait
WAITS_FOR = timedelta(seconds=1)
AT_ONCE = 500
# Events that are no news of a charge in these states.
NO_NEWS: dict[str, tuple[AttemptState, ...]] = {
    "payment_intent.succeeded": ("succeeded",),
    "payment_intent.amount_capturable_updated": ("authorized", "succeeded"),
    "checkout.session.completed": ("authorized", "succeeded"),
    "payment_intent.payment_failed": ("declined",),
    "payment_intent.canceled": ("cancelled",),
}
# What a bank asks back for a cardholder stands in the order's history; what it comes to is between the shop and the provider.
DISPUTES = {"charge.dispute.created": "dispute_opened", "charge.dispute.closed": "dispute_closed"}
KEPT_FOR = timedelta(days=30)  # the provider repeats an event for some days; one that is known is not applied twice


class Inbox:
    """Keeps the provider's events, those that come together in one transaction."""

    def __init__(self, shop: CheckoutContext) -> None:
        self._shop = shop
        self._store = Gathering(self._store_all, apart=lambda sent: (sent.provider, sent.event.id))

    async def store(self, provider: str, event: ProviderEvent) -> bool:
        """Keeps the event with whatever is to follow from it; whether it is new. If we die then, it waits, and is looked at."""
        new, attempt = await self._store(_Sent(provider, event, _kept(event)))
        if new and (attempt is None or not (_is_known(event.kind, attempt) or _under_way(attempt, self._shop.clock(), self._shop))):
            await self._shop.database.transaction(lambda conn: _let_go(conn, self._shop, provider, [event.id]))
        return new

    async def _store_all(self, sent: Sequence["_Sent"]) -> list[tuple[bool, PaymentAttempt | None]]:
        """Whether each is new, and what it is about. What is known by then is stored as that."""
        async with self._shop.database.write() as conn:
            attempts = await _attempts_of(conn, [one.kept for one in sent])
            rows = await queries.store_events(
                conn,
                providers=[one.provider for one in sent],
                event_ids=[one.event.id for one in sent],
                types=[one.event.kind for one in sent],
                payloads=[one.kept for one in sent],
                known=[attempt is not None and _is_known(one.event.kind, attempt) for one, attempt in zip(sent, attempts, strict=True)],
                now=self._shop.clock(),
            )
        new = {(row["provider"], row["event_id"]) for row in rows}
        return [((one.provider, one.event.id) in new, attempt) for one, attempt in zip(sent, attempts, strict=True)]


INBOX = web.AppKey("inbox", Inbox)


class _Sent(NamedTuple):
    """An event that came for a provider, and what is kept of it."""

    provider: str
    event: ProviderEvent
    kept: dict[str, Any]


@routes.post("/webhooks/{provider}")
@as_operation
async def receive_event(request: web.Request) -> web.Response:
    """Raises BadSignature for what the provider did not send."""
    provider = request.match_info["provider"]
    if provider != request.app[SETTINGS].payments.provider:
        raise NotFound("There is no such provider.")
    body = await request.read()
    event = request.app[PAYMENTS].verify_webhook(body, request.headers.get("Stripe-Signature", ""))
    return json_response({"received": True, "new": await request.app[INBOX].store(provider, event)})


async def _let_go(conn: Connection, shop: CheckoutContext, provider: str, event_ids: list[str]) -> None:
    """Events that wait are left to jobs."""
    await queries.events_wait_no_more(conn, provider=provider, event_ids=event_ids)
    for event_id in event_ids:
        await shop.jobs.enqueue(conn, JOB, {"provider": provider, "event_id": event_id})


def _is_known(kind: str, attempt: PaymentAttempt) -> bool:
    return attempt.kind == "charge" and attempt.state in NO_NEWS.get(kind, ())


def _under_way(attempt: PaymentAttempt, now: datetime, shop: CheckoutContext) -> bool:
    """Whether the call that began the attempt may still bring its answer."""
    return attempt.state == "open" and now - attempt.updated_at < shop.stale_after


async def look_at_waiting(shop: CheckoutContext) -> int:
    """Lets go of the events that wait: those that are known by now, and the others to jobs. Returns how many there were."""

    async def work(conn: Connection) -> int:
        now = shop.clock()
        rows = await queries.events_that_wait(conn, before=now - WAITS_FOR, most=AT_ONCE)
        news: dict[str, list[str]] = {}
        known: dict[str, list[str]] = {}
        attempts = await _attempts_of(conn, [row["payload"] for row in rows])
        for row, attempt in zip(rows, attempts, strict=True):
            told = attempt is not None and _is_known(row["type"], attempt)
            (known if told else news).setdefault(row["provider"], []).append(row["event_id"])
        for provider, event_ids in known.items():
            await queries.events_are_known(conn, provider=provider, event_ids=event_ids, now=now)
        for provider, event_ids in news.items():
            await _let_go(conn, shop, provider, event_ids)
        return len(rows)

    return await shop.database.transaction(work)


def _kept(event: ProviderEvent) -> dict[str, Any]:
    """What is read of an event, in its places. The rest is nobody's business: a payment's secret, its payer's name and address."""
    thing = event.payload["data"]["object"]
    metadata = thing.get("metadata")
    kept = _texts(thing, "id", "payment_intent") | {"metadata": _texts(metadata, "attempt_id") if isinstance(metadata, dict) else {}}
    return {"object_ref": _storable(event.object_ref), "created": event.created, "event": {"data": {"object": kept}}}


def _texts(document: dict[str, Any], *names: str) -> dict[str, str]:
    return {name: _storable(document[name]) for name in names if isinstance(document.get(name), str)}


def _storable(text: str) -> str:
    """Without what PostgreSQL keeps in no text (NUL, half a surrogate pair): such an event would be refused for ever."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


async def apply_event(shop: CheckoutContext, payload: dict[str, Any]) -> None:
    """The job. Raises ProviderUnknown and ProviderUnavailable, and is then tried again."""
    provider, event_id = payload["provider"], payload["event_id"]
    async with shop.database.write() as conn:
        event = await queries.waiting_event(conn, provider=provider, event_id=event_id)
        (attempt,) = await _attempts_of(conn, [event["payload"]]) if event is not None else (None,)
    if event is None:
        return
    outcome = await _outcome(shop, event["type"], attempt)
    log.info("payment_event", event_id=event_id, kind=event["type"], outcome=outcome)

    async def applied(conn: Connection) -> None:
        now, dispute = shop.clock(), DISPUTES.get(event["type"])
        first = await queries.event_applied(conn, provider=provider, event_id=event_id, outcome=outcome, now=now)
        if first and dispute is not None and attempt is not None:
            data = {"dispute": event["payload"]["event"]["data"]["object"]["id"]}
            await order_store.add_event(conn, attempt.order_id, dispute, data, now=now)
            log.warning("payment_disputed", order=str(attempt.order_id), kind=dispute, **data)

    await shop.database.transaction(applied)


async def _outcome(shop: CheckoutContext, kind: str, attempt: PaymentAttempt | None) -> str:
    if attempt is None:
        return "not_ours"
    if _is_known(kind, attempt):
        return "known"
    if attempt.kind == "charge" and not attempt.unsettled:
        return "agrees" if await reconcile.look_at(shop, attempt.id) is None else "differs"
    return await recovery.ask_again(shop, attempt.id) or "unknown"


async def prune(conn: Connection, now: datetime) -> None:
    """Drops events that came long ago, those too that nobody could apply."""
    await queries.prune_events(conn, before=now - KEPT_FOR)


async def _attempts_of(conn: Connection, kept: Sequence[dict[str, Any]]) -> list[PaymentAttempt | None]:
    """What each event is about: by the provider's reference; before we know that, by the attempt id that went along when we asked; and
    what somebody else did to a charge (a refund made at the provider), by the payment that it is of.
    """
    (found,) = await ask(conn, order_store.attempts_meant(*_meant(kept)))
    return _each_of(kept, found)


def _meant(kept: Sequence[dict[str, Any]]) -> tuple[list[str], list[UUID]]:
    hints = [_hint(event) for event in kept]
    refs = [ref for event in kept for ref in (event["object_ref"], _payment_of(event)) if ref is not None]
    return refs, [hint for hint in hints if hint is not None]


def _each_of(kept: Sequence[dict[str, Any]], found: Sequence[PaymentAttempt]) -> list[PaymentAttempt | None]:
    by_ref, by_id = {attempt.provider_ref: attempt for attempt in found}, {attempt.id: attempt for attempt in found}

    def meant(event: dict[str, Any]) -> PaymentAttempt | None:
        hint, payment = _hint(event), _payment_of(event)
        return by_ref.get(event["object_ref"]) or (by_id.get(hint) if hint else None) or (by_ref.get(payment) if payment else None)

    return [meant(event) for event in kept]


def _payment_of(kept: dict[str, Any]) -> str | None:
    """The payment intent that the event's object is of."""
    try:
        found = kept["event"]["data"]["object"].get("payment_intent")
    except (KeyError, TypeError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _hint(kept: dict[str, Any]) -> UUID | None:
    try:
        return UUID(kept["event"]["data"]["object"]["metadata"]["attempt_id"])
    except (KeyError, TypeError, ValueError):
        return None
