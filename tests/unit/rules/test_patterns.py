"""Regular expressions of the rules file: found where Python finds them, and never later than a moment."""

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from harvester.rules.automaton import Automaton
from harvester.rules.patterns import MOST_STEPS, Pattern, Unanswerable, _Reader

LONGEST = 1440
"""80 characters of a keyword, each 18 when it is folded."""

NASTY = [
    "(a+)+b", "^(a+)+$x", "([a-z]+)*b1", "(.*a){20}b", "(?:a{2,})+x", "((ab*)c)*d", "(?i:x+ ?){2,5}y",
    "(?P<word>\\w+\\s*)+!", "(a*?)+?b", "([)]+)+x", "(a|a)*b", "(a|ab)*c", "(aa|a)*b", "(a?){30}a{30}b",
    "a?" * 40 + "a" * 40 + "b", "(a|a)(a|a)" * 20 + "b", ".*.*.*.*.*.*.*b", "a*a*a*a*a*a*a*a*a*b", "(a?b?){40}c",
    "(|a|a|a)*b", "(?:|a?){30}b", "(\\w\\w?)*!", "(a|b|ab|ba)*c", "\\b(?:a+ ?)+\\bz", "((a*)*)*b", "((a+)+|c)b", "(?:(?:a?)?)*b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", NASTY)
def test_no_pattern_waits_for_a_keyword_that_nearly_fits(pattern: str):
    """Each of them takes Python's own engine longer than anybody waits; here it is over before the test times out."""
    asked = Pattern(pattern)

    for text in ("a" * LONGEST, "a " * (LONGEST // 2), "ae" * 40, "a" * 80):
        assert not asked.found_in(text)


@pytest.mark.parametrize(
    "pattern", ["^acme\\b", "acme.*tools", "(foo|bar)-?max", "(?i)acme+", "\\bacme\\s*-?\\s*pro\\b"]
)
def test_ordinary_patterns_are_left_to_the_quick_engine(pattern: str):
    """What cannot take long on a keyword of ordinary length."""
    ways = Pattern(pattern)._ways

    assert ways is not None
    assert ways.constant * 20 ** (ways.degree + 2) <= MOST_STEPS


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a)\\1", "refers back with \\1"),
        ("(?P<x>a)(?P=x)", "refers back with (?P="),
        ("a(?=b)", "looks around with (?="),
        ("(?<!a)b", "looks around with (?<!"),
        ("(a)?(?(1)b|c)", "looks around with (?("),
        ("(?>a+)b", "looks around with (?>"),
        ("a++b", "keeps what it took with ++"),
        ("(?a:\\w)", "sets (?a:"),
        ("(?x)a b", "sets (?x)"),
        ("(?-i:a)", "sets (?-i:"),
        ("(a{30}){40}", "repeats too much"),
        ("(" * 40 + "a" + ")" * 40, "nests groups more than 30 deep"),
        ("[[a]b]", "may mean two things (possible nested set"),
        ("a(", "is no regular expression: missing )"),
        ("a{99999999999999999999}", "is no regular expression"),
    ],
)
def test_what_cannot_be_asked_in_bounded_time_is_refused(pattern: str, why: str):
    """By what it holds, in a sentence that says what to do."""
    with pytest.raises(Unanswerable) as refused:
        Pattern(pattern)

    assert why in str(refused.value)


ATOMS = st.sampled_from(
    ["a", "b", "A", "1", "_", " ", "é", "ß", ".", "\\w", "\\W", "\\d", "\\s", "\\S", "[ab]", "[^a]", "[]a]", "[^]]",
     "[a-c1]", "[\\w-]", "\\.", "\\x61", "\\u0062", "\\N{DIGIT ONE}", "\\061", "{", "}", "]", "{}", "{a}"]
)  # fmt: skip
EDGES = st.sampled_from(["^", "$", "\\b", "\\B", "\\A", "\\Z", "", "(?#a word)"])
REPEATS = st.sampled_from(
    ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{,2}", "{1,3}", "{0,2}?", "{,}", "{0}", "{2,}?"]
)


def repeated(inner: "st.SearchStrategy[str]") -> "st.SearchStrategy[str]":
    return st.builds(lambda part, repeat: f"(?:{part}){repeat}", inner, REPEATS)


EXPRESSIONS = st.recursive(
    st.one_of(ATOMS, EDGES, st.builds(lambda atom, repeat: atom + repeat, ATOMS, REPEATS)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join).map(lambda whole: f"({whole})"),
        st.builds("(?P<n>{})".format, inner),
        st.builds("(?i:{})".format, inner),
        repeated(inner),
    ),
    max_leaves=8,
)
TEXTS = st.text(alphabet="abcAB1_ -.éÉßſ{}]\N{KELVIN SIGN}k\u0345", min_size=1, max_size=8)


@settings(max_examples=600, deadline=None)
@given(EXPRESSIONS, TEXTS)
@example("(?:^a|\\b1)+?$", "a1")
@example("\\Bb|(?:)*", "a")
@example("k", "\N{KELVIN SIGN}")
def test_the_automaton_finds_what_python_finds(pattern: str, text: str):
    """Whatever is built from what a pattern may hold."""
    try:
        quick = re.compile(pattern, re.IGNORECASE)
    except re.error:
        assume(False)

    assert Automaton(_Reader(pattern).whole())(text) is (quick.search(text) is not None)


def test_an_automaton_that_meets_more_than_it_keeps_begins_anew():
    """Its memory stays as it is, and its answers too."""
    asked = Automaton(_Reader("[ab]*a[ab]{12}c").whole())

    for number in range(4096):
        text = f"{number:012b}".replace("0", "a").replace("1", "b")
        assert not asked(text * 2)
        assert asked(f"a{text}c")
    for number in range(3000):
        assert not asked(chr(0x4E00 + number))

    assert len(asked._states) <= 2048
    assert len(asked._fits) <= 2048
