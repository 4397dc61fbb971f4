-- What moves by legal moves only begins where they begin: an order waits for its money, a return is asked for.
CREATE FUNCTION refuse_beginning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nothing of % begins like this', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_beginning';
END $$;
CREATE TRIGGER legal_beginning BEFORE INSERT ON orders FOR EACH ROW
    WHEN (NEW.status <> 'pending_payment') EXECUTE FUNCTION refuse_beginning();
CREATE TRIGGER legal_beginning BEFORE INSERT ON order_return FOR EACH ROW
    WHEN (NEW.state <> 'requested') EXECUTE FUNCTION refuse_beginning();
