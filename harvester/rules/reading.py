"""From the plain data of a rules file to a rule set, or to everything that is wrong with it."""

from collections.abc import Callable

from pydantic import ValidationError

from harvester.rules.ruleset import RuleSet
from harvester.rules.soundness import problems_of
from harvester.rules.wording import Path, Problem, problem_of


def read(data: object, line_of: Callable[[Path], int | None] = lambda _: None) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set is None exactly where there are problems. The only way to a rule set that is sound."""
    try:
        ruleset = RuleSet.model_validate(data)
    except ValidationError as invalid:
        return None, [problem_of(error) for error in invalid.errors()]
    problems = problems_of(ruleset)
    if problems:
        return None, problems
    for place, entry in enumerate(ruleset.groups):
        entry.stands_at(line_of(("groups", place)))
    return ruleset, []
