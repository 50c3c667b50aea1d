"""What `protect` keeps hands off."""

import pytest

from harvester.domain.target import TargetKind, fold
from harvester.rules.checks.protection import Protection
from tests.unit.rules.builders import profile_rules


def protection(*keywords: str) -> Protection:
    return Protection(profile_rules(protect={"keywords": list(keywords), "asins": ["b000000001"]}).protect)


@pytest.mark.parametrize(
    ("entry", "keyword", "protected"),
    [
        ("acme", "acme mug", True),
        ("acme", "the ACME's mug", True),
        ("acme", "acme-mug", True),
        ("acme", "mug (acme)", True),
        ("acme", "my_acme", True),
        ("acme", "acmes", False),
        ("acme", "pacme", False),
        ("North  Star", "north star lamp", True),
        ("north star", "north-star", True),
        ("north star", "north of a star", False),
        ("north-star", "north star", True),
        ("Straße", "STRASSE 7", True),
        ("ＡＣＭＥ", "acme", True),
        ("हिन्दी", "हिन्दी किताब", True),
        ("दी", "हिन्दी किताब", False),
        ("/^acme/", "acmes", True),
        ("/^ACME/", "acmes", True),
        ("/^acme/", "an acme", False),
        ("/[0-9]{3}/", "lamp 120 v", True),
    ],
)
def test_words_are_protected_whole_and_patterns_where_they_are_found(entry, keyword, protected):
    """Protection reaches across case, width and punctuation, and not into the middle of a word."""
    finding = protection(entry).finding(TargetKind.KEYWORD, fold(keyword))

    assert (finding is not None) is protected
    if finding is not None:
        assert (finding.check, finding.bound, finding.passed) == ("protect.keywords", entry, False)


@pytest.mark.parametrize("keyword", ["acme mug", "mug (acme)", "acmes", "north star lamp", "north of a star", "lamp"])
def test_many_protected_words_protect_as_few_do(keyword: str):
    """However long the list is, and so however it is asked, a keyword is protected or not."""
    few = protection("acme", "north star")
    many = protection("acme", "north star", *(f"other{number} brand" for number in range(20)))

    assert many.finding(TargetKind.KEYWORD, keyword) == few.finding(TargetKind.KEYWORD, keyword)


def test_products_are_protected_by_asin():
    """A protected ASIN is one in any case; keywords are not looked at for products."""
    finding = protection("acme").finding(TargetKind.PRODUCT, "B000000001")

    assert finding is not None
    assert finding.check == "protect.asins"
    assert protection("acme").finding(TargetKind.PRODUCT, "B000000002") is None


def test_nothing_is_protected_by_default():
    """Without entries every keyword may be acted on."""
    assert protection().finding(TargetKind.KEYWORD, "acme") is None
