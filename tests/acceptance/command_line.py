"""The real command in a process of its own, with an environment that holds what the test says and nothing else."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests import warm
from tests.acceptance.pretend_amazon import ROOT, PretendAmazon

PATIENCE_SECONDS = 3
LONGEST_SECONDS = 120.0
LONGEST_WAIT_SECONDS = 120.0
A_MOMENT_SECONDS = 0.005
"""Between two questions: the process that is asked about needs the machine too."""
RULES = Path(__file__).with_name("rules.yaml")

Environment = dict[str, str]


@dataclass(frozen=True)
class Result:
    arguments: Sequence[str]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"no JSON document: {self}") from None

    @property
    def sentence(self) -> str:
        """Standard error as the one sentence that it must be."""
        (line,) = self.err.splitlines()
        return line

    def succeeded(self) -> "Result":
        assert self.code == 0, self
        return self

    def failed(self, code: int = 1) -> "Result":
        """With that exit code, and not by surprise."""
        assert self.code == code, self
        assert "Traceback" not in self.err, self
        return self


class Started:
    """A command under way; what it says goes into files that nobody else sees."""

    def __init__(self, arguments: Sequence[str], process: warm.Process, out: IO[bytes], err: IO[bytes]) -> None:
        self.arguments = arguments
        self.process = process
        self._out, self._err = out, err
        self.over = False
        """And its output read."""

    @property
    def said(self) -> str:
        """On standard output, so far."""
        return os.pread(self._out.fileno(), 2**20, 0).decode()

    def end(self, longest_seconds: float = LONGEST_SECONDS) -> Result:
        try:
            code = self.process.wait(longest_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            out, err = self._read()
            raise AssertionError(f"not over after {longest_seconds} s: {self.arguments}\n{out}\n{err}") from None
        return Result(self.arguments, code, *self._read())

    def _read(self) -> tuple[str, str]:
        self.over = True
        with self._out as out, self._err as err:
            out.seek(0)
            err.seek(0)
            return out.read().decode(), err.read().decode()

    def ends_within(self, seconds: float) -> bool:
        """By itself."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Like a power cut: no signal handler runs."""
        self.process.kill()
        self.process.wait()
        self._read()

    def reaches(self, point: Callable[[], bool]) -> bool:
        """Asks again and again; False: it ended before."""
        give_up_at = time.monotonic() + LONGEST_WAIT_SECONDS
        while not point():
            if self.ends_within(A_MOMENT_SECONDS):
                return point()
            assert time.monotonic() < give_up_at, "what the test waits for never came"
        return True

    def runs_until(self, point: Callable[[], bool]) -> "Started":
        assert self.reaches(point), self.end()
        return self


class Harvester:
    """Runs in a folder of the test's own, where no .env and no rules.yaml is found."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.warm = True
        """Not as a person starts it, who waits for all imports."""
        self.under_way: list[Started] = []

    def __call__(self, *arguments: str, **changes: str | None) -> Result:
        return self.start(*arguments, **changes).end()

    def start(self, *arguments: str, **changes: str | None) -> Started:
        """`changes` are settings without their prefix; None leaves one out."""
        settings = {**self.environment, **{f"HARVESTER_{name}": value for name, value in changes.items()}}
        environment = self._plain() | {name: value for name, value in settings.items() if value is not None}
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - read and closed at its end
        process = warm.started(arguments, self.folder, environment, out, err, warm=self.warm)
        self.under_way.append(Started(arguments, process, out, err))
        return self.under_way[-1]

    def _plain(self) -> Environment:
        """PYTHONWARNINGS: what is left open or never awaited shows on standard error."""
        kept = {name: os.environ[name] for name in warm.KEPT if name in os.environ}
        data = {"HOME": str(self.folder), "HARVESTER_DATA_DIR": str(self.folder / "data")}
        return kept | data | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}

    def stop(self) -> None:
        for started in self.under_way:
            if not started.over:
                started.kill()


def settings_for(amazon: PretendAmazon, dsn: str, **more: str) -> Environment:
    """One account per login of the sandbox: FIRST, SECOND ..."""
    settings = {"DATABASE_URL": dsn, "RULES_FILE": str(RULES), "API_PATIENCE": str(PATIENCE_SECONDS), **more}
    for name, login in zip(("FIRST", "SECOND", "THIRD"), amazon.ready["accounts"], strict=False):
        settings |= {
            f"ACCOUNTS__{name}__CLIENT_ID": login["client_id"],
            f"ACCOUNTS__{name}__CLIENT_SECRET": login["client_secret"],
            f"ACCOUNTS__{name}__REFRESH_TOKEN": login["refresh_token"],
            f"ACCOUNTS__{name}__REGION": "NA",
            f"ACCOUNTS__{name}__ADS_URL": amazon.ready["ads_url"],
            f"ACCOUNTS__{name}__LWA_URL": amazon.ready["lwa_url"],
        }
    return {f"HARVESTER_{name}": value for name, value in settings.items()}
