"""What can be wrong with the brands that a rules file wants negated: own ones, names in use, places that are none."""

from collections.abc import Iterator
from itertools import combinations

from harvester.domain.target import Level
from harvester.rules.brand_entries import BrandEntry
from harvester.rules.ruleset import RuleSet
from harvester.rules.wording import Path, Problem


def brand_problems(ruleset: RuleSet) -> Iterator[Problem]:
    for place, entry in enumerate(ruleset.brands):
        path: Path = ("brands", place)
        if not entry.ids:
            yield Problem((*path, "ids"), "names no brand; `harvester brands TEXT` finds ids")
        for at, brand_id in enumerate(entry.ids):
            if brand_id in entry.ids[:at]:
                yield Problem((*path, "ids", at), f"{brand_id} stands twice")
            owner = _owner(ruleset, entry, brand_id)
            if owner:
                yield Problem((*path, "ids", at), f"{brand_id} is one of your own brands ({owner}): never negated")
        if entry.level is Level.CAMPAIGN and entry.match.ad_groups:
            yield Problem((*path, "match", "ad_groups"), "a whole campaign has no ad groups to choose; leave it out")
        if any(entry.name == rule.name for rule in ruleset.rules):
            yield Problem((*path, "name"), f"a rule is called `{entry.name}` already; names tell them apart")
    for (_, one), (place, two) in combinations(enumerate(ruleset.brands), 2):
        if one.name == two.name:
            yield Problem(("brands", place, "name"), f"another entry is called `{two.name}` already")


def _owner(ruleset: RuleSet, entry: BrandEntry, brand_id: str) -> str:
    """Where a brand is protected that the entry would negate; a profile's own counts where it is the only one meant."""
    if brand_id in ruleset.protect.brands:
        return "protect.brands"
    named = entry.match.profiles
    if len(named) == 1 and named[0] in ruleset.profiles and brand_id in ruleset.profiles[named[0]].protect.brands:
        return f"profiles.{named[0]}.protect.brands"
    return ""
