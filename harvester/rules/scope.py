"""Where a rule or a groups entry applies: names by pattern, or ids."""

from collections.abc import Sequence

from harvester.domain.candidate import Place
from harvester.domain.profile import Profile
from harvester.rules.name_patterns import names
from harvester.rules.ruleset import RuleMatch, Scope

_SPECIAL = frozenset("*?")


def covers_profile(scope: Scope, profile: Profile) -> bool:
    return names(scope.profiles, profile.name, profile.profile_id)


def covers_place(scope: Scope, place: Place) -> bool:
    return names(scope.campaigns, place.campaign.name, place.campaign.campaign_id) and names(
        scope.ad_groups, place.ad_group.name, place.ad_group.ad_group_id
    )


def covers_themes(match: RuleMatch, themes: Sequence[str]) -> bool:
    return not match.themes or any(names(match.themes, theme, "") for theme in themes)


def covers_advertised(match: RuleMatch, asins: Sequence[str]) -> bool:
    return not match.asins or not set(match.asins).isdisjoint(asin.strip().upper() for asin in asins)


def at_least_as_wide(wide: Scope, narrow: Scope) -> bool:
    """Whether everything that `narrow` covers is surely covered by `wide`; False where that cannot be told."""
    return (
        _same_rows(wide, narrow)
        and _lists_cover(wide.campaigns, narrow.campaigns)
        and _lists_cover(wide.ad_groups, narrow.ad_groups)
        and _lists_cover(wide.profiles, narrow.profiles)
        and _asins_cover(wide, narrow)
    )


def _same_rows(wide: Scope, narrow: Scope) -> bool:
    """Of one source, and all themes of the narrow one."""
    if not isinstance(wide, RuleMatch) or not isinstance(narrow, RuleMatch):
        return True
    return wide.source == narrow.source and _lists_cover(wide.themes, narrow.themes)


def _asins_cover(wide: Scope, narrow: Scope) -> bool:
    if not isinstance(wide, RuleMatch) or not isinstance(narrow, RuleMatch) or not wide.asins:
        return True
    return bool(narrow.asins) and set(narrow.asins) <= set(wide.asins)


def _lists_cover(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    if not wide or "*" in wide:
        return True
    return bool(narrow) and all(any(_pattern_covers(each, pattern) for each in wide) for pattern in narrow)


def _pattern_covers(wide: str, narrow: str) -> bool:
    wide, narrow = wide.casefold(), narrow.casefold()
    if wide == narrow:
        return True
    if narrow.isdigit() or wide[-1] != "*" or _SPECIAL & set(wide[:-1]):
        return False  # digits may be an id, which a name's pattern says nothing about
    fixed = "".join(narrow[: next((at for at, each in enumerate(narrow) if each in _SPECIAL), len(narrow))])
    return fixed.startswith(wide[:-1])
