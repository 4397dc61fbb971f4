-- name: create_session!
INSERT INTO session (token_hash, customer_id, operator_id, expires_at)
VALUES (:token_hash, :customer_id, :operator_id, :expires_at);

-- name: delete_session!
DELETE FROM session WHERE token_hash = :token_hash;

-- name: session_by_token^
SELECT customer_id, operator_id, expires_at FROM session WHERE token_hash = :token_hash AND expires_at > :now;

-- name: session_exists$
SELECT EXISTS (SELECT FROM session WHERE token_hash = :token_hash);

-- name: delete_sessions_of_customer!
DELETE FROM session WHERE customer_id = :customer_id AND token_hash <> :except_hash;

-- name: delete_expired_sessions!
DELETE FROM session WHERE expires_at < :now;
