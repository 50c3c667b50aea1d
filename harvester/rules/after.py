"""Section of the rules file: what a negative at the source waits for."""

from harvester.rules.section import Section
from harvester.rules.values import Counting, WaitDays


class After(Section):
    """All of it must have come about."""

    days: WaitDays = 14
    """After the promotion was applied."""
    impressions: Counting | None = None
    """Of the promoted target since it was made, as the targeting report shows them."""
