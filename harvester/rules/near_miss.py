"""Which rule would have covered a row, had one entry of its `match` been another."""

from collections.abc import Iterable, Iterator

from harvester.domain.candidate import Place
from harvester.domain.decision import Finding
from harvester.domain.recommendation import Recommendation
from harvester.domain.target import TargetKind
from harvester.rules.name_patterns import names
from harvester.rules.ruleset import Rule
from harvester.rules.scope import covers_advertised, covers_themes


def near_miss(rules: Iterable[Rule], kind: TargetKind, place: Place, row: Recommendation) -> Finding | None:
    """Of the first rule for rows of that source that misses by one key alone: that key, and what the row has there."""
    for rule in rules:
        if rule.match.source == row.source:
            missed = list(_missed(rule, kind, place, row))
            if len(missed) == 1:
                ((key, has),) = missed
                return Finding("", f"scope.{key}", has, rule.name, passed=False)
    return None


def _missed(rule: Rule, kind: TargetKind, place: Place, row: Recommendation) -> Iterator[tuple[str, str]]:
    match, campaign, ad_group = rule.match, place.campaign, place.ad_group
    if kind not in rule.kinds:
        yield "target_type", kind.value
    if not names(match.campaigns, campaign.name, campaign.campaign_id):
        yield "campaigns", campaign.name
    if not names(match.ad_groups, ad_group.name, ad_group.ad_group_id):
        yield "ad_groups", ad_group.name
    advertised = row.asked_for or (row.ad_asin,)
    if not covers_advertised(match, advertised):
        yield "asins", ", ".join(advertised)
    if not covers_themes(match, row.themes):
        yield "themes", "; ".join(row.themes)
