-- What an operator sees and changes of promotions, coupons and gift cards.

-- name: promotions_for_operator
SELECT p.id, p.name, p.kind, p.percent_ppm, p.amount, p.currency, p.buy_quantity, p.get_quantity, p.needs_coupon, p.active, p.priority,
       p.starts_at, p.ends_at, p.updated_at,
       (SELECT count(*) FROM coupon c WHERE c.promotion_id = p.id) AS coupons,
       (SELECT coalesce(sum(c.used), 0) FROM coupon c WHERE c.promotion_id = p.id) AS uses
FROM promotion p
WHERE CAST(:text AS text) = '' OR strpos(lower(p.name), lower(CAST(:text AS text))) > 0
   OR EXISTS (SELECT FROM coupon c WHERE c.promotion_id = p.id AND c.code = upper(CAST(:text AS text)))
ORDER BY p.active DESC, p.priority, p.id
LIMIT :most;

-- name: promotion_for_operator^
SELECT id, name, kind, percent_ppm, amount, currency, buy_quantity, get_quantity, product_ids, category_ids, collection_ids, customer_group,
       first_order_only, minimum_subtotal, starts_at, ends_at, needs_coupon, combinable, priority, active, updated_at
FROM promotion WHERE id = :promotion_id;

-- name: groups_of_promotions
SELECT DISTINCT customer_group AS name FROM promotion WHERE customer_group <> '' ORDER BY name LIMIT :most;

-- name: lock_promotion^
SELECT id, needs_coupon FROM promotion WHERE id = :promotion_id FOR NO KEY UPDATE;

-- name: insert_promotion$
INSERT INTO promotion (name, kind, percent_ppm, amount, currency, buy_quantity, get_quantity, product_ids, category_ids, collection_ids,
                       customer_group, first_order_only, minimum_subtotal, starts_at, ends_at, needs_coupon, combinable, priority, active, updated_at)
VALUES (:name, :kind, :percent_ppm, :amount, :currency, :buy_quantity, :get_quantity, :product_ids, :category_ids, :collection_ids,
        :customer_group, :first_order_only, :minimum_subtotal, :starts_at, :ends_at, :needs_coupon, :combinable, :priority, :active, :now)
RETURNING id;

-- name: update_promotion$
UPDATE promotion SET
    name = :name, kind = :kind, percent_ppm = :percent_ppm, amount = :amount, currency = :currency, buy_quantity = :buy_quantity,
    get_quantity = :get_quantity, product_ids = :product_ids, category_ids = :category_ids, collection_ids = :collection_ids,
    customer_group = :customer_group, first_order_only = :first_order_only, minimum_subtotal = :minimum_subtotal, starts_at = :starts_at,
    ends_at = :ends_at, needs_coupon = :needs_coupon, combinable = :combinable, priority = :priority, active = :active, updated_at = :now
WHERE id = :promotion_id
RETURNING id;

-- name: set_promotion_active$
UPDATE promotion SET active = :active, updated_at = :now WHERE id = :promotion_id AND active <> :active RETURNING id;

-- name: coupons_of
SELECT code, usage_limit, customer_limit, used, withdrawn FROM coupon
WHERE promotion_id = :promotion_id AND code > :after ORDER BY code LIMIT :most;

-- name: insert_coupons
-- Codes that are taken already are left out; answers the others.
INSERT INTO coupon (code, promotion_id, usage_limit, customer_limit)
SELECT asked.code, :promotion_id, :usage_limit, :customer_limit FROM unnest(CAST(:codes AS text[])) AS asked (code)
ON CONFLICT DO NOTHING
RETURNING code;

-- name: set_coupon_limits$
-- A code that was withdrawn is in use again.
UPDATE coupon SET usage_limit = :usage_limit, customer_limit = :customer_limit, withdrawn = false
WHERE code = :code AND promotion_id = :promotion_id
RETURNING code;

-- name: coupon_for_update^
SELECT code, usage_limit, customer_limit, used, withdrawn FROM coupon WHERE code = :code AND promotion_id = :promotion_id FOR UPDATE;

-- name: withdraw_coupon!
UPDATE coupon SET usage_limit = used, withdrawn = true WHERE code = :code;

-- name: delete_coupon!
DELETE FROM coupon WHERE code = :code;

-- name: issue_card$
-- No row: a form of this key was sent before.
INSERT INTO gift_card (code_hash, last_four, currency, expires_at, recipient_email, issue_key)
VALUES (:code_hash, :last_four, :currency, :expires_at, :recipient_email, :issue_key)
ON CONFLICT (issue_key) WHERE issue_key IS NOT NULL DO NOTHING
RETURNING id;

-- name: card_of_key$
SELECT id FROM gift_card WHERE issue_key = :issue_key;

-- name: fill_card!
INSERT INTO gift_card_entry (gift_card_id, delta, reason) VALUES (:gift_card_id, :amount, 'issued');

-- name: cards_for_operator
-- Newest first. `text` is an address, the last four of a code, or (as its hash) a whole code.
SELECT g.id, g.last_four, g.currency, g.balance, g.expires_at, g.active, g.recipient_email, g.created_at,
       g.exchange_of IS NOT NULL AS of_exchange
FROM gift_card g
WHERE (CAST(:before AS bigint) IS NULL OR g.id < CAST(:before AS bigint))
  AND (CAST(:text AS text) = '' OR lower(g.recipient_email) = lower(CAST(:text AS text)) OR g.last_four = upper(CAST(:text AS text))
       OR g.code_hash = CAST(:code_hash AS bytea))
ORDER BY g.id DESC LIMIT :most;

-- name: card_for_operator^
SELECT g.id, g.last_four, g.currency, g.balance, g.expires_at, g.active, g.recipient_email, g.created_at,
       g.exchange_of IS NOT NULL AS of_exchange
FROM gift_card g WHERE g.id = :card_id;

-- name: card_entries
SELECT delta, reason, order_id, at FROM gift_card_entry WHERE gift_card_id = :card_id ORDER BY id;

-- name: set_card_active$
UPDATE gift_card SET active = :active WHERE id = :card_id AND active <> :active RETURNING id;
