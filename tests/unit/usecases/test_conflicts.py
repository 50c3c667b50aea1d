"""What a negative would block of one's own: close variants count as the same, and what cannot be read is not overlooked."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from harvester.domain.action import ActionKind
from harvester.domain.errors import PageBroken
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import AdGroup, Campaign, StandingTarget
from harvester.domain.target import Level, Match, TargetKind
from harvester.usecases.account_map import AccountMap
from harvester.usecases.conflicts import OwnTargets, named
from tests.unit.rules.builders import item as an_item

CAMPAIGN, AD_GROUP = "700", "710"
KEYWORDS = {"k1": "Running shoe", "k2": "kids bath towels soft", "k3": "rain coats", "k4": "towel rail"}


class Reader:
    """An account with one manual ad group."""

    def __init__(self, unreadable: int = 0) -> None:
        self.unreadable: Counter[str] = Counter()
        self._found = unreadable

    async def keywords(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        self.unreadable["keywords/list"] += self._found
        yield [_own(amazon_id, text, TargetKind.KEYWORD, Match.EXACT) for amazon_id, text in KEYWORDS.items()]

    async def targets(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        yield [_own("t1", "b000000001", TargetKind.PRODUCT, Match.SAME)]
        yield [_own("t2", "CATEGORY=123", TargetKind.PRODUCT, Match.SAME)]


def _own(amazon_id: str, text: str, kind: TargetKind, match: Match) -> StandingTarget:
    return StandingTarget(amazon_id, AD_GROUP, CAMPAIGN, kind, text, match, "ENABLED")


async def own_targets(unreadable: int = 0) -> OwnTargets:
    campaign = Campaign(CAMPAIGN, "", "MANUAL", "ENABLED")
    own = OwnTargets(AccountMap({CAMPAIGN: campaign}, {AD_GROUP: AdGroup(AD_GROUP, CAMPAIGN, "", "ENABLED")}, {}, {}))
    await own.read(Reader(unreadable), [(CAMPAIGN, AD_GROUP)])  # type: ignore[arg-type]  # two of its lists are asked for
    return own


def negation(key: str, match: Match, level: Level = Level.AD_GROUP) -> PlannedAction:
    kind = ActionKind.NEGATE_PRODUCT if match is Match.SAME else ActionKind.NEGATE_KEYWORD
    return an_item(kind, key=key, match=match, level=level, campaign_id=CAMPAIGN, ad_group_id=AD_GROUP)


@pytest.mark.parametrize(
    ("key", "match", "blocked"),
    [
        ("running shoes", Match.EXACT, ["k1"]),
        ("shoe for running", Match.EXACT, ["k1"]),
        ("raincoat", Match.EXACT, ["k3"]),
        ("running", Match.EXACT, []),
        ("bath towel", Match.EXACT, []),
        ("bath towel", Match.PHRASE, ["k2"]),
        ("towel", Match.PHRASE, ["k2", "k4"]),
        ("towels rails", Match.PHRASE, ["k4"]),
        ("soft kids", Match.PHRASE, []),
        ("B000000001", Match.SAME, ["t1"]),
        ("B000000002", Match.SAME, []),
        ("towel rail", Match.SAME, []),
    ],
)
@pytest.mark.parametrize("level", Level)
async def test_close_variants_of_ones_own_are_not_blocked_unseen(
    key: str, match: Match, blocked: list[str], level: Level
) -> None:
    """Plural or singular, other word order, blanks: Amazon's negatives meet them as its keywords do."""
    own = await own_targets()

    assert [each.amazon_id for each in own.blocked_by(negation(key, match, level))] == blocked


async def test_what_the_same_plan_promotes_there_counts_as_standing() -> None:
    """Else the plan would block on the same day what it bids on."""
    own = await own_targets()
    negative = negation("red shoes", Match.PHRASE)
    assert own.blocked_by(negative) == []

    own.expect(an_item(key="red shoe men", campaign_id=CAMPAIGN, ad_group_id=AD_GROUP))
    own.expect(an_item(key="red shoe", campaign_id=CAMPAIGN, ad_group_id="elsewhere"))
    own.expect(an_item(ActionKind.CREATE_GROUP, key="red shoe", match=None, campaign_id=CAMPAIGN, ad_group_id=AD_GROUP))
    product = an_item(ActionKind.TARGET_PRODUCT, key="B000000009", match=Match.SAME, ad_group_id=AD_GROUP)
    own.expect(product)

    assert named(own.blocked_by(negative)) == "“red shoe men” (exact, promoted there by this plan)"
    assert own.blocked_by(negation("B000000009", Match.SAME)) != []


async def test_own_targets_that_cannot_be_read_are_not_overlooked() -> None:
    """One of them may be what the negative would block."""
    with pytest.raises(PageBroken, match="keywords/list: 1 items cannot be read"):
        await own_targets(unreadable=1)
