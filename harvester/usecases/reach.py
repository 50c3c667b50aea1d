"""What rules make of suggested categories, and how many products that reaches: asked of Amazon once per run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harvester.domain.catalog import CatalogItem
from harvester.domain.category import CategoryTarget
from harvester.domain.category_tree import Narrowed, ProductCount
from harvester.domain.errors import AccountClosed, HarvesterError, Misconfigured, PageBroken, Rejected
from harvester.domain.profile import Profile
from harvester.domain.reach import Reached, suggested_count
from harvester.domain.recommendation import Recommendation
from harvester.domain.target import asin_of
from harvester.ports.categories import ProductCounts
from harvester.rules.refining import Lack, Refined, refined
from harvester.rules.ruleset import Rule
from harvester.usecases.together import together

_AT_ONCE = 4
"""Calls under way; how fast they may follow one another is the client's business."""
_MOST_NAMED = 3
"""Categories of one page that could not be counted."""
_MOST_UNREADABLE = 3
"""Answers in a row that cannot be read, each asked for again and again: what comes after them is not asked for."""
_OF_ONE_CATEGORY = (400, 404, 422)
"""With these Amazon refuses one question, not the asking."""


class Prices(Protocol):
    async def __call__(self, asked: Sequence[tuple[str, str]]) -> Mapping[str, CatalogItem]: ...


@dataclass
class CategoryReach:
    """Of one profile during one run. What cannot be counted is missing, and one of the troubles."""

    counts: ProductCounts
    profile: Profile
    rules: Mapping[str, Rule]
    prices: Prices | None
    """None where no rule compares prices with ours, or nobody delivers them."""
    _known: dict[Narrowed, ProductCount | None] = field(default_factory=dict)
    _troubles: list[str] = field(default_factory=list)
    _ended: list[str] = field(default_factory=list)
    _over: bool = False
    """Amazon stayed away, or lets nobody count: it is not asked again in this run."""
    _unreadable: int = 0
    """In a row."""

    async def __call__(self, asked: Sequence[tuple[str, Recommendation]]) -> Sequence[Reached]:
        """Of (rule, row) pairs, in their order. Raises AccountClosed, Misconfigured, and what the prices raise."""
        made = await self._made(asked)
        questions = [each.together for each in made if isinstance(each, Refined) and each.together not in self._known]
        fresh = list(dict.fromkeys(questions))
        for start in range(0, len(fresh), _AT_ONCE):
            await together(*(self._count(each) for each in fresh[start : start + _AT_ONCE]))
        return [self._reached(each) for each in made]

    def new_troubles(self) -> Sequence[str]:
        """The first few by name, and why nobody is asked any more."""
        troubles, self._troubles = self._troubles, []
        ended, self._ended = self._ended, []
        more = len(troubles) - _MOST_NAMED
        told = [*troubles[:_MOST_NAMED], *([f"the same holds for {more} more categories"] if more > 0 else [])]
        return [*told, *ended]

    async def _made(self, asked: Sequence[tuple[str, Recommendation]]) -> Sequence[Refined | Lack | Reached]:
        compared = [row for rule, row in asked if _by_ratio(self.rules[rule])]
        ours = sorted({asin for row in compared for each in row.asked_for if (asin := asin_of(each))})
        items = await self.prices([(asin, "") for asin in ours]) if self.prices and ours else {}
        return [self._one(self.rules[rule], row, items) for rule, row in asked]

    def _one(self, rule: Rule, row: Recommendation, items: Mapping[str, CatalogItem]) -> Refined | Lack | Reached:
        """Of a whole category the suggestion itself may have said how many products it has."""
        category_id = row.target.strip()
        if rule.refine is not None:
            ours = [asin_of(each) or each for each in row.asked_for]
            return refined(rule.refine, category_id, self.profile, ours, items)
        whole, said = (CategoryTarget(category_id),), suggested_count(row.evidence_note)
        return Refined(whole, Narrowed(category_id)) if said is None else Reached(whole, said)

    def _reached(self, made: Refined | Lack | Reached) -> Reached:
        if isinstance(made, Refined):
            return Reached(made.targets, self._known.get(made.together))
        if isinstance(made, Lack):
            return Reached(lacks=(made.check, made.measured, made.bound))
        return made

    async def _count(self, narrowed: Narrowed) -> None:
        if self._over:
            return
        try:
            self._known[narrowed] = await self.counts.product_count(narrowed)
            self._unreadable = 0
        except (AccountClosed, Misconfigured):
            raise
        except HarvesterError as error:
            self._known[narrowed] = None
            self._note(narrowed, error)

    def _note(self, narrowed: Narrowed, error: HarvesterError) -> None:
        """Once for an Amazon that is away, and for each answer that cannot be read."""
        unreadable = isinstance(error, PageBroken)
        if unreadable or (isinstance(error, Rejected) and error.status in _OF_ONE_CATEGORY):
            self._troubles.append(f"the products of category {narrowed.category_id} could not be counted: {error}")
            self._unreadable += unreadable
            if self._unreadable == _MOST_UNREADABLE:
                self._end(
                    f"after {_MOST_UNREADABLE} answers in a row that cannot be read no more categories were counted"
                )
        else:
            self._end(f"products of categories could not be counted: {error}")

    def _end(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._ended.append(why)


def _by_ratio(rule: Rule) -> bool:
    return rule.refine is not None and rule.refine.price_ratio is not None
