-- What an operator sees of customers, and the groups they are put into.

-- name: customers_for_operator
-- By address.
SELECT id, email, name, customer_group, email_verified_at, created_at FROM customer
WHERE lower(email) > lower(CAST(:after AS text))
ORDER BY lower(email) LIMIT :most;

-- name: customers_matching
-- `text` is part of an address or of a name, and so in no index. All are read as they lie: along the index of addresses, which another
-- order keeps out of it, to look at each would take seven times as long.
SELECT id, email, name, customer_group, email_verified_at, created_at FROM customer
WHERE lower(email) > lower(CAST(:after AS text))
  AND (strpos(lower(email), lower(CAST(:text AS text))) > 0 OR strpos(lower(name), lower(CAST(:text AS text))) > 0)
ORDER BY lower(email) || '' LIMIT :most;

-- name: customers_of_group
-- `text` may be empty.
SELECT id, email, name, customer_group, email_verified_at, created_at FROM customer
WHERE customer_group = :customer_group AND customer_group <> '' AND lower(email) > lower(CAST(:after AS text))
  AND (CAST(:text AS text) = '' OR strpos(lower(email), lower(CAST(:text AS text))) > 0 OR strpos(lower(name), lower(CAST(:text AS text))) > 0)
ORDER BY lower(email) LIMIT :most;

-- name: groups
-- From one to the next in the index: DISTINCT would read all who are in them.
WITH RECURSIVE found AS (
    (SELECT customer_group AS name FROM customer WHERE customer_group <> '' ORDER BY customer_group LIMIT 1)
    UNION ALL
    SELECT (SELECT c.customer_group FROM customer c WHERE c.customer_group <> '' AND c.customer_group > found.name ORDER BY c.customer_group LIMIT 1)
    FROM found WHERE found.name IS NOT NULL
)
SELECT name FROM found WHERE name IS NOT NULL LIMIT :most;

-- name: set_group$
-- No row: there is no such customer, or the group was theirs before.
UPDATE customer SET customer_group = :customer_group WHERE id = :customer_id AND customer_group <> :customer_group RETURNING id;

-- name: lock_customers
-- In one order for all. `emails` in small letters.
SELECT id, lower(email) AS email, customer_group, email_verified_at IS NOT NULL AS verified FROM customer
WHERE lower(email) = ANY (CAST(:emails AS text[])) ORDER BY id FOR NO KEY UPDATE;

-- name: set_group_of!
UPDATE customer SET customer_group = :customer_group WHERE id = ANY (CAST(:ids AS uuid[]));
