"""What the shop asks of its payment provider, in the shop's words. The provider is Stripe, or the sandbox that speaks as Stripe does.

Every call that moves money carries a key, so that repeats are one effect. Only the provider's own answers are believed; a webhook is
a reason to ask, never an answer.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import stripe
import structlog
from aiohttp import web

from storefront.payments import answers
from storefront.payments.errors import BadSignature, ProviderUnavailable, ProviderUnknown
from storefront.payments.model import ChargeRequest, ProviderAnswer, ProviderEvent, ProviderPayment
from storefront.payments.stripe_client import Refused, StripeCaller
from storefront.payments.units import to_provider
from storefront.settings import Settings

__all__ = ["PAYMENTS", "BadSignature", "BrowserConfig", "Payments", "ProviderUnavailable", "ProviderUnknown"]

log = structlog.get_logger("payments")

SIGNATURE_AGE = 300  # seconds that a webhook's signature is good for, as Stripe recommends
SEARCH_LAG = timedelta(minutes=10)  # the provider's search may be this much behind; what is younger is found by listing
CLOCKS_DIFFER = timedelta(minutes=1)  # at most, ours and the provider's
MOST_LISTED = 2000  # objects looked through for one attempt
STRIPE_SCRIPT = "https://js.stripe.com/v3/"
STRIPE_ORIGINS = ("https://js.stripe.com", "https://api.stripe.com", "https://hooks.stripe.com", "https://checkout.stripe.com")


class BrowserConfig(TypedDict):
    """What the checkout page needs to let the browser talk to the provider."""

    publishable_key: str
    script_url: str
    origin: str


class _TooManyListed(ProviderUnknown):
    """More was made at the provider than is looked through for one attempt."""


class Payments:
    """The payment provider. Methods raise ProviderUnknown (the outcome is not known) and ProviderUnavailable (surely nothing happened)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        payments = settings.payments
        self._caller = StripeCaller(payments.api_key, settings.provider_base, payments.timeout_ms / 1000)

    async def close(self) -> None:
        """Closes the connections."""
        await self._caller.close()

    @property
    def breaker_state(self) -> str:
        """ "closed" when the provider is well, "opened" while it is left alone."""
        return self._caller.breaker_state

    # --- charging ---------------------------------------------------------------------------------------------------------------

    async def charge(self, request: ChargeRequest) -> ProviderAnswer:
        """Asks for the money of an attempt; the same request any number of times is one charge.

        Without a payment method the shopper is sent to the provider's own page (requires_action with `redirect_url`).
        """
        if request.payment_method is None:
            return await self._open_page(request)
        params: Any = {
            "amount": to_provider(request.amount, request.currency),
            "currency": request.currency.lower(),
            "payment_method": request.payment_method,
            "payment_method_types": ["card"],
            "confirm": True,
            "return_url": request.return_url,
            "description": f"Order {request.order_number}",
            "expand": ["latest_charge"],
            **_intent_fields(request),
        }
        options: Any = {"idempotency_key": str(request.attempt_id)}
        try:
            # Raw: the library would make an object of each part of the answer, of which only plain data is read.
            answer = await self._caller.call("charge", lambda client: _raw(client, "/v1/payment_intents", params | options))
        except Refused as refusal:
            return _refused(refusal, request)
        return answers.of_intent(answer)

    async def _open_page(self, request: ChargeRequest) -> ProviderAnswer:
        params: Any = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": request.currency.lower(),
                        "unit_amount": to_provider(request.amount, request.currency),
                        "product_data": {"name": f"Order {request.order_number}"},
                    },
                }
            ],
            "payment_method_types": ["card"],
            "success_url": request.return_url,
            "cancel_url": request.return_url,
            "customer_email": request.email,
            "client_reference_id": request.order_number,
            "metadata": _metadata(request),
            "payment_intent_data": {"description": f"Order {request.order_number}", **_intent_fields(request, hosted=True)},
            "expand": ["payment_intent.latest_charge"],
        }
        options: Any = {"idempotency_key": str(request.attempt_id)}
        try:
            session = await self._caller.call("open_page", lambda client: client.v1.checkout.sessions.create_async(params, options))
        except Refused as refusal:
            return _refused(refusal, request)
        return answers.of_session(_plain(session))

    # --- asking -----------------------------------------------------------------------------------------------------------------

    async def lookup(
        self, *, attempt_id: UUID | None = None, provider_ref: str | None = None, created_at: datetime | None = None
    ) -> ProviderAnswer | None:
        """What became of a charge or refund; None when the provider has not heard of it. Changes nothing.

        By the provider's own reference if there is one; else by the attempt id that went along with the charge. `created_at` is the
        attempt's; without it, the attempt is taken for a young one.
        """
        if provider_ref and not provider_ref.startswith(NAMELESS):
            return await self._by_ref(provider_ref)
        return await self._by_attempt(attempt_id, created_at) if attempt_id is not None else None

    async def _by_ref(self, ref: str) -> ProviderAnswer | None:
        try:
            if ref.startswith(("re_", "pyr_")):
                return answers.of_refund(_plain(await self._caller.call("lookup", lambda c: c.v1.refunds.retrieve_async(ref))))
            if ref.startswith("cs_"):
                return answers.of_session(await self._session(ref))
            intent = await self._intent(ref)
        except Refused as refusal:
            if refusal.status == 404 or refusal.code == "resource_missing":
                return None
            raise ProviderUnknown(str(refusal)) from refusal
        return await self._with_its_page(intent)

    async def _with_its_page(self, intent: dict[str, Any]) -> ProviderAnswer:
        """An intent that the shopper pays on the provider's page is as far as that page is: after a declined card they may try another."""
        if not intent["metadata"].get("hosted") or intent["status"] not in ("requires_payment_method", "requires_action"):
            return answers.of_intent(intent)
        params: Any = {"payment_intent": intent["id"], "limit": 1, "expand": ["data.payment_intent.latest_charge"]}
        found = _plain(await self._refusals_are_unknown("lookup", lambda client: client.v1.checkout.sessions.list_async(params)))
        return answers.of_session(found["data"][0]) if found["data"] else answers.of_intent(intent)

    async def _intent(self, ref: str) -> dict[str, Any]:
        params: Any = {"expand": ["latest_charge"]}
        return _plain(await self._caller.call("lookup", lambda client: client.v1.payment_intents.retrieve_async(ref, params)))

    async def _session(self, ref: str) -> dict[str, Any]:
        params: Any = {"expand": ["payment_intent.latest_charge"]}
        return _plain(await self._caller.call("lookup", lambda client: client.v1.checkout.sessions.retrieve_async(ref, params)))

    async def _by_attempt(self, attempt_id: UUID, created_at: datetime | None) -> ProviderAnswer | None:
        """Search is fast and may lag; listing is true at once and only good for what is young: together they miss nothing.

        Where there is too much to list, search alone is believed of an attempt that is older than its lag. Should it be wrong, a repeat
        with the attempt's key is the same charge, and what was paid for an order that is given up goes back.
        """
        query: Any = {"query": f"metadata['attempt_id']:'{attempt_id}'", "limit": 1}
        found = _plain(await self._refusals_are_unknown("lookup", lambda client: client.v1.payment_intents.search_async(query)))
        if found["data"]:
            return await self._by_ref(found["data"][0]["id"])
        lagging_since = datetime.now(UTC) - SEARCH_LAG
        since = max(created_at - CLOCKS_DIFFER, lagging_since) if created_at is not None else lagging_since
        try:
            # A page that was opened earlier and whose address nobody was given can have been paid by nobody.
            for room in ("payment_intents", "sessions"):
                async for found_there in self._listed(room, since):
                    if found_there["metadata"].get("attempt_id") == str(attempt_id):
                        return await self._by_ref(found_there["id"])
        except _TooManyListed:
            if created_at is None or created_at > lagging_since:
                raise
        return None

    async def _listed(self, what: str, since: datetime) -> AsyncIterator[dict[str, Any]]:
        """Objects made since, the latest first. Raises ProviderUnknown, of that kind when there are too many to look through."""
        after: str | None = None
        for _ in range(MOST_LISTED // 100):
            params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100} | ({"starting_after": after} if after else {})

            def page(client: stripe.StripeClient, params: Any = params) -> Any:
                room = client.v1.payment_intents if what == "payment_intents" else client.v1.checkout.sessions
                return room.list_async(params)

            found = _plain(await self._refusals_are_unknown("list", page))
            for one in found["data"]:
                yield one
            if not found["has_more"]:
                return
            after = found["data"][-1]["id"]
        raise _TooManyListed(f"more than {MOST_LISTED} {what} since {since:%Y-%m-%d %H:%M:%S}")

    async def list_payments(self, created_since: datetime) -> list[ProviderPayment]:
        """Every payment that the provider's ledger has from then on, the latest first; for reconciliation."""
        found: list[ProviderPayment] = []
        after: str | None = None
        while True:
            params: Any = {"created": {"gte": int(created_since.timestamp())}, "limit": 100, "expand": ["data.latest_charge"]}
            params |= {"starting_after": after} if after else {}
            page = _plain(
                await self._refusals_are_unknown("list", lambda client, params=params: client.v1.payment_intents.list_async(params))
            )
            found += [answers.payment_of(intent) for intent in page["data"]]
            if not page["has_more"]:
                return found
            after = page["data"][-1]["id"]

    async def _refusals_are_unknown(self, operation: str, make: Any) -> Any:
        """A question that the provider will not answer leaves us not knowing."""
        try:
            return await self._caller.call(operation, make)
        except Refused as refusal:
            raise ProviderUnknown(str(refusal)) from refusal

    # --- after the charge -------------------------------------------------------------------------------------------------------

    async def capture(self, ref: str, amount: int, currency: str, key: str) -> ProviderAnswer:
        """Takes `amount` of what is authorized. When it was captured or cancelled before, says so."""
        ref = await self._intent_ref(ref)
        params: Any = {"amount_to_capture": to_provider(amount, currency), "expand": ["latest_charge"]}
        return await self._move(
            "capture", ref, lambda client: client.v1.payment_intents.capture_async(ref, params, {"idempotency_key": key})
        )

    async def cancel(self, ref: str, key: str) -> ProviderAnswer:
        """Ends what is not captured: releases an authorization, closes the provider's page. What has succeeded stays so, and is told."""
        if ref.startswith("cs_"):
            return await self._close_page(ref, key)
        params: Any = {"expand": ["latest_charge"]}
        return await self._move("cancel", ref, lambda client: client.v1.payment_intents.cancel_async(ref, params, {"idempotency_key": key}))

    async def _move(self, operation: str, ref: str, make: Any) -> ProviderAnswer:
        """A step of an intent; refused because it is past that step, the intent as it is now is the answer."""
        try:
            return answers.of_intent(_plain(await self._caller.call(operation, make)))
        except Refused:
            answer = await self._by_ref(ref)
            if answer is None:
                raise ProviderUnknown(f"{operation}: the provider does not know {ref}") from None
            return answer

    async def _close_page(self, ref: str, key: str) -> ProviderAnswer:
        params: Any = {"expand": ["payment_intent.latest_charge"]}
        try:
            session = _plain(
                await self._caller.call(
                    "cancel", lambda client: client.v1.checkout.sessions.expire_async(ref, params, {"idempotency_key": key})
                )
            )
        except Refused:
            answer = await self._by_ref(ref)
            if answer is None:
                raise ProviderUnknown(f"cancel: the provider does not know {ref}") from None
            if answer.state == "authorized":
                return await self.cancel(answer.provider_ref, key)
            return answer
        return answers.of_session(session)

    async def refund(self, ref: str, amount: int, currency: str, key: str) -> ProviderAnswer:
        """Gives back `amount` of what was captured; one key is one refund, however long ago it was first asked for.

        The provider forgets keys after a day, so the refund of this key is looked for before a new one is made.
        """
        ref = await self._intent_ref(ref)
        earlier = await self._refund_of(ref, key)
        if earlier is not None:
            return answers.of_refund(earlier)
        given = to_provider(amount, currency)
        params: Any = {"payment_intent": ref, "amount": given, "metadata": {"key": key, "attempt_id": key}}
        try:
            made = await self._caller.call("refund", lambda client: client.v1.refunds.create_async(params, {"idempotency_key": key}))
        except Refused as refusal:
            said = refusal.body | {"payment_intent": None}  # it names the payment, whose reference is no refund's
            return answers.declined(said, f"{NAMELESS}{key}", amount, currency)
        return answers.of_refund(_plain(made))

    async def refunds_of(self, ref: str) -> list[tuple[ProviderAnswer, str | None]]:
        """What was given back of a charge, the latest first, each with the key that we gave along; None: it was made at the provider."""
        ref = await self._intent_ref(ref)
        return [(answers.of_refund(refund), refund["metadata"].get("key")) async for refund in self._refunds(ref)]

    async def _refund_of(self, ref: str, key: str) -> dict[str, Any] | None:
        async for refund in self._refunds(ref):
            if refund["metadata"].get("key") == key:
                return refund
        return None

    async def _refunds(self, ref: str) -> AsyncIterator[dict[str, Any]]:
        after: str | None = None
        while True:
            params: Any = {"payment_intent": ref, "limit": 100} | ({"starting_after": after} if after else {})
            page = _plain(await self._refusals_are_unknown("lookup", lambda client, params=params: client.v1.refunds.list_async(params)))
            for refund in page["data"]:
                yield dict(refund)
            if not page["has_more"]:
                return
            after = page["data"][-1]["id"]

    async def _intent_ref(self, ref: str) -> str:
        """The payment intent behind the provider's page."""
        if not ref.startswith("cs_"):
            return ref
        try:
            session = await self._session(ref)
        except Refused as refusal:
            raise ProviderUnknown(str(refusal)) from refusal
        intent = session.get("payment_intent")
        if not intent:
            raise ProviderUnknown(f"{ref} has no payment yet")
        return str(intent["id"])

    # --- webhooks and the browser -----------------------------------------------------------------------------------------------

    def verify_webhook(self, body: bytes, signature_header: str) -> ProviderEvent:
        """The event in a webhook, its signature and age checked. Raises BadSignature."""
        try:
            text = body.decode("utf-8")
            stripe.WebhookSignature.verify_header(text, signature_header, self._settings.payments.webhook_secret, SIGNATURE_AGE)
            return _event_of(json.loads(text))
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise BadSignature("This is not from the payment provider, or it is too old.") from error

    def browser_config(self) -> BrowserConfig:
        """For the checkout page; all of it is public."""
        payments = self._settings.payments
        base = self._settings.provider_base
        script = payments.script_url or (f"{base}/v3/" if base else STRIPE_SCRIPT)
        return {"publishable_key": payments.publishable_key, "script_url": script, "origin": _origin(script)}

    def browser_origins(self) -> tuple[str, ...]:
        """Where the shopper's browser may load from, frame, connect to and be sent to; for the Content-Security-Policy."""
        own = _origin(self.browser_config()["script_url"])
        base = _origin(self._settings.provider_base)
        origins = STRIPE_ORIGINS if not base else (base,)
        return tuple(dict.fromkeys((own, *origins)))


PAYMENTS = web.AppKey("payments", Payments)

NAMELESS = "none_"  # the reference of a charge or refund that the provider refused without making anything of it


def _refused(refusal: Refused, request: ChargeRequest) -> ProviderAnswer:
    if refusal.status != 402:  # not the card: what we asked for
        log.error("charge_refused", attempt=str(request.attempt_id), code=refusal.code, message=refusal.message)
    return answers.declined(refusal.body, f"{NAMELESS}{request.attempt_id}", request.amount, request.currency)


def _metadata(request: ChargeRequest) -> dict[str, str]:
    return {"attempt_id": str(request.attempt_id), "order_id": str(request.order_id), "order_number": request.order_number}


def _intent_fields(request: ChargeRequest, *, hosted: bool = False) -> dict[str, Any]:
    return {
        "capture_method": "manual" if request.capture_later else "automatic",
        "metadata": _metadata(request) | ({"hosted": "1"} if hosted else {}),
    }


async def _raw(client: stripe.StripeClient, path: str, params: dict[str, Any]) -> dict[str, Any]:
    """A POST of the library's, and its answer as plain data; it raises what the library's own methods raise."""
    answer = await client.raw_request_async("post", path, **params)
    return dict(answer.data)


def _plain(found: Any) -> dict[str, Any]:
    """The library's object as plain data."""
    return dict(found.to_dict())


def _event_of(document: Any) -> ProviderEvent:
    thing = document["data"]["object"]
    # A charge, and a dispute of one, is known to the shop by its payment intent.
    ref = thing.get("payment_intent") if thing.get("object") in ("charge", "dispute") else thing["id"]
    return ProviderEvent(
        id=msgspec.convert(document["id"], str),
        kind=msgspec.convert(document["type"], str),
        object_ref=msgspec.convert(ref or thing["id"], str),
        created=datetime.fromtimestamp(document["created"], UTC),
        payload=document,
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
