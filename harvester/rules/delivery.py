"""What the negative at the source of a promotion waits for: days, and impressions of what was promoted."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from harvester.rules.ruleset import Rule


class KeptOpen(StrEnum):
    """Why the source of a promotion is not closed: nothing would serve in its stead."""

    ARCHIVED = "archived"
    PAUSED = "paused"
    PLACE = "place"
    """Where the target is, or was, does not serve."""


_NOW = {
    KeptOpen.ARCHIVED: "is archived now",
    KeptOpen.PAUSED: "is paused now",
    KeptOpen.PLACE: "stands in a campaign or ad group that does not serve now",
}
_WHY_OPEN = {
    KeptOpen.ARCHIVED: "will not be made: the promoted target is no longer there, it is archived",
    KeptOpen.PAUSED: "is not made while the promoted target is paused",
    KeptOpen.PLACE: "is not made while the campaign or ad group of the promoted target does not serve",
}


def why_open(why: KeptOpen) -> str:
    """What has become of the promoted target, as the end of a sentence."""
    return _NOW[why]


class _Waiting(msgspec.Struct, frozen=True):
    wanted: int
    impressions: int
    last_day: str | None
    """The last day that is in since the target was made."""
    kept_open: KeptOpen | None = None


def waiting(said: str | None) -> str | None:
    """In words, of the ledger's JSON; None where it waits for nothing but days."""
    if said is None:
        return None
    found = msgspec.json.decode(said, type=_Waiting)
    if found.kept_open is not None:
        return _WHY_OPEN[found.kept_open]
    if found.last_day is None:
        return f"waits: no targeting report is in since the target was made ({_wanted(found)})"
    return f"waits: {found.impressions:,} of {_wanted(found)} by {found.last_day}"


def _wanted(found: _Waiting) -> str:
    return f"{found.wanted:,} {'impression' if found.wanted == 1 else 'impressions'}"


def shown_enough(due: Mapping[str, object]) -> str:
    """The part of a reviewer's sentence about what was waited for; empty where that was no impressions."""
    wanted = due.get("after_impressions")
    return f" (shown {'once' if wanted == 1 else f'{wanted} times'} or more, by the targeting report)" if wanted else ""


def needs_targeting(rules: Iterable[Rule]) -> bool:
    """Whether one of them waits for impressions: then days of the targeting report have to be read."""
    wanted = (rule.then.negate_at_source for rule in rules)
    return any(each is not None and each.after.impressions is not None for each in wanted)
