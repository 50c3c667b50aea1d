"""What terms cost, beside their targets in lists of items."""

from io import StringIO

import pytest
from rich.console import Console

from harvester.entrypoints.cli import tables

from .items import a_negative


@pytest.mark.parametrize(
    ("cost", "currency", "lines"),
    [
        ("19.20", "USD", ["19.20 USD"]),
        ("10007.00", "JPY", ["10007 JPY"]),
        ("7.497", "EUR", ["7.50 EUR"]),
        ("123456.78", "INR", ["123456.78", "INR"]),
    ],
)
def test_no_amount_is_cut_off(cost: str, currency: str, lines: list[str]) -> None:
    """To the coin, with its currency, on a line more where there is no room."""
    metrics = {"windows": {"60d-7d": {"clicks": 40, "cost": cost}}, "currency": currency}
    written = StringIO()
    Console(file=written, width=80).print(tables.item_lines(a_negative(metrics=metrics)))

    told = [line[40:55].split() for line in written.getvalue().splitlines()[1 : 1 + len(lines)]]
    assert [" ".join(words) for words in told] == lines
