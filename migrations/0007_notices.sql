-- before: adds tables and an index that the code before does not know.
-- What people must know about, and what of it they were told.

-- One thing that people must know. The key lets it be told once, whichever replica looks, whatever dies.
--
--   first seen          told_at null: news
--   told                told_at set; news again when `version` is no longer `told_version`, or after a day
--   no longer so        resolved_at set; where it is well again (`good`), that is told once: `over_told`
--   so again            as first seen, unless its end was not told yet
CREATE TABLE harvester.notice (
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    profile_id text COLLATE "C" NOT NULL,
    account text NOT NULL,
    items bigint NOT NULL,
    detail text NOT NULL,
    version text NOT NULL,
    since timestamptz NOT NULL,
    first_seen timestamptz NOT NULL,
    told_at timestamptz,
    told_version text,
    told_items bigint NOT NULL DEFAULT 0,
    resolved_at timestamptz,
    good boolean NOT NULL DEFAULT false,
    over_told boolean NOT NULL DEFAULT false,
    telling bigint,
    PRIMARY KEY (kind, subject)
) WITH (fillfactor = 70);

-- Whose turn it is to look and tell: one at a time in the whole fleet, and not before the last message is old enough.
-- A turn whose replica died ends at `taken_until`.
CREATE TABLE harvester.notice_turn (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    turn bigint NOT NULL DEFAULT 0,
    taken_at timestamptz,
    taken_until timestamptz,
    told_at timestamptz
);
INSERT INTO harvester.notice_turn DEFAULT VALUES;

CREATE INDEX action_refused ON harvester.action (settled_at) WHERE state = 'refused';
CREATE INDEX action_unknown ON harvester.action (profile_id, changed_at) WHERE state IN ('sending', 'unknown');
