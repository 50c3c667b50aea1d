-- name: allocate_calls
-- The next calls' numbers, as many as asked for.
SELECT nextval('harvester.call_number') FROM generate_series(1, $1::integer);

-- name: call_is_written
-- Whether a call is in the ledger already.
SELECT EXISTS (SELECT FROM harvester.api_call WHERE call_number = $1);

-- name: write_call
-- A call, in the order of its columns.
INSERT INTO harvester.api_call (call_number, at, method, path, status, duration_ms, attempt, request_id, request_body,
    response_body, error, account, profile_id, run_id, plan_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);
