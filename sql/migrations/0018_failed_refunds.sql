-- concurrently
-- Refunds that failed wait for an operator.
CREATE INDEX CONCURRENTLY payment_attempt_refused ON payment_attempt (updated_at) WHERE kind = 'refund' AND state = 'declined';
