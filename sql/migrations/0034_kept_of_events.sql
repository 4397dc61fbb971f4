-- Of the provider's events only what is read of them is kept: the rest holds payments' secrets, and their payers' names and addresses. Of
-- those that are applied nothing is read any more.
UPDATE webhook_inbox SET payload = '{}' WHERE applied_at IS NOT NULL;
UPDATE webhook_inbox
SET payload = jsonb_build_object(
    'object_ref', payload -> 'object_ref',
    'created', payload -> 'created',
    'event', jsonb_build_object('data', jsonb_build_object('object', jsonb_build_object(
        'id', payload #> '{event,data,object,id}',
        'payment_intent', payload #> '{event,data,object,payment_intent}',
        'metadata', jsonb_build_object('attempt_id', payload #> '{event,data,object,metadata,attempt_id}')))))
WHERE applied_at IS NULL;

-- Money of orders that do not exist which could not be given back waits for an operator.
UPDATE payment_attempt SET state = 'stuck' WHERE kind = 'void' AND state = 'declined';
