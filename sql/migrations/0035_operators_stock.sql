-- Stock as operators handle it.

-- Which things have a trail is said in one place, platform/trail.py.
ALTER TABLE operator_change DROP CONSTRAINT IF EXISTS operator_change_subject_check;
ALTER TABLE operator_change ADD CONSTRAINT operator_change_subject_check CHECK (subject ~ '^[a-z_]+$');

-- As before, and the ledger names who put the goods back.
CREATE FUNCTION restock_order(sold_order uuid, variants bigint[], quantities int[], why text, who text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    units bigint;
BEGIN
    PERFORM set_config('storefront.actor', who, true);
    units := restock_order(sold_order, variants, quantities, why);
    PERFORM set_config('storefront.actor', '', true);
    RETURN units;
END $$;

-- What is sold is sold by checkout, whichever role of the database runs it.
ALTER FUNCTION commit_reservations(uuid) SET storefront.actor = 'checkout';
ALTER FUNCTION commit_reservations_of(uuid[]) SET storefront.actor = 'checkout';
