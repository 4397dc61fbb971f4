-- name: upsert_operator!
INSERT INTO operator (email, password_hash) VALUES (:email, :password_hash)
ON CONFLICT (lower(email)) DO UPDATE SET password_hash = EXCLUDED.password_hash;

-- name: operator_by_email^
SELECT id, email, password_hash FROM operator WHERE lower(email) = lower(:email);

-- name: operator_by_id$
SELECT email FROM operator WHERE id = :operator_id;
