"""What the drills run against: replicas of one shop in processes of their own, on a PostgreSQL that flushes (fsync), with a Valkey and
the sandbox provider, each a process that may be killed.
"""

import asyncio
import contextlib
import shutil
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from benchmarks._client import Client
from storefront.payments.model import ProviderPayment
from storefront.payments.service import Payments
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.embedded.process import EmbeddedError
from storefront.platform.embedded.supervisor import Embedded
from storefront.platform.embedded.valkey import Valkey
from storefront.platform.migrations import APP_ROLE
from storefront.settings import Settings
from tests.commands import command
from tests.conftest import settings_for
from tests.live import LiveShop, neighbouring_ports, start_shop
from tests.scratch import on_disk
from tests.shopper import ADDRESS

LOST = (OSError, EOFError)  # what a client of the JSON API sees of an answer that does not come
PATIENCE = 20  # seconds after which a client takes an answer for lost
AGAIN = ("idempotency_in_flight", "unavailable", "rate_limited", "payment_provider_away", "internal_error")


class Refused(Exception):
    """An answer that was not hoped for."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class DrilledShop:
    """Replicas on servers that the drill holds in its hands. `settings` name the servers, as a command beside the shop needs them."""

    def __init__(self, settings: Settings, postgres: Postgres, valkey: Valkey, provider: Embedded, replicas: list[LiveShop]) -> None:
        self.settings = settings
        self.postgres = postgres
        self.valkey = valkey
        self.provider = provider
        self.replicas = replicas
        # Servers end with the thread that started them: this one lives as long as they may.
        self.hands = ThreadPoolExecutor(1)

    async def by_hand(self, work: Callable[[], None]) -> None:
        """What takes a while with the servers, while the load goes on."""
        await asyncio.get_running_loop().run_in_executor(self.hands, work)

    @property
    def urls(self) -> list[str]:
        return [replica.url for replica in self.replicas]

    def own_faults(self) -> str:
        """What the replicas have printed of the first error that they took for one of their own; nothing when there was none."""
        printed = (replica.output.read_text(errors="replace") for replica in self.replicas)
        return "\n".join(text[at : at + 6000] for text in printed if (at := text.find("unexpected_error")) >= 0)

    @contextlib.asynccontextmanager
    async def owner(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the owner of the tables."""
        conn = await asyncpg.connect(self.postgres.dsn())
        try:
            yield conn
        finally:
            await conn.close()

    def kill_postgres(self) -> None:
        """SIGKILL to the postmaster; its backends end by themselves. Returns when it serves again."""
        assert self.postgres.child is not None
        assert self.postgres.child.process is not None
        self.postgres.child.process.kill()
        self.postgres.child.process.wait()
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.postgres.start()
            except EmbeddedError:  # backends of the killed one are still letting go of its memory
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def kill_valkey(self) -> None:
        """SIGKILL."""
        assert self.valkey.child is not None
        assert self.valkey.child.process is not None
        self.valkey.child.process.kill()
        self.valkey.child.process.wait()

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of run.py beside the shop."""
        line, env = command(self.settings, *arguments)
        return subprocess.run(line, env=env, capture_output=True, text=True, check=False)

    def must_hold(self) -> None:
        """Our books beside the provider's, then every invariant of the auditor."""
        for work in ("reconcile", "audit"):
            done = self.run(work)
            assert done.returncode == 0, done.stdout + done.stderr

    async def payments(self) -> list[ProviderPayment]:
        """Everything that the provider's books have."""
        provider = Payments(self.settings)
        try:
            return await provider.list_payments(datetime.now(UTC) - timedelta(days=1))
        finally:
            await provider.close()


@contextlib.contextmanager
def drilled_shop(replicas: int = 2, **environment: str) -> Iterator[DrilledShop]:
    """Replicas that are ready, without products; overrides are names like PAYMENTS__TIMEOUT_MS."""
    scratch = on_disk("storefront-drill-")
    ports = [neighbouring_ports() for _ in range(replicas)]
    # The provider tells its events to the first replica.
    settings = settings_for(scratch / "provider", SERVER__PORT=str(ports[0]), PAYMENTS__SANDBOX_PORT=str(ports[0] + 1))
    postgres, valkey, provider = Postgres(scratch / "postgresql"), Valkey(scratch / "valkey"), Embedded(settings)
    shops: list[LiveShop] = []
    drilled: DrilledShop | None = None
    try:
        provider.begin_provider()
        postgres.start()
        valkey.start()
        provider.await_provider()
        settings.database.url, settings.database.migrate_url = postgres.dsn(APP_ROLE), postgres.dsn()
        settings.cache.url = valkey.url
        given = _told(settings) | environment
        for number, port in enumerate(ports):
            shops.append(start_shop(scratch / f"replica-{number}", port, **given))
            if number == 0:
                shops[0].wait_ready()  # it migrates and prepares the shop; the others find it done
        for shop in shops:
            shop.wait_ready()
        drilled = DrilledShop(settings, postgres, valkey, provider, shops)
        yield drilled
    finally:
        for shop in shops:
            if shop.process.poll() is None:
                shop.stop()
        provider.stop()
        valkey.stop()
        postgres.stop()
        if drilled is not None:
            drilled.hands.shutdown()
        shutil.rmtree(scratch, ignore_errors=True)


def _told(settings: Settings) -> dict[str, str]:
    return {
        "DATABASE__URL": settings.database.url,
        "DATABASE__MIGRATE_URL": settings.database.migrate_url,
        "CACHE__URL": settings.cache.url,
        "PAYMENTS__API_BASE": settings.provider_base,
        "PAYMENTS__API_KEY": settings.payments.api_key,
        "PAYMENTS__WEBHOOK_SECRET": settings.payments.webhook_secret,
        "SECURITY__SIGNING_SECRET": settings.security.signing_secret,
        "SHOP__DEMO": "false",
        "LIMITS__CHECKOUT": "1000000/second",
        "LIMITS__CARTS": "1000000/second",
        "TELEMETRY__ACCESS_LOG_SAMPLE": "0",
        "TELEMETRY__LOG_LEVEL": "error",
    }


async def delivery_option(owner: asyncpg.Connection) -> int:
    """A way to deliver to Germany that a fresh shop has."""
    found: int = await owner.fetchval(
        "SELECT o.id FROM fulfillment_option o JOIN delivery_zone z ON z.id = o.zone_id "
        "WHERE 'DE' = ANY (z.countries) AND o.currency = 'EUR' AND o.active ORDER BY o.position LIMIT 1"
    )
    return found


# --- buying by HTTP --------------------------------------------------------------------------------------------------------------


def kind_of(document: Any) -> str:
    """The last part of a problem's type; "" for what is no problem."""
    return str(document.get("type", "")).rpartition("/")[2] if isinstance(document, dict) else ""


async def cart_of(client: Client, variant_id: int) -> str:
    """A new cart with one unit; where it is. Raises Refused for an answer that is no cart."""
    cart = await expect(client, 201, "POST", "/api/v1/carts", {"lines": [{"variant_id": variant_id, "quantity": 1}]})
    return f"/api/v1/carts/{cart['id']}"


async def with_details(client: Client, path: str, option_id: int, email: str) -> dict[str, Any]:
    """The cart with all that it needs to be ordered. Raises Refused for an answer that is no cart."""
    return await expect(client, 200, "PATCH", path, {"email": email, "delivery_address": ADDRESS, "fulfillment_option_id": option_id})


async def expect(client: Client, status: int, method: str, path: str, body: Any) -> dict[str, Any]:
    """One request that must answer `status`. Raises Refused."""
    found, document = await client.call(method, path, body)
    if found != status:
        raise Refused(found, f"{method} {path} answered {found}: {document}")
    return dict(document)


class Intent:
    """One thing that a client wants: the same request, with the same key where it takes one, as often as it takes. `failures` counts
    answers that were none.
    """

    def __init__(self, method: str, path: str, body: Any = None, *, keyed: bool = True) -> None:
        self.method, self.path, self.body = method, path, body
        self.key = uuid.uuid4().hex
        self.headers = {"Idempotency-Key": self.key} if keyed else {}
        self.failures: Counter[str] = Counter()
        self.answer: tuple[int, Any] | None = None

    async def once(self, client: Client) -> bool:
        """Sends the request; whether that was the answer: what was wanted, or a refusal that another moment does not mend."""
        try:
            async with asyncio.timeout(PATIENCE):
                status, document = await client.call(self.method, self.path, self.body, self.headers)
        except LOST as error:
            self.failures[type(error).__name__] += 1
            return False
        if status in (202, 429) or status >= 500 or kind_of(document) in AGAIN:
            self.failures[kind_of(document) or str(status)] += 1
            return False
        self.answer = status, document
        return True

    async def until_answered(self, client: Client, seconds: float = 60) -> tuple[int, Any]:
        """Repeats it until there is an answer."""
        async with asyncio.timeout(seconds):
            while not await self.once(client):
                await asyncio.sleep(0.25)
        assert self.answer is not None
        return self.answer


class Placing(Intent):
    """To order a cart."""

    def __init__(self, cart: dict[str, Any], payment_method: str = "pm_card_visa") -> None:
        body = {"cart_id": cart["id"], "expected_total": cart["total"], "payment_method": payment_method}
        super().__init__("POST", "/api/v1/orders", body)
