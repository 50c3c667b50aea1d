"""What is kept of texts holds no secret, in whatever spelling it came."""

import pytest

from harvester.adapters.scrub import readable, scrub

SECRET = 'p@ss/w+"rd ä'


@pytest.mark.parametrize(
    "spelling", [SECRET, 'p@ss/w+\\"rd \\u00e4', "p%40ss%2Fw%2B%22rd+%C3%A4"], ids=["plain", "JSON", "URL"]
)
def test_a_known_secret_is_hidden_in_every_spelling(spelling: str):
    """As it is, escaped in JSON, and encoded in a form."""
    assert scrub(f"before {spelling} after", [SECRET]) == "before [hidden] after"


@pytest.mark.parametrize(
    "token",
    [
        "Atza|IwEBIJ9-_.x/y+z=",
        "Atzr|IwEBI",
        "Atzr%7CIwEBI",
        "Atza\\u007cIwEBI",
        "amzn1.oa2-cs.v1.0f9a",
        "Bearer abcdefghij.klmnopqrst",
    ],
)
def test_what_is_shaped_like_a_secret_is_hidden(token: str):
    """Also one that this login does not know."""
    assert scrub(f'{{"a": "{token}", "b": 1}}', []) == '{"a": "[hidden]", "b": 1}'


def test_a_secret_too_short_to_be_one_garbles_nothing():
    """An empty or one-letter setting does not blot out every text."""
    assert scrub("a banana", ["", "a", "an"]) == "a banana"


def test_text_can_be_stored():
    """Postgres takes no NUL, and half a character is none."""
    assert readable(b"a\x00b\xff", [], None) == "a\ufffdb\ufffd"
    assert readable("ää".encode(), [], 3) == "ä"


def test_a_keyword_that_speaks_of_a_bearer_is_kept() -> None:
    """What shoppers search for stays as it was sent."""
    assert scrub("ball bearer set, cross bearers statue", ()) == "ball bearer set, cross bearers statue"
