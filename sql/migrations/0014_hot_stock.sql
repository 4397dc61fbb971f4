-- As before, but the holds of the callers' carts are found by cart, once: found by variant, each batch read every hold of a hot SKU.
CREATE OR REPLACE FUNCTION stock_to_hold(wanted bigint[], carts uuid[], orders uuid[]) RETURNS TABLE (
    variant_id bigint, tracked boolean, may_backorder boolean, location_id bigint, active boolean, priority int, countries text[],
    on_hand int, reserved int, backorder_limit int, holds jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    concerned bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(1, hashtext(c.id::text)) FROM (SELECT DISTINCT unnest(carts) AS id ORDER BY 1) c;
    concerned := wanted || ARRAY(
        SELECT r.variant_id FROM unnest(carts, orders) AS mine (cart_id, order_id)
        CROSS JOIN LATERAL (
            SELECT h.variant_id FROM reservation h
            WHERE h.cart_id = mine.cart_id AND h.state = 'held' AND (h.order_id IS NULL OR h.order_id = mine.order_id) OFFSET 0
        ) r
    );
    PERFORM FROM stock s WHERE s.variant_id = ANY (concerned) ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    RETURN QUERY
    WITH held AS MATERIALIZED (
        SELECT r.* FROM unnest(carts, orders) AS mine (cart_id, order_id)
        CROSS JOIN LATERAL (
            SELECT h.id, h.cart_id, h.order_id, h.quantity, h.variant_id, h.location_id FROM reservation h
            WHERE h.cart_id = mine.cart_id AND h.state = 'held' AND (h.order_id IS NULL OR h.order_id = mine.order_id) OFFSET 0
        ) r
    )
    SELECT v.id, v.track_stock, v.stock_policy <> 'deny', s.location_id, l.active, l.priority, l.countries,
           s.on_hand, s.reserved, s.backorder_limit,
           (SELECT jsonb_agg(jsonb_build_object('id', h.id, 'cart_id', h.cart_id, 'order_id', h.order_id, 'quantity', h.quantity))
            FROM held h WHERE h.variant_id = s.variant_id AND h.location_id = s.location_id)
    FROM variant v
    LEFT JOIN stock s ON s.variant_id = v.id
    LEFT JOIN stock_location l ON l.id = s.location_id
    WHERE v.id = ANY (concerned);
END $$;
