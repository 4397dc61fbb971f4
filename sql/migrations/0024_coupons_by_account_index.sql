-- concurrently
CREATE INDEX CONCURRENTLY coupon_use_customer ON coupon_use (code, customer_id) WHERE customer_id IS NOT NULL;
