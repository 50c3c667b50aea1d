"""What tests of a desk do themselves: rules of their own, and changes in the account."""

from pathlib import Path
from typing import Any

from harvester.config import rules_file
from harvester.rules.ruleset import RuleSet
from harvester.sandbox.edits import Edit, apply_edit
from harvester.sandbox.serving import Running
from tests.crash.scene import PROFILE


def rules_in(folder: Path, text: str) -> RuleSet:
    """Read from a file, as an operator's are."""
    path = folder / "rules.yaml"
    path.write_text(text)
    return rules_file.load(path)


def edit(amazon: Running, **fields: Any) -> Any:
    """As somebody does in Amazon's console; `fields` are those of `Edit`."""
    market = amazon.sandbox.world.market(PROFILE)
    return apply_edit(market, Edit(**fields), amazon.sandbox.clock.now())
