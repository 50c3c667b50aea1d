-- name: allocate_calls
-- The next calls' numbers, as many as asked for.
SELECT nextval('harvester.call_number') FROM generate_series(1, $1::integer);

-- name: call_is_written
-- Whether a call is in the ledger already.
SELECT EXISTS (SELECT FROM harvester.api_call WHERE call_number = $1);
