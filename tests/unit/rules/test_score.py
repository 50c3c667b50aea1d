"""How often a rule was wrong, and what that was worth."""

from decimal import Decimal

from harvester.rules.score import Share, scores


def row(rule: str, does: str, regretted: int, matured: int, currency: str = "USD") -> dict[str, object]:
    return {
        "rule": rule, "does": does, "currency": currency, "actions": matured + 1, "matured": matured,
        "good": matured - regretted, "neutral": 0, "regretted": regretted, "saved": "10.50", "lost": "2.00",
    }  # fmt: skip


def test_a_rule_is_scored_over_all_that_it_did() -> None:
    """Negatives and promotions apart where it is about mistakes, each currency apart where it is about money."""
    first, second = scores(
        [
            row("a", "negate", 1, 10),
            row("a", "negate", 0, 30, "EUR"),
            row("a", "promote", 2, 4),
            row("b", "promote", 0, 0),
        ]
    )
    assert (first.rule, first.actions, first.matured, first.good, first.neutral, first.regretted) == (
        "a",
        47,
        44,
        41,
        0,
        3,
    )
    assert first.false_negatives == Share(1, 40)
    assert first.false_promotions == Share(2, 4)
    assert first.money == {"USD": (Decimal("21.00"), Decimal("4.00")), "EUR": (Decimal("10.50"), Decimal("2.00"))}
    assert (second.rule, second.false_negatives.rate, second.false_negatives.interval) == ("b", None, None)


def test_few_actions_leave_much_open() -> None:
    """One mistake in ten is anything between 2 and 40 %."""
    share = Share(1, 10)
    assert share.rate == 0.1
    assert share.interval is not None
    assert [round(each, 2) for each in share.interval] == [0.02, 0.40]
