-- A customer who is signed in is the same one under another e-mail address.
ALTER TABLE coupon_use ADD COLUMN customer_id uuid;

CREATE FUNCTION entered_codes(asked_cart uuid, asked_customer uuid, codes text[], asked_email text, moment timestamptz)
RETURNS TABLE (code text, promotion_id bigint, running boolean, used_up boolean, used_up_by_customer boolean) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT asked.entered, p.id,
           p.active AND NOT c.withdrawn AND (p.starts_at IS NULL OR p.starts_at <= moment) AND (p.ends_at IS NULL OR p.ends_at > moment),
           c.used - (SELECT count(*) FROM coupon_use u WHERE u.code = c.code AND u.order_id = pending_order_of(asked_cart)) >= c.usage_limit,
           c.customer_limit IS NOT NULL AND c.customer_limit <=
               (SELECT count(*) FROM coupon_use u WHERE u.code = c.code AND (u.customer_key = lower(asked_email) OR u.customer_id = asked_customer)
                    AND u.order_id IS DISTINCT FROM pending_order_of(asked_cart))
    FROM unnest(codes) AS asked (entered)
    LEFT JOIN coupon c ON c.code = asked.entered
    LEFT JOIN promotion p ON p.id = c.promotion_id;
END $$;
