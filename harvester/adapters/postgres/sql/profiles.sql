-- name: save_profile
-- A profile as its login shows it now.
INSERT INTO harvester.profile (profile_id, account, region, country, currency, timezone, kind, name, marketplace_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (profile_id) DO UPDATE SET
    account = excluded.account, region = excluded.region, country = excluded.country, currency = excluded.currency,
    timezone = excluded.timezone, kind = excluded.kind, name = excluded.name, marketplace_id = excluded.marketplace_id;

-- name: known_profiles
-- Every profile ever seen.
SELECT profile_id, account, region, country, currency, timezone, kind, name, marketplace_id
FROM harvester.profile ORDER BY account, profile_id;

-- name: some_profiles
-- The first few of the profiles ever seen, and how many there are.
SELECT profile_id, name, country, count(*) OVER () AS profiles FROM harvester.profile
ORDER BY account, profile_id LIMIT $1;

-- name: own_asins
-- The ASINs a profile was ever seen to advertise.
SELECT asin FROM harvester.own_product WHERE profile_id = $1;

-- name: add_own_asins
-- Remembers advertised ASINs.
INSERT INTO harvester.own_product (profile_id, asin) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING;

-- name: save_listing
-- Replaces what is known of one supporting list of a profile.
INSERT INTO harvester.existing (profile_id, what, listed_at, count, parents) VALUES ($1, $2, $3, $4, $5::text::jsonb)
ON CONFLICT (profile_id, what) DO UPDATE SET
    listed_at = excluded.listed_at, count = excluded.count, parents = excluded.parents;

-- name: listings
-- What the supporting lists of a profile held when they were last read.
SELECT what, listed_at, count, parents::text AS parents FROM harvester.existing WHERE profile_id = $1 ORDER BY what;

-- name: save_ruleset
-- The text of effective rules, once per fingerprint.
INSERT INTO harvester.ruleset (fingerprint, text) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: ruleset_text
-- The rules behind a fingerprint.
SELECT text FROM harvester.ruleset WHERE fingerprint = $1;
