"""Killed, stopped, cut off or twice at once while reports are fetched and search terms read: the next one goes on."""

import signal
from collections.abc import Callable

import pytest

from tests.acceptance.command_line import Harvester, Started
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.records import Ledger
from tests.acceptance.test_crash import Harvesters, postgres_of_our_own
from tests.acceptance.test_reports import ASKED, FETCHED, questions, settings_of

LOOKED_AFTER = {"method": "GET", "path": "/reporting/reports/*"}
HANGS = {"hang_seconds": 600}
A_DAY_IN_THE_MIDDLE = "NEW.day = current_date - 40"


def all_is_in(ledger: Ledger, amazon: PretendAmazon, asked: int = 4) -> None:
    """Each day once, each row once, and Amazon was asked for nothing twice."""
    assert questions(amazon) == asked
    assert ledger.value("SELECT count(*) FROM harvester.report WHERE state = 'loaded'") == 4
    assert ledger.value("SELECT count(*) FROM harvester.report WHERE state <> 'loaded'") == 0
    assert ledger.value("SELECT count(*) FROM harvester.report_day") == 94
    assert ledger.value("SELECT sum(rows) FROM harvester.report") == ledger.value(
        "SELECT count(*) FROM harvester.search_term_day"
    )
    twice = "SELECT FROM harvester.search_term_day GROUP BY day, ad_group_id, keyword_id, term HAVING count(*) > 1"
    assert ledger.rows(twice) == []


def planning(harvester: Harvester, amazon: PretendAmazon) -> Started:
    return harvester.start("plan", "--profile", amazon.profiles[0], "--json", **settings_of(harvester))


def held_at(amazon: PretendAmazon, match: dict[str, str], **action: object) -> Callable[[], bool]:
    """The second such call hangs; says whether it does."""
    amazon.begin({"match": {**match, "nth": 2}, "action": {**HANGS, **action}})
    return lambda: amazon.fired() == [1]


@pytest.mark.parametrize(("match", "lost"), [(ASKED, 1), (LOOKED_AFTER, 0)], ids=["asked for", "looked after"])
def test_killed_while_amazon_is_asked(
    match: dict[str, str], lost: int, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Only a question whose answer was lost is asked again, and Amazon then names the report that it has."""
    stuck = held_at(amazon, match, after_work=True)
    planning(harvester, amazon).runs_until(stuck).kill()
    amazon.fail()

    planning(harvester, amazon).end().succeeded()

    all_is_in(ledger, amazon, 4 + lost)


def test_killed_while_rows_are_copied(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Half a report is none: no day of it counts as read, and the next one reads it whole."""
    amazon.begin()
    with ledger.stopped_at("harvester.search_term_day", A_DAY_IN_THE_MIDDLE) as somebody_waits:
        started = planning(harvester, amazon)
        somebody_waits()
        started.kill()
        assert ledger.value("SELECT count(*) FROM harvester.report_day WHERE day < current_date - 31") == 0

    planning(harvester, amazon).end().succeeded()

    all_is_in(ledger, amazon)


def test_two_plans_at_once_ask_for_each_report_once(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Of one profile, both wait for the same reports; then one plans, and the other does too or says who does."""
    amazon.begin({"match": {**FETCHED, "nth": 2}, "action": {"hang_seconds": 3}})
    both = [planning(harvester, amazon) for _ in range(2)]

    ended = [started.end() for started in both]

    all_is_in(ledger, amazon)
    assert min(each.code for each in ended) == 0
    for each in ended:
        assert "Traceback" not in each.err, each
        assert each.code == 0 or "is being worked on by another process" in each.json["failed"][0]["reason"]
    assert ledger.value("SELECT count(*) FROM ledger.runs WHERE state <> 'complete'") == 0


def test_plans_of_two_profiles_of_a_login_disturb_each_other_in_nothing(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Each asks for its own reports, and plans."""
    amazon.begin()
    settings = settings_of(harvester)
    both = [harvester.start("plan", "--profile", each, "--json", **settings) for each in amazon.profiles[:2]]

    for started in both:
        started.end().succeeded()

    days = ledger.rows("SELECT profile_id, count(*) AS days FROM harvester.report_day GROUP BY profile_id ORDER BY 1")
    assert [(row["profile_id"], row["days"]) for row in days] == [(each, 94) for each in amazon.profiles[:2]]
    asked = ledger.rows("SELECT profile_id FROM harvester.report GROUP BY 1 HAVING count(*) <> 4")
    assert (asked, questions(amazon)) == ([], 8)


@pytest.mark.parametrize("match", [ASKED, LOOKED_AFTER, FETCHED], ids=["asked for", "looked after", "downloaded"])
def test_stopped_while_amazon_is_awaited(
    match: dict[str, str], harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """It ends soon and in order, and the next one goes on with the same reports."""
    stuck = held_at(amazon, match, after_work=True)
    started = planning(harvester, amazon).runs_until(stuck)
    started.process.send_signal(signal.SIGTERM)
    started.end(20).failed(128 + signal.SIGTERM)
    amazon.fail()

    planning(harvester, amazon).end().succeeded()

    all_is_in(ledger, amazon, 5 if match is ASKED else 4)


def test_stopped_while_rows_are_copied(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """The statement is given up, and with it the rows that came so far."""
    amazon.begin()
    with ledger.stopped_at("harvester.search_term_day", A_DAY_IN_THE_MIDDLE) as somebody_waits:
        started = planning(harvester, amazon)
        somebody_waits()
        started.process.send_signal(signal.SIGTERM)
        started.end(20).failed(128 + signal.SIGTERM)
        assert ledger.value("SELECT count(*) FROM harvester.report_day WHERE day < current_date - 31") == 0

    planning(harvester, amazon).end().succeeded()

    all_is_in(ledger, amazon)


@pytest.mark.parametrize("match", [LOOKED_AFTER, FETCHED], ids=["looked after", "downloaded"])
def test_reports_outlive_a_restart_of_postgres(
    match: dict[str, str], harvesters: Harvesters, amazon: PretendAmazon
) -> None:
    """Gone and back while Amazon is awaited: the same process goes on, and asks for nothing again."""
    with postgres_of_our_own() as (server, dsn):
        amazon.begin({"match": {**match, "nth": 2}, "action": {"hang_seconds": 2}})
        started = planning(harvesters(amazon, dsn), amazon).runs_until(lambda: amazon.fired() == [1])
        assert server.leave()
        assert server.join() == dsn

        result = started.end().succeeded()

        assert "Traceback" not in result.err
        all_is_in(Ledger(dsn), amazon)


def test_reports_outlive_a_restart_of_postgres_while_rows_are_copied(
    harvesters: Harvesters, amazon: PretendAmazon
) -> None:
    """The same process reads the same report again, from its beginning."""
    with postgres_of_our_own() as (server, dsn):
        amazon.begin()
        harvester, ledger = harvesters(amazon, dsn), Ledger(dsn)
        harvester("migrate").succeeded()
        with ledger.stopped_at("harvester.search_term_day", A_DAY_IN_THE_MIDDLE) as somebody_waits:
            started = planning(harvester, amazon)
            somebody_waits()
            assert server.leave()
            assert server.join() == dsn

        result = started.end().succeeded()

        assert "Traceback" not in result.err
        all_is_in(ledger, amazon)
