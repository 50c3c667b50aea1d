-- before: checks on tables of a few rows, which the code before never wrote otherwise, and a comment.
-- What replicas tell one another about Amazon's limits is a number: NaN and Infinity pass every comparison with zero.
DELETE FROM harvester.budget WHERE NOT (rate < 'Infinity') OR NOT (coalesce(ceiling, 1) < 'Infinity');
ALTER TABLE harvester.budget
    ADD CONSTRAINT budget_finite CHECK (rate < 'Infinity' AND (ceiling IS NULL OR ceiling < 'Infinity'));
DELETE FROM harvester.budget_part
WHERE NOT (wanted >= 0 AND wanted < 'Infinity') OR NOT (through >= 0 AND through < 'Infinity');
ALTER TABLE harvester.budget_part ADD CONSTRAINT budget_part_finite
    CHECK (wanted >= 0 AND wanted < 'Infinity' AND through >= 0 AND through < 'Infinity');

COMMENT ON COLUMN ledger.slots.reason IS
    'Why it was set aside, failed or given up; of one that is done, what was left and why.';
