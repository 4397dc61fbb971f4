-- What the last audit found.

-- name: keep_results!
-- Replaces what the audit before found; names of invariants that are gone go with it.
WITH gone AS (
    DELETE FROM audit_result WHERE invariant <> ALL (CAST(:invariants AS text[]))
)
INSERT INTO audit_result (invariant, violations, examples, checked_at, broken_since)
SELECT f.invariant, f.violations, f.examples, :now, CASE WHEN f.violations > 0 THEN CAST(:now AS timestamptz) END
FROM unnest(CAST(:invariants AS text[]), CAST(:violations AS int[]), CAST(:examples AS jsonb[])) AS f (invariant, violations, examples)
ON CONFLICT (invariant) DO UPDATE
SET violations = EXCLUDED.violations, examples = EXCLUDED.examples, checked_at = EXCLUDED.checked_at,
    broken_since = CASE WHEN EXCLUDED.violations > 0 THEN coalesce(audit_result.broken_since, EXCLUDED.checked_at) END;

-- name: results
SELECT invariant, violations, examples, checked_at, broken_since FROM audit_result ORDER BY violations DESC, invariant;
