-- before: a comment on a column, which no code reads.
--
-- All kinds of actions are named where an analyst looks for them.
COMMENT ON COLUMN ledger.actions.kind IS 'create_group, promote_keyword, promote_product, target_product, target_category, negate_keyword, negate_product, negate_brand; undoing: archive_negative_keyword, archive_negative_product, archive_negative_brand, pause_keyword, pause_target, pause_campaign.';
