"""`harvester rules check|schema|test|diff`, and `score`."""

import json
from pathlib import Path

import click
from rich.text import Text

from harvester.config import rules_file
from harvester.domain.errors import Misconfigured
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import BAD_USAGE, FAILED, Family, Invocation, emit, json_option
from harvester.entrypoints.cli.rules_diff import diff
from harvester.entrypoints.cli.score import score
from harvester.entrypoints.cli.session import load_settings
from harvester.rules.file_tests import run_tests
from harvester.rules.ruleset import schema as schema_of_rules
from harvester.wiring import delivered, rules_path

_file = click.argument("file", type=click.Path(path_type=Path), required=False)


@click.group(cls=Family)
def rules() -> None:
    """Check and test the rules file, compare it with another, and score what it did.

    Without FILE: the one in force (HARVESTER_RULES_FILE, else rules.yaml in this folder, else the built-in rules).
    """


rules.add_command(diff)


@rules.command()
@_file
@json_option
@click.pass_context
def check(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Read the file and say everything that is wrong with it, with file and line."""
    settings = load_settings(ctx.obj)
    path = file or rules_path(settings)
    problems = rules_file.check(path, delivered(settings)) if path else []
    if as_json:
        emit({"file": _name(path), "problems": [_problem(each) for each in problems]})
    else:
        for problem in problems:
            click.echo(str(problem))
        if not problems:
            loaded = rules_file.load(path)
            click.echo(f"{_name(path)}: {tables.plural(len(loaded.rules), 'rule')}, no problems")
            click.echo(f"fingerprint {loaded.fingerprint}")
    if problems:
        ctx.exit(BAD_USAGE)


@rules.command()
@json_option
def schema(as_json: bool) -> None:  # noqa: ARG001 - it is JSON either way
    """Print the JSON Schema of rules files, for editors."""
    click.echo(json.dumps(schema_of_rules(), indent=2, ensure_ascii=False))


@rules.command()
@_file
@json_option
@click.pass_context
def test(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Run the tests that stand in the file: made-up recommendations with what must come of them."""
    path = _path(ctx.obj, file)
    results = run_tests(rules_file.load(path))
    failed = [result for result in results if not result.passed]
    if as_json:
        tests = [
            {"name": each.name, "passed": each.passed, "expected": each.expected, "got": each.got} for each in results
        ]
        emit({"file": _name(path), "tests": tests, "failed": len(failed)})
    else:
        console = tables.console()
        for result in results:
            mark = Text("ok   ", style="green") if result.passed else Text("FAIL ", style="bold red")
            told = result.got if result.passed else f"expected {result.expected}, got {result.got}"
            line = Text.assemble(mark, (result.name, "bold"), f": {told}")
            console.print(tables.hanging(line, further=len(mark)))
        count = f"{len(results) - len(failed)} passed, {len(failed)} failed"
        click.echo(f"{_name(path)}: {count if results else 'no tests; add some under `tests:`'}")
    if failed:
        ctx.exit(FAILED)


rules.add_command(score)


def _path(invocation: Invocation, file: Path | None) -> Path | None:
    return file or rules_path(load_settings(invocation))


def _name(path: Path | None) -> str:
    return str(path) if path else "built-in rules"


def _problem(problem: Misconfigured) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line, "field": problem.field, "message": problem.message}
