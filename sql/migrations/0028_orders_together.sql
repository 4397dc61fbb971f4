-- What placing an order writes, for several orders in one transaction: what a statement costs before and after its rows, and the commit,
-- are shared by them. Each order keeps its own outcome; who cannot go on is left out and changes nothing. Locks are taken in the order keys,
-- carts, holds; and keys, orders, carts, stock. A list does not wait for a lock for long: its members are then tried alone (`wait_briefly`).

-- For the rest of the transaction, when it is of more than one: nobody is to wait for a lock that somebody else's row needs.
CREATE FUNCTION wait_briefly(members int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF members > 1 THEN
        PERFORM set_config('lock_timeout', '250ms', true);
    END IF;
END $$;

-- Keys: those that are still their holders', by their places; they stay so until the transaction ends.
CREATE FUNCTION keys_held(scopes text[], keys text[], tokens timestamptz[]) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
    places int[];
BEGIN
    WITH held AS (
        SELECT h.place FROM unnest(scopes, keys, tokens) WITH ORDINALITY AS h (scope, key, token, place)
        JOIN idempotency_key k ON k.scope = h.scope AND k.key = h.key AND k.locked_at = h.token
        WHERE k.finished_at IS NULL
        ORDER BY k.scope, k.key FOR NO KEY UPDATE OF k
    )
    SELECT coalesce(array_agg(held.place), '{}') INTO places FROM held;
    RETURN places;
END $$;

-- Carts: of those at these places, the ones that are open and still at their versions, which they then stay until the transaction ends.
CREATE FUNCTION carts_standing(places int[], carts uuid[], versions int[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    standing uuid[];
BEGIN
    WITH locked AS (
        SELECT c.id FROM unnest(carts, versions) WITH ORDINALITY AS e (id, version, place)
        JOIN cart c ON c.id = e.id AND c.version = e.version AND c.state = 'open'
        WHERE e.place = ANY (places)
        ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    SELECT array_agg(locked.id) INTO standing FROM locked;
    RETURN standing;
END $$;

-- The lines of a new cart. A function with a number of rows of its own: of a list in JSON PostgreSQL expects a hundred, and would rather read all
-- variants than look for a few.
CREATE FUNCTION lines_wanted(lines jsonb) RETURNS TABLE (variant_id bigint, quantity int, place int) LANGUAGE plpgsql IMMUTABLE ROWS 2 AS $$
BEGIN
    RETURN QUERY SELECT * FROM jsonb_to_recordset(lines) AS w (variant_id bigint, quantity int, place int);
END $$;

CREATE FUNCTION close_carts(ordered_carts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH closing AS (
        SELECT c.id FROM cart c WHERE c.id = ANY (ordered_carts) AND c.state = 'open' ORDER BY c.id FOR NO KEY UPDATE
    )
    UPDATE cart SET state = 'ordered', updated_at = now() FROM closing WHERE cart.id = closing.id;
END $$;

-- Stock: as take_over_holds, for those of the carts that are asked for, each of which comes once; which of them held exactly their demand, all
-- of it at places that deliver to their countries (to an unknown one, all do). The demand comes as units of a variant, with the cart that wants
-- them.
CREATE FUNCTION take_over_holds_of(
    asked_carts uuid[], carts uuid[], countries text[], new_orders uuid[], untils timestamptz[],
    of_carts uuid[], variants bigint[], quantities int[]
) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    taken uuid[];
BEGIN
    WITH demand AS (
        SELECT d.cart_id, d.variant_id, sum(d.quantity) AS quantity
        FROM unnest(of_carts, variants, quantities) AS d (cart_id, variant_id, quantity)
        JOIN variant v ON v.id = d.variant_id AND v.track_stock
        WHERE d.cart_id = ANY (asked_carts)
        GROUP BY d.cart_id, d.variant_id
    ), held AS MATERIALIZED (
        SELECT id, cart_id, variant_id, location_id, quantity FROM reservation
        WHERE cart_id = ANY (asked_carts) AND order_id IS NULL AND state = 'held' FOR UPDATE SKIP LOCKED
    ), other AS (
        SELECT cart_id FROM (SELECT cart_id, variant_id, sum(quantity) AS quantity FROM held GROUP BY cart_id, variant_id) h
        FULL JOIN demand d USING (cart_id, variant_id) WHERE h.quantity IS DISTINCT FROM d.quantity
        UNION ALL
        SELECT h.cart_id FROM held h
        JOIN unnest(carts, countries) AS c (cart_id, country) ON c.cart_id = h.cart_id
        JOIN stock_location l ON l.id = h.location_id
        WHERE l.countries <> '{}' AND NOT c.country = ANY (l.countries)
    ), fitting AS (
        SELECT a.cart_id, a.order_id, a.until FROM unnest(carts, new_orders, untils) AS a (cart_id, order_id, until)
        WHERE a.cart_id = ANY (asked_carts) AND a.cart_id NOT IN (SELECT other.cart_id FROM other)
    ), moved AS (
        UPDATE reservation r SET order_id = f.order_id, expires_at = greatest(r.expires_at, f.until)
        FROM held h JOIN fitting f ON f.cart_id = h.cart_id WHERE r.id = h.id
    )
    SELECT array_agg(fitting.cart_id) INTO taken FROM fitting;
    RETURN taken;
END $$;

-- A movement of stock that belongs to several orders is told by `storefront.stock_shares`, a list of {order_id, variant_id, location_id,
-- quantity}: each has its own entry. What they do not account for is entered as ever, so that the ledger's sum is the stock whatever they say.
CREATE OR REPLACE FUNCTION write_stock_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    why text := coalesce(nullif(current_setting('storefront.stock_reason', true), ''), 'correction');
    sold_order uuid := nullif(current_setting('storefront.stock_order', true), '')::uuid;
    who text := coalesce(nullif(current_setting('storefront.actor', true), ''), current_user);
    shares jsonb := nullif(current_setting('storefront.stock_shares', true), '')::jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO stock_movement (variant_id, location_id, delta, reason, order_id, actor)
        SELECT n.variant_id, n.location_id, n.on_hand, why, sold_order, who FROM new_rows n WHERE n.on_hand <> 0;
    ELSIF shares IS NULL THEN
        INSERT INTO stock_movement (variant_id, location_id, delta, reason, order_id, actor)
        SELECT n.variant_id, n.location_id, n.on_hand - o.on_hand, why, sold_order, who
        FROM new_rows n JOIN old_rows o USING (variant_id, location_id) WHERE n.on_hand <> o.on_hand;
    ELSE
        WITH moved AS (
            SELECT variant_id, location_id, n.on_hand - o.on_hand AS delta
            FROM new_rows n JOIN old_rows o USING (variant_id, location_id) WHERE n.on_hand <> o.on_hand
        ), shared AS (
            SELECT variant_id, location_id, -s.quantity AS delta, s.order_id
            FROM jsonb_to_recordset(shares) AS s (order_id uuid, variant_id bigint, location_id bigint, quantity int)
            JOIN moved USING (variant_id, location_id)
        )
        INSERT INTO stock_movement (variant_id, location_id, delta, reason, order_id, actor)
        SELECT variant_id, location_id, delta, why, order_id, who FROM shared
        UNION ALL
        SELECT variant_id, location_id, m.delta - coalesce(s.delta, 0), why, sold_order, who
        FROM moved m
        LEFT JOIN (SELECT variant_id, location_id, sum(delta) AS delta FROM shared GROUP BY variant_id, location_id) s
            USING (variant_id, location_id)
        WHERE m.delta <> coalesce(s.delta, 0);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION commit_reservations_of(sold_orders uuid[]) RETURNS void LANGUAGE plpgsql SET storefront.stock_reason = 'sold' AS $$
DECLARE
    shares jsonb;
    variants bigint[];
    locations bigint[];
    quantities bigint[];
BEGIN
    PERFORM FROM stock s
    WHERE (s.variant_id, s.location_id) IN
          (SELECT r.variant_id, r.location_id FROM reservation r WHERE r.order_id = ANY (sold_orders) AND r.state = 'held')
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    WITH sold AS (
        UPDATE reservation SET state = 'committed' WHERE order_id = ANY (sold_orders) AND state = 'held'
        RETURNING order_id, variant_id, location_id, quantity
    )
    SELECT jsonb_agg(one), array_agg(one.variant_id), array_agg(one.location_id), array_agg(one.quantity)
    INTO shares, variants, locations, quantities
    FROM (SELECT order_id, variant_id, location_id, sum(quantity) AS quantity FROM sold GROUP BY order_id, variant_id, location_id) one;
    IF shares IS NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('storefront.stock_shares', shares::text, true);
    UPDATE stock s SET on_hand = s.on_hand - g.quantity, reserved = s.reserved - g.quantity
    FROM (SELECT o.variant_id, o.location_id, sum(o.quantity) AS quantity
          FROM unnest(variants, locations, quantities) AS o (variant_id, location_id, quantity) GROUP BY o.variant_id, o.location_id) g
    WHERE s.variant_id = g.variant_id AND s.location_id = g.location_id;
    PERFORM set_config('storefront.stock_shares', '', true);
END $$;

-- Orders: as write_order, for a list of them; the numbers of the orders and the ids of their lines, by order.
CREATE FUNCTION write_orders(wanted jsonb, prefix text) RETURNS TABLE (order_id uuid, number text, line_ids bigint[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH given AS MATERIALIZED (
        SELECT n.*, prefix || nextval('order_number_seq') AS number FROM jsonb_to_recordset(wanted) AS n (
            id uuid, cart_id uuid, cart_version int, customer_id uuid, email text, currency text, subtotal bigint, discount bigint,
            delivery bigint, tax bigint, total bigint, prices_include_tax boolean, gift_card_amount bigint, delivery_address jsonb,
            billing_address jsonb, fulfillment_option jsonb, coupon_codes text[], placed_at timestamptz, expires_at timestamptz,
            lines jsonb, attempt_id uuid, to_pay bigint, capture_later boolean, payment_method text)
    ), placed AS (
        INSERT INTO orders (
            id, number, cart_id, cart_version, customer_id, email, currency, subtotal, discount, delivery, tax, total,
            prices_include_tax, gift_card_amount, delivery_address, billing_address, fulfillment_option, coupon_codes,
            placed_at, expires_at, updated_at
        )
        SELECT g.id, g.number, g.cart_id, g.cart_version, g.customer_id, g.email, g.currency, g.subtotal, g.discount, g.delivery, g.tax,
               g.total, g.prices_include_tax, g.gift_card_amount, g.delivery_address, g.billing_address, g.fulfillment_option,
               g.coupon_codes, g.placed_at, g.expires_at, g.placed_at
        FROM given g
    ), attempts AS (
        INSERT INTO payment_attempt (id, order_id, kind, amount, currency, capture_later, payment_method, created_at, updated_at)
        SELECT g.attempt_id, g.id, 'charge', g.to_pay, g.currency, g.capture_later, g.payment_method, g.placed_at, g.placed_at
        FROM given g WHERE g.attempt_id IS NOT NULL
    ), events AS (
        INSERT INTO order_event (order_id, kind, data, at)
        SELECT g.id, 'placed', jsonb_build_object('total', g.total), g.placed_at FROM given g
    ), written AS (
        INSERT INTO order_line (
            order_id, position, variant_id, product_id, sku, title, options, image_url, slug, quantity,
            unit_amount, subtotal, discount, tax, tax_ppm, total
        )
        SELECT g.id, l.position, l.variant_id, l.product_id, l.sku, l.title, l.options, l.image_url, l.slug, l.quantity,
               l.unit_amount, l.subtotal, l.discount, l.tax, l.tax_ppm, l.total
        FROM given g, jsonb_to_recordset(g.lines) AS l (
            position int, variant_id bigint, product_id bigint, sku text, title text, options jsonb, image_url text, slug text,
            quantity int, unit_amount bigint, subtotal bigint, discount bigint, tax bigint, tax_ppm int, total bigint)
        RETURNING order_id, id, position
    )
    SELECT g.id, g.number, array_agg(w.id ORDER BY w.position) FROM given g JOIN written w ON w.order_id = g.id GROUP BY g.id, g.number;
END $$;

-- As mark_order_paid, for the payments at these places, of different orders; the orders that moved on, with their carts.
CREATE FUNCTION mark_orders_paid(
    places int[], paid_orders uuid[], to_statuses text[], taken bigint[], paying uuid[], to_states text[], refs text[], moments timestamptz[]
) RETURNS TABLE (order_id uuid, cart_id uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(paid_orders, to_statuses, taken, paying, to_states, refs, moments) WITH ORDINALITY
            AS w (order_id, to_status, captured, attempt_id, to_state, provider_ref, moment, place)
        WHERE w.place = ANY (places)
    ), moved AS (
        UPDATE orders o
        SET status = w.to_status, captured = w.captured, updated_at = w.moment, paid_at = CASE WHEN w.to_status = 'paid' THEN w.moment END
        FROM wanted w
        WHERE o.id = w.order_id AND o.status = 'pending_payment' AND NOT EXISTS (
            SELECT FROM payment_attempt other
            WHERE other.order_id = w.order_id AND other.kind = 'charge' AND other.id <> w.attempt_id
              AND other.state NOT IN ('declined', 'cancelled'))
        RETURNING o.id, o.cart_id
    ), attempts AS (
        UPDATE payment_attempt a
        SET state = w.to_state, provider_ref = w.provider_ref, decline_code = NULL, redirect_url = NULL, updated_at = w.moment
        FROM wanted w JOIN moved m ON m.id = w.order_id WHERE a.id = w.attempt_id
    ), events AS (
        INSERT INTO order_event (order_id, kind, data, at)
        SELECT m.id, w.to_status, jsonb_build_object('captured', w.captured), w.moment FROM moved m JOIN wanted w ON w.order_id = m.id
    )
    SELECT m.id, m.cart_id FROM moved m;
END $$;

CREATE FUNCTION queue_jobs(job_kind text, job_payloads jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job (kind, payload) SELECT job_kind, p.payload FROM jsonb_array_elements(job_payloads) AS p (payload);
END $$;

-- Checkout: the phase order_pending of several orders, of carts that come once each. A row for each whose key is still held: its place
-- (from 1), and its number and the ids of its lines unless its cart is no longer as it was priced or does not hold what is ordered.
CREATE FUNCTION orders_pending(
    scopes text[], keys text[], tokens timestamptz[], new_orders uuid[], carts uuid[], versions int[], countries text[],
    untils timestamptz[], of_carts uuid[], variants bigint[], quantities int[], wanted jsonb, kept jsonb,
    prefix text
) RETURNS TABLE (place int, number text, line_ids bigint[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    ours int[];
    going uuid[];
BEGIN
    PERFORM wait_briefly(cardinality(keys));
    ours := keys_held(scopes, keys, tokens);
    going := carts_standing(ours, carts, versions);
    going := take_over_holds_of(going, carts, countries, new_orders, untils, of_carts, variants, quantities);
    RETURN QUERY WITH written AS MATERIALIZED (
        SELECT * FROM write_orders(
            (SELECT jsonb_agg(wanted -> (g.place - 1)::int) FROM unnest(carts) WITH ORDINALITY AS g (cart_id, place)
             WHERE g.cart_id = ANY (going)),
            prefix)
    ), moved AS (
        UPDATE idempotency_key k
        SET recovery_point = 'order_pending', order_id = w.order_id,
            params = k.params || jsonb_build_object('pending', (kept -> (o.place - 1)::int) || jsonb_build_object('number', w.number))
        FROM unnest(scopes, keys, new_orders) WITH ORDINALITY AS o (scope, key, order_id, place)
        JOIN written w ON w.order_id = o.order_id
        WHERE k.scope = o.scope AND k.key = o.key
    )
    SELECT o.place, w.number, w.line_ids FROM unnest(ours) AS o (place) LEFT JOIN written w ON w.order_id = new_orders[o.place];
END $$;

-- The phase finished of several orders that are paid. A row for each whose key is still held: its place (from 1), and whether the order
-- waited for this; then it has moved on, and its key has the answer.
CREATE FUNCTION settle_paid_and_answer_each(
    paid_orders uuid[], to_statuses text[], taken bigint[], paying uuid[], to_states text[], refs text[], moments timestamptz[],
    mail_kind text, mails jsonb, scopes text[], keys text[], tokens timestamptz[], answer_statuses int[], answer_headers jsonb,
    answer_bodies bytea[]
) RETURNS TABLE (place int, settled boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    ours int[];
    moved uuid[];
    closing uuid[];
BEGIN
    PERFORM wait_briefly(cardinality(keys));
    ours := keys_held(scopes, keys, tokens);
    SELECT array_agg(m.order_id), array_agg(m.cart_id) INTO moved, closing
    FROM mark_orders_paid(ours, paid_orders, to_statuses, taken, paying, to_states, refs, moments) m;
    IF moved IS NOT NULL THEN
        PERFORM close_carts(closing);
        PERFORM commit_reservations_of(moved);
        PERFORM queue_jobs(
            mail_kind,
            (SELECT jsonb_agg(mails -> (p.place - 1)::int) FROM unnest(paid_orders) WITH ORDINALITY AS p (order_id, place)
             WHERE p.order_id = ANY (moved)));
        UPDATE idempotency_key k
        SET recovery_point = 'finished', response_status = answer_statuses[o.place], response_headers = answer_headers -> (o.place - 1)::int,
            response_body = answer_bodies[o.place], params = '{}', finished_at = moments[o.place], locked_at = NULL
        FROM unnest(scopes, keys, paid_orders) WITH ORDINALITY AS o (scope, key, order_id, place)
        WHERE k.scope = o.scope AND k.key = o.key AND o.order_id = ANY (moved);
    END IF;
    RETURN QUERY SELECT o.place, coalesce(paid_orders[o.place] = ANY (moved), false) FROM unnest(ours) AS o (place);
END $$;
