-- before: adds a view.
-- The names of campaigns and ad groups, for queries that would show ids only.
CREATE VIEW ledger.places AS
SELECT profile_id, ad_group_id, campaign_id, campaign_name, ad_group_name FROM harvester.place;
CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON ledger.places
    FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger.places FROM PUBLIC, CURRENT_USER;
COMMENT ON VIEW ledger.places IS 'Ad groups with their campaigns, by the names that they had when a run last read them.';
COMMENT ON COLUMN ledger.places.profile_id IS 'Whose ad group it is.';
COMMENT ON COLUMN ledger.places.ad_group_id IS 'As in the other views.';
COMMENT ON COLUMN ledger.places.campaign_id IS 'The campaign that it belongs to.';
COMMENT ON COLUMN ledger.places.campaign_name IS 'What that campaign was called.';
COMMENT ON COLUMN ledger.places.ad_group_name IS 'What the ad group was called.';
