"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CODE = ROOT / "harvester"
MODULE_LINES = 400
FUNCTION_LINES = 40
VAGUE_NAMES = {"base", "common", "helpers", "manager", "misc", "utils"}
MAY_PRINT = ("entrypoints/cli/", "sandbox/")
MAY_READ_ENVIRONMENT = (
    "config/settings.py",
    "sandbox/",
    "adapters/embedded_postgres.py",  # hands it on to the server that it starts, without what would mislead it
)
THIS_MACHINE = re.compile(r"(?<![\w.)}])/(?:home|root|work|Users)/|--(?:extra-)?index-url")
A_REASON = re.compile(r"# type: ignore\[[a-z][a-z-]*(?:, ?[a-z][a-z-]*)*\]  # \S+ \S+")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or is about to be, under version control; outside of a checkout, every file of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0 and listed.stdout:
        names = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        names = [path for path in ROOT.rglob("*") if not {".venv", ".git", "__pycache__"} & set(path.parts)]
    return tuple(sorted(path for path in names if path.is_file()))


def python_files(*folders: str) -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path, line: int | None = None) -> str:
    name = path.relative_to(ROOT).as_posix()
    return f"{name}:{line}" if line else name


def modules() -> list[Path]:
    return python_files("harvester")


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file and its full name: `sleep` is `asyncio.sleep` where it was imported from there."""
    origin = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield origin.get(name, name), node


def test_the_walk_over_the_files_finds_them() -> None:
    """The gates below look at real files: the package, its tests and this very file."""
    assert CODE / "__init__.py" in modules()
    assert Path(__file__) in tracked()


def test_no_module_is_longer_than_400_lines() -> None:
    """A module that has outgrown one reading is split by its reasons to change."""
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    """A function fits on a screen, docstring aside."""
    too_long = {
        f"{shown(path, node.lineno)} {node.name}": lines_of_code(node)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of_code(node) > FUNCTION_LINES
    }

    assert too_long == {}


def test_no_module_has_a_name_that_could_hold_anything() -> None:
    """A module is named for what it holds."""
    assert [shown(path) for path in modules() if {path.stem, *path.relative_to(ROOT).parts} & VAGUE_NAMES] == []


def test_only_commands_and_the_sandbox_print() -> None:
    """Everything else speaks through its return value, its errors and the log."""
    printing = [
        shown(path, call.lineno)
        for path in modules()
        if not path.relative_to(CODE).as_posix().startswith(MAY_PRINT)
        for name, call in calls(path)
        if name == "print"
    ]

    assert printing == []


def test_only_the_settings_read_the_environment() -> None:
    """What a process was told is read in one place, and handed on from there."""
    reading = [
        shown(path, node.lineno)
        for path in modules()
        if not path.relative_to(CODE).as_posix().startswith(MAY_READ_ENVIRONMENT)
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.environb", "os.getenv"})
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and {"environ", "getenv"} & names_of(node))
    ]

    assert reading == []


def names_of(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def test_no_test_waits_by_sleeping() -> None:
    """A test waits for what it waits for; `sleep(0)`, which waits for no time, lets other tasks take their turn."""
    sleeping = [
        shown(path, call.lineno)
        for path in python_files("tests")
        for name, call in calls(path)
        if name in {"time.sleep", "asyncio.sleep"} and [ast.unparse(each) for each in call.args] != ["0"]
    ]

    assert sleeping == []


def test_coverage_is_not_waved_through() -> None:
    """No line is left out of the coverage of the core by a comment on it."""
    mark = re.compile(r"#\s*pragma:\s*no\s+(cover|branch)")
    waved = [shown(path) for path in python_files("harvester", "tests", "benchmarks") if mark.search(path.read_text())]

    assert waved == []


def test_a_silenced_type_error_has_its_code_and_its_reason() -> None:
    """`type: ignore` names the error that it silences, and says why behind it."""
    unexplained = [
        shown(path, number)
        for path in python_files("harvester", "tests", "benchmarks")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"#\s*type:\s*ignore", line) and not A_REASON.search(line)
    ]

    assert unexplained == []


def test_no_file_names_a_developers_machine_or_a_download_host() -> None:
    """What is checked in works anywhere: no home folder, no package index of somebody's own."""
    personal = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        personal += [
            f"{shown(path, number)} {found.group()}"
            for number, line in enumerate(text.splitlines(), 1)
            if (found := THIS_MACHINE.search(line))
        ]

    assert personal == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_every_package_by_hash_and_names_no_host(lock: str) -> None:
    """Each entry is one version with at least one hash, wherever it is downloaded from."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-zA-Z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip())

    assert len(entries) > 20
    assert [e for e in entries if not re.match(r"\S+==\S+", e) or "--hash=sha256:" not in e or "://" in e] == []


def test_the_development_lock_runs_what_the_service_runs() -> None:
    """Tests run on the very versions that are deployed."""
    pins = {
        lock: set(re.findall(r"^(\S+==\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-dev.lock")
    }

    assert pins["requirements.lock"] <= pins["requirements-dev.lock"]


def test_the_image_keeps_what_the_service_needs_and_nothing_else() -> None:
    """What the Dockerfile throws away is the embedded Postgres, the build backend, and what only they need."""
    lines = re.findall(r"^[a-z0-9-]+==[^\\\n]+", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    pinned = [Requirement(line) for line in lines]
    locked = {each.name for each in pinned if each.marker is None or each.marker.evaluate()}
    uninstall = re.search(
        r"uninstall --quiet --yes((?:\s|\\|[a-z-])+)", (ROOT / "Dockerfile").read_text(encoding="utf-8")
    )
    assert uninstall
    thrown_away = set(re.findall(r"[a-z]+(?:-[a-z]+)*", uninstall.group(1)))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert thrown_away <= locked
    assert locked - thrown_away == needed(project["dependencies"], without={"embedded-postgres"})


def needed(requirements: Iterable[str], *, without: Collection[str]) -> set[str]:
    """The packages behind some requirements, and behind those."""
    names: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (
            name in names
            or name in without
            or not (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
        ):
            continue
        names.add(name)
        waiting += [Requirement(text) for text in distribution(name).requires or ()]
    return names


def test_every_folder_with_code_is_a_package_that_holds_some() -> None:
    """A package has its `__init__.py`, and a module beside it: none is kept for later."""
    folders = {path.parent for path in modules()}
    without_init = [shown(folder) for folder in folders if folder / "__init__.py" not in modules()]
    empty = [
        shown(folder)
        for folder in folders
        if not any(path.name != "__init__.py" and folder in path.parents for path in modules())
    ]

    assert (without_init, empty) == ([], [])


def test_the_version_is_the_newest_of_the_changelog() -> None:
    """Who reads the changelog from the top learns what this version changed."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert headings
    assert headings[0] == version
