"""The auditor: what it finds is kept, shown and told to every replica; the provider's books are among what it looks at."""

import asyncio
import subprocess
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.admin import audit
from storefront.checkout import reconcile
from storefront.checkout.context import CheckoutContext
from storefront.orders import after_sale, invoices
from storefront.platform.clock import utc_now
from storefront.platform.database import prepare_connection
from storefront.settings import Settings
from tests.buying import MovableClock, buyer_of, offer, violations
from tests.commands import command
from tests.forms import Browser
from tests.sandbox import Sandbox, eventually

BOOKS = "kept_equals_the_providers_books"


class Ghost:
    """A coupon with a use that nobody made."""

    def __init__(self, owner: asyncpg.Connection) -> None:
        self._owner = owner

    async def appear(self) -> None:
        promotion_id = await self._owner.fetchval(
            "INSERT INTO promotion (name, kind, percent_ppm, needs_coupon) VALUES ('Off', 'percentage', 1, true) RETURNING id"
        )
        await self._owner.execute("INSERT INTO coupon (code, promotion_id, used) VALUES ('GHOST', $1, 1)", promotion_id)

    async def go(self) -> None:
        await self._owner.execute("DELETE FROM coupon WHERE code = 'GHOST'")


@pytest.fixture
async def ghost(owner: asyncpg.Connection) -> AsyncIterator[Ghost]:
    found = Ghost(owner)
    yield found
    await found.go()


async def test_every_statement_of_the_file_is_an_invariant_that_is_checked() -> None:
    assert {name for name in audit.queries.available_queries if not name.endswith("_cursor")} == set(audit.INVARIANTS)


async def test_money_that_was_moved_at_the_provider_alone_is_a_violation_until_both_moved(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    since = utc_now() - timedelta(minutes=1)
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    attempt = await owner.fetchrow("SELECT id, provider_ref FROM payment_attempt WHERE order_id = $1", UUID(order["id"]))
    await reconcile.reconcile(shop, since)
    assert await violations(owner) == []
    await sandbox.call("POST", "/v1/refunds", {"payment_intent": attempt["provider_ref"], "amount": "700"})
    assert await violations(owner) == [], "nobody has asked the provider since"
    clock.forward(minutes=1)
    await reconcile.reconcile(shop, since)
    ((invariant, what, detail),) = await violations(owner)
    assert (invariant, what) == (BOOKS, f"order {order['number']}, charge {attempt['id']}")
    assert detail.startswith("ours 1990, the provider's 1290")
    # Our books move: until they are compared again, nothing can be said of this charge.
    await owner.execute("UPDATE payment_attempt SET updated_at = $2 WHERE id = $1", attempt["id"], clock() + timedelta(seconds=1))
    assert await violations(owner) == []
    clock.forward(minutes=1)
    await reconcile.reconcile(shop, since)
    assert [name for name, _, _ in await violations(owner)] == [BOOKS]
    compared = await reconcile.last_comparison(owner)
    assert compared is not None
    assert compared.differing >= 1
    await owner.execute("UPDATE orders SET refunded = 700 WHERE id = $1", UUID(order["id"]))
    await owner.execute(
        "INSERT INTO payment_attempt (order_id, parent_id, kind, amount, currency, state) "
        "VALUES ($1, $2, 'refund', 700, 'EUR', 'succeeded')",
        UUID(order["id"]),
        attempt["id"],
    )
    await shop.database.transaction(lambda conn: invoices.credit(conn, UUID(order["id"]), uuid.uuid4(), amount=700, now=utc_now()))
    await reconcile.reconcile(shop, since)
    assert await violations(owner) == []


async def test_a_refund_of_both_is_no_violation_however_old_the_comparison_is(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, sandbox: Sandbox, clock: MovableClock
) -> None:
    since = utc_now() - timedelta(minutes=1)
    order = (await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()).document()
    await reconcile.reconcile(shop, since)
    clock.forward(minutes=1)
    # After-sale work has the real clock, so the comparison is put into the past instead.
    await owner.execute("UPDATE provider_charge SET compared_at = now() - interval '1 minute'")
    await owner.execute("UPDATE payment_attempt SET updated_at = now() - interval '2 minutes'")
    assert await violations(owner) == []
    parts = (shop.database, shop.payments, shop.jobs)
    await after_sale.refund(*parts, UUID(order["id"]), amount=300, key="some", actor="operator")
    assert await violations(owner) == []
    clock.forward(minutes=1)
    await reconcile.reconcile(shop, since)
    assert await violations(owner) == []
    kept = await owner.fetchval(
        "SELECT p.kept FROM provider_charge p JOIN payment_attempt a ON a.id = p.attempt_id WHERE a.order_id = $1", UUID(order["id"])
    )
    assert kept == 1690


async def test_what_was_found_is_in_the_metrics_and_on_the_page_of_health(
    operator: Browser, client: TestClient[web.Request, web.Application], settings: Settings, owner: asyncpg.Connection, ghost: Ghost
) -> None:
    async def says(line: str) -> bool:
        async with client.get("/metrics") as answer:
            return line in (await answer.text()).splitlines()

    await eventually(lambda: says('storefront_audit_violations{invariant="nothing_oversold"} 0.0'))
    assert await owner.fetchval("SELECT last_finished_at IS NOT NULL AND error IS NULL FROM periodic_job WHERE name = 'audit'")
    await ghost.appear()
    found = {finding.invariant: finding.violations for finding in await audit.run(settings.database.url, utc_now()) if finding.violations}
    assert found == {"coupon_uses_within_limits": (("coupon GHOST", "counted 1, uses 0, limit none"),)}
    await eventually(lambda: says('storefront_audit_violations{invariant="coupon_uses_within_limits"} 1.0'))
    page = await operator.open("/admin/health")
    assert "coupon GHOST: counted 1, uses 0, limit none" in page
    await ghost.go()
    await audit.run(settings.database.url, utc_now())
    await eventually(lambda: says('storefront_audit_violations{invariant="coupon_uses_within_limits"} 0.0'))
    assert "GHOST" not in await operator.open("/admin/health")


async def test_it_is_known_since_when_an_invariant_is_broken(settings: Settings, owner: asyncpg.Connection, ghost: Ghost) -> None:
    await ghost.appear()
    await prepare_connection(owner)
    first = datetime(2026, 11, 1, tzinfo=UTC)

    async def broken_since(days: int) -> datetime | None:
        await audit.run(settings.database.url, first + timedelta(days=days))
        return next(result.broken_since for result in await audit.last_results(owner) if result.invariant == "coupon_uses_within_limits")

    assert [await broken_since(days) for days in (0, 1)] == [first, first]
    await ghost.go()
    assert await broken_since(2) is None


async def test_all_violations_are_counted_and_the_first_are_kept(settings: Settings, owner: asyncpg.Connection) -> None:
    await prepare_connection(owner)
    await owner.execute(
        "INSERT INTO gift_card (code_hash, last_four, currency, balance) SELECT n::text::bytea, n, 'EUR', 1 FROM generate_series(1, 25) n"
    )
    try:
        found = {finding.invariant: len(finding.violations) for finding in await audit.run(settings.database.url, utc_now())}
        assert found.pop("gift_card_balance_equals_its_ledger") == 25
        assert set(found.values()) == {0}
        first, *others = await audit.last_results(owner)
        assert (first.invariant, first.violations, len(first.examples)) == ("gift_card_balance_equals_its_ledger", 25, audit.EXAMPLES)
        assert {result.violations for result in others} == {0}
    finally:
        await owner.execute("DELETE FROM gift_card")


async def test_the_command_prints_each_invariant_and_fails_when_one_is_broken(settings: Settings, ghost: Ghost) -> None:
    arguments, environment = command(settings, "audit")

    async def said() -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(subprocess.run, arguments, env=environment, capture_output=True, text=True, check=False)

    done = await said()
    assert done.returncode == 0, done.stdout + done.stderr
    for invariant in audit.INVARIANTS:
        assert f"     0  {invariant.replace('_', ' ')}\n" in done.stdout
    await ghost.appear()
    done = await said()
    assert done.returncode == 1
    assert "     1  coupon uses within limits\n        coupon GHOST: counted 1" in done.stdout
