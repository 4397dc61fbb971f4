-- name: order_of_cart^
SELECT id, number, status, total, gift_card_amount, currency, cart_version, expires_at
FROM orders WHERE cart_id = :cart_id AND status <> 'cancelled';

-- name: lock_order^
SELECT id, number, status, total, currency, email, cart_id, captured, refunded, gift_card_amount, gift_card_refunded, exchanged, paid_at
FROM orders WHERE id = :id FOR UPDATE;

-- name: order_by_id^
SELECT * FROM order_document WHERE id = :id;

-- name: numbers_of
SELECT id, number FROM orders WHERE id = ANY (CAST(:ids AS uuid[]));

-- name: orders_by_id
SELECT * FROM order_document WHERE id = ANY (CAST(:ids AS uuid[]));

-- name: order_by_number^
SELECT * FROM order_document WHERE number = :number;

-- name: orders_of_customer
-- Newest first. Guest orders with the same address count only when the address is confirmed.
SELECT id, number, status, total, currency, email, item_count, placed_at FROM order_summary
WHERE (customer_id = :customer_id OR (customer_id IS NULL AND lower(email) = lower(CAST(:verified_email AS text))))
  AND accepted
  AND (CAST(:before AS timestamptz) IS NULL OR (placed_at, id) < (CAST(:before AS timestamptz), CAST(:before_id AS uuid)))
ORDER BY placed_at DESC, id DESC LIMIT :most;

-- name: bought
-- What each customer's list of orders comes to, by currency, and what the shop kept of what was paid for them.
SELECT asked.customer_id, o.currency, count(*) AS orders,
       coalesce(sum(o.captured + o.gift_card_amount - o.refunded - o.gift_card_refunded - o.exchanged)
                FILTER (WHERE o.paid_at IS NOT NULL AND o.status <> 'cancelled'), 0)::bigint AS spent
FROM unnest(CAST(:customer_ids AS uuid[]), CAST(:verified_emails AS text[])) AS asked (customer_id, verified_email)
JOIN order_summary s ON s.customer_id = asked.customer_id OR (s.customer_id IS NULL AND lower(s.email) = lower(asked.verified_email))
JOIN orders o ON o.id = s.id
WHERE s.accepted
GROUP BY asked.customer_id, o.currency ORDER BY spent DESC, o.currency;

-- name: search_orders
SELECT id, number, status, total, currency, email, item_count, placed_at FROM order_summary
WHERE (CAST(:status AS text) = '' OR status = CAST(:status AS text))
  AND (CAST(:text AS text) = '' OR number = upper(CAST(:text AS text)) OR lower(email) = lower(CAST(:text AS text)))
  AND (CAST(:before AS timestamptz) IS NULL OR (placed_at, id) < (CAST(:before AS timestamptz), CAST(:before_id AS uuid)))
ORDER BY placed_at DESC, id DESC LIMIT :most;

-- name: figures^
SELECT (SELECT count(*) FROM orders WHERE paid_at >= :since) AS paid_today,
       (SELECT count(*) FROM orders WHERE status IN ('authorized', 'paid', 'partially_fulfilled')) AS to_fulfill,
       (SELECT count(*) FROM orders WHERE status = 'pending_payment' AND expires_at > '-infinity') AS pending,
       (SELECT count(*) FROM payment_attempt WHERE state = 'stuck') AS stuck,
       (SELECT count(*) FROM order_return WHERE state IN ('requested', 'approved', 'received')) AS returns,
       coalesce((SELECT jsonb_agg(jsonb_build_object('amount', t.amount, 'currency', t.currency) ORDER BY t.amount DESC)
                 FROM (SELECT sum(captured + gift_card_amount) AS amount, currency FROM orders
                       WHERE paid_at >= :since GROUP BY currency) t), '[]') AS taken_today;

-- name: add_event!
INSERT INTO order_event (order_id, kind, data, actor, at) VALUES (:order_id, :kind, :data, :actor, :now);

-- name: mark_captured!
WITH moved AS (
    UPDATE orders
    SET status = CASE WHEN status = 'authorized' THEN 'paid' ELSE status END,
        captured = :captured, paid_at = coalesce(paid_at, :now), updated_at = :now
    WHERE id = :order_id AND captured = 0 AND status <> 'cancelled'
    RETURNING id
), charge AS (
    UPDATE payment_attempt a SET state = 'succeeded', updated_at = :now FROM moved WHERE a.id = :charge_id
)
INSERT INTO order_event (order_id, kind, data, actor, at)
SELECT id, 'captured', jsonb_build_object('captured', CAST(:captured AS bigint)), :actor, :now FROM moved;

-- name: mark_cancelled^
WITH moved AS (
    UPDATE orders SET status = 'cancelled', updated_at = :now WHERE id = :order_id AND status <> 'cancelled'
    RETURNING id, number, coupon_codes, gift_card_amount
), lines AS (
    UPDATE order_line l SET cancelled = l.quantity - l.fulfilled FROM moved WHERE l.order_id = moved.id
), event AS (
    INSERT INTO order_event (order_id, kind, data, actor, at)
    SELECT id, 'cancelled', jsonb_build_object('reason', CAST(:reason AS text)), :actor, :now FROM moved
)
SELECT number, coupon_codes, gift_card_amount FROM moved;

-- name: cancel_unsent!
WITH moved AS (
    UPDATE orders SET status = 'fulfilled', updated_at = :now WHERE id = :order_id AND status = 'partially_fulfilled' RETURNING id
)
UPDATE order_line l SET cancelled = l.quantity - l.fulfilled FROM moved WHERE l.order_id = moved.id;

-- name: lines_of_order
SELECT id, variant_id, quantity, fulfilled, returned, cancelled FROM order_line WHERE order_id = :order_id ORDER BY position;

-- name: is_fulfilled$
SELECT EXISTS (SELECT FROM fulfillment WHERE id = :id);

-- name: insert_fulfillment!
WITH sent AS (
    INSERT INTO fulfillment (id, order_id, lines, tracking_number, tracking_url, carrier, created_at)
    VALUES (:id, :order_id, :lines, :tracking_number, :tracking_url, :carrier, :now)
), lines AS (
    UPDATE order_line l SET fulfilled = l.fulfilled + s.quantity
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS s(order_line_id bigint, quantity int)
    WHERE l.id = s.order_line_id AND l.order_id = :order_id
), moved AS (
    UPDATE orders SET status = :status, updated_at = :now WHERE id = :order_id AND status <> :status
)
INSERT INTO order_event (order_id, kind, data, actor, at)
VALUES (:order_id, 'fulfillment_sent', jsonb_build_object('lines', CAST(:lines AS jsonb),
        'tracking_number', CAST(:tracking_number AS text)), :actor, :now);

-- name: attempts_of_order
SELECT * FROM payment_attempt WHERE order_id = :order_id ORDER BY created_at, id;

-- name: live_charge^
SELECT * FROM payment_attempt
WHERE order_id = :order_id AND kind = 'charge' AND state NOT IN ('declined', 'cancelled');

-- name: attempt_by_id^
SELECT * FROM payment_attempt WHERE id = :id;

-- name: lock_attempt^
SELECT * FROM payment_attempt WHERE id = :id FOR UPDATE;

-- name: attempts_meant
-- By the provider's references, or by our own ids.
SELECT * FROM payment_attempt WHERE provider_ref = ANY (CAST(:provider_refs AS text[])) OR id = ANY (CAST(:ids AS uuid[]));

-- name: close_stray!
UPDATE payment_attempt
SET state = 'cancelled', decline_code = 'order_does_not_wait', provider_ref = coalesce(provider_ref, :provider_ref), updated_at = :now
WHERE id = :id;

-- name: insert_attempt$
-- A repeat with the same id changes nothing.
INSERT INTO payment_attempt (id, order_id, kind, amount, currency, capture_later, payment_method, parent_id, created_at, updated_at)
VALUES (:id, :order_id, :kind, :amount, :currency, :capture_later, :payment_method, :parent_id, :now, :now)
ON CONFLICT (id) DO NOTHING
RETURNING true;

-- name: try_again!
-- The next attempt on an order whose last one came to nothing; its stock is kept for longer.
WITH kept AS (
    UPDATE orders SET expires_at = :expires_at, updated_at = :now WHERE id = :order_id
)
INSERT INTO payment_attempt (id, order_id, kind, amount, currency, capture_later, payment_method, created_at, updated_at)
VALUES (:id, :order_id, 'charge', :amount, :currency, :capture_later, :payment_method, :now, :now);

-- name: record_attempt^
-- What the provider says of an attempt that has not come to an end; no row: it has, meanwhile.
UPDATE payment_attempt
SET state = :state, provider_ref = coalesce(:provider_ref, provider_ref), decline_code = :decline_code,
    redirect_url = :redirect_url, updated_at = :now
WHERE id = :id AND state IN ('open', 'requires_action', 'processing', 'stuck')
RETURNING order_id, kind;

-- name: unsettled_attempts
-- Attempts that nobody has heard of for a while; touching them is the lease.
UPDATE payment_attempt SET updated_at = :now
WHERE id = ANY (ARRAY(
    SELECT id FROM payment_attempt
    WHERE state IN ('open', 'requires_action', 'processing') AND updated_at < :before
    ORDER BY updated_at LIMIT :most FOR UPDATE SKIP LOCKED
))
RETURNING *;

-- name: expired_orders
-- Pending orders whose stock has been kept long enough; the new expires_at is the lease.
UPDATE orders SET expires_at = :leased_until
WHERE id = ANY (ARRAY(
    SELECT id FROM orders WHERE status = 'pending_payment' AND expires_at < :now
    ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED
))
RETURNING id;

-- name: stuck_attempts
-- What recovery could not decide, and refunds that failed and were not made in another way since: more is credited than was given back.
SELECT a.*, o.number FROM payment_attempt a JOIN orders o ON o.id = a.order_id
WHERE a.state = 'stuck' OR (a.kind = 'refund' AND a.state = 'declined' AND
      o.refunded + o.gift_card_refunded + o.exchanged
          + (SELECT coalesce(sum(b.amount), 0) FROM payment_attempt b
             WHERE b.order_id = o.id AND b.kind = 'refund' AND b.state IN ('open', 'requires_action', 'processing', 'stuck'))
      < (SELECT coalesce(sum(c.amount), 0) FROM credit_note c WHERE c.order_id = o.id))
ORDER BY a.updated_at LIMIT :most;

-- name: charge_books
-- Of one charge, or of all since a moment and all that are only authorized: what was given back, and whether money is being moved right now.
SELECT a.id AS attempt_id, o.number, a.state, a.amount, a.provider_ref, a.created_at,
       coalesce((SELECT sum(b.amount) FROM payment_attempt b
                 WHERE b.order_id = a.order_id AND b.parent_id = a.id AND b.kind = 'refund' AND b.state = 'succeeded'), 0)::bigint AS refunded,
       EXISTS (SELECT FROM payment_attempt b
               WHERE b.order_id = a.order_id AND b.parent_id = a.id AND b.state IN ('open', 'processing')) AS under_way
FROM payment_attempt a JOIN orders o ON o.id = a.order_id
WHERE a.kind = 'charge'
  AND (a.id = CAST(:id AS uuid) OR a.created_at >= CAST(:since AS timestamptz) OR (a.state = 'authorized' AND CAST(:id AS uuid) IS NULL));

-- name: owed_back$
-- Refunds that are decided and not yet known to be done; they count as given back.
SELECT coalesce(sum(amount), 0)::bigint FROM payment_attempt
WHERE order_id = :order_id AND kind = 'refund' AND state IN ('open', 'requires_action', 'processing', 'stuck');

-- name: capture_under_way$
SELECT EXISTS (SELECT FROM payment_attempt WHERE order_id = :order_id AND kind = 'capture' AND state IN ('open', 'processing'));

-- name: give_up_capture!
UPDATE payment_attempt SET state = 'cancelled', decline_code = 'order_cancelled', updated_at = :now
WHERE order_id = :order_id AND kind = 'capture' AND state = 'stuck';

-- name: take_back_success!
UPDATE payment_attempt SET state = :state, decline_code = :decline_code, updated_at = :now
WHERE id = :id AND kind IN ('refund', 'void') AND state = 'succeeded';

-- name: mark_refunded!
UPDATE orders
SET refunded = refunded + :amount, gift_card_refunded = gift_card_refunded + :gift_card_amount, updated_at = :now
WHERE id = :order_id;

-- name: close_voided!
-- An authorized charge that was released moves no money any more.
UPDATE payment_attempt SET state = 'cancelled', updated_at = :now WHERE id = :id AND state = 'authorized';

-- name: ask_return!
-- The units are under this return from now on; more than were sent are refused by the database.
WITH asked AS (
    SELECT a.order_line_id, sum(a.quantity) AS quantity
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS a(order_line_id bigint, quantity int) GROUP BY a.order_line_id
), lines AS (
    UPDATE order_line l SET coming_back = l.coming_back + asked.quantity FROM asked
    WHERE l.id = asked.order_line_id AND l.order_id = :order_id
)
INSERT INTO order_return (id, order_id, lines, resolution, note, created_at, updated_at)
VALUES (:id, :order_id, :lines, :resolution, :note, :now, :now);

-- name: lock_return^
SELECT * FROM order_return WHERE id = :id AND order_id = :order_id FOR UPDATE;

-- name: return_by_id^
SELECT * FROM order_return WHERE id = :id;

-- name: end_return!
-- Refused or withdrawn: its units are not under way any more.
WITH moved AS (
    UPDATE order_return SET state = :state, answer = :answer, updated_at = :now WHERE id = :id RETURNING order_id, lines
), given_up AS (
    SELECT m.order_id, a.order_line_id, a.quantity FROM moved m,
           jsonb_to_recordset(m.lines) AS a(order_line_id bigint, quantity int)
)
UPDATE order_line l SET coming_back = l.coming_back - g.quantity FROM given_up g WHERE l.id = g.order_line_id AND l.order_id = g.order_id;

-- name: approve_return!
UPDATE order_return SET state = 'approved', answer = :answer, updated_at = :now WHERE id = :id;

-- name: receive_return!
-- What came is returned; what did not come is with the shopper as before.
WITH moved AS (
    UPDATE order_return SET state = 'received', lines = :lines, goods_amount = :goods_amount, updated_at = :now
    WHERE id = :id RETURNING order_id
), came AS (
    SELECT m.order_id, a.* FROM moved m, jsonb_to_recordset(CAST(:lines AS jsonb)) AS a(order_line_id bigint, quantity int, received int)
)
UPDATE order_line l SET coming_back = l.coming_back - c.quantity, returned = l.returned + c.received
FROM came c WHERE l.id = c.order_line_id AND l.order_id = c.order_id;

-- name: mark_returned!
-- An order of which every unit that was not cancelled came back.
UPDATE orders o SET status = 'returned', updated_at = :now
WHERE o.id = :order_id AND o.status = 'fulfilled' AND NOT EXISTS (
    SELECT FROM order_line l WHERE l.order_id = o.id AND l.returned + l.cancelled < l.quantity);

-- name: credit_return!
-- What was paid for the returned units is given back, or goes into an exchange.
WITH moved AS (
    UPDATE order_return
    SET state = :state, amount = :amount, delivery_amount = :delivery_amount, exchange_cart_id = :cart_id, exchange_card_id = :card_id,
        updated_at = :now
    WHERE id = :id RETURNING order_id, lines
), came AS (
    SELECT m.order_id, a.order_line_id, a.amount FROM moved m, jsonb_to_recordset(m.lines) AS a(order_line_id bigint, amount bigint)
)
UPDATE order_line l SET credited = l.credited + c.amount FROM came c WHERE l.id = c.order_line_id AND l.order_id = c.order_id;

-- name: mark_exchanged!
-- Value goes from the order into an exchange, or (below zero) comes back.
UPDATE orders SET exchanged = exchanged + :amount, updated_at = :now WHERE id = :order_id;

-- name: end_exchange!
UPDATE order_return SET state = :state, exchange_order_id = :exchange_order_id, updated_at = :now WHERE id = :id;

-- name: open_exchanges
-- Each with whether its cart was ordered, whatever became of that order.
SELECT r.id, EXISTS (SELECT FROM orders o WHERE o.cart_id = r.exchange_cart_id AND o.status <> 'pending_payment') AS ordered
FROM order_return r WHERE r.state = 'exchanging';

-- name: open_returns
-- Those that wait for the shop, the oldest first.
SELECT r.*, o.number FROM order_return r JOIN orders o ON o.id = r.order_id
WHERE r.state IN ('requested', 'approved', 'received') ORDER BY r.created_at LIMIT :most;

-- name: statuses_of
SELECT id, status FROM orders WHERE id = ANY (CAST(:ids AS uuid[]));

-- name: keep_seller!
-- A new row when what is printed has changed.
INSERT INTO invoice_seller (name, address)
SELECT CAST(:name AS text), CAST(:address AS text)
WHERE NOT EXISTS (
    SELECT FROM (SELECT s.name, s.address FROM invoice_seller s ORDER BY s.id DESC LIMIT 1) latest
    WHERE latest.name = CAST(:name AS text) AND latest.address = CAST(:address AS text));

-- name: issue_invoices!
SELECT issue_invoices(CAST(:order_ids AS uuid[]), :series, :now);

-- name: issue_credit_note!
-- Of what was given back, or is on its way, what no credit note says yet; at most `amount`. The caller holds the order's row.
WITH due AS MATERIALIZED (
    SELECT o.id, least(CAST(:amount AS bigint), o.refunded + o.gift_card_refunded + o.exchanged
        + coalesce((SELECT sum(a.amount) FROM payment_attempt a
                    WHERE a.order_id = o.id AND a.kind = 'refund' AND a.state IN ('open', 'requires_action', 'processing', 'stuck')), 0)
        - coalesce((SELECT sum(c.amount) FROM credit_note c WHERE c.order_id = o.id), 0)) AS amount
    FROM orders o WHERE o.id = :order_id AND EXISTS (SELECT FROM invoice i WHERE i.order_id = o.id)
      AND NOT EXISTS (SELECT FROM credit_note c WHERE c.source = CAST(:source AS uuid))
)
INSERT INTO credit_note (series, number, order_id, source, amount, lines, delivery_amount, issued_at, seller_id)
SELECT CAST(:series AS text), take_number(CAST(:series AS text)), due.id, CAST(:source AS uuid), due.amount, CAST(:lines AS jsonb),
       CAST(:delivery_amount AS bigint), CAST(:now AS timestamptz), (SELECT max(id) FROM invoice_seller)
FROM due WHERE due.amount > 0;

-- name: paid_without_invoice
SELECT o.id FROM orders o
WHERE o.placed_at >= :since AND o.paid_at IS NOT NULL AND NOT EXISTS (SELECT FROM invoice i WHERE i.order_id = o.id)
ORDER BY o.paid_at, o.id LIMIT :most;
