-- before: adds a table.
-- What ad groups and their campaigns were called when a run last read them: rules match by names, and evidence that is
-- judged again has ids only.

CREATE TABLE harvester.place (
    profile_id text COLLATE "C" NOT NULL REFERENCES harvester.profile,
    ad_group_id text COLLATE "C" NOT NULL,
    campaign_id text NOT NULL,
    campaign_name text NOT NULL,
    ad_group_name text NOT NULL,
    PRIMARY KEY (profile_id, ad_group_id)
);
