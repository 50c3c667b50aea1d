-- name: known_catalog_items
-- What was read of some products since a time.
SELECT facts::text AS facts FROM harvester.catalog_item
WHERE marketplace_id = $1 AND asin = ANY ($2::text[]) AND read_at >= $3;

-- name: save_catalog_items
-- What was read of some products, in place of what was read before; the same order everywhere, against deadlocks.
INSERT INTO harvester.catalog_item AS old (marketplace_id, asin, read_at, known, facts)
SELECT $1, asin, $2, known, facts::jsonb
FROM unnest($3::text[], $4::boolean[], $5::text[]) AS given (asin, known, facts)
ORDER BY asin
ON CONFLICT (marketplace_id, asin) DO UPDATE
SET read_at = excluded.read_at, known = excluded.known, facts = excluded.facts
WHERE old.read_at <= excluded.read_at;

-- name: forget_catalog_items
-- Takes away what nobody has read again for long.
DELETE FROM harvester.catalog_item WHERE read_at < $1;

-- name: take_turn
-- The seconds until the next turn of a login and operation ($3 a second, $4 at once), taken; no row: over $5 seconds.
INSERT INTO harvester.turn AS known (login, operation, full_at)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => 1 / $3::float8))
ON CONFLICT (login, operation) DO UPDATE
SET full_at = greatest(known.full_at, clock_timestamp()) + make_interval(secs => 1 / $3::float8)
WHERE extract(epoch FROM known.full_at - clock_timestamp()) + (1 - $4::float8) / $3::float8 <= $5::float8
RETURNING extract(epoch FROM full_at - clock_timestamp())::float8 - $4::float8 / $3::float8;
