"""The auditor: what must always be true of a shop, each invariant one named statement in sql/queries/audit.sql."""

import msgspec

from storefront.platform.database import Connection
from storefront.platform.sql import load

queries = load("audit")

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
    "paid_orders_took_their_stock",
    "finished_orders_hold_nothing",
    "coupon_uses_within_limits",
    "coupon_uses_within_customer_limits",
    "gift_card_balance_equals_its_ledger",
    "invoice_numbers_without_gaps",
    "orders_have_their_history",
)


class Finding(msgspec.Struct, frozen=True):
    """An invariant and where it is broken: (what, detail) for each violation."""

    invariant: str
    violations: tuple[tuple[str, str], ...]


async def audit(conn: Connection) -> list[Finding]:
    """Checks every invariant on one snapshot, so that orders under way are never seen half done."""
    findings = []
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        for name in INVARIANTS:
            rows = await getattr(queries, name)(conn)
            findings.append(Finding(name, tuple((row["what"], row["detail"]) for row in rows)))
    return findings
