-- name: remember_brands
-- Names of brands as a marketplace tells them now.
INSERT INTO harvester.brand (country, brand_id, name, told_at)
SELECT $1, told.brand_id, told.name, $4 FROM unnest($2::text[], $3::text[]) AS told (brand_id, name)
ON CONFLICT (country, brand_id) DO UPDATE SET name = excluded.name, told_at = excluded.told_at;

-- name: brand_places
-- Where in a run its decisions about brands stand.
SELECT campaign_id, ad_group_id, target, place FROM harvester.observation
WHERE run_id = $1 AND source = 'brands'
    AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1);

-- name: brand_names
-- What these brands are called in a marketplace, as far as it was ever told.
SELECT brand_id, name FROM harvester.brand WHERE country = $1 AND brand_id = ANY ($2);
