-- name: pricing_version
SELECT version FROM pricing_version;

-- name: rules^
-- All that the till computes with besides the goods, and its version.
SELECT
    (SELECT version::text FROM pricing_version) AS version,
    ARRAY(SELECT to_jsonb(p) FROM promotion p WHERE p.active AND NOT p.needs_coupon ORDER BY p.id) AS promotions,
    ARRAY(SELECT to_jsonb(t) FROM tax_rate t ORDER BY t.id) AS tax_rates,
    ARRAY(SELECT jsonb_build_object('countries', z.countries, 'options', ARRAY(
              SELECT to_jsonb(o) FROM fulfillment_option o WHERE o.zone_id = z.id AND o.active ORDER BY o.position, o.id))
          FROM delivery_zone z ORDER BY z.position, z.id) AS zones;

-- name: entered_codes
-- One row for each code that was entered, whether it is known or not.
SELECT entered.code AS coupon_code, entered.running, entered.used_up, entered.used_up_by_customer, to_jsonb(p) AS promotion
FROM entered_codes(:cart_id, CAST(:customer_id AS uuid), CAST(:codes AS text[]), CAST(:email AS text), :now) AS entered
LEFT JOIN promotion p ON p.id = entered.promotion_id;

-- name: gift_cards
-- With what the cart's own pending order has taken from them.
SELECT g.id, g.last_four, g.currency, g.expires_at,
       (g.balance - coalesce((SELECT sum(e.delta) FROM gift_card_entry e
                              WHERE e.gift_card_id = g.id AND e.order_id = pending_order_of(:cart_id)), 0))::bigint AS balance,
       g.active AND (g.expires_at IS NULL OR g.expires_at > :now) AS usable
FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS asked (id, place) JOIN gift_card g ON g.id = asked.id
ORDER BY asked.place;

-- name: standing^
SELECT customer_group, first_order FROM customer_standing(:customer_id, :email, :cart_id);

-- name: code^
-- What a code is: a coupon by its text, or a gift card by its hash.
SELECT (SELECT c.code FROM coupon c JOIN promotion p ON p.id = c.promotion_id
        WHERE c.code = upper(CAST(:code AS text)) AND p.active AND NOT c.withdrawn
          AND (p.starts_at IS NULL OR p.starts_at <= :now) AND (p.ends_at IS NULL OR p.ends_at > :now)) AS coupon_code,
       (SELECT g.id FROM gift_card g
        WHERE g.code_hash = :code_hash AND g.active AND (g.expires_at IS NULL OR g.expires_at > :now)) AS gift_card_id;

-- name: lock_first_order!
-- Of orders that are one shopper's first at the same moment, each waits here for the one before it. In one order of keys for all.
SELECT pg_advisory_xact_lock(hashtextextended('first order of ' || key, 0))
FROM (SELECT DISTINCT unnest(CAST(:keys AS text[])) AS key ORDER BY key) shopper;

-- name: lock_coupons
SELECT code FROM coupon WHERE code = ANY (CAST(:codes AS text[])) ORDER BY code FOR NO KEY UPDATE;

-- name: claim_coupons
-- Counts one use of each code that has one left for everybody and for this customer; answers those codes. The coupons are locked already.
WITH claimed AS (
    INSERT INTO coupon_use (code, order_id, customer_key, customer_id, use_number)
    SELECT c.code, :order_id, :customer_key, CAST(:customer_id AS uuid), free.use_number
    FROM coupon c
    CROSS JOIN LATERAL (
        SELECT count(*) AS uses FROM coupon_use u
        WHERE u.code = c.code AND (u.customer_key = :customer_key OR u.customer_id = CAST(:customer_id AS uuid))
    ) own
    CROSS JOIN LATERAL (
        SELECT min(n) AS use_number FROM generate_series(1, own.uses + 1) AS n
        WHERE NOT EXISTS (SELECT FROM coupon_use u WHERE u.code = c.code AND u.customer_key = :customer_key AND u.use_number = n)
    ) free
    WHERE c.code = ANY (CAST(:codes AS text[])) AND NOT c.withdrawn
      AND (c.usage_limit IS NULL OR c.used < c.usage_limit)
      AND (c.customer_limit IS NULL OR own.uses < c.customer_limit)
    RETURNING code
), counted AS (
    UPDATE coupon c SET used = c.used + 1 FROM claimed WHERE c.code = claimed.code
)
SELECT code FROM claimed;

-- name: release_coupons!
WITH gone AS (DELETE FROM coupon_use WHERE order_id = :order_id RETURNING code)
UPDATE coupon c SET used = c.used - 1 FROM gone WHERE c.code = gone.code;

-- name: lock_gift_cards
SELECT id FROM gift_card WHERE id = ANY (CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE;

-- name: spend_gift_cards
-- Takes each amount from its card if the card still has it; answers those cards. They are locked already.
INSERT INTO gift_card_entry (gift_card_id, delta, order_id, reason)
SELECT g.id, -asked.amount, :order_id, 'spent'
FROM unnest(CAST(:ids AS bigint[]), CAST(:amounts AS bigint[])) AS asked (id, amount)
JOIN gift_card g ON g.id = asked.id
WHERE g.active AND (g.expires_at IS NULL OR g.expires_at > now()) AND g.balance >= asked.amount
RETURNING gift_card_id;

-- name: refund_gift_cards
-- Gives back up to an amount of what an order spent, card after card; answers what each card got.
WITH spent AS (
    SELECT gift_card_id, -sum(delta) AS amount FROM gift_card_entry WHERE order_id = :order_id
    GROUP BY gift_card_id HAVING sum(delta) < 0
), back AS (
    SELECT gift_card_id, least(amount, CAST(:amount AS bigint) - coalesce(sum(amount) OVER earlier, 0)) AS amount FROM spent
    WINDOW earlier AS (ORDER BY gift_card_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
INSERT INTO gift_card_entry (gift_card_id, delta, order_id, reason)
SELECT gift_card_id, amount, :order_id, 'refunded' FROM back WHERE amount > 0
RETURNING gift_card_id, delta;

-- name: keep_usable!
-- Cards that value came back to can be spent from for some time. One that stands for returned goods ends when it ends.
UPDATE gift_card SET expires_at = :until
WHERE id = ANY (CAST(:ids AS bigint[])) AND expires_at < :until AND exchange_of IS NULL;

-- name: issue_gift_card$
WITH card AS (
    INSERT INTO gift_card (code_hash, last_four, currency, expires_at, exchange_of)
    VALUES (:code_hash, :last_four, :currency, :expires_at, :exchange_of)
    RETURNING id
)
SELECT id FROM card;

-- name: exchange_credit^
-- A card that stands for returned goods: what is left on it, and the orders that it pays for now.
SELECT g.balance, g.expires_at,
       ARRAY(SELECT e.order_id FROM gift_card_entry e WHERE e.gift_card_id = g.id AND e.order_id IS NOT NULL
             GROUP BY e.order_id HAVING sum(e.delta) < 0) AS order_ids
FROM gift_card g WHERE g.id = :id;

-- name: exchanges_that_moved
-- The returns, of those that wait and those whose cards have something left on them, whose cards were spent from or are past their time.
SELECT g.exchange_of FROM gift_card g
WHERE g.exchange_of IS NOT NULL AND (g.balance > 0 OR g.exchange_of = ANY (CAST(:waiting AS uuid[])))
  AND (g.expires_at <= :now OR EXISTS (SELECT FROM gift_card_entry e WHERE e.gift_card_id = g.id AND e.reason = 'spent'))
ORDER BY g.id LIMIT :most;

-- name: take_back!
INSERT INTO gift_card_entry (gift_card_id, delta, order_id, reason) VALUES (:gift_card_id, -CAST(:amount AS bigint), :order_id, 'correction');

-- name: fill_gift_card!
INSERT INTO gift_card_entry (gift_card_id, delta, order_id, reason) VALUES (:gift_card_id, :amount, :order_id, 'issued');

-- name: zone_countries
SELECT DISTINCT unnest(z.countries) AS country
FROM delivery_zone z WHERE EXISTS (SELECT FROM fulfillment_option o WHERE o.zone_id = z.id AND o.active);

-- name: has_zones$
SELECT EXISTS (SELECT FROM delivery_zone);

-- name: has_tax_rates$
SELECT EXISTS (SELECT FROM tax_rate);

-- name: insert_zone$
INSERT INTO delivery_zone (name, countries, position) VALUES (:name, :countries, :position)
ON CONFLICT (name) DO UPDATE SET countries = EXCLUDED.countries RETURNING id;

-- name: insert_option!
INSERT INTO fulfillment_option (zone_id, code, name, kind, currency, amount, tiers, free_from, min_days, max_days, position)
VALUES (:zone_id, :code, :name, :kind, :currency, :amount, :tiers, :free_from, :min_days, :max_days, :position)
ON CONFLICT (zone_id, code, currency) DO NOTHING;

-- name: insert_tax_rates!
INSERT INTO tax_rate (country, region, tax_code, name, rate_ppm, applies_to_delivery)
SELECT * FROM unnest(CAST(:countries AS text[]), CAST(:regions AS text[]), CAST(:tax_codes AS text[]), CAST(:names AS text[]),
                     CAST(:rates AS int[]), CAST(:on_delivery AS boolean[]))
ON CONFLICT (country, region, tax_code) DO NOTHING;
