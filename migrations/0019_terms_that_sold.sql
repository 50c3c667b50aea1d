-- before: adds an index.
-- What ever brought orders in a campaign: asked before a search term is negated, and for what a negative would block.
CREATE INDEX search_term_day_sold ON harvester.search_term_day (profile_id, campaign_id, key) WHERE orders > 0;
