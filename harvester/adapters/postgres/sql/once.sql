-- name: this_transaction
-- The id of the transaction under way; null where nothing has been changed in it.
SELECT pg_current_xact_id_if_assigned()::text;

-- name: what_became_of
-- Whether an earlier transaction is committed, aborted or in progress.
SELECT pg_xact_status($1::text::xid8);
