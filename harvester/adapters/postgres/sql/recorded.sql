-- name: newest_evidence
-- The newest row of each target of an ad, of these profiles or of all, seen since then, profile by profile.
SELECT newest.run_id || '-' || newest.place AS decision_id, newest.profile_id, newest.source, newest.campaign_id,
    newest.ad_group_id, newest.ad_id, newest.ad_asin, newest.target, newest.target_type, newest.clicks,
    newest.conversions, newest.evidence_note, newest.key, newest.outcome, newest.reason, newest.rule, newest.findings,
    named.campaign_name, named.ad_group_name
FROM (
    SELECT DISTINCT ON (profile_id, ad_group_id, source COLLATE "C", ad_id COLLATE "C", target COLLATE "C", target_type,
            CASE WHEN source IN ('products', 'categories') THEN evidence_note END) *
    FROM harvester.observation
    WHERE seen_at >= $1 AND ($2::text[] IS NULL OR profile_id = ANY ($2)) AND source = ANY ($3) AND reason <> 'duplicate'
    ORDER BY profile_id, ad_group_id, source COLLATE "C", ad_id COLLATE "C", target COLLATE "C", target_type,
        CASE WHEN source IN ('products', 'categories') THEN evidence_note END, seen_at DESC, place DESC
) AS newest
LEFT JOIN harvester.place AS named USING (profile_id, ad_group_id)
ORDER BY newest.profile_id, newest.ad_group_id;

-- name: remember_places
-- What ad groups and their campaigns are called now; what has not changed is not written.
INSERT INTO harvester.place AS known (profile_id, ad_group_id, campaign_id, campaign_name, ad_group_name)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
ON CONFLICT (profile_id, ad_group_id) DO UPDATE SET
    campaign_id = excluded.campaign_id, campaign_name = excluded.campaign_name, ad_group_name = excluded.ad_group_name
WHERE (known.campaign_id, known.campaign_name, known.ad_group_name)
    IS DISTINCT FROM (excluded.campaign_id, excluded.campaign_name, excluded.ad_group_name);

-- name: places_named
-- What these ad groups and their campaigns are called, as far as a run has seen them.
SELECT profile_id, ad_group_id, ad_group_name, campaign_name FROM harvester.place
WHERE (profile_id, ad_group_id) IN (SELECT * FROM unnest($1::text[], $2::text[]));
