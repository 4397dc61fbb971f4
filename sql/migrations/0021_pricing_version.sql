-- What the till computes with besides the goods (promotions that run by themselves, tax, delivery) is read anew by a process only when this
-- version is another than that of what it has read before. Never the same twice, in whatever database or copy of one.
CREATE TABLE pricing_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version uuid NOT NULL DEFAULT gen_random_uuid()
) WITH (fillfactor = 10);
INSERT INTO pricing_version DEFAULT VALUES;

CREATE FUNCTION change_pricing_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pricing_version SET version = gen_random_uuid();
    RETURN NULL;
END $$;
CREATE TRIGGER pricing_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON promotion
    FOR EACH STATEMENT EXECUTE FUNCTION change_pricing_version();
CREATE TRIGGER pricing_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tax_rate
    FOR EACH STATEMENT EXECUTE FUNCTION change_pricing_version();
CREATE TRIGGER pricing_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON delivery_zone
    FOR EACH STATEMENT EXECUTE FUNCTION change_pricing_version();
CREATE TRIGGER pricing_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON fulfillment_option
    FOR EACH STATEMENT EXECUTE FUNCTION change_pricing_version();
