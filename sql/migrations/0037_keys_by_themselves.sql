-- As before, and the keys are found by themselves: `finished_at IS NULL` led PostgreSQL through all keys that are not finished.
CREATE OR REPLACE FUNCTION keys_held(scopes text[], keys text[], tokens timestamptz[]) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
    places int[];
BEGIN
    WITH held AS (
        SELECT h.place FROM unnest(scopes, keys, tokens) WITH ORDINALITY AS h (scope, key, token, place)
        JOIN idempotency_key k ON k.scope = h.scope AND k.key = h.key AND k.locked_at = h.token
        WHERE num_nulls(k.finished_at) = 1
        ORDER BY k.scope, k.key FOR NO KEY UPDATE OF k
    )
    SELECT coalesce(array_agg(held.place), '{}') INTO places FROM held;
    RETURN places;
END $$;
