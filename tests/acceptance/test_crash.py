"""Killed, stopped, cut off from Postgres, or twice at once: the next run goes on, and nothing is there twice."""

import contextlib
import random
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from harvester.adapters.embedded_postgres import EmbeddedPostgres
from tests.acceptance.command_line import Harvester, Started
from tests.acceptance.conftest import CleanRun, OpenMarket
from tests.acceptance.pretend_amazon import RECOMMENDATIONS, PretendAmazon, on
from tests.acceptance.records import Ledger

Harvesters = Callable[[PretendAmazon, str], Harvester]
LARGE = ("--profiles", "1", "--recommendations", "4600", "--latency", "15")
PAGES = 5
HANGS = {"hang_seconds": 30}
OTHER_RULES = "version: 1\nrules: []\n"


@pytest.fixture
def whole(clean_runs: Callable[..., CleanRun]) -> CleanRun:
    """The run that nobody disturbed."""
    return clean_runs(*LARGE)


@pytest.fixture
def large(markets: OpenMarket, whole: CleanRun) -> PretendAmazon:
    """One profile, five pages of recommendations, and a little time between any two answers."""
    return markets(*LARGE)


@pytest.fixture
def planner(harvesters: Harvesters, large: PretendAmazon, dsn: str) -> Harvester:
    return harvesters(large, dsn)


def is_whole(ledger: Ledger, whole: CleanRun) -> None:
    """One run, complete, which holds what the undisturbed one holds, each thing once."""
    (run,) = ledger.runs().values()
    assert (run["state"], run["pages"], run["error"], run["troubles"]) == ("complete", PAGES, None, [])
    assert run["recommendations"] == ledger.value("SELECT count(*) FROM ledger.decisions")
    assert ledger.places_have_no_gap()
    assert ledger.decided() == whole.ledger.decided()
    assert ledger.plans() == whole.ledger.plans()


def stuck(planner: Harvester, amazon: PretendAmazon) -> Started:
    """A run that waits for an answer that hangs."""

    def hangs() -> bool:
        return any("hang_seconds" in request["fault"] for request in amazon.requests())

    return planner.start("plan", "--json").runs_until(hangs)


def stuck_after_two_pages(planner: Harvester, amazon: PretendAmazon, ledger: Ledger) -> Started:
    amazon.begin(on(RECOMMENDATIONS, HANGS, nth=3))
    return stuck(planner, amazon).runs_until(lambda: ledger.value("SELECT pages FROM ledger.runs") == 2)


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_run_is_taken_up(
    seed: int, planner: Harvester, large: PretendAmazon, ledger: Ledger, whole: CleanRun
) -> None:
    """Killed at any request and any moment after it, several times over, it ends as if nobody had touched it."""
    dice = random.Random(seed)
    last = len(whole.requests) - 2
    for number in sorted(dice.sample(range(2, last), dice.randint(1, 3))):
        started = planner.start("plan", "--json")
        if not started.reaches(partial(large.has_seen, large.seen() + number)):
            break  # it was taken up near its end, and has fewer requests left than that
        for _ in range(dice.randint(0, 12)):
            large.seen()  # takes a moment
        started.kill()
    else:
        started = planner.start("plan", "--json")
    started.end().succeeded()

    is_whole(ledger, whole)


@pytest.mark.parametrize("table", ["run", "observation", "plan", "action", "action_observation"])
def test_a_run_killed_while_it_writes_is_taken_up(
    table: str, planner: Harvester, ledger: Ledger, whole: CleanRun
) -> None:
    """Half a page and half a plan are nothing: what was not committed is done again."""
    with ledger.locked(f"harvester.{table}") as somebody_waits:
        started = planner.start("plan", "--json")
        somebody_waits()
        started.kill()

    planner("plan", "--json").succeeded()

    is_whole(ledger, whole)


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_run_is_taken_up(
    sign: signal.Signals, code: int, planner: Harvester, large: PretendAmazon, ledger: Ledger, whole: CleanRun
) -> None:
    """It ends at once and in order, also while an answer is awaited, and the next plan goes on from there."""
    started = stuck_after_two_pages(planner, large, ledger)
    started.process.send_signal(sign)

    stopped = started.end(10).failed(code)

    assert "goes on where this one was" in stopped.sentence
    assert {(run["state"], run["pages"]) for run in ledger.runs().values()} == {("running", 2)}
    large.fail()
    planner("plan", "--json").succeeded()
    is_whole(ledger, whole)


def test_a_run_interrupted_long_ago_is_not_taken_up(planner: Harvester, large: PretendAmazon, ledger: Ledger) -> None:
    """After an hour the account may be another one: the old run is failed, a new one begins."""
    stuck_after_two_pages(planner, large, ledger).kill()
    ledger.execute("UPDATE harvester.run SET started_at = started_at - interval '61 minutes'")
    large.fail()

    planner("plan", "--json").succeeded()

    assert begun_anew(ledger)


def test_a_run_of_other_rules_is_not_taken_up(planner: Harvester, large: PretendAmazon, ledger: Ledger) -> None:
    """Half a run judged by other rules cannot be finished by these."""
    stuck_after_two_pages(planner, large, ledger).kill()
    large.fail()
    (planner.folder / "other.yaml").write_text(OTHER_RULES)

    planner("plan", "--json", RULES_FILE="other.yaml").succeeded()

    assert begun_anew(ledger)


def begun_anew(ledger: Ledger) -> bool:
    old, new = ledger.rows("SELECT * FROM ledger.runs ORDER BY started_at")
    assert (old["state"], old["pages"], old["error"]) == ("failed", 2, "interrupted, and not taken up again")
    assert (new["state"], new["pages"]) == ("complete", PAGES)
    assert ledger.places_have_no_gap()
    assert [plan["run_id"] for plan in ledger.rows("SELECT run_id FROM harvester.plan")] == [new["run_id"]]
    return True


def test_two_runs_of_a_profile_at_once(
    planner: Harvester, large: PretendAmazon, ledger: Ledger, whole: CleanRun
) -> None:
    """One plans; the other says that somebody else does, and takes nothing away from it."""
    large.begin(on(RECOMMENDATIONS, {"hang_seconds": 8}, nth=3))
    first = stuck(planner, large)

    second = planner("plan", "--json").failed()

    (failure,) = second.json["failed"]
    assert second.json["plans"] == []
    assert failure["profile_id"] == large.profiles[0]
    assert "being worked on by another process" in failure["reason"]
    first.end().succeeded()
    is_whole(ledger, whole)


@contextlib.contextmanager
def postgres_of_our_own() -> Iterator[tuple[EmbeddedPostgres, str]]:
    folder = Path(tempfile.mkdtemp(prefix="harvester-restart-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, durable=False)
    try:
        yield server, server.join()
    finally:
        server.leave()
        shutil.rmtree(folder)


@pytest.mark.parametrize("when", ["/sp/campaigns/list", "/sp/keywords/list", RECOMMENDATIONS])
def test_a_run_outlives_a_restart_of_postgres(
    when: str, harvesters: Harvesters, large: PretendAmazon, whole: CleanRun
) -> None:
    """Gone and back while Amazon is asked: the same process ends the same run."""
    with postgres_of_our_own() as (server, dsn):
        large.begin(on(when, {"hang_seconds": 2}, nth=1))
        started = stuck(harvesters(large, dsn), large)
        assert server.leave()
        assert server.join() == dsn

        result = started.end().succeeded()

        assert "Traceback" not in result.err
        is_whole(Ledger(dsn), whole)
