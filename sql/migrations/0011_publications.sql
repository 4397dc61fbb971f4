-- Until when the shop has been told of products whose time of publication came.
CREATE TABLE publication_clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    told_until timestamptz NOT NULL DEFAULT now()
);
INSERT INTO publication_clock DEFAULT VALUES;

-- A location that closes, opens or serves other countries changes what its goods can be had for; the products are told of, not the location.
CREATE FUNCTION log_location_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (topic, key)
    SELECT DISTINCT 'stock', v.product_id::text
    FROM new_rows n JOIN old_rows o USING (id) JOIN stock s ON s.location_id = n.id JOIN variant v ON v.id = s.variant_id
    WHERE n.active <> o.active OR n.countries <> o.countries;
    RETURN NULL;
END $$;
CREATE TRIGGER feed_update AFTER UPDATE ON stock_location REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_location_changes();
