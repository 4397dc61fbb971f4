-- A code that an operator took out of use. Its limit alone does not say so: an order that is cancelled gives its use back.
ALTER TABLE coupon ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;

-- The codes of a promotion, by code.
CREATE INDEX coupon_promotion ON coupon (promotion_id, code);
