-- name: budgets_locked
-- What is known of some logins, and how old it is; nobody else changes it before this transaction ends.
SELECT login, rate, ceiling, epoch, extract(epoch FROM clock_timestamp() - changed_at)::float8 AS age_seconds
FROM harvester.budget
WHERE login = ANY ($1::text[])
ORDER BY login
FOR UPDATE;

-- name: keep_budgets
-- What is known of some logins by now; of two that come first at the same time, the first stays.
INSERT INTO harvester.budget AS known (login, rate, ceiling, epoch, changed_at)
SELECT login, rate, ceiling, epoch, clock_timestamp()
FROM unnest($1::text[], $2::float8[], $3::float8[], $4::bigint[]) AS given (login, rate, ceiling, epoch)
ORDER BY login
ON CONFLICT (login) DO UPDATE
SET rate = excluded.rate, ceiling = excluded.ceiling, epoch = excluded.epoch, changed_at = excluded.changed_at
WHERE known.epoch < excluded.epoch OR known.epoch = excluded.epoch AND known.rate <= excluded.rate;

-- name: keep_budget_parts
-- What a replica could use of some logins, and what gets through.
INSERT INTO harvester.budget_part (login, replica, wanted, through, seen_at)
SELECT login, $1, wanted, through, clock_timestamp()
FROM unnest($2::text[], $3::float8[], $4::float8[]) AS given (login, wanted, through)
ON CONFLICT (login, replica) DO UPDATE
SET wanted = excluded.wanted, through = excluded.through, seen_at = excluded.seen_at;

-- name: other_budget_parts
-- What the other replicas that are alive could use, and what gets through there.
SELECT login, wanted, through
FROM harvester.budget_part
WHERE login = ANY ($1::text[]) AND replica <> $2 AND seen_at > clock_timestamp() - make_interval(secs => $3);

-- name: give_back_budget_parts
-- A replica that ends needs nothing any more; rows of those that died long ago go with it.
DELETE FROM harvester.budget_part
WHERE replica = $1 OR seen_at < clock_timestamp() - interval '1 hour';
