"""What other people wrote never reaches a terminal as an order."""

import pytest
from rich.text import Text

from harvester.entrypoints.cli import csvfile, tables
from harvester.entrypoints.cli.app import say
from harvester.entrypoints.cli.markdown import plan_as_markdown
from harvester.entrypoints.cli.printable import printable

from .items import a_plan, an_item

ORDERS = ["\x1b[2K", "\x9b31m", "\x07", "\r", "\x08", "\u202e", "\u2066", "\u2028", "\x85"]
KEPT = "toalla niño 日本 😀 👨\u200d👩 \u200fשלום kök"


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_to_the_terminal_shows_and_does_nothing(order: str, capsys: pytest.CaptureFixture[str]):
    """In tables, sentences, Markdown and CSV alike."""
    item = an_item(target=f"red {order} towel", note=f"note {order}", campaign_name=f"Manual {order}")

    tables.console().print(tables.item_lines(item), Text(order))
    say(f"Shop {order}: no plan")
    shown = capsys.readouterr()

    texts = (
        shown.out,
        shown.err,
        plan_as_markdown(a_plan(), [item]),
        csvfile.item_line(item, "p1", "f"),
    )
    assert not [text for text in texts if order in text]
    assert all("towel" in text for text in (texts[0], *texts[2:]))


def test_colours_are_still_colours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """What the program itself says about colours reaches the terminal."""
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLORTERM", "")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)

    tables.console().print(Text("done", style="green"))

    assert capsys.readouterr().out == "\x1b[32mdone\x1b[0m\n"


def test_every_script_stays_as_it_is():
    """Accents, joined emoji and right-to-left scripts are no orders."""
    assert printable(KEPT) == KEPT
    assert printable("one\ttwo\nthree") == "one\ttwo\nthree"
