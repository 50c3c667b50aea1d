-- name: prepare_migrations
-- The table that remembers which files were applied.
DO $$
BEGIN
    IF to_regclass('harvester.migration') IS NULL THEN
        CREATE SCHEMA IF NOT EXISTS harvester;
        CREATE TABLE harvester.migration (
            number integer PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
    END IF;
END
$$;

-- name: applied_migrations
-- What was applied, by number.
SELECT number, name, checksum, applied_at FROM harvester.migration ORDER BY number;

-- name: record_migration
-- Remembers an applied file.
INSERT INTO harvester.migration (number, name, checksum) VALUES ($1, $2, $3);

-- name: lock_migrations
-- Whether this is now the only session that migrates this database; held until unlocked or the session ends.
SELECT pg_try_advisory_lock(hashtextextended('harvester.migrate', 0));

-- name: unlock_migrations
-- Lets the next process in.
SELECT pg_advisory_unlock(hashtextextended('harvester.migrate', 0));

-- name: ensure_partitions
-- Makes the partitions of this month and the next three.
SELECT harvester.ensure_partitions(now());

-- name: wipe
-- Everything of ours, gone.
DROP SCHEMA IF EXISTS ledger, harvester CASCADE;
