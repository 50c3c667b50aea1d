-- name: report_days_read
-- The days of a profile and kind that are in since $3, when the report they were last read from was asked for, and whether rows of it could not be read.
SELECT day, asked_at, unread <> '{}' AS in_part FROM harvester.report_day WHERE profile_id = $1 AND kind = $2 AND day >= $3;

-- name: reports_open
-- What is on its way for a profile and kind, the newest days first.
SELECT number, kind, first_day, last_day, amazon_id, asked_at, polled_at, tries, note
FROM harvester.report
WHERE profile_id = $1 AND kind = $2 AND state IN ('asked', 'pending')
ORDER BY last_day DESC, number;

-- name: reports_failed
-- What failed for a profile and kind since $3, in the order of time.
SELECT first_day, last_day, settled_at, failure FROM harvester.report
WHERE profile_id = $1 AND kind = $2 AND state = 'failed' AND settled_at >= $3
ORDER BY settled_at;

-- name: ask_for_reports
-- Reports on record before Amazon hears of them; a span that is open already is left out.
INSERT INTO harvester.report (profile_id, kind, first_day, last_day, asked_at)
SELECT $1, $2, first_day, last_day, $5
FROM unnest($3::date[], $4::date[]) AS asked (first_day, last_day)
ON CONFLICT (profile_id, kind, first_day, last_day) WHERE state IN ('asked', 'pending') DO NOTHING
RETURNING number, kind, first_day, last_day, amazon_id, asked_at, polled_at, tries, note;

-- name: name_report
-- Amazon has taken it up under an id.
UPDATE harvester.report SET state = 'pending', amazon_id = $2, polled_at = $3, note = ''
WHERE number = $1 AND state IN ('asked', 'pending');

-- name: report_tried
-- Nothing has come of it yet, and why.
UPDATE harvester.report SET polled_at = $2, note = $3, tries = tries + CASE WHEN $4 THEN 1 ELSE 0 END
WHERE number = $1 AND state IN ('asked', 'pending');

-- name: report_failed
-- Nothing will come of it.
UPDATE harvester.report SET state = 'failed', failure = $2, settled_at = $3
WHERE number = $1 AND state IN ('asked', 'pending');

-- name: report_to_load
-- A report that is still to be loaded, for whoever is first: nobody else has it before the end of this transaction.
SELECT asked_at FROM harvester.report WHERE number = $1 AND state = 'pending' FOR UPDATE SKIP LOCKED;

-- name: report_as_it_is
-- What is known of a report now.
SELECT state, rows, unreadable FROM harvester.report WHERE number = $1;

-- name: ensure_report_days
-- Makes the partitions of these days that are missing, and says how many.
SELECT harvester.ensure_report_days($1, $2, $3);

-- name: drop_report_days
-- Drops the days before this one, and says how many partitions.
SELECT harvester.drop_report_days($1);

-- name: take_report_days
-- Days that are read from this report now: those that no later one has brought.
INSERT INTO harvester.report_day AS known (profile_id, kind, day, asked_at, report)
SELECT $1, $2, day::date, $5, $6 FROM generate_series($3::date::timestamp, $4::date, '1 day') AS day
ON CONFLICT (profile_id, kind, day) DO UPDATE SET asked_at = excluded.asked_at, report = excluded.report, unread = '{}'
WHERE known.asked_at <= excluded.asked_at
RETURNING day;

-- name: report_day_in_part
-- Rows of this day could not be read, of these campaigns.
UPDATE harvester.report_day SET unread = $4::text[] WHERE profile_id = $1 AND kind = $2 AND day = $3;

-- name: clear_search_term_days
-- Takes away what was read of these days before.
DELETE FROM harvester.search_term_day WHERE profile_id = $1 AND day = ANY ($2::date[]);

-- name: clear_targeting_days
-- Takes away what was read of these days before.
DELETE FROM harvester.targeting_day WHERE profile_id = $1 AND day = ANY ($2::date[]);

-- name: report_loaded
-- It is in, with so many rows, and so many that could not be read.
UPDATE harvester.report SET state = 'loaded', rows = $2, unreadable = $3, settled_at = clock_timestamp(), note = ''
WHERE number = $1 AND state = 'pending';
