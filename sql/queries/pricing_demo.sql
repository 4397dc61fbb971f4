-- The promotions of the demo shop.

-- name: add_promotion$
INSERT INTO promotion (name, kind, percent_ppm, buy_quantity, get_quantity, product_ids, minimum_subtotal, needs_coupon, priority)
VALUES (:name, :kind, :percent_ppm, :buy_quantity, :get_quantity, :product_ids, :minimum_subtotal, :needs_coupon, :priority)
RETURNING id;

-- name: add_coupon!
INSERT INTO coupon (code, promotion_id, customer_limit) VALUES (:code, :promotion_id, :customer_limit);
