"""The `harvester` command: global options, the list of commands, and what an error looks like."""

import difflib
import importlib
import json
import keyword
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from harvester.domain.errors import HarvesterError, Misconfigured
from harvester.entrypoints.cli import streams
from harvester.entrypoints.cli.printable import printable

DONE, FAILED, BAD_USAGE = 0, 1, 2

_FAMILIES = {
    "demo": "demo",
    "sandbox": "demo",
    "migrate": "service",
    "doctor": "service",
    "notify": "notify",
    "rules": "rules",
    "plan": "plan",
    "plans": "plans",
    "show": "plans",
    "approve": "review",
    "decline": "review",
    "hold": "review",
    "edit": "review",
    "export": "export",
    "import": "export",
    "apply": "apply",
    "reconcile": "apply",
    "drift": "apply",
    "undo": "apply",
    "pause": "apply",
    "resume": "apply",
    "serve": "daemon",
    "worker": "daemon",
    "mode": "daemon",
    "why": "why",
    "ledger": "ledger",
    "coverage": "coverage",
    "categories": "categories",
    "brands": "brands",
    "negatives": "negatives",
    "outcomes": "outcomes",
    "status": "status",
}


@dataclass
class Invocation:
    """What the global options said."""

    env_file: Path | None = None
    as_json: bool = False
    """Asked of the command; an error is a document then, too."""


class _Commands(click.Group):
    """Imports a family of commands when one of them is called: `--help` stays fast."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_FAMILIES)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        family = _FAMILIES.get(name)
        if family is None:
            return None
        module = importlib.import_module(f"harvester.entrypoints.cli.{family}")
        command: click.Command = getattr(module, f"{name}_" if keyword.iskeyword(name) else name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = difflib.get_close_matches(args[0], _FAMILIES, n=1)
        if args[0] not in _FAMILIES and near:
            ctx.fail(f"No such command '{args[0]}'; did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _SUMMARIES))
        for part, names in _PARTS.items():
            with formatter.section(part):
                formatter.write_dl([(name.ljust(width), _SUMMARIES[name]) for name in names])


class Family(click.Group):
    """A command of several: its list says what each does, to the full stop."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.commands[name].get_short_help_str(_UNCUT)) for name in self.list_commands(ctx)]
            )


_UNCUT = 1000
_PARTS = {
    "Try it": ("demo", "sandbox"),
    "Set up": ("migrate", "doctor", "notify", "rules"),
    "Plan": ("plan", "plans", "show", "coverage", "categories", "brands", "negatives", "why"),
    "Review": ("approve", "decline", "hold", "edit", "export", "import"),
    "Apply": ("apply", "reconcile", "drift", "undo", "pause", "resume", "outcomes"),
    "Serve": ("serve", "worker", "mode", "status"),
    "Audit": ("ledger",),
}
"""As in docs/commands.md."""
_SUMMARIES = {
    "demo": "Watch a whole dry-run cycle against a pretend Amazon.",
    "sandbox": "Run the pretend Amazon alone.",
    "migrate": "Bring the database to this version.",
    "doctor": "Check settings, rules, database, logins and clock.",
    "notify": "Tell people what is news, or test that they can be reached.",
    "rules": "Check and test the rules file, compare it, score it.",
    "plan": "Pull recommendations, judge them, store a plan per profile.",
    "plans": "List the stored plans.",
    "show": "Show one plan: items, decisions or request bodies.",
    "approve": "Approve items of a plan.",
    "decline": "Decline items of a plan, until their clicks have doubled.",
    "hold": "Hold items of a plan for later.",
    "edit": "Give a promotion another bid.",
    "export": "Write a plan as CSV, JSON, Markdown or a bulk sheet.",
    "import": "Take over a CSV that a person reviewed.",
    "apply": "Send the approved items of a plan, exactly as reviewed.",
    "reconcile": "Settle unknown items by listing the account.",
    "drift": "What people changed of what Harvester made.",
    "undo": "Plan how to take back what was done.",
    "pause": "The kill switch: nothing is sent any more.",
    "resume": "Lift the kill switch.",
    "serve": "Run the service: clock, workers, health and metrics.",
    "worker": "Run workers only, beside a service on the same database.",
    "mode": "Narrow what is done for the time being, in every replica.",
    "why": "Every decision ever made about a keyword or ASIN.",
    "ledger": "Verify the recorded history.",
    "coverage": "Which auto ad groups have a destination.",
    "categories": "Browse and search Amazon's categories of products.",
    "brands": "Ids of brands, for negatives of whole brands.",
    "negatives": "What is negative, who made it, and until when.",
    "outcomes": "What became of promotions and negatives, and what is regretted.",
    "status": "The fleet at a glance: due, running, waiting, failing.",
}


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"harvester {version('harvester')}")
        except PackageNotFoundError:
            click.echo("harvester, from a checkout that is not installed")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read settings from this file; it goes before the environment. Default: .env, after the environment.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def cli(ctx: click.Context, env_file: Path | None) -> None:
    """Target harvesting for Amazon Sponsored Products.

    Harvester pulls Amazon's target promotion recommendations, judges them by your rules, and stores a plan that you
    can read, question and review. In dry-run mode, the default, nothing is ever sent to an account.

    \b
    New here?            harvester demo
    Your own account?    harvester doctor, then harvester plan
    What is in a plan?   harvester show p1
    Why not this one?    harvester why "kitchen towels"

    Exit codes: 0 done; 1 something failed, was refused, stale or unknown; 2 bad usage or configuration.
    """
    ctx.ensure_object(Invocation).env_file = env_file


def _note_json(ctx: click.Context, _param: click.Parameter, value: bool) -> bool:
    ctx.ensure_object(Invocation).as_json = value
    return value


json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_note_json, help="One JSON document on standard output."
)


def emit(document: Mapping[str, Any]) -> None:
    """One JSON document; exact decimals stay text."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, default=str)
    sys.stdout.write("\n")


def say(message: str) -> None:
    """A sentence for the person at the terminal, beside whatever goes to standard output."""
    click.echo(printable(message), err=True)


def hint(invocation: Invocation, arguments: str) -> str:
    """A command to type next, as it has to be typed here: with the path and the env file of this call."""
    called = Path(sys.argv[0])
    program = "harvester"
    if called.name == program and shutil.which(program) != str(called.absolute()):
        program = os.path.relpath(called)
    env_file = f" --env-file {shlex.quote(str(invocation.env_file))}" if invocation.env_file else ""
    return f"{shlex.quote(program)}{env_file} {arguments}"


def as_typed_here(invocation: Invocation, sentence: str) -> str:
    """A sentence whose `harvester ...` commands go on from this call: they find the same settings."""
    return re.sub(r"`harvester ([^`]+)`", lambda found: f"`{hint(invocation, found[1])}`", sentence)


def fail(invocation: Invocation, error: HarvesterError, code: int) -> NoReturn:
    click.echo(printable(f"harvester: {as_typed_here(invocation, str(error))}"), err=True)
    if invocation.as_json:
        emit({"error": str(error)})
    sys.exit(code)


def main() -> None:
    """Errors that a person can mend are one sentence and an exit code, never a traceback."""
    streams.make_usable()
    invocation = Invocation()
    try:
        try:
            _demand_text(sys.argv[1:])
            cli(prog_name="harvester", obj=invocation)
        finally:
            sys.stdout.flush()
    except Misconfigured as error:
        fail(invocation, error, BAD_USAGE)
    except HarvesterError as error:
        fail(invocation, error, FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        streams.give_up_output()
        sys.exit(FAILED)
    except OSError as error:
        if error.errno not in streams.CANNOT_WRITE:
            raise
        streams.give_up_output()
        fail(Invocation(), HarvesterError(f"the output cannot be written: {error.strerror}"), FAILED)


def _demand_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if not argument.isascii() and argument != argument.encode(errors="replace").decode():
            raise Misconfigured(f"an argument is not UTF-8 text: {argument.encode(errors='replace').decode()}")
