"""Reading a rules file: every mistake has its line, and none is anything but a sentence."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.config.rules_file import check, load
from harvester.domain.errors import Misconfigured
from harvester.rules.ruleset import RuleSet

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "rules.example.yaml").read_text(encoding="utf-8")

RULE = """\
rules:
  - name: promote
    when: {clicks: {at_least: 10}}
    then: {promote: {}}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Writes a rules file and gives its path."""

    def to_file(content: str | bytes) -> Path:
        path = tmp_path / "rules.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def test_without_a_file_the_built_in_defaults_hold():
    """No file is named: nothing is read."""
    assert load(None) == RuleSet()


def test_a_named_but_missing_file_is_an_error(tmp_path):
    """Never the defaults in its place."""
    path = tmp_path / "rules.yaml"

    with pytest.raises(Misconfigured, match="there is no such file") as refused:
        load(path)
    assert refused.value.file == str(path)
    assert [problem.message for problem in check(path)] == ["there is no such file"]


def test_a_folder_is_no_file(tmp_path):
    """What the system says is passed on in words."""
    assert [problem.message for problem in check(tmp_path)] == ["cannot be read: Is a directory"]


@pytest.mark.parametrize("name", ["rules.example.yaml", "harvester/entrypoints/cli/demo_rules.yaml"])
def test_the_rules_that_come_along_load(name):
    """Twice the same file, twice the same rules."""
    assert load(ROOT / name).fingerprint == load(ROOT / name).fingerprint


def test_numbers_and_texts_read_as_they_are_written(write):
    """Ids and ASINs keep their zeros, prices their decimals; yes, on and 1:30 are texts."""
    rules = load(
        write(
            "\ufeffprotect: {asins: [0316767487, 1234567890], keywords: [yes, on, 1:30, 007, 0x1F, 1.50, 1_000, ~x]}\n"
            "guard: {highest_bid: {USD: 0.10, EUR: .5}}\n"
        )
    )

    assert rules.protect.asins == ("0316767487", "1234567890")
    assert rules.protect.keywords == ("yes", "on", "1:30", "007", "0x1F", "1.50", "1_000", "~x")
    assert {currency: str(amount) for currency, amount in rules.guard.highest_bid.items()} == {
        "USD": "0.1",
        "EUR": "0.5",
    }


def test_parts_may_be_shared_by_anchors(write):
    """An alias stands for what it names."""
    rules = load(write("rules:\n  - &one {name: a, when: &when {clicks: {at_least: 10}}, then: {promote: {}}}\n"
                       "  - {name: b, when: {conversions: {at_least: 2}}, then: {negate: {}}}\n"
                       "  - {name: c, match: {target_type: product}, when: {not: *when}, then: {negate: {}}}\n"))  # fmt: skip

    assert rules.rules[2].when.not_ == rules.rules[0].when


def test_a_groups_entry_knows_its_line(write):
    """A held promotion names it."""
    path = write(RULE + "groups:\n  - source: {ad_groups: [1]}\n    create: {existing: {keyword_ad_group: 5}}\n")

    assert load(path).groups[0].line == 6


@pytest.mark.parametrize(
    ("content", "line", "field", "message"),
    [
        ("", 1, None, "is empty; without a rules file the built-in defaults hold"),
        ("# nothing\n", 1, None, "is empty; without a rules file the built-in defaults hold"),
        ("\n\n- a\n", 3, None, "must be a section of keys such as `rules:`"),
        ("acme", 1, None, "must be a section of keys such as `rules:`"),
        (b"a: b\nc: \xff\n", 2, None, "is not UTF-8 text; save it as UTF-8"),
        ("version: 1\n\tguard: {}\n", 2, None, "is indented with a tab; use blanks"),
        ("version: 1\nguard:\n\t- 1\n", 3, None, "is indented with a tab; use blanks"),
        ("version: 1\nguard: {promotions_per_run: 1\n", 3, None,
         "ends in the middle: a quote, bracket or brace is never closed"),
        ('version: "1\n', 2, None, "ends in the middle: a quote, bracket or brace is never closed"),
        ("version: 1\n---\nversion: 1\n", 2, None, "holds a second document (`---`); one file is one document"),
        ("version: 1\nguard: *limits\n", 2, None, "uses the alias 'limits', which no anchor (`&name`) defines"),
        ("version: 1\nprotect: a: b\n", 2, None,
         "has a colon where none can stand; indent the line like its neighbours, or put the text in quotes"),
        ("version: @1\n", 1, None, "the character '@' that cannot start any token; put the text in quotes"),
        ("a: 1\n- b\n", 2, None, "is not valid YAML here: expected `block end`, but found '-'"),
        ("version: 1\nprotect: \x07\n", 2, None, "holds a control character that no YAML file may hold"),
        ('version: "\\UFFFFFFFF"\n', 1, None, "holds an escape (`\\...`) that names no character"),
        ("version: !!int 1\n", 1, None, "tags (`!...`) are not understood; write plain values"),
        ("version: 1\nguard: !now {}\n", 2, None, "tags (`!...`) are not understood; write plain values"),
        ("rules: !list []\n", 1, None, "tags (`!...`) are not understood; write plain values"),
        ("version: 1\n? [a]\n: 1\n", 2, None, "a key must be one word"),
        ("version: 1\nguard: &g {promotions_per_run: *g}\n", 2, None, "is nested too deeply, or an alias holds itself"),
        ("version: 1\nrules:\n  " + "[" * 50 + "]" * 50, 3, None, "is nested too deeply, or an alias holds itself"),
        ("version: 1\nrules:\n" + "".join(" " * deep + "-\n" for deep in range(600)), 43, None,
         "is nested too deeply"),
        ("version: 1\nguard\nrules: []\n", 3, None,
         "has no colon after the key in the line before, or a bracket that is never closed"),
        ("version: 1\nguard:\n", 2, "guard", "has no value; leave the key out to keep the default"),
        ("version: 1\nrules:\n  - \n", 3, "rules[0]", "has no value; leave the key out to keep the default"),
        ("guard: {promotions_per_run: 1, promotions_per_run: 2}\n", 1, "guard",
         "`promotions_per_run` stands twice in the same section; first in line 1"),
        ("version: 1\nguard: {}\nversion: 1\n", 3, None, "`version` stands twice in the same section; first in line 1"),
        (RULE.replace("clicks", "clikcs"), 3, "rules[0].when.clikcs", "unknown key `clikcs`; did you mean `clicks`?"),
        (RULE + "  - name: b\n    then: {promote: {}}\n", 5, "rules[1]", "`when` is missing"),
        (RULE + "  - name: promote\n    when: {conversions: {at_least: 2}}\n    then: {negate: {}}\n", 5,
         "rules[1].name", "another rule is called `promote` already; names tell rules apart"),
        (RULE + "  - name: b\n    when: {clicks: {at_least: 11}}\n    then: {negate: {}}\n", 5, "rules[1]",
         "rule `b` can never decide: `promote` before it passes whenever it would; move it up or tighten the other"),
        ("profiles:\n  '11':\n    bids:\n      UDS: {floor: 1}\n", 4, "profiles.11.bids.UDS",
         "unknown currency `UDS`; did you mean `USD`?"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line(write, content, line, field, message):
    """File, line, key, and a sentence that says what to do."""
    path = write(content)

    with pytest.raises(Misconfigured) as refused:
        load(path)
    assert (refused.value.line, refused.value.field, refused.value.message) == (line, field, message)
    assert str(refused.value).startswith(f"{path}:{line}: ")


def test_all_problems_are_told_in_the_files_order(write):
    """A key without a value is said once, whatever follows from it."""
    path = write(
        "guard:\nversion: 1\nversion: 2\nprotect: {own_products: 1}\nrules:\n  - {name: x, when: {}, then: }\n"
    )

    assert [(problem.line, problem.field) for problem in check(path)] == [
        (1, "guard"), (3, None), (4, "protect.own_products"), (6, "rules[0].then")
    ]  # fmt: skip


def test_a_file_that_grows_when_its_aliases_are_written_out_is_refused(write):
    """A small file cannot become a large one."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)
    ]

    assert [problem.message for problem in check(write("\n".join(lines)))] == ["aliases (`*name`) repeat too much"]


def test_a_file_that_is_no_rules_file_by_its_size_is_refused(write):
    """Somebody named a dump."""
    assert [problem.message for problem in check(write("#" * 4_000_001))] == [
        "is over 4 MB, too large for a rules file"
    ]


def test_the_rules_of_thousands_of_profiles_load(write):
    """An agency's file is long."""
    profiles = "".join(
        f"  '{number}': {{mode: review, guard: {{promotions_per_run: {number}}}}}\n" for number in range(2000)
    )

    assert len(load(write(f"profiles:\n{profiles}")).profiles) == 2000


SCALARS: list[Any] = [
    None, True, 0, -1, 10**30, 1.5, float("inf"), "", "x", "5%", "101%", "exact", "promotion", "*", "\t", "é" * 600, [], {}, [[]],
    {"all": []}, {"clicks": {"at_least": 1}}, {"USD": 1}, {"x": None}, ["exact", "same"], "0316767487", "/(/", "<<",
]  # fmt: skip
KEYS = [
    "clicks",
    "all",
    "any",
    "not",
    "promote",
    "negate",
    "match",
    "rules",
    "version",
    "USD",
    "x",
    "1",
    "fixed",
    "new",
]


def containers(node: Any) -> Iterator[Any]:
    if isinstance(node, (dict, list)):
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from containers(child)


def mutated(seed: int) -> Any:
    """The example with something deleted, doubled, replaced or put in, a few times."""
    dice = random.Random(seed)
    data = yaml.safe_load(EXAMPLE)
    for _ in range(dice.randint(1, 4)):
        node = dice.choice([each for each in containers(data) if each] or [data])
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        place = dice.choice(places) if places else None
        match dice.randint(0, 3):
            case 0 if place is not None:
                del node[place]
            case 1 if place is not None:
                node[place] = dice.choice([*SCALARS, *containers(data)]) if dice.random() < 0.9 else node
                if any(each is node for each in containers(node[place])):
                    node[place] = "a loop"
            case 2 if isinstance(node, dict):
                node[dice.choice(KEYS)] = dice.choice(SCALARS)
            case _ if isinstance(node, list):
                node.insert(dice.randint(0, len(node)), dice.choice(SCALARS))
    return data


def answers(path: Path) -> None:
    """The file loads, or everything wrong in it is a Misconfigured with file and line."""
    problems = check(path)
    try:
        load(path)
    except Misconfigured as refused:
        assert str(refused) == str(problems[0])
    else:
        assert problems == []
    for problem in problems:
        assert problem.file == str(path)
        assert problem.line is not None
        assert problem.line >= 1
        assert problem.message
        assert not re.search(r"pydantic|Input should|Value error|Traceback|NoneType", problem.message)


ANY_FILE = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANY_FILE
@given(seed=st.integers(0, 10**9))
def test_a_mutilated_file_is_refused_in_sentences(write, seed):
    """Deleted, doubled, retyped and inserted keys: Misconfigured with file and line, or rules; never anything else."""
    answers(write(yaml.safe_dump(mutated(seed), allow_unicode=True, sort_keys=False)))


@ANY_FILE
@given(length=st.integers(0, len(EXAMPLE)))
def test_a_file_that_was_cut_off_is_refused_in_sentences(write, length):
    """As after a full disk."""
    answers(write(EXAMPLE[:length]))


@ANY_FILE
@given(
    line=st.integers(0, EXAMPLE.count("\n") - 1),
    put=st.sampled_from(["", "x: y", "\t", "- ", "}", "'", "? ", "&a", "*a", "!!x", "  x:"]),
)
def test_a_file_with_a_line_replaced_is_refused_in_sentences(write, line, put):
    """As after a slip of the hand."""
    lines = EXAMPLE.splitlines()
    lines[line] = put
    answers(write("\n".join(lines)))


@ANY_FILE
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_at_all_are_refused_in_sentences(write, content):
    """A picture, a spreadsheet, a part of something."""
    answers(write(content))
