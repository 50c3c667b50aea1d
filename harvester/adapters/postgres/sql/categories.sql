-- name: kept_trees
-- The marketplaces whose categories are known.
SELECT country, read_at, categories FROM harvester.category_tree ORDER BY country;

-- name: forget_tree
-- What was known of a marketplace; two that read it anew at once come one after the other.
DELETE FROM harvester.category_tree WHERE country = $1;

-- name: lock_tree
-- Until the end of the transaction nobody else replaces this marketplace's categories.
SELECT pg_advisory_xact_lock(hashtextextended('harvester category tree ' || $1, 0));

-- name: keep_tree
-- The heading of the categories that follow.
INSERT INTO harvester.category_tree (country, read_at, categories) VALUES ($1, $2, $3);

-- name: found_categories
-- Those below a category whose path holds every pattern, or whose id is asked for.
-- Without patterns and id, those directly below it, or at the top. With how many there are in all.
WITH below AS (
    SELECT place, last_below FROM harvester.category WHERE country = $1 AND category_id = $2
)
SELECT category_id, parent_id, name, path, targetable, products_least, products_most, place, last_below,
    count(*) OVER () AS total
FROM harvester.category AS category
WHERE country = $1
    AND ($2 = '' OR EXISTS (
        SELECT FROM below WHERE category.place > below.place AND category.place <= below.last_below))
    AND CASE WHEN $4 = '' THEN parent_id = $2 ELSE category_id = $4 OR path ILIKE ALL ($3::text[]) END
ORDER BY place
LIMIT $5;
