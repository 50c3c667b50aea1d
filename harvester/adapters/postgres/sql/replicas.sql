-- name: sign_of_life
-- What a replica says of itself, now: by Postgres' clock, as every replica has its own.
INSERT INTO harvester.replica (replica_id, kind, host, pid, version, started_at, seen_at, holds_clock, draining, running,
    ruleset_fingerprint, rules_error, mode, schedule)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (replica_id) DO UPDATE SET seen_at = excluded.seen_at, holds_clock = excluded.holds_clock,
    draining = excluded.draining, running = excluded.running, ruleset_fingerprint = excluded.ruleset_fingerprint,
    rules_error = excluded.rules_error, mode = excluded.mode, schedule = excluded.schedule
RETURNING seen_at;

-- name: time_of_all
-- What time it is, for all replicas alike.
SELECT clock_timestamp();

-- name: leave
-- A replica that has ended in order is forgotten.
DELETE FROM harvester.replica WHERE replica_id = $1;

-- name: note_listed
-- The profiles that a login showed just now.
UPDATE harvester.profile SET listed_at = $3 WHERE account = $1 AND profile_id = ANY ($2);

-- name: note_login
-- A login that answered.
INSERT INTO harvester.login (account, listed_at) VALUES ($1, $2)
ON CONFLICT (account) DO UPDATE SET listed_at = excluded.listed_at, failed_since = NULL, failure = NULL, closed = false;

-- name: note_login_failure
-- A login that could not be asked, and since when.
INSERT INTO harvester.login (account, failed_since, failure, closed) VALUES ($1, $2, $3, $4)
ON CONFLICT (account) DO UPDATE SET failed_since = coalesce(login.failed_since, excluded.failed_since),
    failure = excluded.failure, closed = excluded.closed;

-- name: forget_logins
-- Logins that the settings name no more.
DELETE FROM harvester.login WHERE account <> ALL ($1);

-- name: logins
-- What each login showed when it was last asked.
SELECT account, listed_at, failed_since, failure, closed FROM harvester.login ORDER BY account;

-- name: find_profile
-- One profile as far as known.
SELECT profile_id, account, region, country, currency, timezone, kind, name, marketplace_id
FROM harvester.profile WHERE profile_id = $1;

-- name: listed_profiles
-- Profiles that these logins could edit when they were last asked and answered.
SELECT profile.profile_id, profile.account, region, country, currency, timezone, kind, name, marketplace_id
FROM harvester.profile JOIN harvester.login ON login.account = profile.account
WHERE profile.account = ANY ($1) AND profile.listed_at >= login.listed_at
ORDER BY profile.account, profile.profile_id;

-- name: runtime_modes
-- How far people let the fleet and a profile go now.
SELECT fleet.mode AS fleet, mine.mode AS profile
FROM harvester.fleet_state AS fleet LEFT JOIN harvester.account_state AS mine ON mine.profile_id = $1;

-- name: narrowed_modes
-- What people have narrowed for the time being: for all first, then by profile.
SELECT NULL AS profile_id, mode, mode_by, mode_at FROM harvester.fleet_state WHERE mode IS NOT NULL
UNION ALL
SELECT profile_id, mode, mode_by, mode_at FROM harvester.account_state WHERE mode IS NOT NULL
ORDER BY profile_id NULLS FIRST;

-- name: orders
-- What people have said about all, and about each profile that they ever said something about.
SELECT NULL AS profile_id, paused, paused_by, mode, mode_by FROM harvester.fleet_state
UNION ALL
SELECT profile_id, paused, paused_by, mode, mode_by FROM harvester.account_state
WHERE paused_by IS NOT NULL OR mode_by IS NOT NULL
ORDER BY profile_id NULLS FIRST;

-- name: set_profile_mode
-- How far a profile may go from now on.
INSERT INTO harvester.account_state (profile_id, mode, mode_by, mode_at)
SELECT profile_id, $2, $3, $4 FROM harvester.profile WHERE profile_id = $1
ON CONFLICT (profile_id) DO UPDATE SET
    mode = excluded.mode, mode_by = excluded.mode_by, mode_at = excluded.mode_at;

-- name: set_fleet_mode
-- How far anybody may go from now on.
UPDATE harvester.fleet_state SET mode = $1, mode_by = $2, mode_at = $3;
