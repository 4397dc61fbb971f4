-- Orders: those of the account are nobody's from now on. Who has their e-mail address finds them by it, who placed them by their links.
CREATE FUNCTION disown_orders(asked_customer uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders SET customer_id = NULL, updated_at = now() WHERE customer_id = asked_customer;
END $$;
