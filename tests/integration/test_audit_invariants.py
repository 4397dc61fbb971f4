"""Each invariant of the auditor, broken on purpose: it says so, and nothing else does.

What the database itself refuses is allowed for as long as a test takes, in a transaction that comes to nothing.
"""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from storefront.admin import audit
from storefront.checkout.context import CheckoutContext
from tests.buying import buyer_of, offer, violations

LAWLESS = """
DO $$
DECLARE law record;
BEGIN
    FOR law IN SELECT conname AS name, conrelid::regclass AS of_table FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
               WHERE contype = 'c' AND t.relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', law.of_table, law.name);
    END LOOP;
END $$;
DROP INDEX orders_one_a_cart, payment_attempt_one_open;
SET LOCAL session_replication_role = replica  -- neither triggers nor foreign keys
"""

ITS_STOCK = "(SELECT variant_id FROM order_line WHERE order_id = $1)"
HOLD = (
    "INSERT INTO reservation (cart_id, order_id, variant_id, location_id, quantity, expires_at) "
    f"SELECT gen_random_uuid(), {{order}}, variant_id, location_id, {{units}}, now() FROM stock WHERE variant_id = {ITS_STOCK}"
)
RESERVE = f"UPDATE stock SET reserved = reserved + {{units}} WHERE variant_id = {ITS_STOCK}"
ATTEMPT = (
    "INSERT INTO payment_attempt (order_id, parent_id, kind, amount, currency, state) "
    "SELECT $1, id, '{kind}', {amount}, 'EUR', '{state}' FROM payment_attempt WHERE order_id = $1 AND kind = 'charge' LIMIT 1"
)
SECOND_ORDER = (
    "WITH made AS (INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'number', 'SECOND', "
    "'status', 'pending_payment', 'subtotal', 0, 'delivery', 0, 'tax', 0, 'total', 0, 'captured', 0, 'paid_at', null))).* "
    "FROM orders o WHERE id = $1 RETURNING id) INSERT INTO order_event (order_id, kind) SELECT id, 'placed' FROM made"
)
COUPON = (
    "WITH made AS (INSERT INTO promotion (name, kind, percent_ppm, needs_coupon) VALUES ('Off', 'percentage', 1, true) RETURNING id) "
    "INSERT INTO coupon (code, promotion_id, used, usage_limit, customer_limit) SELECT 'ODD', id, {used}, {limit}, {each} FROM made"
)
COUPON_USE = "INSERT INTO coupon_use (code, order_id, customer_key, use_number) SELECT 'ODD', gen_random_uuid(), 'ada', {number}"
INVOICE = "INSERT INTO invoice (series, number, order_id) VALUES ('ODD', {number}, $1)"
COUNTER = "INSERT INTO invoice_counter (series, last) SELECT 'ODD', {last}"
CREDIT = (
    "INSERT INTO credit_note (series, number, order_id, source, amount) "
    "SELECT 'ODD', {number}, id, gen_random_uuid(), {amount} FROM orders WHERE id = $1"
)
RETURN = (
    "INSERT INTO order_return (order_id, state, lines) SELECT $1, '{state}', jsonb_build_array(jsonb_build_object("
    "'order_line_id', id, 'quantity', 1, 'received', {received}, 'amount', {amount})) FROM order_line WHERE order_id = $1"
)
LINE = "UPDATE order_line SET {what} WHERE order_id = $1"
ORDER = "UPDATE orders SET {what} WHERE id = $1"
CHARGE = "UPDATE payment_attempt SET {what} WHERE order_id = $1"
CARD = (
    "WITH made AS (INSERT INTO gift_card (code_hash, last_four, currency, balance) "
    "SELECT 'odd', 'ODDS', 'EUR', {delta} FROM orders WHERE id = $1 RETURNING id, balance) "
    "INSERT INTO gift_card_entry (gift_card_id, delta, order_id, reason) SELECT id, balance, $1, '{reason}' FROM made"
)
SENT = (  # the one unit
    "INSERT INTO fulfillment (order_id, lines) "
    "SELECT $1, jsonb_build_array(jsonb_build_object('order_line_id', id, 'quantity', 1)) FROM order_line WHERE order_id = $1"
)
MOVED = (
    "INSERT INTO stock_movement (variant_id, location_id, delta, reason, order_id) "
    f"SELECT variant_id, location_id, 1, '{{reason}}', $1 FROM stock WHERE variant_id = {ITS_STOCK}"
)
SHELVED = f"UPDATE stock SET on_hand = on_hand + 1 WHERE variant_id = {ITS_STOCK}"
OTHERS_TOOK = (
    "INSERT INTO stock_movement (variant_id, location_id, delta, reason, at) "
    f"SELECT variant_id, location_id, {{delta}}, 'sold', now() + {{days}} * interval '1 day' FROM stock WHERE variant_id = {ITS_STOCK}"
)
BACK_BY_RETURN = (MOVED.format(reason="returned"), SHELVED)
BACK_GIVEN_UP = (MOVED.format(reason="cancelled"), SHELVED)
REFUND_OF_ALL = ATTEMPT.format(kind="refund", amount="amount", state="succeeded")
SENT_STATUSES = ("partially_fulfilled", "fulfilled", "returned")
BOOKS = (
    "INSERT INTO provider_charge (attempt_id, kept, authorized, compared_at) "
    "SELECT id, amount + {more}, {authorized}, now() + interval '1 minute' FROM payment_attempt WHERE order_id = $1"
)

HISTORY = "orders_have_their_history"
TOLD = (
    "INSERT INTO order_event (order_id, kind) SELECT id, CASE status WHEN 'partially_fulfilled' THEN 'fulfillment_sent' "
    "WHEN 'fulfilled' THEN 'fulfillment_sent' WHEN 'returned' THEN 'return_received' ELSE status END FROM orders WHERE id = $1"
)

# (invariant, what is done to an order of one unit that was paid at once)
BROKEN: list[tuple[str, tuple[str, ...]]] = [
    ("stock_equals_its_ledger", (f"UPDATE stock SET on_hand = on_hand + 1 WHERE variant_id = {ITS_STOCK}",)),
    ("reserved_equals_open_holds", (RESERVE.format(units=1),)),
    ("nothing_oversold", (RESERVE.format(units=1000), HOLD.format(order="NULL", units=1000))),
    ("nothing_oversold", (RESERVE.format(units=-1), HOLD.format(order="NULL", units=-1))),
    ("one_order_a_cart", (SECOND_ORDER,)),
    ("one_successful_charge_an_order", (ATTEMPT.format(kind="charge", amount=0, state="succeeded"),)),
    ("one_successful_charge_an_order", (ATTEMPT.format(kind="charge", amount=0, state="authorized"),)),
    ("order_total_equals_its_lines", (LINE.format(what="subtotal = subtotal + 1"),)),
    ("order_total_equals_its_lines", (LINE.format(what="discount = discount + 1"),)),
    ("order_total_equals_its_lines", (ORDER.format(what="delivery = delivery + 1"),)),
    ("order_total_equals_its_lines", (ORDER.format(what="prices_include_tax = false"),)),
    ("order_total_equals_its_lines", (LINE.format(what="total = total + 1"),)),
    ("order_total_equals_its_lines", (LINE.format(what="tax = tax + 1000"),)),
    *(
        (
            "paid_orders_are_paid",
            (ORDER.format(what=f"status = '{status}', captured = captured - 1"), CHARGE.format(what="amount = amount - 1"), *where),
        )
        for status, where in (
            ("paid", ()),
            ("partially_fulfilled", (LINE.format(what="quantity = 2, fulfilled = 1"), SENT)),
            ("fulfilled", (LINE.format(what="fulfilled = 1"), SENT)),
            (
                "returned",
                (LINE.format(what="fulfilled = 1, returned = 1"), SENT, RETURN.format(state="received", received=1, amount="NULL")),
            ),
        )
    ),
    ("captured_equals_successful_charges", (CHARGE.format(what="amount = amount + 1"),)),
    ("captured_equals_successful_charges", (CHARGE.format(what="capture_later = true"),)),
    ("captured_equals_successful_charges", (ATTEMPT.format(kind="capture", amount=1, state="succeeded"),)),
    ("refunded_equals_successful_refunds", (ATTEMPT.format(kind="refund", amount=1, state="succeeded"),)),
    ("refunded_equals_successful_refunds", (ORDER.format(what="refunded = 1"),)),
    ("kept_equals_the_providers_books", (BOOKS.format(more=1, authorized="false"),)),
    ("kept_equals_the_providers_books", (BOOKS.format(more=0, authorized="true"),)),
    ("paid_orders_took_their_stock", ("UPDATE reservation SET quantity = quantity + 1 WHERE order_id = $1",)),
    (
        "paid_orders_took_their_stock",
        (HOLD.format(order="$1", units=1), "UPDATE reservation SET state = 'released' WHERE order_id = $1 AND state = 'held'"),
    ),
    (
        "paid_orders_took_their_stock",
        (
            "DELETE FROM stock_movement WHERE order_id = $1",
            "DELETE FROM reservation WHERE order_id = $1",
            *(OTHERS_TOOK.format(delta=delta, days=days) for delta, days in ((-1, -1), (1, 1))),
            SHELVED,
        ),
    ),
    ("goods_came_back_once", (*BACK_BY_RETURN,)),
    ("goods_came_back_once", (*BACK_GIVEN_UP,)),
    (
        "goods_came_back_once",
        (
            *(statement for _ in range(2) for statement in BACK_BY_RETURN),
            RETURN.format(state="received", received=2, amount="NULL"),
            LINE.format(what="quantity = 2, fulfilled = 2, returned = 2"),
            SENT,
            SENT,
            ORDER.format(what="status = 'returned'"),
        ),
    ),
    (
        "goods_came_back_once",
        (ORDER.format(what="status = 'cancelled', refunded = captured"), LINE.format(what="cancelled = 1"), REFUND_OF_ALL),
    ),
    ("orders_are_where_their_lines_are", (SENT,)),
    *(("orders_are_where_their_lines_are", (ORDER.format(what=f"status = '{status}'"),)) for status in SENT_STATUSES),
    ("orders_are_where_their_lines_are", (LINE.format(what="cancelled = 1"),)),
    ("orders_are_where_their_lines_are", (SENT, LINE.format(what="fulfilled = 1"))),
    ("orders_are_where_their_lines_are", (SENT, LINE.format(what="fulfilled = 1"), ORDER.format(what="status = 'returned'"))),
    (
        "cancelled_orders_kept_nothing",
        (ORDER.format(what="status = 'cancelled'"), LINE.format(what="cancelled = 1"), *BACK_GIVEN_UP),
    ),
    (
        "cancelled_orders_kept_nothing",
        (
            ORDER.format(what="status = 'cancelled', captured = 0"),
            CHARGE.format(what="state = 'authorized'"),
            LINE.format(what="cancelled = 1"),
            *BACK_GIVEN_UP,
        ),
    ),
    ("finished_orders_hold_nothing", (RESERVE.format(units=1), HOLD.format(order="$1", units=1))),
    ("coupon_uses_within_limits", (COUPON.format(used=1, limit="NULL", each="NULL"),)),
    (
        "coupon_uses_within_limits",
        (COUPON.format(used=2, limit=1, each="NULL"), COUPON_USE.format(number=1), COUPON_USE.format(number=2)),
    ),
    (
        "coupon_uses_within_customer_limits",
        (COUPON.format(used=2, limit="NULL", each=1), COUPON_USE.format(number=1), COUPON_USE.format(number=2)),
    ),
    (
        "coupon_uses_within_customer_limits",
        (
            COUPON.format(used=2, limit="NULL", each=1),
            "INSERT INTO coupon_use (code, order_id, customer_key, customer_id, use_number) "
            "SELECT 'ODD', gen_random_uuid(), key, $1, 1 FROM unnest(ARRAY['ada', 'ada+1']) AS key",
        ),
    ),
    (
        "gift_card_balance_equals_its_ledger",
        ("INSERT INTO gift_card (code_hash, last_four, currency, balance) SELECT 'odd', 'ODDS', 'EUR', 1",),
    ),
    ("gift_cards_paid_what_orders_say", (CARD.format(delta=1, reason="refunded"),)),
    (
        "gift_cards_paid_what_orders_say",
        (
            ORDER.format(what="gift_card_amount = 1, gift_card_refunded = 1, total = total + 1, delivery = delivery + 1"),
            CARD.format(delta=1, reason="refunded"),
        ),
    ),
    ("invoice_numbers_without_gaps", (COUNTER.format(last=2), INVOICE.format(number=1))),
    ("invoice_numbers_without_gaps", (COUNTER.format(last=1), INVOICE.format(number=2))),
    ("invoice_numbers_without_gaps", (COUNTER.format(last=1), CREDIT.format(number=2, amount=1))),
    ("paid_orders_have_an_invoice", (ORDER.format(what="paid_at = now() - interval '61 minutes'"),)),
    ("credited_within_paid", (COUNTER.format(last=1), CREDIT.format(number=1, amount="total + 1"))),
    ("given_back_is_credited", (COUNTER.format(last=1), INVOICE.format(number=1), ATTEMPT.format(kind="refund", amount=1, state="open"))),
    (
        "given_back_within_paid",
        (ORDER.format(what="gift_card_refunded = captured + 1"), CARD.format(delta="captured + 1", reason="refunded")),
    ),
    (
        "given_back_within_paid",
        (ORDER.format(what="refunded = captured + 1"), ATTEMPT.format(kind="refund", amount="amount + 1", state="succeeded")),
    ),
    *(
        ("given_back_within_paid", (ATTEMPT.format(kind="refund", amount="amount + 1", state=state),))
        for state in ("open", "requires_action", "processing", "stuck")
    ),
    ("returned_within_fulfilled", (LINE.format(what="fulfilled = 1, returned = 1"), SENT, ORDER.format(what="status = 'fulfilled'"))),
    ("returned_within_fulfilled", (LINE.format(what="fulfilled = 1, coming_back = 1"), SENT, ORDER.format(what="status = 'fulfilled'"))),
    ("returned_within_fulfilled", (RETURN.format(state="received", received=1, amount="NULL"), LINE.format(what="returned = 1"))),
    (
        "returned_within_fulfilled",
        (
            RETURN.format(state="approved", received=0, amount="NULL"),
            LINE.format(what="fulfilled = 1"),
            SENT,
            ORDER.format(what="status = 'fulfilled'"),
        ),
    ),
    ("returns_within_their_lines", (LINE.format(what="credited = 1"),)),
    (
        "returns_within_their_lines",
        (RETURN.format(state="refunded", received=0, amount="total + 1"), LINE.format(what="credited = total + 1")),
    ),
    ("exchanged_equals_its_cards", (ORDER.format(what="exchanged = 1"),)),
    (HISTORY, ("DELETE FROM order_event WHERE order_id = $1",)),
    (HISTORY, ("DELETE FROM order_event WHERE order_id = $1 AND kind = 'placed'",)),
    (HISTORY, ("DELETE FROM order_event WHERE order_id = $1 AND kind = 'paid'",)),
    (HISTORY, (LINE.format(what="fulfilled = 1"), SENT, ORDER.format(what="status = 'fulfilled'"))),
    (
        HISTORY,
        (ORDER.format(what="status = 'cancelled', refunded = captured"), REFUND_OF_ALL, LINE.format(what="cancelled = 1"), *BACK_GIVEN_UP),
    ),
]


@pytest.fixture
async def order_id(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int) -> UUID:
    """An order of one unit, delivered with tax in its price and paid."""
    answer = await (await buyer_of(shop, option_id, (await offer(owner), 1))).place()
    return UUID(answer.document()["id"])


@pytest.fixture
async def lawless(owner: asyncpg.Connection, order_id: UUID) -> AsyncIterator[asyncpg.Connection]:
    """A connection that may do anything, and of which nothing stays."""
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(LAWLESS)
    yield owner
    await transaction.rollback()


@pytest.mark.parametrize(("invariant", "done"), BROKEN)
async def test_what_is_broken_is_said_and_nothing_else(
    lawless: asyncpg.Connection, order_id: UUID, invariant: str, done: tuple[str, ...]
) -> None:
    assert await violations(lawless) == []
    for statement in done if invariant == HISTORY else (*done, TOLD):
        await lawless.execute(statement, *([order_id] if "$1" in statement else []))
    found = await violations(lawless)
    assert [name for name, _, _ in found] == [invariant]


@pytest.mark.parametrize(
    "done",
    [
        (COUNTER.format(last=1), CREDIT.format(number=1, amount=1)),
        (BOOKS.format(more=-1, authorized="false"), ATTEMPT.format(kind="refund", amount=1, state="processing")),
        (
            BOOKS.format(more=-1, authorized="false"),
            ATTEMPT.format(kind="refund", amount=1, state="succeeded"),
            ORDER.format(what="refunded = 1"),
        ),
        (COUPON.format(used=1, limit=1, each=1), COUPON_USE.format(number=1)),
    ],
    ids=["a credit note", "a refund under way", "a refund of both", "a code used up"],
)
async def test_what_is_in_order_is_not_said(lawless: asyncpg.Connection, order_id: UUID, done: tuple[str, ...]) -> None:
    for statement in done:
        await lawless.execute(statement, *([order_id] if "$1" in statement else []))
    assert await violations(lawless) == []


def test_every_invariant_is_broken_here() -> None:
    assert {invariant for invariant, _ in BROKEN} == set(audit.INVARIANTS)
