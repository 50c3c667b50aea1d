"""The documentation tells the truth."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import asyncpg
import click
import pytest
import yaml
from pydantic import BaseModel

from harvester.config import rules_file
from harvester.config.settings import PREFIX, AccountSettings, SellingPartnerSettings, Settings
from harvester.domain.action import ActionKind, ActionState
from harvester.domain.decision import Outcome, Reason
from harvester.domain.notice import NoticeKind
from harvester.domain.recommendation import SOURCES
from harvester.entrypoints.cli.app import cli
from harvester.rules.bid_sections import Bid
from harvester.rules.brand_entries import BrandEntry, BrandPlaces
from harvester.rules.conditions import Condition
from harvester.rules.refining import Refine
from harvester.rules.ruleset import GroupEntry, Negate, Promote, Rule, RuleMatch, keys_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def variables(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[str]:
    """`HARVESTER_MODE`, `HARVESTER_ACCOUNTS__MAIN__CLIENT_ID` ...: every variable that sets something."""
    for name in model.model_fields:
        if model is Settings and name == "accounts":
            yield from variables(AccountSettings, f"{prefix}ACCOUNTS__MAIN__")
        elif name == "selling_partner":
            yield f"{prefix}SELLING_PARTNER__CLIENT_ID"
        else:
            yield prefix + name.upper()


def commands(group: click.Group = cli, path: str = "harvester") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, under its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{path} {name} is listed and is not there"
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield next(name for name in parameter.opts if name.startswith("--"))


def sections(page: str) -> list[str]:
    return re.split(r"^(?=#{1,6} )", page, flags=re.MULTILINE)


def prose(page: str) -> str:
    """Without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)


def anchors(page: str) -> set[str]:
    """As the usual renderers make them of headings."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def examples(page: str) -> Iterator[str]:
    """Each fenced example as a whole rules file: what stands above a part of one is added."""
    for example in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        part_of_rules = "rules:\n" if example.startswith("-") else ""
        yield example if "version:" in example else f"version: 1\n{part_of_rules}{example}"


def test_every_setting_is_explained() -> None:
    """Whoever can set something finds what it does in the settings reference."""
    page = text(DOCS / "settings.md")

    assert [name for name in variables(Settings) if f"`{name}`" not in page] == []


def test_the_parts_of_a_selling_partner_login_are_explained() -> None:
    """Each of its variables is named beside the first."""
    page = text(DOCS / "settings.md")

    assert [name for name in SellingPartnerSettings.model_fields if f"__{name.upper()}`" not in page] == []


def test_no_setting_is_explained_that_does_not_exist() -> None:
    """What the reference names can be set."""
    known = set(variables(Settings))
    named = re.findall(rf"`({PREFIX}[A-Z_]+)`", text(DOCS / "settings.md"))

    assert sorted({name for name in named if name not in known}) == []


def test_the_example_of_an_env_file_holds_every_everyday_setting() -> None:
    """`.env.example` shows all that can be set but the Selling Partner login."""
    example = text(ROOT / ".env.example")
    shown = set(re.findall(rf"^#?({PREFIX}[A-Z_]+)=", example, re.MULTILINE))
    known = {name for name in variables(Settings) if "SELLING_PARTNER" not in name}

    assert shown == known


def test_every_command_and_every_option_is_explained() -> None:
    """A command has a place in the commands reference, and its options stand there with it; --json for all at its top."""
    page = text(DOCS / "commands.md")
    assert "Every command takes `--json`" in page
    missing = []
    for name, command in commands():
        about = "\n".join(section for section in sections(page) if re.search(rf"\b{name}\b", section))
        missing += (
            [name]
            if not about
            else [f"{name} {option}" for option in options(command) if option != "--json" and option not in about]
        )

    assert missing == []


def test_every_command_that_ends_by_itself_takes_json() -> None:
    """The reference names those that do not, and no other is without."""
    (first,) = re.findall(r"^Every command takes `--json`.*?\n\n", text(DOCS / "commands.md"), re.MULTILINE | re.DOTALL)
    without = {name.removeprefix("harvester ") for name, command in commands() if "--json" not in options(command)}

    assert without == {name for name in ("demo", "sandbox", "serve", "worker") if f"`{name}`" in first}


def test_no_command_is_explained_that_does_not_exist() -> None:
    """A heading of the commands reference names a command that can be called."""
    known = " ".join(f"{name} " for name, _ in commands())
    headings = re.findall(r"^#+ .*?`(harvester [a-z]+)", text(DOCS / "commands.md"), re.MULTILINE)

    assert [heading for heading in headings if f"{heading} " not in known] == []


@pytest.mark.parametrize("word", [*Reason, *Outcome], ids=str)
def test_every_outcome_and_reason_is_explained(word: str) -> None:
    """Whoever reads a decision finds what it means."""
    assert f"`{word}`" in text(DOCS / "rules.md")


@pytest.mark.parametrize("word", [*ActionKind, *ActionState], ids=str)
def test_every_kind_and_state_of_an_action_is_explained(word: str) -> None:
    """Whoever queries the ledger finds what the values of its columns mean."""
    assert f"`{word}`" in text(DOCS / "ledger.md")


@pytest.mark.parametrize("kind", NoticeKind, ids=str)
def test_every_kind_of_notice_is_explained(kind: NoticeKind) -> None:
    """Whoever gets a message finds what made it, and what ends it."""
    assert f"| `{kind}` |" in text(DOCS / "notifications.md")


async def test_every_view_and_column_of_the_ledger_is_explained(dsn: str) -> None:
    """An analyst finds each view of the schema `ledger`, and its columns with it."""
    connection = await asyncpg.connect(dsn)
    try:
        columns = await connection.fetch(
            "SELECT table_name AS view, column_name AS name FROM information_schema.columns WHERE table_schema = 'ledger'"
        )
    finally:
        await connection.close()
    parts = sections(text(DOCS / "ledger.md"))
    about = {
        row["view"]: "".join(part for part in parts if f"`ledger.{row['view']}`" in part.partition("\n")[0])
        for row in columns
    }

    assert columns
    assert [f"{row['view']}.{row['name']}" for row in columns if f"`{row['name']}`" not in about[row["view"]]] == []


def test_every_example_of_the_rules_reference_can_be_loaded(tmp_path: Path) -> None:
    """Who copies an example gets what the text around it says, and no error."""
    found = list(examples(text(DOCS / "rules.md")))
    problems = []
    for number, example in enumerate(found):
        path = tmp_path / f"example-{number}.yaml"
        path.write_text(example, encoding="utf-8")
        problems += [str(problem) for problem in rules_file.check(path)]

    assert found
    assert problems == []


def keys_in(part: object) -> Iterator[str]:
    """Every key that stands anywhere in a piece of YAML."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield str(key)
        yield from keys_in(value)


def test_every_key_of_a_rules_file_has_an_example() -> None:
    """Each source, check, refinement, base of a bid and key of a brand stands in one that is loaded above."""
    files = [yaml.safe_load(example) for example in examples(text(DOCS / "rules.md"))]
    written = {key for file in files for key in keys_in(file)}
    sources = {rule.get("match", {}).get("source") for file in files for rule in file.get("rules", ())}
    sections = (Condition, Refine, Bid, Rule, Promote, Negate, BrandEntry, BrandPlaces, GroupEntry, RuleMatch)
    known = {key for section in sections for key in keys_of(section)} - {"line"}

    assert known - written == set()
    assert set(SOURCES) - sources == {"promotion"}, "which is meant where none is named"


def test_the_example_of_a_rules_file_can_be_loaded() -> None:
    """`rules.example.yaml` works as it stands."""
    assert rules_file.check(ROOT / "rules.example.yaml") == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file of the project, and the heading in it."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text(page))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(text(target))):
            broken.append(link)

    assert broken == []


def test_a_make_target_that_is_named_exists() -> None:
    """`make something` in a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    named = {
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"(?:`|^\$? ?)make ([a-z-]+)", text(page), re.MULTILINE)
    }

    assert [each for each in sorted(named) if each[1] not in targets] == []
