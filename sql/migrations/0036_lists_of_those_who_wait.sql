-- concurrently
-- Holds by when they end, and orders by until when they wait: only for who asks by that time. Where nearly nothing waits PostgreSQL took each
-- of these for the shortest way to the holds of a cart and to an order, too, and looked through all that waited and all that had been there
-- since the last vacuum. A condition that holds for all rows keeps whoever does not ask for the time away.
CREATE INDEX CONCURRENTLY reservation_held_until ON reservation (expires_at) WHERE state = 'held' AND expires_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS reservation_expiry;
CREATE INDEX CONCURRENTLY orders_pending_until ON orders (expires_at) WHERE status = 'pending_payment' AND expires_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS orders_pending;
