"""The official stripe library behind a deadline, a bulkhead and a breaker, with every failure told as one of three things.

What the provider refused (`Refused`), what surely had no effect (ProviderUnavailable), and what is not known (ProviderUnknown).
Source: Stripe API reference, "Errors" and "Idempotent requests".
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import stripe
import stripe._api_requestor
import structlog
from prometheus_client import Counter, Histogram

from storefront.payments.errors import ProviderUnavailable, ProviderUnknown
from storefront.platform.resilience import Breaker, Bulkhead, NotCalled, RetryBudget, backoff

# The library would tell the provider about this machine and keep an id of it in the home folder: a payment needs neither.
stripe.enable_telemetry = False  # type: ignore[attr-defined, unused-ignore]
# It also makes lines for its log of all that it sends and is answered, secrets of payments included, whether or not anybody logs them.
for _name in ("log_info", "log_debug"):
    setattr(stripe._api_requestor, _name, lambda *parts, **named: None)

T = TypeVar("T")
log = structlog.get_logger("payments")

CALLS = Counter("storefront_provider_calls_total", "Calls to the payment provider by operation and outcome.", ["operation", "outcome"])
SECONDS = Histogram("storefront_provider_seconds", "Time of a call to the payment provider, in seconds.", ["operation"])

AT_ONCE, WAITING, PATIENCE = 64, 256, 2.0
TRIES = 3  # of a call whose answer was lost, all with one key
CONNECT_SECONDS = 3.0
# Nothing has been sent when one of these is raised.
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Refused(Exception):
    """The provider understood and refused (4xx). `code` and `message` are its own; `body` its error object."""

    def __init__(self, error: stripe.StripeError) -> None:
        super().__init__(str(error))
        found = error.json_body.get("error") if isinstance(error.json_body, dict) else None
        self.body: dict[str, Any] = found if isinstance(found, dict) else {}
        self.status = error.http_status or 400
        self.code = str(self.body.get("code") or self.body.get("type") or "refused")
        self.message = str(self.body.get("message") or "")


class StripeCaller:
    """Makes calls with the library. `api_base` empty: Stripe itself. `seconds` is the deadline of one call with its repeats."""

    def __init__(self, api_key: str, api_base: str, seconds: float) -> None:
        self._api_key = api_key
        self._api_base = api_base
        self._seconds = seconds
        self._bulkhead = Bulkhead("payments", AT_ONCE, waiting=WAITING, patience=min(PATIENCE, seconds / 2))
        self._breaker = Breaker("payments", threshold=10, pause=3.0, counts=(ProviderUnknown, ProviderUnavailable))
        self._budget = RetryBudget(0.1, most=20)
        self._session: aiohttp.ClientSession | None = None
        self._client: stripe.StripeClient | None = None

    @property
    def breaker_state(self) -> str:
        """ "closed", "opened" or "half-opened"."""
        return self._breaker.state

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = self._client = None

    async def call(self, operation: str, make: Callable[[stripe.StripeClient], Awaitable[T]]) -> T:
        """One call with its deadline. `make` may run again (same key, same request) when an answer was lost and there is time left.

        Raises Refused, ProviderUnknown, ProviderUnavailable. Once one answer was lost, a later "surely nothing" is no comfort:
        then the outcome is unknown.
        """
        self._budget.earn()
        lost: ProviderUnknown | None = None
        try:
            async with asyncio.timeout(self._seconds), self._bulkhead:
                for attempt in range(1, TRIES + 1):
                    try:
                        return await self._once(operation, make)
                    except (ProviderUnknown, ProviderUnavailable) as error:
                        if isinstance(error, ProviderUnknown):
                            lost = error
                        if lost is None or attempt == TRIES or not self._budget.spend():
                            raise lost or error from error
                    await asyncio.sleep(backoff(attempt, base=0.1, most=1.0))
        except TimeoutError as error:
            raise ProviderUnknown(f"{operation}: no answer within {self._seconds:g} s") from error
        except NotCalled as error:
            if lost is not None:
                raise lost from error
            raise ProviderUnavailable(str(error)) from error
        raise AssertionError("unreachable")

    async def _once(self, operation: str, make: Callable[[stripe.StripeClient], Awaitable[T]]) -> T:
        outcome = "unknown"
        try:
            with SECONDS.labels(operation).time(), self._breaker.watch():
                try:
                    answer = await make(self._connected())
                except Exception as error:
                    raise classified(operation, error) from error
            outcome = "answered"
            return answer
        except Refused:
            outcome = "refused"
            raise
        except (ProviderUnavailable, NotCalled):
            outcome = "unavailable"
            raise
        finally:
            CALLS.labels(operation, outcome).inc()

    def _connected(self) -> stripe.StripeClient:
        """Made at the first call, as connections belong to an event loop."""
        if self._client is None:
            trusted = ssl.create_default_context(cafile=stripe.ca_bundle_path)
            connector = aiohttp.TCPConnector(limit=AT_ONCE, keepalive_timeout=30, ssl=trusted)
            # A little less than the whole deadline, so that silence counts for the breaker.
            timeout = aiohttp.ClientTimeout(total=self._seconds * 0.95, sock_connect=min(CONNECT_SECONDS, self._seconds / 2))
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
            http = stripe.AIOHTTPClient(timeout=timeout, session=self._session)
            addresses: Any = {"api": self._api_base} if self._api_base else None
            self._client = stripe.StripeClient(self._api_key, base_addresses=addresses, http_client=http, max_network_retries=0)
        return self._client


def classified(operation: str, error: Exception) -> Exception:
    """The failure of one call as Refused, ProviderUnavailable or ProviderUnknown. What is not understood is unknown."""
    if isinstance(error, stripe.StripeError) and not isinstance(error, stripe.APIConnectionError):
        return _by_status(operation, error)
    cause = error.__cause__ if isinstance(error, stripe.APIConnectionError) else error
    what = f"{operation}: {type(cause or error).__name__}"
    return ProviderUnavailable(what) if isinstance(cause, NOT_SENT) else ProviderUnknown(what)


def _by_status(operation: str, error: stripe.StripeError) -> Exception:
    status = error.http_status or 0
    what = f"{operation}: {status} {error.code or type(error).__name__}"
    if status == 429:
        return ProviderUnavailable(what)
    if status in (401, 403):
        log.error("provider_refuses_our_key", operation=operation, status=status)
        return ProviderUnavailable(what)
    # A key that was used for another request belongs to an effect of which we do not know what became.
    if isinstance(error, stripe.IdempotencyError) or status == 409 or not 400 <= status < 500:
        return ProviderUnknown(what)
    return Refused(error)
