"""Asking for bids: once for each item, no further than it makes sense, and never at the cost of the plan."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from decimal import Decimal

import pytest

from harvester.domain.bid import BidPlace, BidTarget, NoSuggestion, SuggestedBids
from harvester.domain.decision import DecidedRow
from harvester.domain.errors import AccountClosed, HarvesterError, Misconfigured, PageBroken, Rejected, Unavailable
from harvester.domain.ids import RunId
from harvester.rules import suggestions
from harvester.rules.suggestions import NOT_ASKED, TOO_MANY, Suggestions
from harvester.usecases.suggest_bids import SuggestBids, advice_on
from tests.unit.rules.builders import PROMOTE, decided, ground, profile_rules

BIDS = SuggestedBids(Decimal(1), Decimal(2), Decimal(3))
ASKING = profile_rules({**PROMOTE, "then": {"promote": {"bid": {"suggested": "low"}}}})
GROUNDS = {("200", "1"): ground()}


class Rows:
    def __init__(self, number: int) -> None:
        self.number = number
        self.given = 0
        self.closed = False

    async def decided(self, _run_id: RunId) -> AsyncGenerator[Sequence[DecidedRow]]:
        try:
            for place in range(self.number):
                self.given += 1
                yield [decided(place, target=f"towel {place}")]
        finally:
            self.closed = True


class Amazon:
    """Knows bids for all targets but `towel 7`; calls that are given an error raise it."""

    def __init__(self, *errors: HarvesterError | None) -> None:
        self.errors = list(errors)
        self.calls: list[Sequence[BidTarget]] = []

    async def suggested_bids(self, place: BidPlace, targets: Sequence[BidTarget]) -> Mapping[BidTarget, SuggestedBids]:
        self.calls.append(targets)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return {target: BIDS for target in targets if target.text != "towel 7"}


async def suggested(amazon: Amazon, rows: Rows) -> Suggestions:
    return await SuggestBids(amazon)(rows, RunId("r1"), GROUNDS, ASKING)


async def test_without_a_rule_that_asks_nothing_is_even_read():
    """Neither from the ledger nor from Amazon."""
    amazon, rows = Amazon(), Rows(5)

    assert await SuggestBids(amazon)(rows, RunId("r1"), GROUNDS, profile_rules(PROMOTE)) is NOT_ASKED
    assert (amazon.calls, rows.given) == ([], 0)
    assert advice_on(NOT_ASKED) == []


async def test_every_item_gets_what_was_said_of_it():
    """Bids, or that there are none; the plan says how many."""
    amazon, rows = Amazon(), Rows(250)

    found = await suggested(amazon, rows)

    assert sorted(map(len, amazon.calls)) == [50, 100, 100]
    assert rows.closed
    nothing = [each for each in found.known.values() if isinstance(each, NoSuggestion)]
    assert (len(found.known), len(nothing), found.otherwise) == (250, 1, None)
    (advice,) = advice_on(found)
    assert advice.startswith("Amazon suggested no bid for 1 of 250 items whose rule asks for one: ")


@pytest.mark.parametrize("error", [Rejected("no: 403.", 403), PageBroken("cannot be read")])
async def test_a_call_that_is_refused_costs_its_own_items(error: HarvesterError):
    """The other calls are made all the same."""
    amazon = Amazon(None, error, None)

    found = await suggested(amazon, Rows(300))

    why = [each.why for each in found.known.values() if isinstance(each, NoSuggestion)]
    assert len(amazon.calls) == 3
    assert why.count(str(error).rstrip(".")) == 100
    assert len(why) == 101


class Choosy(Amazon):
    """Refuses every call that holds one of these targets, in words of its own or always in the same."""

    def __init__(self, *bad: str, words: str = "bad target at {place}", gone_after: int = 1000) -> None:
        super().__init__()
        self._bad, self._words, self._gone_after = bad, words, gone_after

    async def suggested_bids(self, place: BidPlace, targets: Sequence[BidTarget]) -> Mapping[BidTarget, SuggestedBids]:
        self.calls.append(targets)
        if len(self.calls) > self._gone_after:
            raise Unavailable("gone")
        for at, target in enumerate(targets):
            if target.text in self._bad:
                raise Rejected(self._words.format(place=at), 422)
        return dict.fromkeys(targets, BIDS)


def untold(found: Suggestions) -> list[str]:
    return [each.why for each in found.known.values() if isinstance(each, NoSuggestion)]


@pytest.mark.parametrize("bad", [("towel 0",), ("towel 99",), ("towel 3", "towel 64"), ("towel 7", "towel 8")])
async def test_one_target_that_is_refused_costs_no_other_its_bids(bad: Sequence[str]):
    """It is looked for by halves; each target is told what was said of it."""
    amazon = Choosy(*bad)

    found = await suggested(amazon, Rows(100))

    refused = [effect for effect, each in found.known.items() if isinstance(each, NoSuggestion)]
    assert sorted(effect.rpartition("|")[2] for effect in refused) == sorted(bad)
    assert len(found.known) == 100
    assert len(amazon.calls) < 32


async def test_a_place_that_is_refused_is_not_searched_for_the_target_at_fault():
    """Both halves are refused in the same words: it is not about any of them."""
    amazon = Choosy(*(f"towel {each}" for each in range(100)), words="no such ad group")

    found = await suggested(amazon, Rows(100))

    assert untold(found) == ["no such ad group"] * 100
    assert len(amazon.calls) == 3


async def test_the_search_for_what_is_refused_has_an_end():
    """A hundred bad targets are no reason for two hundred calls."""
    amazon = Choosy(*(f"towel {each}" for each in range(0, 100, 2)), words="bad target {place} of many")

    found = await suggested(amazon, Rows(100))

    assert len(amazon.calls) <= 41
    assert len(found.known) == 100
    assert len(untold(found)) >= 50


async def test_an_amazon_that_goes_away_during_the_search_is_not_asked_on():
    """What was not asked any more says so."""
    amazon = Choosy("towel 1", "towel 98", gone_after=2)

    found = await suggested(amazon, Rows(100))

    assert len(amazon.calls) == 3
    assert len(found.known) == 100
    assert any("not asked any more" in each for each in untold(found))


async def test_after_a_call_without_an_answer_no_further_one_is_made():
    """Each would take as long as the patience allows; those under way are waited for."""
    amazon = Amazon(Unavailable("gone"))

    found = await suggested(amazon, Rows(1000))

    why = [each.why for each in found.known.values() if isinstance(each, NoSuggestion)]
    assert len(amazon.calls) < 5
    assert why.count("gone") == 100
    assert sum("not asked any more" in each for each in why) == 1000 - 100 * len(amazon.calls)


async def test_after_three_answers_that_cannot_be_read_no_further_call_is_made():
    """Each took all the patience that there is; one that is read in between lets it go on."""
    amazon = Amazon(*(PageBroken("odd") for _ in range(50)))
    found = await suggested(amazon, Rows(2000))
    mixed = Amazon(PageBroken("odd"), PageBroken("odd"), None, PageBroken("odd"), PageBroken("odd"))
    whole = await suggested(mixed, Rows(1000))

    assert len(amazon.calls) < 5
    assert sum("not asked any more" in each for each in untold(found)) == 2000 - 100 * len(amazon.calls)
    assert len(mixed.calls) == 10
    assert not any("not asked any more" in each for each in untold(whole))


@pytest.mark.parametrize("error", [AccountClosed("closed"), Misconfigured("no address")])
async def test_what_ends_everything_ends_this_too(error: HarvesterError):
    """A login that is refused, and settings that are wrong, are for a person to mend."""
    with pytest.raises(type(error)):
        await suggested(Amazon(error), Rows(1))


async def test_what_is_too_much_is_neither_read_nor_asked(monkeypatch: pytest.MonkeyPatch):
    """And every item after that is told so."""
    monkeypatch.setattr(suggestions, "MOST_ASKED", 20)
    amazon, rows = Amazon(), Rows(1000)

    found = await suggested(amazon, rows)

    assert [len(each) for each in amazon.calls] == [20]
    assert (rows.given, rows.closed, found.otherwise) == (21, True, TOO_MANY)
    (advice,) = advice_on(found)
    assert advice.startswith("Amazon suggested no bid for 1 of 20 items whose rule asks for one, and more than that")
