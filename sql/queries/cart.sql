-- Carts change with synchronous_commit off where nothing else is in the transaction: a crash of the database may cost the last moment of a cart, never an order.

-- name: cart_by_id^
SELECT * FROM cart WHERE id = :cart_id;

-- name: lock_cart^
SELECT * FROM cart WHERE id = :cart_id FOR UPDATE;

-- name: successor^
-- The open cart of what was put into this one while its order was being paid for, or into such a cart of it.
WITH RECURSIVE later AS (
    SELECT successor_id FROM cart_successor WHERE cart_id = :cart_id
    UNION ALL
    SELECT s.successor_id FROM later l JOIN cart_successor s ON s.cart_id = l.successor_id
)
SELECT c.* FROM later l JOIN cart c ON c.id = l.successor_id WHERE c.state = 'open';

-- name: carts_of
-- As cart_by_id, of a list.
SELECT c.* FROM unnest(CAST(:asked AS jsonb[])) AS one (asked) JOIN cart c ON c.id = CAST(one.asked ->> 'cart_id' AS uuid);

-- name: create
-- Carts with these lines at their prices of now; no row for one with a line that is not for sale or has no price in its currency.
WITH asked AS MATERIALIZED (
    SELECT a.* FROM unnest(CAST(:asked AS jsonb[])) AS one (asked)
    CROSS JOIN LATERAL jsonb_to_record(one.asked) AS a (
        id uuid, currency text, customer_id uuid, lines jsonb, durable boolean,
        email text, delivery_address jsonb, billing_address jsonb, fulfillment_option_id bigint)
    CROSS JOIN wait_briefly(cardinality(CAST(:asked AS jsonb[])))
), wanted AS MATERIALIZED (
    SELECT a.id, w.variant_id, w.quantity, w.place, vp.amount, v.active AND is_published(p.status, p.published_at) AS on_sale
    FROM asked a
    CROSS JOIN LATERAL lines_wanted(a.lines) w
    LEFT JOIN variant v ON v.id = w.variant_id
    LEFT JOIN product p ON p.id = v.product_id
    LEFT JOIN variant_price vp ON vp.variant_id = v.id AND vp.currency = a.currency
)
INSERT INTO cart (id, currency, customer_id, lines, email, delivery_address, billing_address, fulfillment_option_id)
SELECT a.id, a.currency, a.customer_id, coalesce(
    (SELECT jsonb_object_agg(
        w.variant_id::text, jsonb_build_object('quantity', w.quantity, 'seen_amount', w.amount, 'added', w.place - 1000000))
     FROM wanted w WHERE w.id = a.id), '{}'), a.email, a.delivery_address, a.billing_address, o.id
FROM asked a
LEFT JOIN fulfillment_option o ON o.id = a.fulfillment_option_id
WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.id = a.id AND (w.on_sale IS NOT TRUE OR w.amount IS NULL))
RETURNING *, set_config('synchronous_commit',
    CASE WHEN (SELECT bool_or(a.durable) FROM asked a) THEN current_setting('synchronous_commit') ELSE 'off' END, true) AS durability;

-- name: add_lines
-- The new quantity and the price that is seen with it, of different carts. No row: something stands against it (`service._refused` asks what).
-- What is for sale and its price are asked one by one: joined, a shop without statistics looked through all of its products.
WITH asked AS MATERIALIZED (
    SELECT a.*, (SELECT v.active AND is_published(p.status, p.published_at)
                 FROM variant v JOIN product p ON p.id = v.product_id WHERE v.id = a.variant_id) AS on_sale
    FROM unnest(CAST(:asked AS jsonb[])) AS one (asked)
    CROSS JOIN LATERAL jsonb_to_record(one.asked) AS a (
        cart_id uuid, variant_id bigint, quantity int, most_units int, most_lines int, anybody boolean, customer_id uuid, version int)
    CROSS JOIN wait_briefly(cardinality(CAST(:asked AS jsonb[])))
)
UPDATE cart c SET
    lines = c.lines || jsonb_build_object(a.variant_id::text, jsonb_build_object(
        'quantity', coalesce(CAST(c.lines -> a.variant_id::text ->> 'quantity' AS int), 0) + a.quantity,
        'seen_amount', (SELECT vp.amount FROM variant_price vp WHERE vp.variant_id = a.variant_id AND vp.currency = c.currency),
        'added', coalesce(c.lines -> a.variant_id::text -> 'added', to_jsonb(c.version)))),
    version = c.version + 1, updated_at = now()
FROM asked a
WHERE c.id = a.cart_id AND cart_may_change(c, a.anybody, a.customer_id, a.version)
  AND a.on_sale AND (SELECT vp.amount FROM variant_price vp WHERE vp.variant_id = a.variant_id AND vp.currency = c.currency) IS NOT NULL
  AND coalesce(CAST(c.lines -> a.variant_id::text ->> 'quantity' AS int), 0) + a.quantity <= a.most_units
  AND (c.lines ? a.variant_id::text OR (SELECT count(*) FROM jsonb_object_keys(c.lines)) < a.most_lines)
RETURNING c.*, set_config('synchronous_commit', 'off', true) AS durability;

-- name: set_quantity^
-- Quantity 0 removes the line. The price that is seen with it is the one of now.
UPDATE cart c SET
    lines = CASE WHEN CAST(:quantity AS int) = 0 THEN c.lines - CAST(:variant_id AS bigint)::text
        ELSE c.lines || jsonb_build_object(CAST(:variant_id AS bigint)::text,
            (c.lines -> CAST(:variant_id AS bigint)::text) || jsonb_build_object('quantity', CAST(:quantity AS int)) || coalesce(
                (SELECT jsonb_build_object('seen_amount', vp.amount) FROM variant_price vp
                 WHERE vp.variant_id = :variant_id AND vp.currency = c.currency), '{}'))
        END,
    version = c.version + 1, updated_at = now()
WHERE c.id = :cart_id AND cart_may_change(c, :anybody, :customer_id, :version)
  AND c.lines ? CAST(:variant_id AS bigint)::text
RETURNING c.*, set_config('synchronous_commit', 'off', true) AS durability;

-- name: mark_seen!
-- The shopper has been shown these prices. Not a change of the cart: its version stays.
UPDATE cart c SET lines = (
    SELECT jsonb_object_agg(l.key, CASE WHEN s.amount IS NULL THEN l.value ELSE l.value || jsonb_build_object('seen_amount', s.amount) END)
    FROM jsonb_each(c.lines) l
    LEFT JOIN unnest(CAST(:variant_ids AS bigint[]), CAST(:amounts AS bigint[])) AS s (variant_id, amount) ON s.variant_id::text = l.key)
WHERE c.id = :cart_id AND c.version = :version AND c.state = 'open' AND c.lines <> '{}';

-- name: add_code^
UPDATE cart c SET
    coupon_codes = CASE WHEN CAST(:coupon_code AS text) IS NULL OR CAST(:coupon_code AS text) = ANY (c.coupon_codes) THEN c.coupon_codes
        ELSE c.coupon_codes || CAST(:coupon_code AS text) END,
    gift_card_ids = CASE WHEN CAST(:gift_card_id AS bigint) IS NULL OR CAST(:gift_card_id AS bigint) = ANY (c.gift_card_ids)
        THEN c.gift_card_ids ELSE c.gift_card_ids || CAST(:gift_card_id AS bigint) END,
    version = c.version + 1, updated_at = now()
WHERE c.id = :cart_id AND cart_may_change(c, :anybody, :customer_id, :version)
  AND cardinality(c.coupon_codes) + cardinality(c.gift_card_ids) < :most_codes
RETURNING c.*;

-- name: remove_code^
UPDATE cart c SET
    coupon_codes = array_remove(c.coupon_codes, CAST(:coupon_code AS text)),
    gift_card_ids = array_remove(c.gift_card_ids, CAST(:gift_card_id AS bigint)),
    version = c.version + 1, updated_at = now()
WHERE c.id = :cart_id AND cart_may_change(c, :anybody, :customer_id, :version)
  AND (CAST(:coupon_code AS text) = ANY (c.coupon_codes) OR CAST(:gift_card_id AS bigint) = ANY (c.gift_card_ids))
RETURNING c.*;

-- name: gift_card_on_cart$
-- The id of a gift card of the cart, by the hash of its code.
SELECT g.id FROM gift_card g JOIN cart c ON g.id = ANY (c.gift_card_ids) WHERE c.id = :cart_id AND g.code_hash = :code_hash;

-- name: set_details
-- Of different carts. The commit is waited for when it is for one of them.
WITH asked AS MATERIALIZED (
    SELECT a.* FROM unnest(CAST(:asked AS jsonb[])) AS one (asked)
    CROSS JOIN LATERAL jsonb_to_record(one.asked) AS a (
        cart_id uuid, email text, delivery_address jsonb, billing_address jsonb, fulfillment_option_id bigint,
        set_email boolean, set_delivery_address boolean, set_billing_address boolean, set_fulfillment_option_id boolean,
        durable boolean, anybody boolean, customer_id uuid, version int)
    CROSS JOIN wait_briefly(cardinality(CAST(:asked AS jsonb[])))
)
UPDATE cart c SET
    email = CASE WHEN a.set_email THEN a.email ELSE c.email END,
    delivery_address = CASE WHEN a.set_delivery_address THEN a.delivery_address ELSE c.delivery_address END,
    billing_address = CASE WHEN a.set_billing_address THEN a.billing_address ELSE c.billing_address END,
    fulfillment_option_id = CASE WHEN a.set_fulfillment_option_id THEN a.fulfillment_option_id ELSE c.fulfillment_option_id END,
    version = c.version + 1, updated_at = now()
FROM asked a
WHERE c.id = a.cart_id AND cart_may_change(c, a.anybody, a.customer_id, a.version)
RETURNING c.*, set_config('synchronous_commit',
    CASE WHEN (SELECT bool_or(d.durable) FROM asked d) THEN current_setting('synchronous_commit') ELSE 'off' END, true) AS durability;

-- name: forget!
DELETE FROM cart WHERE id = :cart_id AND version = :version AND state = 'open';

-- name: forget_old$
-- Carts that nobody has touched since then and that nothing came of; at most so many. Returns how many went.
WITH gone AS (
    DELETE FROM cart WHERE id = ANY (ARRAY(
        SELECT id FROM cart WHERE updated_at < :before AND state <> 'ordered' AND NOT cart_is_kept(id)
        LIMIT :most FOR UPDATE SKIP LOCKED
    )) RETURNING id
)
SELECT count(*) FROM gone;

-- name: forget_empty$
-- Guests' carts that were started in a stretch of time and have nothing in them; at most so many. Returns how many went.
WITH gone AS (
    DELETE FROM cart WHERE id = ANY (ARRAY(
        SELECT id FROM cart
        WHERE state = 'open' AND customer_id IS NULL AND created_at >= :since AND created_at < :before AND updated_at < :before
          AND lines = '{}' AND coupon_codes = '{}' AND gift_card_ids = '{}' AND NOT cart_is_kept(id)
        LIMIT :most FOR UPDATE SKIP LOCKED
    )) RETURNING id
)
SELECT count(*) FROM gone;

-- name: lock_for_merge
-- The guest's open cart, if it is one, and the customer's latest open one; carts of exchanges are neither.
SELECT * FROM cart
WHERE state = 'open' AND (
    (id = CAST(:guest_id AS uuid) AND customer_id IS NULL AND NOT cart_is_for_exchange(id))
    OR id = (SELECT own.id FROM cart own
             WHERE own.customer_id = :customer_id AND own.state = 'open' AND NOT cart_is_for_exchange(own.id)
             ORDER BY own.updated_at DESC, own.id LIMIT 1))
ORDER BY id FOR UPDATE;

-- name: may_still_be_paid$
SELECT may_still_be_paid(:cart_id);

-- name: end_pending_order!
SELECT end_pending_order(:cart_id);

-- name: disown!
UPDATE cart SET customer_id = NULL, version = version + 1, updated_at = now() WHERE customer_id = :customer_id AND state = 'open';

-- name: adopt^
UPDATE cart SET customer_id = :customer_id, version = version + 1, updated_at = now() WHERE id = :cart_id RETURNING *;

-- name: write_merged^
WITH guest AS (UPDATE cart SET state = 'merged', updated_at = now() WHERE id = :guest_id)
UPDATE cart SET lines = :lines, coupon_codes = :coupon_codes, gift_card_ids = :gift_card_ids, version = version + 1, updated_at = now()
WHERE id = :cart_id RETURNING *;
