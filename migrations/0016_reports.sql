-- before: adds tables and functions.
-- What Amazon's reports say, day by day: of search terms, and of our own keywords and targets.

-- One report asked for: it outlives the process that asked. Days are the profile's own, both ends included.
-- state: asked (the call may or may not have arrived) -> pending (Amazon named it) -> loaded | failed.
CREATE TABLE harvester.report (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    profile_id text COLLATE "C" NOT NULL REFERENCES harvester.profile (profile_id),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('search_terms', 'targeting')),
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day AND last_day - first_day < 31),
    state text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'pending', 'loaded', 'failed')),
    amazon_id text COLLATE "C",
    asked_at timestamptz NOT NULL,
    polled_at timestamptz,
    settled_at timestamptz,
    rows bigint,
    failure text,
    CHECK (state <> 'pending' OR amazon_id IS NOT NULL)
);
-- Never asked twice for the same span.
CREATE UNIQUE INDEX report_open ON harvester.report (profile_id, kind, first_day, last_day)
    WHERE state IN ('asked', 'pending');

-- Which days are in, and when the report that they were last read from was asked for: a day counts as complete when it
-- was old enough then.
CREATE TABLE harvester.report_day (
    profile_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    day date NOT NULL,
    asked_at timestamptz NOT NULL,
    report bigint NOT NULL REFERENCES harvester.report (number),
    PRIMARY KEY (profile_id, kind, day)
);

-- One row per day, keyword or target, and search term. `key` is the folded text, or the ASIN in upper case.
-- Money in millionths of the profile's currency. Orders and sales: within 7 days of the click, for vendors within 14.
CREATE TABLE harvester.search_term_day (
    profile_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    ad_group_id text COLLATE "C" NOT NULL,
    keyword_id text COLLATE "C" NOT NULL,
    term text NOT NULL,
    key text COLLATE "C" NOT NULL,
    targeting text NOT NULL,
    match_type text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    cost bigint NOT NULL,
    orders bigint NOT NULL,
    sales bigint NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX search_term_day_place ON harvester.search_term_day (profile_id, ad_group_id, key);
CREATE TABLE harvester.search_term_day_default PARTITION OF harvester.search_term_day DEFAULT;

-- One row per day and keyword or target of ours.
CREATE TABLE harvester.targeting_day (
    profile_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    ad_group_id text COLLATE "C" NOT NULL,
    keyword_id text COLLATE "C" NOT NULL,
    targeting text NOT NULL,
    match_type text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    cost bigint NOT NULL,
    orders bigint NOT NULL,
    sales bigint NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX targeting_day_target ON harvester.targeting_day (profile_id, keyword_id);
CREATE TABLE harvester.targeting_day_default PARTITION OF harvester.targeting_day DEFAULT;
