-- What an operator sees and changes of the search.

-- name: misses
SELECT query, searches, last_at FROM search_miss ORDER BY searches DESC, last_at DESC, query LIMIT :most;

-- name: forget_miss!
DELETE FROM search_miss WHERE query = :query;

-- name: synonym_groups
SELECT id, terms, locale FROM search_synonym ORDER BY terms, id;

-- name: insert_synonyms$
INSERT INTO search_synonym (terms, locale) VALUES (:terms, :locale) RETURNING id;

-- name: delete_synonyms^
DELETE FROM search_synonym WHERE id = :synonym_id RETURNING terms;

-- name: all_redirects
SELECT query, url FROM search_redirect ORDER BY query;

-- name: put_redirect!
INSERT INTO search_redirect (query, url) VALUES (:query, :url) ON CONFLICT (query) DO UPDATE SET url = EXCLUDED.url;

-- name: delete_redirect$
DELETE FROM search_redirect WHERE query = :query RETURNING query;

-- name: all_boosts
SELECT query, product_id, pinned_at, boost FROM search_boost ORDER BY query, pinned_at, boost DESC, product_id;

-- name: put_boost!
INSERT INTO search_boost (query, product_id, pinned_at, boost) VALUES (:query, :product_id, :pinned_at, :boost)
ON CONFLICT (query, product_id) DO UPDATE SET pinned_at = EXCLUDED.pinned_at, boost = EXCLUDED.boost;

-- name: delete_boost$
DELETE FROM search_boost WHERE query = :query AND product_id = :product_id RETURNING query;
