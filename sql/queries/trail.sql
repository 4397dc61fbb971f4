-- name: note_change!
INSERT INTO operator_change (subject, key, action, data, actor, at) VALUES (:subject, :key, :action, :data, :actor, :now);

-- name: changes_of
SELECT action, data, actor, at FROM operator_change
WHERE subject = :subject AND (CAST(:key AS text) IS NULL OR key = CAST(:key AS text))
ORDER BY id DESC LIMIT :most;
