"""From the plain data of a rules file to a rule set, or to everything that is wrong with it."""

from collections.abc import Callable

from pydantic import ValidationError

from harvester.rules.ruleset import RuleSet
from harvester.rules.soundness import problems_of, problems_of_parts
from harvester.rules.wording import Path, Problem, problem_of


def read(data: object, line_of: Callable[[Path], int | None] = lambda _: None) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set is None exactly where there are problems. The only way to a rule set that is sound."""
    try:
        ruleset = RuleSet.model_validate(data)
    except ValidationError as invalid:
        problems = [problem_of(error) for error in invalid.errors()]
        return None, problems + _beside(data, problems)
    problems = problems_of(ruleset)
    if problems:
        return None, problems
    for place, entry in enumerate(ruleset.groups):
        entry.stands_at(line_of(("groups", place)))
    return ruleset, []


def _beside(data: object, misshapen: list[Problem]) -> list[Problem]:
    """What is wrong with the sense of those rules and groups that are of the right shape: it can be known already.

    Each entry is validated by itself, so those that nothing was said about make a rule set.
    """
    if not isinstance(data, dict):
        return []
    kept: dict[str, list[object]] = {}
    places: dict[str, list[int]] = {}
    for key in ("rules", "groups"):
        entries = data.get(key)
        if isinstance(entries, list):
            wrong = {each.path[1] for each in misshapen if each.path[:1] == (key,) and len(each.path) > 1}
            places[key] = [place for place in range(len(entries)) if place not in wrong]
            kept[key] = [entries[place] for place in places[key]]
    ruleset = RuleSet.model_validate({key: entries for key, entries in kept.items() if entries})
    return [
        Problem((key, places[key][int(place)], *rest), each.message)
        for each in problems_of_parts(ruleset)
        for key, place, *rest in [[str(each.path[0]), *each.path[1:]]]
        if key in kept
    ]
