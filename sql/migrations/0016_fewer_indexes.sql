-- concurrently
-- Holds are looked for by cart and by order; this one cost each hold two entries.
DROP INDEX CONCURRENTLY IF EXISTS reservation_variant;
