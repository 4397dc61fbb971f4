"""The auditor: what must always be true of a shop, each invariant one named statement in sql/queries/audit.sql.

It runs by the clock, once per shop, and when it is asked to (`run.py audit`). What it found is kept, shown on the page of health, and told
to every replica, for its metrics.
"""

from datetime import datetime

import asyncpg
import msgspec
import structlog
from prometheus_client import Gauge

from storefront.platform.clock import Clock
from storefront.platform.database import Connection, Database, prepare_connection
from storefront.platform.feed import Batch
from storefront.platform.sql import load

queries = load("audit")
results = load("auditing")
log = structlog.get_logger("audit")

VIOLATIONS = Gauge("storefront_audit_violations", "Violations of an invariant of money or stock at the last audit.", ["invariant"])
AUDITED_AT = Gauge("storefront_audit_timestamp_seconds", "When the last audit was, as Unix time; 0: never.")

EVERY = 3600.0  # seconds
EXAMPLES = 20  # violations of each invariant that are kept

INVARIANTS = (
    "stock_equals_its_ledger",
    "reserved_equals_open_holds",
    "nothing_oversold",
    "one_order_a_cart",
    "one_successful_charge_an_order",
    "order_total_equals_its_lines",
    "paid_orders_are_paid",
    "captured_equals_successful_charges",
    "refunded_equals_successful_refunds",
    "kept_equals_the_providers_books",
    "paid_orders_took_their_stock",
    "goods_came_back_once",
    "orders_are_where_their_lines_are",
    "cancelled_orders_kept_nothing",
    "finished_orders_hold_nothing",
    "coupon_uses_within_limits",
    "coupon_uses_within_customer_limits",
    "gift_card_balance_equals_its_ledger",
    "gift_cards_paid_what_orders_say",
    "invoice_numbers_without_gaps",
    "paid_orders_have_an_invoice",
    "credited_within_paid",
    "given_back_is_credited",
    "given_back_within_paid",
    "returned_within_fulfilled",
    "returns_within_their_lines",
    "exchanged_equals_its_cards",
    "orders_have_their_history",
)


class Finding(msgspec.Struct, frozen=True):
    """An invariant and where it is broken: (what, detail) for each violation."""

    invariant: str
    violations: tuple[tuple[str, str], ...]


class Result(msgspec.Struct, frozen=True):
    """What the last audit found of an invariant; `examples` are the first violations as (what, detail)."""

    invariant: str
    violations: int
    examples: tuple[tuple[str, str], ...]
    checked_at: datetime
    broken_since: datetime | None


async def audit(conn: Connection) -> list[Finding]:
    """Checks every invariant on one snapshot, so that orders under way are never seen half done."""
    findings = []
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        for name in INVARIANTS:
            rows = await getattr(queries, name)(conn)
            findings.append(Finding(name, tuple((row["what"], row["detail"]) for row in rows)))
    return findings


async def run(url: str, now: datetime) -> list[Finding]:
    """Audits the shop of that database and keeps what was found.

    On a connection of its own: whole tables are read, which may take longer than any statement that a shopper waits for.
    """
    conn = await asyncpg.connect(url, server_settings={"application_name": "storefront audit"})
    try:
        await prepare_connection(conn)
        findings = await audit(conn)
        await results.keep_results(
            conn,
            invariants=[finding.invariant for finding in findings],
            violations=[len(finding.violations) for finding in findings],
            examples=[finding.violations[:EXAMPLES] for finding in findings],
            now=now,
        )
    finally:
        await conn.close()
    for finding in findings:
        if finding.violations:
            log.error("invariant_broken", invariant=finding.invariant, violations=len(finding.violations), first=finding.violations[0])
    return findings


async def last_results(conn: Connection) -> list[Result]:
    """What the last audit found, what is broken first; empty before the first."""
    return [msgspec.convert(dict(row), Result) for row in await results.results(conn)]


class Auditor:
    """`run` is the periodic work of one replica; `learn` keeps the metrics of each, as a follower of the change feed's topic `audit`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._knows = False

    async def run(self) -> None:
        await run(self._database.url, self._clock())

    async def learn(self, batch: Batch) -> None:
        if self._knows and not batch.changes:
            return
        async with self._database.write() as conn:
            found = await last_results(conn)
        VIOLATIONS.clear()
        for result in found:
            VIOLATIONS.labels(result.invariant).set(result.violations)
        AUDITED_AT.set(max((result.checked_at.timestamp() for result in found), default=0))
        self._knows = True
