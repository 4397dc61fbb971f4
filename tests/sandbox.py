"""The sandbox provider as tests drive it: told to misbehave, its books read, its pages clicked through."""

import asyncio
import re
import uuid
from collections.abc import Iterable
from html import unescape
from typing import Any

import aiohttp

from storefront.payments.model import ChargeRequest
from storefront.settings import Settings

RETURN_URL = "http://127.0.0.1:1/checkout/return?order=SF-1"


def charge_request(payment_method: str | None = "pm_card_visa", amount: int = 1999, *, capture_later: bool = False) -> ChargeRequest:
    """A charge that nobody has asked for before."""
    return ChargeRequest(
        attempt_id=uuid.uuid4(),
        order_id=uuid.uuid4(),
        order_number="SF-1",
        amount=amount,
        currency="EUR",
        payment_method=payment_method,
        return_url=RETURN_URL,
        email="ada@shop.example",
        capture_later=capture_later,
    )


class Sandbox:
    """`async with Sandbox(settings) as sandbox:`; at its end the provider behaves again."""

    def __init__(self, settings: Settings) -> None:
        self.base = settings.provider_base
        self._auth = {"Authorization": f"Bearer {settings.payments.api_key}"}
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))

    async def __aenter__(self) -> "Sandbox":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.misbehave([])
        await self.http.close()

    async def misbehave(self, rules: Iterable[dict[str, Any]], *, takes_a_while: float = 0.2) -> None:
        """Replaces what the provider was told before."""
        body = {"rules": list(rules), "takes_a_while": takes_a_while}
        async with self.http.post(f"{self.base}/sandbox/faults", json=body, headers=self._auth) as answer:
            assert answer.status == 200, await answer.text()

    async def times_left(self) -> int:
        """How often the first rule may still strike."""
        async with self.http.get(f"{self.base}/sandbox/faults", headers=self._auth) as answer:
            return int((await answer.json())["rules"][0]["times"])

    async def until_struck(self) -> None:
        """Returns when a call has met the first rule, for its last time."""

        async def struck() -> bool:
            return await self.times_left() == 0

        await eventually(struck)

    async def call(self, method: str, path: str, data: dict[str, str] | None = None, **headers: str) -> tuple[int, Any]:
        """One call of the API as any client makes it."""
        async with self.http.request(method, f"{self.base}{path}", data=data, headers=self._auth | headers) as answer:
            return answer.status, await answer.json()

    async def movements(self, intent: str) -> list[tuple[str, int]]:
        """(kind, amount) of an intent in the provider's books."""
        _, body = await self.call("GET", f"/sandbox/ledger?intent={intent}")
        return [(entry["kind"], entry["amount"]) for entry in body["entries"]]

    async def intents_of(self, attempt_id: uuid.UUID) -> list[Any]:
        """What the provider has of an attempt."""
        _, body = await self.call("GET", f"/v1/payment_intents/search?query=metadata['attempt_id']:'{attempt_id}'&limit=100")
        return list(body["data"])

    async def page(self, url: str) -> tuple[int, str]:
        """A page as a browser without JavaScript shows it."""
        async with self.http.get(url, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def send(self, url: str, **fields: str) -> tuple[int, str, str]:
        """A form: (status, where it leads, text)."""
        async with self.http.post(url, data=fields, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def pay(self, url: str, number: str = "4242 4242 4242 4242") -> tuple[int, str, str]:
        """Fills in the hosted page."""
        return await self.send(url, number=number, expiry="12/40", cvc="123", name="Ada Byron")


def reason_in(page: str) -> str:
    """Why the card was refused, as the hosted page says."""
    found = re.search(r'role="alert">(.*?)</p>', page)
    return unescape(found[1]) if found else ""


async def eventually(ask: Any, seconds: float = 20) -> Any:
    """The first true answer."""
    async with asyncio.timeout(seconds):
        while True:
            found = await ask()
            if found:
                return found
            await asyncio.sleep(0.05)
