"""Which items of a plan to come want a bid that Amazon suggests, and what was suggested. Nothing is asked in here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.bid import AdGroupToCome, BidPlace, BidTarget, NoSuggestion, StandingAdGroup, Suggestion
from harvester.domain.candidate import Destination, Ground, NewGroup
from harvester.domain.category import category_id_of
from harvester.domain.decision import Reason
from harvester.domain.ids import Effect
from harvester.domain.plan import PlannedAction
from harvester.domain.target import asin_of
from harvester.rules.evaluate import asks_amazon
from harvester.rules.ruleset import ProfileRules

Grounds = Mapping[tuple[str, str], Ground]
"""By source ad group and ad."""

MOST_ASKED = 10_000
"""Items of one plan; memory stays flat, and a hundred calls are enough for one night."""
MOST_TARGETS = 100
"""In one call; so says the specification."""
_MOST_ASINS = 50
TOO_MANY = NoSuggestion(f"this plan wants more than {MOST_ASKED:,}, and this item came after those")
_UNKNOWN_PRODUCTS = NoSuggestion("which products the new ad group will advertise is not known yet")


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What Amazon suggests, by item."""

    known: Mapping[Effect, Suggestion] = field(default_factory=dict)
    otherwise: NoSuggestion | None = None

    def of(self, effect: Effect) -> Suggestion | None:
        """None for an item that nobody asked about."""
        return self.known.get(effect, self.otherwise)


NOT_ASKED = Suggestions()


@dataclass(frozen=True, slots=True)
class BidQuestion:
    """One call. A target may stand for several items."""

    place: BidPlace
    wanted: Mapping[BidTarget, Sequence[Effect]]


@dataclass(slots=True)
class _Place:
    campaign_id: str
    ad_group_id: str
    new: NewGroup | None
    asins: dict[str, None] = field(default_factory=dict)
    wanted: dict[BidTarget, list[Effect]] = field(default_factory=dict)

    def place(self) -> BidPlace | None:
        if self.new is None:
            return StandingAdGroup(self.campaign_id, self.ad_group_id)
        asins = tuple(self.asins)[:_MOST_ASINS]
        return AdGroupToCome(asins, self.new.strategy) if asins else None


class BidQuestions:
    """Collects them while the items stream by: each distinct item once."""

    def __init__(self, rules: ProfileRules) -> None:
        self._rules = rules
        self._effects: set[Effect] = set()
        self._places: dict[tuple[str, str], _Place] = {}
        self.too_many = False

    def __len__(self) -> int:
        return len(self._effects)

    def add(self, items: Iterable[PlannedAction], grounds: Grounds) -> None:
        """Of items that are held for another reason than their bid nothing is asked."""
        for item in items:
            if self._wants(item) and item.effect not in self._effects:
                if len(self._effects) >= MOST_ASKED:
                    self.too_many = True
                    return
                self._effects.add(item.effect)
                self._note(item, grounds[item.source_ad_group_id, item.ad_id])

    def _wants(self, item: PlannedAction) -> bool:
        open_ = item.state is not ActionState.HELD or item.reason == Reason.NO_BID
        return open_ and item.kind.is_promotion and item.match is not None and asks_amazon(self._rules.rule(item.rule))

    def _note(self, item: PlannedAction, ground: Ground) -> None:
        new = None if item.ad_group_id else _new_group(ground)
        key = ("", item.ad_group_id) if item.ad_group_id else ("new", item.source_ad_group_id)
        place = self._places.setdefault(key, _Place(item.campaign_id, item.ad_group_id, new))
        asin = asin_of(item.asin)
        if asin is not None:
            place.asins[asin] = None
        place.wanted.setdefault(_target(item), []).append(item.effect)

    def batches(self) -> Iterator[BidQuestion]:
        """As many as it takes, none with more targets than one call may hold."""
        for each in self._places.values():
            place, targets = each.place(), list(each.wanted)
            for start in range(0, len(targets) if place is not None else 0, MOST_TARGETS):
                some = targets[start : start + MOST_TARGETS]
                assert place is not None
                yield BidQuestion(place, {target: each.wanted[target] for target in some})

    def unanswerable(self) -> Mapping[Effect, Suggestion]:
        """Of new ad groups whose products are not known."""
        return {
            effect: _UNKNOWN_PRODUCTS
            for each in self._places.values()
            if each.place() is None
            for effects in each.wanted.values()
            for effect in effects
        }


def _target(item: PlannedAction) -> BidTarget:
    assert item.match is not None
    category = category_id_of(item.key) if item.kind is ActionKind.TARGET_CATEGORY else None
    return BidTarget(item.match, category or item.target, category is not None)


def _new_group(ground: Ground) -> NewGroup | None:
    return ground.destination.new if isinstance(ground.destination, Destination) else None
