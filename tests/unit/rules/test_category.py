"""A category target and its refinements, from clauses to a key and back."""

from decimal import Decimal

import msgspec
import pytest

from harvester.domain.category import CategoryTarget, Range
from harvester.rules.fragments import category_target

WHOLE = CategoryTarget("166", "9", "7", "8", Range(Decimal("9.50"), Decimal(20)), Range(most=Decimal(3)), prime=True)


@pytest.mark.parametrize(
    ("target", "key"),
    [
        (CategoryTarget("166"), "CATEGORY=166"),
        (CategoryTarget("166", brand="9"), "CATEGORY=166 BRAND=9"),
        (CategoryTarget("166", price=Range(least=Decimal("20.00"))), "CATEGORY=166 PRICE=20-"),
        (CategoryTarget("166", rating=Range(Decimal(0), Decimal(3))), "CATEGORY=166 RATING=0-3"),
        (WHOLE, "CATEGORY=166 BRAND=9 AGE_RANGE=7 GENRE=8 PRICE=9.5-20 RATING=-3 PRIME"),
    ],
)
def test_the_same_products_have_the_same_key(target: CategoryTarget, key: str):
    """Whatever the order of the clauses, and however Amazon spells their types."""
    clauses = target.clauses()

    assert target.key == key
    assert CategoryTarget.of(reversed(clauses)) == CategoryTarget.of(clauses)
    assert CategoryTarget.of((kind.replace("_", "").lower(), value) for kind, value in clauses) is not None
    read = CategoryTarget.of(clauses)
    assert read is not None
    assert read.key == key


@pytest.mark.parametrize(
    "clauses",
    [
        [],
        [("ASIN_BRAND_SAME_AS", "9")],
        [("ASIN_CATEGORY_SAME_AS", "")],
        [("ASIN_CATEGORY_SAME_AS", "1"), ("ASIN_CATEGORY_SAME_AS", "2")],
        [("ASIN_CATEGORY_SAME_AS", "1"), ("SOMETHING_NEW", "2")],
        [("ASIN_CATEGORY_SAME_AS", "1"), ("ASIN_PRICE_BETWEEN", "2")],
        [("ASIN_CATEGORY_SAME_AS", "1"), ("ASIN_PRICE_BETWEEN", "2-3-4")],
        [("ASIN_CATEGORY_SAME_AS", "1"), ("ASIN_PRICE_LESS_THAN", "cheap")],
        [("ASIN_CATEGORY_SAME_AS", "1"), ("ASIN_REVIEW_RATING_GREATER_THAN", "NaN")],
        [("ASIN_CATEGORY_SAME_AS", "1"), ("ASIN_PRICE_LESS_THAN", "2"), ("ASIN_PRICE_GREATER_THAN", "1")],
    ],
)
def test_what_is_no_category_or_holds_the_unknown_is_none(clauses: list[tuple[str, str]]):
    """A clause that is not understood may narrow it to other products: it is not the same target."""
    assert CategoryTarget.of(clauses) is None


def test_a_prime_clause_that_says_false_narrows_nothing():
    """As far as anybody has seen one."""
    clauses = [("ASIN_CATEGORY_SAME_AS", "1"), ("ASIN_IS_PRIME_SHIPPING_ELIGIBLE", "false")]

    assert CategoryTarget.of(clauses) == CategoryTarget("1")


def test_the_fragment_is_one_expression():
    """All clauses in one array, the category first, amounts as text, the bid as a number."""
    fragment = category_target(WHOLE, "1", "2", Decimal("0.70"))

    said = msgspec.json.decode(fragment)
    assert [(each["type"], each["value"]) for each in said["expression"]] == WHOLE.clauses()
    assert fragment.endswith('"expressionType":"MANUAL","state":"ENABLED","bid":0.70}')
