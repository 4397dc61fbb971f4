-- name: insert_customer^
INSERT INTO customer (email, name, password_hash) VALUES (:email, :name, :password_hash)
ON CONFLICT (lower(email)) DO NOTHING
RETURNING id, email, name, customer_group, email_verified_at, created_at;

-- name: customer_by_id^
SELECT id, email, name, customer_group, email_verified_at, created_at FROM customer WHERE id = :customer_id;

-- name: customer_by_email^
SELECT id, email, name, customer_group, email_verified_at, created_at, password_hash
FROM customer WHERE lower(email) = :email;

-- name: update_name!
UPDATE customer SET name = :name WHERE id = :customer_id;

-- name: update_password$
-- No row: it has been changed meanwhile. Links to a new password that were mailed before lead nowhere then.
WITH changed AS (
    UPDATE customer SET password_hash = :password_hash
    WHERE id = :customer_id AND (CAST(:before AS text) IS NULL OR password_hash = CAST(:before AS text)) RETURNING id
), used_up AS (
    DELETE FROM account_token t USING changed WHERE t.customer_id = changed.id AND t.purpose = 'reset_password'
)
SELECT true FROM changed;

-- name: password_hash_of$
SELECT password_hash FROM customer WHERE id = :customer_id;

-- name: password_is$
-- Locked against another until the transaction ends.
SELECT true FROM customer WHERE id = :customer_id AND password_hash = :password_hash FOR SHARE;

-- name: verify_email$
-- No row: it had been before.
UPDATE customer SET email_verified_at = :now WHERE id = :customer_id AND email_verified_at IS NULL RETURNING true;

-- name: empty_account!
-- The name, the addresses, the mailed links, and that orders are the account's: what was there before its e-mail address was proved.
WITH addresses AS (
    DELETE FROM customer_address WHERE customer_id = :customer_id
), links AS (
    DELETE FROM account_token WHERE customer_id = :customer_id
), named AS (
    UPDATE customer SET name = '' WHERE id = :customer_id
)
SELECT disown_orders(:customer_id);

-- name: addresses
SELECT id, address, is_default FROM customer_address WHERE customer_id = :customer_id
ORDER BY is_default DESC, created_at, id;

-- name: address_by_id^
SELECT id, address, is_default FROM customer_address WHERE customer_id = :customer_id AND id = :address_id;

-- name: lock_customer!
SELECT FROM customer WHERE id = :customer_id FOR NO KEY UPDATE;

-- name: clear_default!
UPDATE customer_address SET is_default = false WHERE customer_id = :customer_id AND is_default AND id IS DISTINCT FROM :except_id;

-- name: insert_address^
INSERT INTO customer_address (customer_id, address, is_default)
SELECT :customer_id, :address, :is_default OR NOT EXISTS (SELECT FROM customer_address WHERE customer_id = :customer_id)
WHERE (SELECT count(*) FROM customer_address WHERE customer_id = :customer_id) < :most
RETURNING id, address, is_default;

-- name: update_address^
UPDATE customer_address SET address = :address, is_default = :is_default OR is_default
WHERE customer_id = :customer_id AND id = :address_id
RETURNING id, address, is_default;

-- name: delete_address$
WITH gone AS (
    DELETE FROM customer_address WHERE customer_id = :customer_id AND id = :address_id RETURNING id
)
SELECT count(*) FROM gone;

-- name: insert_account_token!
INSERT INTO account_token (token_hash, customer_id, purpose, expires_at)
VALUES (:token_hash, :customer_id, :purpose, :expires_at);

-- name: take_account_token$
-- Of this customer, if one is named.
DELETE FROM account_token WHERE token_hash = :token_hash AND purpose = :purpose AND expires_at > :now
  AND (CAST(:customer_id AS uuid) IS NULL OR customer_id = CAST(:customer_id AS uuid))
RETURNING customer_id;

-- name: account_token_exists$
SELECT EXISTS (SELECT FROM account_token WHERE token_hash = :token_hash AND purpose = :purpose AND expires_at > :now);

-- name: delete_expired_tokens!
DELETE FROM account_token WHERE expires_at < :now;
