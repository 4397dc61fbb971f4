-- name: note_change!
INSERT INTO operator_change (subject, key, action, data, actor, at) VALUES (:subject, :key, :action, :data, :actor, :now);

-- name: note_changes!
-- The same of several things.
INSERT INTO operator_change (subject, key, action, data, actor, at)
SELECT :subject, key, :action, CAST(:data AS jsonb), :actor, CAST(:now AS timestamptz) FROM unnest(CAST(:keys AS text[])) AS key;

-- name: changes_of
SELECT action, data, actor, at FROM operator_change
WHERE subject = :subject AND (CAST(:key AS text) IS NULL OR key = CAST(:key AS text))
ORDER BY id DESC LIMIT :most;
