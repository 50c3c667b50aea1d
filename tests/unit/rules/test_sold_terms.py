"""What ever sold, and what is told of it where a variant is to be negated."""

from datetime import date

import msgspec
import pytest

from harvester.domain.decision import Outcome, Reason
from harvester.domain.history import Sold, SoldTerm
from harvester.domain.target import Match
from harvester.rules.explain import long, short
from harvester.rules.ruleset import RuleSet
from harvester.rules.sold_terms import SoldTerms
from tests.unit.rules.terms import judged, on_terms, sums, term

DAY, LATER = date(2026, 9, 1), date(2026, 10, 1)


def sold_terms(*terms: SoldTerm, country: str = "US") -> SoldTerms:
    known = SoldTerms(country)
    known.open(known.lacking(["c1", "c2"]))
    known.add(terms)
    return known


def keys(found: list[SoldTerm]) -> set[str]:
    return {each.key for each in found}


def test_a_text_and_its_variants_are_found_in_their_campaign():
    """Whatever ad group they sold in; no other campaign's."""
    known = sold_terms(
        SoldTerm("c1", "g1", "yoga mat", 1, DAY),
        SoldTerm("c1", "g2", "mats for yoga", 1, DAY),
        SoldTerm("c1", "g1", "yoga block", 1, DAY),
        SoldTerm("c2", "g3", "yogamats", 1, DAY),
    )

    assert keys([*known.like("c1", "yoga mats")]) == {"yoga mat", "mats for yoga"}
    assert keys([*known.like("c2", "yoga mats")]) == {"yogamats"}
    assert known.lacking(["c3", "c1"]) == ["c3"]
    assert known.size == 4


def test_a_product_is_itself_alone():
    """ASINs that look alike are other products."""
    known = sold_terms(SoldTerm("c1", "g1", "B0000000AS", 1, DAY), SoldTerm("c1", "g1", "B0000000A", 1, DAY))

    assert keys([*known.like("c1", "B0000000AS")]) == {"B0000000AS"}
    assert known.like("c1", "B0000000AX") == []


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("yoga mat", {"blue yoga mats", "yoga mat", "yoga mats for kids"}),
        ("mat for kids", {"yoga mats for kids"}),
        ("mat yoga", {"mat of yoga blue"}),
        ("oga mat", set[str]()),
    ],
)
def test_a_phrase_meets_what_holds_its_words_in_a_row(phrase: str, found: set[str]):
    """In the singular or plural, and words that count for nothing do not; whole words only."""
    known = sold_terms(
        *(
            SoldTerm("c1", "g1", key, 1, DAY)
            for key in ("blue yoga mats", "yoga mat", "yoga mats for kids", "mat of yoga blue", "yoga big mat")
        )
    )

    assert keys([*known.holding("c1", phrase)]) == found
    assert keys([*known.holding("c1", phrase)]) == found
    assert known.holding("c2", phrase) == []


def test_a_negative_shuts_out_variants_and_a_phrase_what_holds_it_each_once():
    """An exact one leaves longer searches alone."""
    texts = ("yoga mat", "blue yoga mats", "mat for yoga", "yoga block")
    known = sold_terms(*(SoldTerm("c1", "g1", key, 1, DAY) for key in texts))

    assert sorted(each.key for each in known.shut_out("c1", "yoga mats", Match.EXACT)) == ["mat for yoga", "yoga mat"]
    assert sorted(each.key for each in known.shut_out("c1", "yoga mats", Match.PHRASE)) == [
        "blue yoga mats",
        "mat for yoga",
        "yoga mat",
    ]


def test_the_text_itself_speaks_first_then_the_variant_that_sold_most():
    """Orders of all ad groups of the campaign are one sum, with the last of their days."""
    variants = (
        SoldTerm("c1", "g1", "yoga mat", 2, DAY),
        SoldTerm("c1", "g2", "yoga mat", 3, LATER),
        SoldTerm("c1", "g1", "yogamat", 4, DAY),
    )
    known = sold_terms(*variants)
    itself = sold_terms(*variants, SoldTerm("c1", "g1", "yoga mats", 1, DAY))

    assert known.sold("c1", (), "yoga mats") == Sold(5, LATER, "yoga mat")
    assert itself.sold("c1", (), "yoga mats") == Sold(1, DAY)
    assert known.sold("c1", (), "yoga block") is None


def test_what_sold_where_the_same_is_advertised_counts_where_its_own_campaign_knows_nothing():
    """Of those ad groups alone, the text itself before its variants, and then the one that sold most."""
    known = sold_terms(
        SoldTerm("c2", "g3", "yoga mat", 9, DAY),
        SoldTerm("c2", "g4", "yoga mat", 2, DAY),
        SoldTerm("c2", "g5", "yoga mats", 1, LATER),
        SoldTerm("c2", "g4", "yoga block", 1, DAY),
    )

    assert known.sold("c1", [("c2", "g4")], "yoga mats") == Sold(2, DAY, "yoga mat", "g4")
    assert known.sold("c1", [("c2", "g4"), ("c2", "g5")], "yoga mats") == Sold(1, LATER, "", "g5")
    assert known.sold("c1", [], "yoga mats") is None


def test_plurals_are_those_of_the_marketplace():
    """In Germany `Matten` are of a `Matte`."""
    known = sold_terms(SoldTerm("c1", "g1", "yoga matte", 1, DAY), country="DE")

    assert known.sold("c1", (), "yoga matten") == Sold(1, DAY, "yoga matte")


@pytest.mark.parametrize(
    ("sold", "told"),
    [
        (
            Sold(3, DAY, "yoga mat"),
            [
                "Its close variant “yoga mat” brought 3 orders.",
                "The last of them in this campaign, seen 2026-09-01.",
            ],
        ),
        (
            Sold(3, DAY, "", "910"),
            [
                "It brought 3 orders in another ad group of the same products.",
                "The last of them in ad group 910, seen 2026-09-01.",
            ],
        ),
        (
            Sold(3, DAY, "yoga mat", "910"),
            [
                "Its close variant “yoga mat” brought 3 orders.",
                "The last of them in ad group 910, seen 2026-09-01.",
            ],
        ),
    ],
)
def test_what_is_held_says_what_sold_how_often_where_and_when(sold: Sold, told: list[str]):
    """In the table the first sentence, in the story all of them."""
    asked = term(sums(clicks=45, spend=54))
    assert asked.history is not None
    asked = msgspec.structs.replace(asked, history=msgspec.structs.replace(asked.history, sold=sold))
    rules = RuleSet.model_validate({"rules": [on_terms({"clicks": {"at_least": 45}})]})

    decision = judged(rules, asked)

    assert (decision.outcome, decision.reason) == (Outcome.HOLD, Reason.EVER_CONVERTED)
    assert short(decision, 45.0, 0.0) == told[0][0].lower() + told[0][1:-1]
    assert long(decision, 45.0, 0.0)[-2:] == told
