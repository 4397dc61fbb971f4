-- What a cart holds at places that do not deliver to its address is free again when the address changes: checkout, or the order, holds it
-- anew where it is delivered from.
CREATE FUNCTION release_holds_elsewhere(asked_cart uuid, country text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM release_reservations(elsewhere.ids, timestamptz 'infinity')
    FROM (
        SELECT array_agg(r.id) AS ids FROM reservation r JOIN stock_location l ON l.id = r.location_id
        WHERE r.cart_id = asked_cart AND r.order_id IS NULL AND r.state = 'held' AND l.countries <> '{}' AND NOT country = ANY (l.countries)
    ) elsewhere
    WHERE elsewhere.ids IS NOT NULL;
END $$;

CREATE FUNCTION follow_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM release_holds_elsewhere(NEW.id, NEW.delivery_address ->> 'country');
    RETURN NULL;
END $$;
CREATE TRIGGER holds_follow_address AFTER UPDATE OF delivery_address ON cart FOR EACH ROW
    WHEN (NEW.delivery_address ->> 'country' IS DISTINCT FROM OLD.delivery_address ->> 'country' AND NEW.delivery_address IS NOT NULL)
    EXECUTE FUNCTION follow_address();
