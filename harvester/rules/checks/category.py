"""How many products a category target reaches, against what a rule asks for."""

from dataclasses import dataclass

from harvester.domain.decision import Finding
from harvester.domain.reach import Reached
from harvester.rules.checks.catalog import About, CatalogCheck, Look
from harvester.rules.checks.evidence import Side

PRODUCTS = "products"
REFINED = "refined"
"""Of a finding that is no check: what a rule made of a category."""


@dataclass(frozen=True, slots=True)
class ProductsBound(CatalogCheck):
    """One side of a threshold. Amazon says two ends instead of a number: the one that is harder to pass counts."""

    side: Side
    value: float
    refined: str = ""
    """What the rule refines the category to: the same bound of something else is another check."""

    @property
    def check(self) -> str:
        return f"{PRODUCTS}.{self.side}"

    @property
    def of_catalog(self) -> bool:
        return False

    def look(self, about: About | None) -> Look:
        products = about and about.reached and about.reached.products
        if not products:
            return Look(bound=self.value)
        measured = products.least if self.side is Side.AT_LEAST else products.most
        passed = measured >= self.value if self.side is Side.AT_LEAST else measured <= self.value
        return Look(measured, passed, self.value)


def uncounted(about: About | None, category: str) -> Finding:
    """What a rule about a category waits for."""
    reached = about and about.reached
    if not reached:
        return Finding("", "category.not_looked_up", None, None, passed=False)
    if reached.lacks is not None:
        check, measured, bound = reached.lacks
        return Finding("", check, measured, bound, passed=False)
    return Finding("", "category.not_counted", category, None, passed=False)


def refined_to(rule: str, reached: Reached) -> Finding:
    """What a rule narrowed a category down to; the first of several targets."""
    more = len(reached.targets) - 1
    return Finding(rule, REFINED, reached.targets[0].key, more, passed=True)
