"""Real processes: the command line on one side, the pretend Amazon on the other, a Postgres below."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester, Result, settings_for
from tests.acceptance.pretend_amazon import PretendAmazon, pretend_amazon
from tests.acceptance.records import Ledger
from tests.conftest import Databases

OpenMarket = Callable[..., PretendAmazon]


@pytest.fixture(scope="session")
def markets() -> Iterator[OpenMarket]:
    """`markets("--profiles", "2")`: one process per set of flags, kept for the tests that follow."""
    with ExitStack() as stack:
        up: dict[tuple[str, ...], PretendAmazon] = {}

        def open_market(*flags: str) -> PretendAmazon:
            if flags not in up:
                up[flags] = stack.enter_context(pretend_amazon(*flags))
            up[flags].begin()
            return up[flags]

        yield open_market


@pytest.fixture
def amazon(markets: OpenMarket) -> PretendAmazon:
    """Three profiles of one login, without faults and as on the first day."""
    return markets()


@pytest.fixture
def two_logins(markets: OpenMarket) -> PretendAmazon:
    """Three profiles; the second belongs to another login."""
    return markets("--accounts", "2")


@pytest.fixture
def harvesters(tmp_path: Path) -> Iterator[Callable[[PretendAmazon, str], Harvester]]:
    """Makes command lines for a market and a database; whatever still runs at the end is ended."""
    made: list[Harvester] = []

    def make(amazon: PretendAmazon, dsn: str) -> Harvester:
        folder = tmp_path / f"at-{len(made)}"
        folder.mkdir()
        made.append(Harvester(folder, settings_for(amazon, dsn)))
        return made[-1]

    yield make
    for harvester in made:
        harvester.stop()


@pytest.fixture
def harvester(harvesters: Callable[[PretendAmazon, str], Harvester], amazon: PretendAmazon, dsn: str) -> Harvester:
    """The command line for the market of three profiles and the test's own database."""
    return harvesters(amazon, dsn)


@pytest.fixture
def ledger(dsn: str) -> Ledger:
    return Ledger(dsn)


@dataclass(frozen=True)
class CleanRun:
    """One dry run in which nothing went wrong, for tests that only look."""

    harvester: Harvester
    ledger: Ledger
    result: Result
    before: Any
    after: Any
    requests: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    """As the ledger has them."""

    @property
    def plans(self) -> list[dict[str, Any]]:
        plans: list[dict[str, Any]] = self.result.json["plans"]
        return plans

    def show(self, plan_id: str, *options: str) -> Any:
        return self.harvester("show", plan_id, "--json", *options).succeeded().json


@pytest.fixture(scope="session")
def clean_runs(
    markets: OpenMarket,
    databases: Databases,
    new_name: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., CleanRun]]:
    """`clean_runs("--profiles", "1")`: a clean run over the market with these flags, made once."""
    made: dict[tuple[str, ...], CleanRun] = {}

    def run(*flags: str) -> CleanRun:
        if flags not in made:
            dsn = stack.enter_context(databases.made(new_name("clean")))
            amazon = markets(*flags)
            harvester = Harvester(tmp_path_factory.mktemp("clean"), settings_for(amazon, dsn))
            before = amazon.state()
            result = harvester("plan", "--json").succeeded()
            ledger = Ledger(dsn)
            calls = ledger.rows("SELECT * FROM ledger.api_calls")
            made[flags] = CleanRun(harvester, ledger, result, before, amazon.state(), amazon.requests(), calls)
        return made[flags]

    with ExitStack() as stack:
        yield run
        for clean in made.values():
            clean.harvester.stop()


@pytest.fixture(scope="session")
def clean(clean_runs: Callable[..., CleanRun]) -> CleanRun:
    """Over the market of three profiles."""
    return clean_runs()
