"""The nouns: what is the same, what covers what, what may follow."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.action import ActionKind, effect_of
from harvester.domain.brand import Brand
from harvester.domain.candidate import Negatives
from harvester.domain.errors import Misconfigured, Rejected
from harvester.domain.fingerprint import fingerprint_line
from harvester.domain.fleet import RuntimeModes
from harvester.domain.ids import ProfileId
from harvester.domain.money import BID_RANGES, Money
from harvester.domain.profile import Mode, ProductAd, StandingNegative
from harvester.domain.recommendation import Recommendation
from harvester.domain.retention import Bulk, Keeping
from harvester.domain.run import operation_of
from harvester.domain.slot import Slot, Taken, Task
from harvester.domain.target import Match, TargetKind, asin_of, fold, is_asin_shaped, kind_of
from tests.unit.rules.builders import DESTINATION, KEYWORDS, PRODUCTS, PROFILE, VENDOR, negatives

K, P = TargetKind.KEYWORD, TargetKind.PRODUCT


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Bath  Towel ", "bath towel"),
        ("STRASSE", "straße"),
        ("ＢＡＴＨ　ｔｏｗｅｌ", "bath towel"),
        ("ﬁne", "FINE"),
        ("e\u0301clair", "Éclair"),
        ("a\u00a0b", "a b"),
    ],
)
def test_keywords_that_a_shopper_takes_for_one_are_one(one, two):
    """Case, width, ligatures and blanks do not matter."""
    assert fold(one) == fold(two)


@given(st.text())
def test_folding_twice_is_folding_once(text):
    """What is compared is in its last form, without blanks at the ends or in a row."""
    once = fold(text)

    assert fold(once) == once
    assert once == " ".join(once.split())


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_cut_for_plain_text_folds_alike(text):
    """ASCII takes a quicker way to the same form."""
    assert fold(text) == " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@pytest.mark.parametrize(
    ("text", "kind"),
    [("KEYWORD", K), ("keyword", K), ("PRODUCT", P), ("ASIN", P), ("Asin", P), ("PRODUCT_CATEGORY", None), ("", None)],
)
def test_the_two_names_of_a_product_are_one_kind(text, kind):
    """The specification says ASIN, the guide PRODUCT."""
    assert kind_of(text) is kind


@pytest.mark.parametrize(
    ("text", "asin", "shaped"),
    [
        ("b000000001", "B000000001", True),
        (" B000000001 ", "B000000001", True),
        ("0316769487", "0316769487", True),
        ("toothbrush", "TOOTHBRUSH", False),
        ("B332432M0", None, False),
        ("B00000000Ä", None, False),
    ],
)
def test_an_asin_has_ten_letters_and_digits(text, asin, shaped):
    """ISBN-10s are ASINs; a keyword is taken for one only with a digit in it."""
    assert (asin_of(text), is_asin_shaped(text)) == (asin, shaped)


@pytest.mark.parametrize(
    ("stands", "asked", "covered"),
    [
        ((K, Match.EXACT, "bath towel"), (K, "bath towel", Match.EXACT), True),
        ((K, Match.EXACT, "bath towel"), (K, "bath towel", Match.PHRASE), False),
        ((K, Match.EXACT, "bath towel"), (K, "big bath towel", Match.EXACT), False),
        ((K, Match.PHRASE, "bath towel"), (K, "big bath towel set", Match.EXACT), True),
        ((K, Match.PHRASE, "bath towel"), (K, "big bath towel set", Match.PHRASE), True),
        ((K, Match.PHRASE, "bath towel"), (K, "towel bath", Match.EXACT), False),
        ((K, Match.BROAD, "bath towel"), (K, "bath towel", Match.EXACT), True),
        ((P, Match.SAME, "B000000001"), (P, "B000000001", Match.SAME), True),
        ((P, Match.SAME, "B000000001"), (P, "B000000002", Match.SAME), False),
    ],
)
def test_a_negative_covers_its_own_and_a_phrase_what_holds_it(stands, asked, covered):
    """An exact negative never covers a phrase."""
    found = negatives(stands).covering(*asked)

    assert (found is not None and found.startswith("n0")) is covered


def test_a_shorter_phrase_is_told_with_its_words():
    """Nobody knows a negative by its id."""
    stands = negatives((K, Match.PHRASE, "bath towel"))

    assert stands.covering(K, "big bath towel", Match.EXACT) == "n0 (phrase “bath towel”)"
    assert stands.covering(K, "bath towel", Match.EXACT) == "n0"


def test_without_negatives_nothing_is_covered():
    """An empty place forbids nothing."""
    assert Negatives().covering(K, "bath towel", Match.EXACT) is None


def test_a_destination_has_a_place_for_each_kind():
    """Keywords and products never share an ad group."""
    assert (DESTINATION.place(K), DESTINATION.place(P)) == (KEYWORDS, PRODUCTS)


def test_groups_come_first_and_what_undoes_comes_last():
    """The order of kinds is the order of a plan."""
    ranks = [kind.rank for kind in ActionKind]

    assert ranks == sorted(ranks)
    assert ActionKind.CREATE_GROUP.rank == 0
    for kind in ActionKind:
        assert kind.is_undo is kind.value.startswith(("archive_", "pause_"))
        assert kind.is_promotion is kind.value.startswith(("promote_", "target_"))
        assert kind.is_negative is kind.value.startswith("negate_")


def test_an_effect_is_told_by_kind_place_match_and_key():
    """Two that differ in one of them are different effects; who makes a product target makes no difference."""
    effects = {
        effect_of(kind, where, key, match)
        for kind in ActionKind for where in ("1", "2") for key in ("a", "b") for match in (None, *Match)
    }  # fmt: skip

    made_alike = {ActionKind.PROMOTE_PRODUCT, ActionKind.TARGET_PRODUCT}
    assert len(effects) == (len(ActionKind) - len(made_alike) + 1) * 2 * 2 * (1 + len(Match))


def test_an_error_is_one_sentence_with_its_place():
    """File and line stand in front, the key after them."""
    assert str(Misconfigured("is odd", file="rules.yaml", line=3, field="rules[0]")) == "rules.yaml:3: rules[0]: is odd"
    assert str(Misconfigured("is odd", field="MODE")) == "MODE: is odd"
    assert str(Misconfigured("is odd")) == "is odd"
    assert str(Rejected("no", status=400)) == "no"


def test_money_is_told_with_its_currency():
    """And every marketplace has a range that its step fits into."""
    lowest = BID_RANGES["JP"].lowest

    assert str(Money(lowest, "JPY")) == "2 JPY"
    assert all(bids.lowest % bids.step == 0 and bids.lowest < bids.highest for bids in BID_RANGES.values())


def test_a_product_is_known_by_its_asin_or_its_sku():
    """Vendors' ads have ASINs, sellers' ads SKUs."""
    assert ProductAd("1", "2", "3", "ENABLED", asin="b000000001").product == "asin:B000000001"
    assert ProductAd("1", "2", "3", "ENABLED", sku="mug-1").product == "sku:mug-1"
    assert (PROFILE.is_vendor, VENDOR.is_vendor) == (False, True)


def test_what_a_person_sets_narrows_and_never_widens():
    """The strictest of the settings, the fleet's mode and the profile's holds."""
    assert RuntimeModes().within(Mode.AUTO) is Mode.AUTO
    assert RuntimeModes(fleet=Mode.AUTO, profile=Mode.REVIEW).within(Mode.AUTO) is Mode.REVIEW
    assert RuntimeModes(fleet=Mode.AUTO).within(Mode.DRY_RUN) is Mode.DRY_RUN


def test_decisions_and_calls_are_kept_for_times_of_their_own():
    """None is for ever."""
    keeping = Keeping(decisions=None, calls=timedelta(days=90), reports=timedelta(days=100))

    assert [keeping.of(what) for what in Bulk] == [None, timedelta(days=90), timedelta(days=100)]


def test_a_line_of_a_fingerprint_holds_all_that_an_item_does():
    """To the byte, and on a line of its own."""
    line = fingerprint_line("promote_keyword", "910/mug", "990", '{"bid":0.75}')

    assert line == b'["promote_keyword","910/mug","990","{\\"bid\\":0.75}"]\n'


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/sp/keywords/list?of=this-test", "GET /sp/keywords/list"),
        ("/reporting/reports/this-test-1", "GET /reporting/reports/{id}"),
        ("/catalog/2022-04-01/items/THISTEST01", "GET /catalog/2022-04-01/items/{id}"),
    ],
)
def test_calls_that_differ_in_an_id_are_one_operation(path, operation):
    """Versions and dates are none; the query does not matter."""
    assert operation_of("GET", path) == operation


@pytest.mark.parametrize(
    ("negative", "key"),
    [
        (("7", "1", "2", K, " Bath  TOWEL", Match.EXACT, "ENABLED"), "bath towel"),
        (("7", "1", None, P, "b000000001", Match.SAME, "ENABLED"), "B000000001"),
        (("7", "1", None, P, "no asin", Match.SAME, "ENABLED"), "NO ASIN"),
        (("7", "1", None, P, "B000000001", Match.SAME, "ENABLED", True), "brand:B000000001"),
        (("7", "1", None, P, "", Match.SAME, "ENABLED", True, "Acme"), "brand without id:7"),
    ],
)
def test_what_tells_negatives_apart(negative, key):
    """A brand's id may look like an ASIN, and of some only the name is shown."""
    assert StandingNegative(*negative).key == key


def test_a_brand_reads_as_a_keyword_would():
    """Without its signs."""
    assert Brand("1", "Dr. Bronner's®").words == "dr bronner s"
    assert Brand("1", "").words == ""


def test_a_slot_that_somebody_had_before_is_taken_again():
    """The second delivery on."""
    slot = Slot(Task.PLAN, ProfileId("1"), datetime(2026, 11, 21, tzinfo=UTC))

    assert [Taken(slot, delivery, 0).again for delivery in (1, 2)] == [False, True]
    assert slot.key == "plan/1/1795219200"
    assert Slot(Task.PLAN, None, slot.due_at).key == "plan//1795219200"


def test_a_row_is_about_its_ad_or_about_all_that_it_was_suggested_for():
    """The ad speaks before the others; where nothing is known, that is said too."""

    def advertised(asin: str, *asked_for: str) -> tuple[str, ...]:
        return Recommendation(
            "products", "1", "2", "", asin, "B0", "PRODUCT", None, None, None, (), asked_for
        ).advertised

    assert advertised("B000000001", "B000000001") == ("B000000001",)
    assert advertised("", "B000000001", "B000000002") == ("B000000001", "B000000002")
    assert advertised("") == ("",)
