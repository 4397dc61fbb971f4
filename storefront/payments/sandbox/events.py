"""Events and their delivery: signed as Stripe signs, at least once, with growing pauses while the shop does not answer.

Source: Stripe documentation, "Receive Stripe events in your webhook endpoint" (signatures, retries).
"""

import asyncio
import hashlib
import hmac
import random
import secrets
import sqlite3
import time
from typing import Any

import aiohttp
import msgspec
import structlog

from storefront.payments.sandbox.faults import Faults
from storefront.payments.sandbox.ledger import Ledger
from storefront.payments.sandbox.wire import Document, new_id

log = structlog.get_logger("sandbox")

API_VERSION = "2025-01-01.sandbox"
AT_ONCE = 32
ANSWER_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 3600.0  # seconds between the tries of one delivery
GIVE_UP_AFTER = 20  # tries
LONGEST_AWAY = 15.0  # seconds between tries to reach an endpoint that nobody listens at
POLL_SECONDS = 0.25


def signature(secret: str, body: bytes, at: int) -> str:
    """The Stripe-Signature header of a body sent at `at` (epoch seconds)."""
    code = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={code}"


class Events:
    """Makes events (inside the ledger's transaction) and sends them to `endpoints`, in the background."""

    def __init__(self, ledger: Ledger, faults: Faults, secret: str, endpoints: list[str]) -> None:
        self._ledger = ledger
        self._faults = faults
        self._secret = secret
        self.endpoints = endpoints
        self._woken = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._underway: set[int] = set()
        self._away: dict[str, tuple[float, float]] = {}  # endpoint → (until, pause)

    def emit(self, kind: str, thing: Document) -> None:
        """Writes an event about an object as it is now, and who is to be told."""
        now = time.time()
        event: Document = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(now),
            "data": {"object": {name: value for name, value in thing.items() if name != "sandbox"}},
            "livemode": False,
            "pending_webhooks": len(self.endpoints),
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self._ledger.put(event)
        if self._strikes(kind, "webhook_drop"):
            return
        for url in self.endpoints:
            for due, forged in self._occasions(kind, now):
                self._ledger.add_delivery(event["id"], url, due, forged=forged)
        self._woken.set()

    def _occasions(self, kind: str, now: float) -> list[tuple[float, bool]]:
        """When an event is delivered, and whether as a forgery: once, unless the provider is told to misbehave."""
        occasions = [(now, False)]
        if self._strikes(kind, "webhook_double"):
            occasions.append((now, False))
        delay, spread = self._strikes(kind, "webhook_delay"), self._strikes(kind, "webhook_reorder")
        if delay is not None:
            occasions = [(due + delay, forged) for due, forged in occasions]
        if spread is not None:
            occasions = [(due + random.uniform(0, spread), forged) for due, forged in occasions]  # noqa: S311
        if self._strikes(kind, "webhook_forge"):
            occasions.append((now, True))
        return occasions

    def _strikes(self, kind: str, fault: Any) -> float | None:
        rule = self._faults.strike("", kind, (fault,))
        return rule.seconds if rule is not None else None

    async def deliver_for_ever(self) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=2)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            try:
                while True:
                    self._woken.clear()
                    try:
                        await self._send_due(http)
                    except sqlite3.Error:
                        log.exception("books_not_written")
                    try:
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._woken.wait()
                    except TimeoutError:
                        pass
            finally:
                for task in self._sending:
                    task.cancel()
                await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send_due(self, http: aiohttp.ClientSession) -> None:
        if len(self._sending) >= AT_ONCE:
            return
        now = time.time()
        urls = [url for url in self.endpoints if self._away.get(url, (0.0, 0.0))[0] <= now]
        due = [row for url in urls for row in self._ledger.due_deliveries(url, now, 2 * AT_ONCE) if row["seq"] not in self._underway]
        if due:
            await self._ledger.committed()  # nobody is told what may yet not have happened
            for row in due[: AT_ONCE - len(self._sending)]:
                self._underway.add(row["seq"])
                task = asyncio.create_task(self._send(http, row))
                self._sending.add(task)
                task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._woken.set()

    async def _send(self, http: aiohttp.ClientSession, row: Any) -> None:
        url, seq = row["url"], row["seq"]
        body, headers = self._written(row)
        try:
            async with http.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                said, taken = str(answer.status), answer.status < 300
            self._away.pop(url, None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            said, taken = type(error).__name__, False
            pause = min(LONGEST_AWAY, self._away.get(url, (0.0, 0.25))[1] * 2)
            self._away[url] = (time.time() + pause, pause)
        finally:
            self._underway.discard(seq)
        async with self._ledger.transaction():
            if taken or row["forged"] or row["tries"] + 1 >= GIVE_UP_AFTER:
                self._ledger.delivered(seq, said)
            else:
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** row["tries"])
                self._ledger.deliver_again(seq, time.time() + pause, said)

    def _written(self, row: Any) -> tuple[bytes, dict[str, str]]:
        event = self._ledger.get(row["event"])
        assert event is not None
        secret = self._secret
        if row["forged"]:
            secret = secrets.token_hex(16)
            event = event | {"id": new_id("evt"), "data": {"object": event["data"]["object"] | {"amount": 1, "amount_received": 1}}}
        body = msgspec.json.encode(event)
        return body, {"Content-Type": "application/json", "Stripe-Signature": signature(secret, body, int(time.time()))}
