-- The phases of an order that only write, each as one function: one statement, one trip, one transaction. Rooms have functions of their own
-- for it, as they have services.

-- Carts: whether a cart is open and still at this version, which it then stays until the transaction ends.
CREATE FUNCTION cart_stands(asked_cart uuid, expected int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM cart WHERE id = asked_cart AND version = expected AND state = 'open' FOR NO KEY UPDATE;
    RETURN FOUND;
END $$;

CREATE FUNCTION close_cart(ordered_cart uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE cart SET state = 'ordered', updated_at = now() WHERE id = ordered_cart AND state = 'open';
END $$;

-- Stock: the cart's holds become its order's when they are exactly the demand (of variants whose stock is counted); else nothing changes.
-- A hold that is locked is being freed or replaced at this moment, and does not count.
CREATE FUNCTION take_over_holds(asked_cart uuid, new_order uuid, variants bigint[], quantities int[], until timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    taken boolean;
BEGIN
    WITH demand AS (
        SELECT d.variant_id, d.quantity FROM unnest(variants, quantities) AS d (variant_id, quantity)
        JOIN variant v ON v.id = d.variant_id AND v.track_stock
    ), held AS MATERIALIZED (
        SELECT id, variant_id, quantity FROM reservation
        WHERE cart_id = asked_cart AND order_id IS NULL AND state = 'held' FOR UPDATE SKIP LOCKED
    ), verdict AS (
        SELECT NOT EXISTS (
            SELECT FROM (SELECT variant_id, sum(quantity) AS quantity FROM held GROUP BY variant_id) h
            FULL JOIN demand d USING (variant_id) WHERE h.quantity IS DISTINCT FROM d.quantity
        ) AS fits
    ), moved AS (
        UPDATE reservation r SET order_id = new_order, expires_at = greatest(r.expires_at, until)
        FROM held, verdict WHERE verdict.fits AND r.id = held.id
    )
    SELECT fits INTO taken FROM verdict;
    RETURN taken;
END $$;

-- Holds for carts, each of which comes once, what was cut for them from shelves that were seen without locks. A cart that holds exactly this
-- keeps it for longer. False, and nothing has changed, when a shelf has less by now or is closed, or a cart holds something else. Locks as `stock_to_hold`
-- takes them.
CREATE FUNCTION hold_from_shelf(carts uuid[], variants bigint[], locations bigint[], quantities int[], until timestamptz[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1, hashtext(c.id::text)) FROM (SELECT DISTINCT unnest(carts) AS id ORDER BY 1) c;
    PERFORM FROM stock s WHERE (s.variant_id, s.location_id) IN (SELECT * FROM unnest(variants, locations))
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM reservation r WHERE r.cart_id = ANY (carts) AND r.state = 'held' AND r.order_id IS NULL) THEN
        IF EXISTS (
            SELECT FROM (
                SELECT r.cart_id, r.variant_id, r.location_id, r.quantity FROM reservation r
                WHERE r.cart_id = ANY (carts) AND r.state = 'held' AND r.order_id IS NULL
            ) held
            FULL JOIN unnest(carts, variants, locations, quantities) AS wanted (cart_id, variant_id, location_id, quantity)
                USING (cart_id, variant_id, location_id, quantity)
            WHERE held.cart_id IS NULL OR wanted.cart_id IS NULL
        ) THEN
            RETURN false;
        END IF;
        UPDATE reservation r SET expires_at = w.expires_at
        FROM unnest(carts, variants, until) AS w (cart_id, variant_id, expires_at)
        WHERE r.cart_id = w.cart_id AND r.variant_id = w.variant_id AND r.state = 'held' AND r.order_id IS NULL;
        RETURN true;
    END IF;
    IF EXISTS (
        SELECT FROM unnest(variants, locations, quantities) AS w (variant_id, location_id, quantity)
        LEFT JOIN stock s ON s.variant_id = w.variant_id AND s.location_id = w.location_id
        LEFT JOIN stock_location l ON l.id = s.location_id AND l.active
        GROUP BY w.variant_id, w.location_id, s.on_hand, s.reserved, l.id HAVING l.id IS NULL OR s.on_hand - s.reserved < sum(w.quantity)
    ) THEN
        RETURN false;
    END IF;
    INSERT INTO reservation (cart_id, variant_id, location_id, quantity, expires_at)
    SELECT * FROM unnest(carts, variants, locations, quantities, until);
    UPDATE stock s SET reserved = s.reserved + w.quantity
    FROM (SELECT u.variant_id, u.location_id, sum(u.quantity) AS quantity
          FROM unnest(variants, locations, quantities) AS u (variant_id, location_id, quantity) GROUP BY u.variant_id, u.location_id) w
    WHERE s.variant_id = w.variant_id AND s.location_id = w.location_id;
    RETURN true;
END $$;

-- As before, but what leaves as much available as there was, as a sale of what was held does, is found out by less.
CREATE OR REPLACE FUNCTION log_stock_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM new_rows n JOIN old_rows o USING (variant_id, location_id)
        WHERE n.on_hand - n.reserved <> o.on_hand - o.reserved OR n.backorder_limit <> o.backorder_limit
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO change_log (topic, key, payload)
    SELECT 'stock', v.product_id::text, jsonb_build_object('variants', jsonb_agg(DISTINCT changed.variant_id))
    FROM (
        SELECT moved.variant_id, moved.delta, moved.relimited,
               (SELECT sum(s.on_hand - s.reserved) FROM stock s WHERE s.variant_id = moved.variant_id) AS available,
               (SELECT sum(s.backorder_limit) FROM stock s WHERE s.variant_id = moved.variant_id) AS backorder_limit
        FROM (
            SELECT n.variant_id,
                   sum((n.on_hand - n.reserved) - (o.on_hand - o.reserved)) AS delta,
                   bool_or(n.backorder_limit <> o.backorder_limit) AS relimited
            FROM new_rows n JOIN old_rows o USING (variant_id, location_id)
            GROUP BY n.variant_id
        ) moved
        WHERE moved.delta <> 0 OR moved.relimited
    ) changed
    JOIN variant v ON v.id = changed.variant_id
    WHERE changed.relimited
       OR stock_band(changed.available) <> stock_band(changed.available - changed.delta)
       OR changed.available BETWEEN 1 AND 10
       OR changed.available <= 0 AND changed.backorder_limit > 0
    GROUP BY v.product_id;
    RETURN NULL;
END $$;

-- Jobs: queues one that no other stands in for.
CREATE FUNCTION queue_job(job_kind text, job_payload jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job (kind, payload) VALUES (job_kind, job_payload);
END $$;

-- Orders: the order, its lines, its first payment attempt (none when nothing is left to pay) and its first event.
-- wanted: the columns of orders by name; lines: rows of order_line; attempt_id, to_pay, capture_later, payment_method: of the attempt.
CREATE FUNCTION write_order(wanted jsonb, prefix text, moment timestamptz, OUT number text, OUT line_ids bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    given record;
BEGIN
    SELECT * INTO given FROM jsonb_to_record(wanted) AS n (
        id uuid, cart_id uuid, cart_version int, customer_id uuid, email text, currency text, subtotal bigint, discount bigint,
        delivery bigint, tax bigint, total bigint, prices_include_tax boolean, gift_card_amount bigint, delivery_address jsonb,
        billing_address jsonb, fulfillment_option jsonb, coupon_codes text[], expires_at timestamptz,
        lines jsonb, attempt_id uuid, to_pay bigint, capture_later boolean, payment_method text);
    number := prefix || nextval('order_number_seq');
    INSERT INTO orders (
        id, number, cart_id, cart_version, customer_id, email, currency, subtotal, discount, delivery, tax, total,
        prices_include_tax, gift_card_amount, delivery_address, billing_address, fulfillment_option, coupon_codes,
        placed_at, expires_at, updated_at
    ) VALUES (
        given.id, number, given.cart_id, given.cart_version, given.customer_id, given.email, given.currency, given.subtotal, given.discount,
        given.delivery, given.tax, given.total, given.prices_include_tax, given.gift_card_amount, given.delivery_address,
        given.billing_address, given.fulfillment_option, given.coupon_codes, moment, given.expires_at, moment
    );
    WITH written AS (
        INSERT INTO order_line (
            order_id, position, variant_id, product_id, sku, title, options, image_url, slug, quantity,
            unit_amount, subtotal, discount, tax, tax_ppm, total
        )
        SELECT given.id, l.position, l.variant_id, l.product_id, l.sku, l.title, l.options, l.image_url, l.slug, l.quantity,
               l.unit_amount, l.subtotal, l.discount, l.tax, l.tax_ppm, l.total
        FROM jsonb_to_recordset(given.lines) AS l (
            position int, variant_id bigint, product_id bigint, sku text, title text, options jsonb, image_url text, slug text,
            quantity int, unit_amount bigint, subtotal bigint, discount bigint, tax bigint, tax_ppm int, total bigint)
        RETURNING id, position
    )
    SELECT array_agg(w.id ORDER BY w.position) INTO line_ids FROM written w;
    IF given.attempt_id IS NOT NULL THEN
        INSERT INTO payment_attempt (id, order_id, kind, amount, currency, capture_later, payment_method, created_at, updated_at)
        VALUES (given.attempt_id, given.id, 'charge', given.to_pay, given.currency, given.capture_later, given.payment_method, moment, moment);
    END IF;
    INSERT INTO order_event (order_id, kind, data, at) VALUES (given.id, 'placed', jsonb_build_object('total', given.total), moment);
END $$;

-- The order moves on once, whoever brings the news first; answers its cart. Null: it has moved already, or another attempt is under way.
CREATE FUNCTION mark_order_paid(
    paid_order uuid, to_status text, taken bigint, paying uuid, to_state text, reference text, moment timestamptz
) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    ordered_cart uuid;
BEGIN
    UPDATE orders
    SET status = to_status, captured = taken, updated_at = moment, paid_at = CASE WHEN to_status = 'paid' THEN moment END
    WHERE id = paid_order AND status = 'pending_payment' AND NOT EXISTS (
        SELECT FROM payment_attempt other
        WHERE other.order_id = paid_order AND other.kind = 'charge' AND other.id <> paying
          AND other.state NOT IN ('declined', 'cancelled'))
    RETURNING cart_id INTO ordered_cart;
    IF FOUND THEN
        UPDATE payment_attempt
        SET state = to_state, provider_ref = reference, decline_code = NULL, redirect_url = NULL, updated_at = moment WHERE id = paying;
        INSERT INTO order_event (order_id, kind, data, at)
        VALUES (paid_order, to_status, jsonb_build_object('captured', taken), moment);
    END IF;
    RETURN ordered_cart;
END $$;

-- Checkout: a key that somebody else has taken over ends no phase; nothing of the transaction stays.
CREATE FUNCTION lose_key() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the idempotency key has been taken over' USING ERRCODE = 'SFKEY';
END $$;

-- The phase order_pending: the cart as it was priced, its stock, the order, the recovery point. No number: the cart or its holds are not as
-- they should be, and nothing has changed. `prepared`: the caller's transaction holds the cart's row and has held the stock for the order.
CREATE FUNCTION order_pending(
    holder_scope text, holder_key text, token timestamptz, wanted jsonb, kept jsonb, variants bigint[], quantities int[],
    prepared boolean, prefix text, moment timestamptz, OUT number text, OUT line_ids bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    asked_cart uuid := wanted ->> 'cart_id';
    new_order uuid := wanted ->> 'id';
BEGIN
    IF NOT prepared THEN
        IF NOT cart_stands(asked_cart, (wanted ->> 'cart_version')::int)
           OR NOT take_over_holds(asked_cart, new_order, variants, quantities, (wanted ->> 'expires_at')::timestamptz) THEN
            RETURN;
        END IF;
    END IF;
    SELECT w.number, w.line_ids INTO number, line_ids FROM write_order(wanted, prefix, moment) w;
    UPDATE idempotency_key
    SET recovery_point = 'order_pending', order_id = new_order,
        params = params || jsonb_build_object('pending', kept || jsonb_build_object('number', number))
    WHERE scope = holder_scope AND key = holder_key AND locked_at = token AND finished_at IS NULL;
    IF NOT FOUND THEN
        PERFORM lose_key();
    END IF;
END $$;

-- The order is paid: it moves on, its holds become sales, its cart is closed, its mail is queued. False: it did not wait, and nothing changed.
CREATE FUNCTION settle_paid(
    paid_order uuid, to_status text, taken bigint, paying uuid, to_state text, reference text, mail_kind text, mail jsonb, moment timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    ordered_cart uuid := mark_order_paid(paid_order, to_status, taken, paying, to_state, reference, moment);
BEGIN
    IF ordered_cart IS NULL THEN
        RETURN false;
    END IF;
    PERFORM commit_reservations(paid_order);
    PERFORM close_cart(ordered_cart);
    PERFORM queue_job(mail_kind, mail);
    RETURN true;
END $$;

-- The phase finished, of an order that is paid: with it, the answer is stored.
CREATE FUNCTION settle_paid_and_answer(
    paid_order uuid, to_status text, taken bigint, paying uuid, to_state text, reference text, mail_kind text, mail jsonb, moment timestamptz,
    holder_scope text, holder_key text, token timestamptz, answer_status int, answer_headers jsonb, answer_body bytea
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT settle_paid(paid_order, to_status, taken, paying, to_state, reference, mail_kind, mail, moment) THEN
        RETURN false;
    END IF;
    UPDATE idempotency_key
    SET recovery_point = 'finished', response_status = answer_status, response_headers = answer_headers, response_body = answer_body,
        params = '{}', finished_at = moment, locked_at = NULL
    WHERE scope = holder_scope AND key = holder_key AND locked_at = token AND finished_at IS NULL;
    IF NOT FOUND THEN
        PERFORM lose_key();
    END IF;
    RETURN true;
END $$;

-- Pricing: what becomes of each code that was entered for a cart, whether it is known or not. What the cart's own pending order has used does
-- not count. Most carts have no codes, and a statement is the cheaper the less there is in it, run or not.
CREATE FUNCTION entered_codes(asked_cart uuid, codes text[], asked_email text, moment timestamptz)
RETURNS TABLE (code text, promotion_id bigint, running boolean, used_up boolean, used_up_by_customer boolean) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF cardinality(codes) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT asked.entered, p.id,
           p.active AND NOT c.withdrawn AND (p.starts_at IS NULL OR p.starts_at <= moment) AND (p.ends_at IS NULL OR p.ends_at > moment),
           c.used - (SELECT count(*) FROM coupon_use u WHERE u.code = c.code AND u.order_id = pending_order_of(asked_cart)) >= c.usage_limit,
           c.customer_limit IS NOT NULL AND c.customer_limit <=
               (SELECT count(*) FROM coupon_use u WHERE u.code = c.code AND u.customer_key = lower(asked_email)
                    AND u.order_id IS DISTINCT FROM pending_order_of(asked_cart))
    FROM unnest(codes) AS asked (entered)
    LEFT JOIN coupon c ON c.code = asked.entered
    LEFT JOIN promotion p ON p.id = c.promotion_id;
END $$;

-- Invoices of those of these orders that are paid and have none, in the order of payment; numbers without gaps, as `take_number` gives them.
-- Whoever issues for the same order waits for its row, and then finds it done.
CREATE FUNCTION issue_invoices(asked uuid[], wanted_series text, moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM orders WHERE id = ANY (asked) ORDER BY id FOR NO KEY UPDATE;
    WITH due AS (
        SELECT o.id, row_number() OVER (ORDER BY o.paid_at, o.id) AS place, count(*) OVER () AS how_many
        FROM orders o
        WHERE o.id = ANY (asked) AND o.paid_at IS NOT NULL AND NOT EXISTS (SELECT FROM invoice i WHERE i.order_id = o.id)
    ), taken AS (
        INSERT INTO invoice_counter AS c (series, last) SELECT wanted_series, count(*) FROM due HAVING count(*) > 0
        ON CONFLICT (series) DO UPDATE SET last = c.last + EXCLUDED.last
        RETURNING last
    )
    INSERT INTO invoice (series, number, order_id, issued_at, seller_id)
    SELECT wanted_series, taken.last - due.how_many + due.place, due.id, moment, (SELECT max(s.id) FROM invoice_seller s)
    FROM due, taken;
END $$;

-- Nobody followed orders by the feed: their history is order_event.
DROP TRIGGER feed_insert ON orders;
DROP TRIGGER feed_update ON orders;

-- A key's row is written four times within a second: with room on its page, what is not indexed changes without touching an index (HOT).
ALTER TABLE idempotency_key SET (fillfactor = 60);
