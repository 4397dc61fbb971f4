-- Each statement is one invariant of the shop and returns its violations: (what, detail). No row: it holds.

-- name: stock_equals_its_ledger
-- The sum of the movements of a variant at a location is what is on hand there.
SELECT 'variant ' || s.variant_id || ' at location ' || s.location_id AS what,
       'on hand ' || s.on_hand || ', ledger ' || coalesce(m.total, 0) AS detail
FROM stock s
LEFT JOIN (SELECT variant_id, location_id, sum(delta) AS total FROM stock_movement GROUP BY 1, 2) m
       USING (variant_id, location_id)
WHERE s.on_hand <> coalesce(m.total, 0);

-- name: reserved_equals_open_holds
-- What a stock row counts as reserved is the sum of the holds that are open on it.
SELECT 'variant ' || s.variant_id || ' at location ' || s.location_id AS what,
       'reserved ' || s.reserved || ', open holds ' || coalesce(r.total, 0) AS detail
FROM stock s
LEFT JOIN (SELECT variant_id, location_id, sum(quantity) AS total FROM reservation WHERE state = 'held' GROUP BY 1, 2) r
       USING (variant_id, location_id)
WHERE s.reserved <> coalesce(r.total, 0);

-- name: nothing_oversold
-- No more is reserved than is there, with the backorder limit counted in.
SELECT 'variant ' || variant_id || ' at location ' || location_id AS what,
       'reserved ' || reserved || ' of ' || on_hand || ' + ' || backorder_limit AS detail
FROM stock WHERE reserved > on_hand + backorder_limit OR reserved < 0;

-- name: one_order_a_cart
-- Orders that came to nothing made room for another.
SELECT 'cart ' || cart_id AS what, count(*) || ' orders' AS detail FROM orders WHERE status <> 'cancelled'
GROUP BY cart_id HAVING count(*) > 1;

-- name: one_successful_charge_an_order
SELECT 'order ' || order_id AS what, count(*) || ' successful charges' AS detail
FROM payment_attempt WHERE kind = 'charge' AND state IN ('succeeded', 'authorized')
GROUP BY order_id HAVING count(*) > 1;

-- name: order_total_equals_its_lines
-- Subtotal and discount are the sums of the lines; the total adds up, that of the lines too, and their tax is part of the order's.
SELECT 'order ' || o.number AS what,
       'subtotal ' || o.subtotal || ' of lines ' || coalesce(l.subtotal, 0) || ', discount ' || o.discount || ' of lines ' || coalesce(l.discount, 0)
           || ', tax ' || o.tax || ' of lines ' || coalesce(l.tax, 0) || ', total ' || o.total || ' of lines ' || coalesce(l.total, 0) AS detail
FROM orders o
LEFT JOIN (SELECT order_id, sum(subtotal) AS subtotal, sum(discount) AS discount, sum(tax) AS tax, sum(total) AS total
           FROM order_line GROUP BY order_id) l ON l.order_id = o.id
WHERE o.subtotal <> coalesce(l.subtotal, 0)
   OR o.discount <> coalesce(l.discount, 0)
   OR o.tax < l.tax
   OR l.total <> l.subtotal - l.discount + CASE WHEN o.prices_include_tax THEN 0 ELSE l.tax END
   OR o.total <> o.subtotal - o.discount + o.delivery + CASE WHEN o.prices_include_tax THEN 0 ELSE o.tax END;

-- name: paid_orders_are_paid
-- An order past payment has its whole total captured, authorised or covered by gift cards.
SELECT 'order ' || o.number AS what,
       'total ' || o.total || ', captured ' || o.captured || ', gift cards ' || o.gift_card_amount AS detail
FROM orders o
WHERE o.status IN ('paid', 'fulfilled', 'partially_fulfilled', 'returned')
  AND o.captured + o.gift_card_amount <> o.total
  AND NOT EXISTS (SELECT FROM payment_attempt a WHERE a.order_id = o.id AND a.kind = 'charge' AND a.state = 'authorized');

-- name: captured_equals_successful_charges
SELECT 'order ' || o.number AS what, 'captured ' || o.captured || ', charges ' || coalesce(a.total, 0) AS detail
FROM orders o
LEFT JOIN (
    SELECT order_id, sum(amount) AS total FROM payment_attempt
    WHERE (kind = 'charge' AND state = 'succeeded' AND NOT capture_later) OR (kind = 'capture' AND state = 'succeeded')
    GROUP BY order_id
) a ON a.order_id = o.id
WHERE o.captured <> coalesce(a.total, 0);

-- name: refunded_equals_successful_refunds
SELECT 'order ' || o.number AS what, 'refunded ' || o.refunded || ', refunds ' || coalesce(a.total, 0) AS detail
FROM orders o
LEFT JOIN (SELECT order_id, sum(amount) AS total FROM payment_attempt WHERE kind = 'refund' AND state = 'succeeded' GROUP BY order_id) a
       ON a.order_id = o.id
WHERE o.refunded <> coalesce(a.total, 0);

-- name: paid_orders_took_their_stock
-- Every tracked unit of a paid order left the stock once. No hold of an order was released before it was paid: its goods would be sold again.
-- What took nothing at all was not tracked then; but of a variant of which others took some, before and after, it should have.
SELECT 'order ' || o.number AS what, 'sold ' || sold.units || ', holds ' || held.units || ', released ' || held.released AS detail
FROM orders o
CROSS JOIN LATERAL (SELECT coalesce(-sum(delta), 0) AS units FROM stock_movement WHERE order_id = o.id AND reason = 'sold') sold
CROSS JOIN LATERAL (
    SELECT coalesce(sum(quantity) FILTER (WHERE state = 'committed'), 0) AS units,
           coalesce(sum(quantity) FILTER (WHERE state = 'released' AND o.paid_at IS NOT NULL), 0) AS released
    FROM reservation WHERE order_id = o.id
) held
WHERE sold.units <> held.units OR held.released > 0
UNION ALL
SELECT 'order ' || o.number || ', variant ' || l.variant_id AS what, 'paid for, and nothing taken' AS detail
FROM order_line l JOIN orders o ON o.id = l.order_id
WHERE o.paid_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM stock_movement m WHERE m.order_id = l.order_id AND m.variant_id = l.variant_id)
  AND EXISTS (SELECT FROM stock_movement m WHERE m.variant_id = l.variant_id AND m.reason = 'sold' AND m.at < o.placed_at)
  AND EXISTS (SELECT FROM stock_movement m WHERE m.variant_id = l.variant_id AND m.reason = 'sold' AND m.at > o.paid_at);

-- name: goods_came_back_once
-- Of each variant of an order no more came back than was sold: from returns no more than arrived whole, else no more than was cancelled, and
-- all of it when the order is.
SELECT 'order ' || o.number || ', variant ' || m.variant_id AS what,
       'sold ' || m.sold || ', given up ' || m.given_up || ' of ' || l.cancelled || ', returned ' || m.returned || ' of ' || coalesce(r.whole, 0) AS detail
FROM (
    SELECT order_id, variant_id, coalesce(-sum(delta) FILTER (WHERE reason = 'sold'), 0) AS sold,
           coalesce(sum(delta) FILTER (WHERE reason = 'cancelled'), 0) AS given_up,
           coalesce(sum(delta) FILTER (WHERE reason = 'returned'), 0) AS returned
    FROM stock_movement WHERE order_id IS NOT NULL GROUP BY order_id, variant_id
) m
JOIN orders o ON o.id = m.order_id
JOIN (SELECT order_id, variant_id, sum(cancelled) AS cancelled FROM order_line GROUP BY order_id, variant_id) l
  ON l.order_id = m.order_id AND l.variant_id = m.variant_id
LEFT JOIN (
    SELECT l.order_id, l.variant_id, sum(coalesce(a.received, 0) - coalesce(a.damaged, 0)) AS whole
    FROM order_return r, jsonb_to_recordset(r.lines) AS a(order_line_id bigint, received int, damaged int)
    JOIN order_line l ON l.id = a.order_line_id GROUP BY l.order_id, l.variant_id
) r ON r.order_id = m.order_id AND r.variant_id = m.variant_id
WHERE m.given_up + m.returned > m.sold OR m.returned > coalesce(r.whole, 0) OR m.given_up > l.cancelled
   OR (o.status = 'cancelled' AND m.given_up <> m.sold);

-- name: orders_are_where_their_lines_are
-- What was sent is what the fulfillments say, and the order's status is that of its units.
SELECT 'order ' || o.number AS what,
       o.status || ': ' || l.units || ' units, sent ' || l.sent || ' of fulfillments ' || l.told || ', cancelled ' || l.cancelled
           || ', returned ' || l.returned AS detail
FROM orders o
JOIN (
    SELECT l.order_id, sum(l.quantity) AS units, sum(l.fulfilled) AS sent, sum(l.cancelled) AS cancelled, sum(l.returned) AS returned,
           sum(coalesce(f.told, 0)) AS told, bool_or(l.fulfilled <> coalesce(f.told, 0)) AS differs
    FROM order_line l
    LEFT JOIN (
        SELECT a.order_line_id, sum(a.quantity) AS told
        FROM fulfillment f, jsonb_to_recordset(f.lines) AS a(order_line_id bigint, quantity int) GROUP BY a.order_line_id
    ) f ON f.order_line_id = l.id
    GROUP BY l.order_id
) l ON l.order_id = o.id
WHERE l.differs OR NOT CASE o.status
    WHEN 'partially_fulfilled' THEN l.sent > 0 AND l.sent + l.cancelled < l.units
    WHEN 'fulfilled' THEN l.sent > 0 AND l.sent + l.cancelled = l.units
    WHEN 'returned' THEN l.sent > 0 AND l.sent + l.cancelled = l.units AND l.returned = l.sent
    WHEN 'cancelled' THEN l.sent = 0 AND l.cancelled = l.units
    ELSE l.sent = 0 AND l.cancelled = 0
END;

-- name: cancelled_orders_kept_nothing
-- What was captured for an order that is cancelled is given back, or on its way; what was authorized is being released.
SELECT 'order ' || o.number AS what,
       'captured ' || o.captured || ', refunded ' || o.refunded || ', on its way ' || a.owed || CASE WHEN a.authorized THEN ', authorized' ELSE '' END AS detail
FROM orders o
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND state IN ('open', 'requires_action', 'processing', 'stuck')), 0) AS owed,
           coalesce(bool_or(kind = 'charge' AND state = 'authorized'), false)
               AND NOT coalesce(bool_or(kind = 'void' AND state IN ('open', 'processing', 'stuck')), false) AS authorized
    FROM payment_attempt WHERE order_id = o.id
) a
WHERE o.status = 'cancelled' AND (o.captured <> o.refunded + a.owed OR a.authorized);

-- name: finished_orders_hold_nothing
SELECT 'order ' || o.number AS what, count(*) || ' open holds' AS detail
FROM orders o JOIN reservation r ON r.order_id = o.id AND r.state = 'held'
WHERE o.status <> 'pending_payment'
GROUP BY o.number;

-- name: coupon_uses_within_limits
SELECT 'coupon ' || c.code AS what, 'counted ' || c.used || ', uses ' || u.uses || ', limit ' || coalesce(c.usage_limit::text, 'none') AS detail
FROM coupon c
CROSS JOIN LATERAL (SELECT count(*) AS uses FROM coupon_use WHERE code = c.code) u
WHERE c.used <> u.uses OR c.used > c.usage_limit;

-- name: coupon_uses_within_customer_limits
SELECT 'coupon ' || c.code || ' of one customer' AS what, count(*) || ' uses of ' || c.customer_limit AS detail
FROM coupon c JOIN coupon_use u USING (code)
GROUP BY c.code, c.customer_limit, u.customer_key HAVING count(*) > c.customer_limit
UNION ALL
SELECT 'coupon ' || c.code || ' of one account' AS what, count(*) || ' uses of ' || c.customer_limit AS detail
FROM coupon c JOIN coupon_use u USING (code) WHERE u.customer_id IS NOT NULL
GROUP BY c.code, c.customer_limit, u.customer_id HAVING count(*) > c.customer_limit AND count(DISTINCT u.customer_key) > 1;

-- name: gift_card_balance_equals_its_ledger
SELECT 'gift card ' || g.id AS what, 'balance ' || g.balance || ', ledger ' || coalesce(e.total, 0) AS detail
FROM gift_card g
LEFT JOIN (SELECT gift_card_id, sum(delta) AS total FROM gift_card_entry GROUP BY 1) e ON e.gift_card_id = g.id
WHERE g.balance <> coalesce(e.total, 0);

-- name: gift_cards_paid_what_orders_say
-- What gift cards paid for an order and have not got back stands in their ledger; of an order that is cancelled, nothing.
SELECT 'order ' || o.number AS what,
       'paid ' || o.gift_card_amount || ', given back ' || o.gift_card_refunded || ', ledger ' || coalesce(e.spent, 0) AS detail
FROM orders o
LEFT JOIN (SELECT order_id, -sum(delta) AS spent FROM gift_card_entry WHERE reason IN ('spent', 'refunded') GROUP BY order_id) e ON e.order_id = o.id
WHERE coalesce(e.spent, 0) <> CASE WHEN o.status = 'cancelled' THEN 0 ELSE o.gift_card_amount - o.gift_card_refunded END;

-- name: invoice_numbers_without_gaps
-- Of invoices and of credit notes: what the counter says was taken is there, from the first to the last.
SELECT 'series ' || c.series AS what, 'last ' || c.last || ', papers ' || count(p.number) || ', highest ' || coalesce(max(p.number), 0) AS detail
FROM invoice_counter c
LEFT JOIN (SELECT series, number FROM invoice UNION ALL SELECT series, number FROM credit_note) p USING (series)
GROUP BY c.series, c.last HAVING c.last <> count(p.number) OR c.last <> coalesce(max(p.number), 0);

-- name: paid_orders_have_an_invoice
-- Each has one at most by its key. It is written soon after the payment, not with it; an hour is not soon.
SELECT 'order ' || o.number AS what, 'paid ' || to_char(o.paid_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS detail
FROM orders o WHERE o.paid_at < now() - interval '1 hour' AND NOT EXISTS (SELECT FROM invoice i WHERE i.order_id = o.id);

-- name: credited_within_paid
-- What credit notes say is never more than was paid.
SELECT 'order ' || o.number AS what, 'credited ' || c.total || ', paid ' || o.captured + o.gift_card_amount AS detail
FROM orders o JOIN (SELECT order_id, sum(amount) AS total FROM credit_note GROUP BY order_id) c ON c.order_id = o.id
WHERE c.total > o.captured + o.gift_card_amount;

-- name: given_back_is_credited
-- What was given back, is on its way, or went into exchanges stands on credit notes, where there is an invoice. (They may say more: a refund
-- that failed is still owed.)
SELECT 'order ' || o.number AS what,
       'given back ' || o.refunded + o.gift_card_refunded || ', on its way ' || coalesce(a.owed, 0) || ', exchanged ' || o.exchanged
           || ', credited ' || coalesce(c.total, 0) AS detail
FROM orders o JOIN invoice i ON i.order_id = o.id
LEFT JOIN (SELECT order_id, sum(amount) AS total FROM credit_note GROUP BY order_id) c ON c.order_id = o.id
LEFT JOIN (SELECT order_id, sum(amount) AS owed FROM payment_attempt
           WHERE kind = 'refund' AND state IN ('open', 'requires_action', 'processing', 'stuck') GROUP BY order_id) a ON a.order_id = o.id
WHERE o.refunded + o.gift_card_refunded + coalesce(a.owed, 0) + o.exchanged > coalesce(c.total, 0);

-- name: given_back_within_paid
-- What was given back, is on its way, or went into exchanges is never more than was paid.
SELECT 'order ' || o.number AS what,
       'refunded ' || o.refunded + o.gift_card_refunded || ', on its way ' || coalesce(a.owed, 0) || ', exchanged ' || o.exchanged
           || ', paid ' || o.captured + o.gift_card_amount AS detail
FROM orders o
LEFT JOIN (SELECT order_id, sum(amount) AS owed FROM payment_attempt
           WHERE kind = 'refund' AND state IN ('open', 'requires_action', 'processing', 'stuck') GROUP BY order_id) a ON a.order_id = o.id
WHERE o.refunded + o.gift_card_refunded + coalesce(a.owed, 0) + o.exchanged > o.captured + o.gift_card_amount;

-- name: returned_within_fulfilled
-- What came back or is on its way is never more than was sent, and is what the returns say.
SELECT 'order line ' || l.id AS what,
       'sent ' || l.fulfilled || ', returned ' || l.returned || ' of returns ' || coalesce(r.received, 0)
           || ', coming back ' || l.coming_back || ' of returns ' || coalesce(r.coming, 0) AS detail
FROM order_line l
LEFT JOIN (
    SELECT a.order_line_id, sum(a.quantity) FILTER (WHERE r.state IN ('requested', 'approved')) AS coming, sum(a.received) AS received
    FROM order_return r, jsonb_to_recordset(r.lines) AS a(order_line_id bigint, quantity int, received int) GROUP BY a.order_line_id
) r ON r.order_line_id = l.id
WHERE l.returned + l.coming_back > l.fulfilled OR l.returned <> coalesce(r.received, 0) OR l.coming_back <> coalesce(r.coming, 0);

-- name: returns_within_their_lines
-- What was given back or exchanged for a line is never more than the line cost, and is what the returns say.
SELECT 'order line ' || l.id AS what, 'cost ' || l.total || ', credited ' || l.credited || ' of returns ' || coalesce(r.amount, 0) AS detail
FROM order_line l
LEFT JOIN (
    SELECT a.order_line_id, sum(a.amount) AS amount
    FROM order_return r, jsonb_to_recordset(r.lines) AS a(order_line_id bigint, amount bigint)
    WHERE r.state IN ('refunded', 'exchanging', 'exchanged') GROUP BY a.order_line_id
) r ON r.order_line_id = l.id
WHERE l.credited > l.total OR l.credited <> coalesce(r.amount, 0);

-- name: exchanged_equals_its_cards
-- What an order has in exchanges is what was put on their cards and not taken back.
SELECT 'order ' || o.number AS what, 'exchanged ' || o.exchanged || ', cards ' || coalesce(c.total, 0) AS detail
FROM orders o
LEFT JOIN (
    SELECT r.order_id, sum(e.delta) AS total
    FROM order_return r JOIN gift_card_entry e ON e.gift_card_id = r.exchange_card_id AND e.order_id = r.order_id
    GROUP BY r.order_id
) c ON c.order_id = o.id
WHERE o.exchanged <> coalesce(c.total, 0);

-- name: orders_have_their_history
-- An order was placed, and something led to where it is.
SELECT 'order ' || o.number AS what,
       o.status || ' after ' || coalesce((SELECT string_agg(e.kind, ', ' ORDER BY e.id) FROM order_event e WHERE e.order_id = o.id), 'nothing') AS detail
FROM orders o
WHERE NOT EXISTS (SELECT FROM order_event e WHERE e.order_id = o.id AND e.kind = 'placed')
   OR NOT EXISTS (
       SELECT FROM order_event e WHERE e.order_id = o.id AND e.kind = ANY (CASE o.status
           WHEN 'pending_payment' THEN '{placed}'::text[]
           WHEN 'authorized' THEN '{authorized}'
           WHEN 'paid' THEN '{paid,captured}'
           WHEN 'returned' THEN '{return_received}'
           WHEN 'cancelled' THEN '{cancelled}'
           ELSE '{fulfillment_sent}'
       END));

-- name: kept_equals_the_providers_books
-- What was captured and not refunded of a charge is what the provider said when the books were last compared. A charge that has moved
-- since then, or is being moved, waits for the next comparison.
SELECT 'order ' || o.number || ', charge ' || a.id AS what,
       'ours ' || ours.kept || CASE WHEN ours.authorized THEN ' and an authorization' ELSE '' END
           || ', the provider''s ' || p.kept || CASE WHEN p.authorized THEN ' and an authorization' ELSE '' END
           || ', compared at ' || to_char(p.compared_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS detail
FROM provider_charge p
JOIN payment_attempt a ON a.id = p.attempt_id
JOIN orders o ON o.id = a.order_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.state = 'succeeded' THEN a.amount ELSE 0 END
               - coalesce(sum(b.amount) FILTER (WHERE b.kind = 'refund' AND b.state = 'succeeded'), 0) AS kept,
           a.state = 'authorized' AS authorized,
           greatest(a.updated_at, max(b.updated_at)) AS moved_at,
           coalesce(bool_or(b.state IN ('open', 'processing')), false) AS under_way
    FROM payment_attempt b WHERE b.order_id = a.order_id AND b.parent_id = a.id
) ours
WHERE (p.kept, p.authorized) IS DISTINCT FROM (ours.kept, ours.authorized)
  AND ours.moved_at <= p.compared_at AND NOT ours.under_way;
