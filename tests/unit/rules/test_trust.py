"""What speaks against negating a search term, whatever it cost."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from harvester.domain.candidate import Candidate, Positive
from harvester.domain.decision import Decision, Outcome, Reason
from harvester.domain.history import Sold, Window
from harvester.domain.target import Match, TargetKind
from harvester.rules.explain import findings_of, long, short
from harvester.rules.ruleset import RuleSet
from harvester.rules.variants import variant_keys, variant_words
from tests.unit.rules.builders import ground
from tests.unit.rules.terms import judged, on_terms, sums, term

LOST = sums(clicks=45, spend=54)
RULE = on_terms({"all": [{"clicks": {"at_least": 45}}, {"conversions": {"at_most": 0}}]})


def rules(*protected: str) -> RuleSet:
    return RuleSet.model_validate({"rules": [RULE], "protect": {"keywords": protected}})


def positives(text: str, match: Match = Match.EXACT, ad_group_id: str = "910") -> dict[str, Positive]:
    found = Positive(text, text.lower(), match, ad_group_id)
    return dict.fromkeys(variant_keys(variant_words(text.lower())), found)


def on(own: dict[str, Positive]) -> Any:
    return replace(ground(), positives=own)


def sentence(decision: Decision) -> str:
    return short(decision, 45.0, 0.0)


def test_a_term_that_never_sold_and_is_nothing_of_ours_is_negated():
    """As the rule says."""
    decision = judged(rules("acme"), term(LOST))

    assert (decision.outcome, decision.rule) == (Outcome.NEGATE, "r")


def test_a_term_that_ever_sold_is_held_with_its_orders():
    """However long ago, and whatever its window says; the rule that would have negated it is named."""
    asked = term(LOST)
    assert asked.history is not None
    sold = msgspec.structs.replace(asked.history, sold=Sold(3, date(2025, 12, 24)))

    decision = judged(rules(), msgspec.structs.replace(asked, history=sold))

    assert (decision.outcome, decision.reason, decision.rule) == (Outcome.HOLD, Reason.EVER_CONVERTED, "r")
    assert sentence(decision) == "it brought 3 orders in this campaign, the last seen 2025-12-24"
    assert "It brought 3 orders in this campaign, the last seen 2025-12-24." in long(decision, 45.0, 0.0)


def test_a_term_with_sales_and_no_order_is_held():
    """Reports that contradict themselves decide nothing."""
    decision = judged(rules(), term(sums(clicks=45, spend=54, sales=19.99)))

    assert (decision.outcome, decision.reason) == (Outcome.HOLD, Reason.EVER_CONVERTED)
    assert sentence(decision) == "it brought sales of 19.99 USD, although no order of it is counted"


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("acme tool", "acmetools for men"),
        ("/^acme\\b/", "acmes hat"),
        ("/\\bshoe\\b/", "red shoes"),
        ("/\\bcherry\\b/", "red cherries"),
        ("bath mats", "matt bath mat"),
    ],
)
def test_a_variant_of_what_is_protected_is_held(entry: str, text: str):
    """The text itself is protected anyhow; what comes close to it is not negated either."""
    decision = judged(rules(entry, "/never/"), term(LOST, text=text))

    assert (decision.outcome, decision.reason) == (Outcome.HOLD, Reason.VARIANT_OF_POSITIVE)
    assert sentence(decision) == f"it is a close variant of `{entry}` under protect.keywords"


def test_a_variant_of_an_own_keyword_is_held():
    """Wherever it stands among what the ad group's products are sold by."""
    decision = judged(rules(), term(LOST, text="towels for the bath", on=on(positives("Bath Towel", Match.BROAD))))

    assert (decision.outcome, decision.reason) == (Outcome.HOLD, Reason.VARIANT_OF_POSITIVE)
    assert sentence(decision) == "it is a close variant of your own “Bath Towel”, enabled in ad group 910"


@pytest.mark.parametrize(("match", "what"), [(Match.EXACT, "variant.served"), (Match.BROAD, "variant.own")])
def test_what_an_own_exact_keyword_serves_is_that_keywords_business(match: Match, what: str):
    """A negative would only shut out the keyword beside it."""
    here = ground().source.ad_group.ad_group_id

    decision = judged(rules(), term(LOST, on=on(positives("bath towel", match, here))))

    assert (decision.outcome, decision.reason) == (Outcome.HOLD, Reason.VARIANT_OF_POSITIVE)
    assert findings_of(decision)[-1].check == what


def test_a_product_that_is_targeted_is_held_and_others_are_not():
    """Products have no variants: the ASIN itself counts."""
    own = {"B000000077": Positive("B000000077", "B000000077", Match.SAME, "910")}

    held = judged(rules(), term(LOST, text="B000000077", target_type="PRODUCT", on=on(own)))
    negated = judged(rules(), term(LOST, text="B000000078", target_type="PRODUCT", on=on(own)))

    assert (held.outcome, held.reason) == (Outcome.HOLD, Reason.VARIANT_OF_POSITIVE)
    assert negated.outcome is Outcome.NEGATE


def test_rows_of_other_sources_are_judged_as_ever():
    """They have no history, and their positives are not read."""
    asked = term(LOST, on=on(positives("bath towel")))
    row = msgspec.structs.replace(asked.row, source="promotion")
    promotion = {**RULE, "match": {"source": "promotion"}}
    candidate = Candidate(row, asked.ground, TargetKind.KEYWORD, asked.key)

    assert judged(RuleSet.model_validate({"rules": [promotion]}), candidate).outcome is Outcome.NEGATE


def test_without_a_history_nothing_is_negated():
    """A row whose figures nobody read waits for them."""
    candidate = msgspec.structs.replace(term(LOST), history=None)

    decision = judged(RuleSet.model_validate({"rules": [on_terms({"clicks": {"at_least": 45}})]}), candidate)

    assert (decision.outcome, decision.reason) == (Outcome.HOLD, Reason.MISSING_DAYS)


def test_a_window_without_orders_does_not_contradict_one_with_them():
    """Whether the orders of the other one count is for the search in what was recorded to say."""
    asked = term(LOST)
    assert asked.history is not None
    windows = {**asked.history.windows, Window(14, 7): sums(clicks=5, orders=1, sales=19.99)}
    history = msgspec.structs.replace(asked.history, windows=windows)

    assert judged(rules(), msgspec.structs.replace(asked, history=history)).outcome is Outcome.NEGATE
