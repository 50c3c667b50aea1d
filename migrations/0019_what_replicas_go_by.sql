-- before: adds two columns that may be null; the release before neither writes nor reads them.
-- What each replica goes by: settings are its own, and whoever looks from elsewhere has others.
ALTER TABLE harvester.replica
    ADD COLUMN mode text,
    ADD COLUMN schedule text;
