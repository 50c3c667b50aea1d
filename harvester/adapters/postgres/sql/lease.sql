-- name: lease_key_taken
-- Takes a profile for this session, unless another session has it.
SELECT pg_try_advisory_lock(hashtextextended('harvester.profile ' || $1::text, 0));

-- name: lease_key_given_back
-- Gives a profile back.
SELECT pg_advisory_unlock(hashtextextended('harvester.profile ' || $1::text, 0));

-- name: still_there
-- Whether the session is alive.
SELECT 1;
