-- before: adds a column with a default.
-- Days of which rows could not be read: what they said is not known, and unknown is not zero.

-- unread: the campaigns of those rows; an empty one where not even that could be read.
ALTER TABLE harvester.report_day ADD COLUMN unread text[] COLLATE "C" NOT NULL DEFAULT '{}';
