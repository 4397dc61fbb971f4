-- concurrently
-- Guests' carts by when they were started: the empty ones are forgotten soon. None of these columns changes with a cart's content.
CREATE INDEX CONCURRENTLY cart_guests ON cart (created_at) WHERE state = 'open' AND customer_id IS NULL;
