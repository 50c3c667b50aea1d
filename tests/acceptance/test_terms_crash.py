"""Killed, stopped or cut off in the middle of thousands of search terms: the run ends as if nobody had touched it."""

import signal
from collections import Counter

import pytest

from tests.acceptance.command_line import Harvester, Started
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.records import Ledger
from tests.acceptance.test_crash import Harvesters, postgres_of_our_own
from tests.acceptance.test_reports import settings_of
from tests.integration.told_by_reports import ago, read

TERMS = 3200
"""Four pages."""
IN_THE_THIRD_PAGE = "NEW.source = 'search_terms' AND NEW.place = 2500"
A_PROFILE = """
    INSERT INTO harvester.profile (profile_id, account, region, country, currency, timezone, kind, name)
    VALUES ($1, 'first', 'NA', 'US', 'USD', 'America/Los_Angeles', 'seller', 'Sandbox Store 1')
"""
MANY = """
    INSERT INTO harvester.search_term_day
    SELECT $1, $4::text::date, $3, $2, '400', 'garden gnome ' || number, 'garden gnome ' || number, 'close-match',
        'TARGETING_EXPRESSION_PREDEFINED', 100, number % 40, 1000000, CASE WHEN number % 7 = 0 THEN 3 ELSE 0 END, 9000000
    FROM generate_series(1, $5::int) AS number
"""
DECIDED = """
    SELECT run_id, place, target, metrics, outcome, reason, rule, findings FROM ledger.decisions
    WHERE source = 'search_terms' ORDER BY run_id, place
"""


def fill(ledger: Ledger, amazon: PretendAmazon) -> None:
    """Every day is in, and one of them has many terms of one automatic ad group."""
    profile, ad_group = amazon.profiles[0], min(amazon.source_ad_groups(amazon.profiles[0]))
    found = next(each for each in amazon.state()[profile]["adGroups"] if each["adGroupId"] == ad_group)
    ledger.execute(A_PROFILE, profile)
    read(ledger, [ago(days) for days in range(1, 96)], profile_id=profile)
    ledger.execute(MANY, profile, ad_group, found["campaignId"], f"{ago(20)}", TERMS)


def planning(harvester: Harvester, amazon: PretendAmazon) -> Started:
    return harvester.start("plan", "--profile", amazon.profiles[0], "--json", **settings_of(harvester))


def is_as_a_fresh_one(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """The only run has every term once, decided as a run decides it that nobody disturbs."""
    (run,) = ledger.runs().values()
    assert run["state"] == "complete"
    assert ledger.places_have_no_gap()
    planning(harvester, amazon).end().succeeded()
    found: dict[str, list[tuple[object, ...]]] = {}
    for row in ledger.rows(DECIDED):
        found.setdefault(row.pop("run_id"), []).append(tuple(map(str, row.values())))
    disturbed, fresh = found.values()
    assert disturbed == fresh
    assert len(fresh) >= TERMS
    assert max(Counter(row[1] for row in fresh).values()) == 1


@pytest.fixture
def filled(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> Ledger:
    amazon.begin()
    fill(ledger, amazon)
    return ledger


def test_killed_while_terms_are_read(harvester: Harvester, amazon: PretendAmazon, filled: Ledger) -> None:
    """Two pages are in, the third is half written."""
    with filled.stopped_at("harvester.observation", IN_THE_THIRD_PAGE) as somebody_waits:
        started = planning(harvester, amazon)
        somebody_waits()
        started.kill()
    before = filled.value("SELECT count(*) FROM ledger.decisions")

    planning(harvester, amazon).end().succeeded()

    assert 0 < before < TERMS
    is_as_a_fresh_one(harvester, amazon, filled)


def test_stopped_while_terms_are_read(harvester: Harvester, amazon: PretendAmazon, filled: Ledger) -> None:
    """It ends soon, and says that the next one goes on."""
    with filled.stopped_at("harvester.observation", IN_THE_THIRD_PAGE) as somebody_waits:
        started = planning(harvester, amazon)
        somebody_waits()
        started.process.send_signal(signal.SIGTERM)
        assert "goes on where this one was" in started.end(20).failed(128 + signal.SIGTERM).sentence

    planning(harvester, amazon).end().succeeded()

    is_as_a_fresh_one(harvester, amazon, filled)


def test_terms_outlive_a_restart_of_postgres(harvesters: Harvesters, amazon: PretendAmazon) -> None:
    """Gone and back in the middle of a page: the same process ends the same run."""
    with postgres_of_our_own() as (server, dsn):
        amazon.begin()
        harvester, ledger = harvesters(amazon, dsn), Ledger(dsn)
        harvester("migrate").succeeded()
        fill(ledger, amazon)
        with ledger.stopped_at("harvester.observation", IN_THE_THIRD_PAGE) as somebody_waits:
            started = planning(harvester, amazon)
            somebody_waits()
            assert server.leave()
            assert server.join() == dsn

        assert "Traceback" not in started.end().succeeded().err
        is_as_a_fresh_one(harvester, amazon, ledger)
