-- What an operator teaches the search, and what it could not find.

-- name: synonyms
SELECT terms FROM search_synonym WHERE split_part(lower(locale), '-', 1) = :language ORDER BY id;

-- name: redirects
SELECT query, url FROM search_redirect ORDER BY query;

-- name: pins
SELECT query, product_id, pinned_at, boost FROM search_boost ORDER BY query, pinned_at, product_id;

-- name: note_misses!
INSERT INTO search_miss (query, searches)
SELECT m.query, m.searches FROM unnest(CAST(:queries AS text[]), CAST(:counts AS int[])) AS m (query, searches) ORDER BY m.query
ON CONFLICT (query) DO UPDATE SET searches = search_miss.searches + EXCLUDED.searches, last_at = now();

-- name: forget_misses!
-- Keeps the newest.
DELETE FROM search_miss WHERE query IN (SELECT query FROM search_miss ORDER BY last_at DESC, query OFFSET :kept);
