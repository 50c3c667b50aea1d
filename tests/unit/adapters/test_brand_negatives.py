"""Negative brands as Amazon lists them: by id, by name, as OTHER."""

from typing import Any

import msgspec
import pytest

from harvester.adapters.ads.negatives import NegativeTargetItem, negative_target

PLACE = {"targetId": "900", "campaignId": "1", "adGroupId": "2", "state": "ENABLED"}


def read(expression: Any, resolved: Any = None) -> tuple[bool, str, str, str] | None:
    """Whether it is a brand, its id or ASIN, its name, its key."""
    fields = {**PLACE, "expression": expression, "resolvedExpression": resolved}
    found = negative_target(msgspec.convert(fields, NegativeTargetItem))
    return None if found is None else (found.is_brand, found.text, found.brand_name, found.key)


def part(kind: str | None, value: object) -> list[dict[str, object]]:
    return [{"type": kind, "value": value}]


@pytest.mark.parametrize(
    ("expression", "resolved", "expected"),
    [
        (part("ASIN_BRAND_SAME_AS", "186"), None, (True, "186", "", "brand:186")),
        (part("ASIN_BRAND_SAME_AS", 186), part("ASIN_BRAND_SAME_AS", "Acme"), (True, "186", "Acme", "brand:186")),
        (part("asinBrandSameAs", "186"), part("asinBrandSameAs", "186"), (True, "186", "", "brand:186")),
        (part("OTHER", "186"), part("ASIN_BRAND_SAME_AS", "Acme"), (True, "186", "Acme", "brand:186")),
        (part("OTHER", "Acme Inc"), part("OTHER", "186"), (True, "186", "Acme Inc", "brand:186")),
        (
            part("ASIN_BRAND_SAME_AS", "Acme"),
            part("ASIN_BRAND_SAME_AS", "Acme"),
            (True, "", "Acme", "brand without id:900"),
        ),
        (part("OTHER", "Acme Inc"), None, (True, "", "Acme Inc", "brand without id:900")),
        (part("ASIN_BRAND_SAME_AS", "2500000007"), None, (True, "2500000007", "", "brand:2500000007")),
        (part("ASIN_SAME_AS", "2500000007"), None, (False, "2500000007", "", "2500000007")),
        (part("ASIN_SAME_AS", "b07yt8nvf9"), None, (False, "b07yt8nvf9", "", "B07YT8NVF9")),
    ],
)
def test_a_negative_brand_is_known_in_every_form(expression: Any, resolved: Any, expected: tuple[object, ...]) -> None:
    """Its id where one is shown, its name where that is all; an id that looks like an ASIN is no product."""
    assert read(expression, resolved) == expected


@pytest.mark.parametrize(
    ("expression", "resolved"),
    [
        (None, None),
        ([], None),
        (part("OTHER", None), None),
        (part("OTHER", "B07YT8NVF9"), part("OTHER", "B07YT8NVF9")),
        (part("ASIN_CATEGORY_SAME_AS", "12"), part("ASIN_CATEGORY_SAME_AS", "Towels")),
        (part("ASIN_BRAND_SAME_AS", "1") + part("ASIN_BRAND_SAME_AS", "2"), None),
        (part("ASIN_BRAND_SAME_AS", "1"), part("ASIN_CATEGORY_SAME_AS", "Towels")),
    ],
)
def test_what_may_be_something_else_is_no_brand(expression: Any, resolved: Any) -> None:
    """Nothing is guessed: several parts, other types, or nothing that a brand would show."""
    assert read(expression, resolved) is None
