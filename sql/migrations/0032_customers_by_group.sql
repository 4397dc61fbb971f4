-- concurrently
-- The groups that there are, and who is in one, by address. Most customers are in none.
CREATE INDEX CONCURRENTLY customer_by_group ON customer (customer_group, lower(email)) WHERE customer_group <> '';
