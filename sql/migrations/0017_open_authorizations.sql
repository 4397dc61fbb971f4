-- concurrently
-- Charges that are only authorized are compared with the provider's books for as long as they are.
CREATE INDEX CONCURRENTLY payment_attempt_authorized ON payment_attempt (created_at) WHERE state = 'authorized';
