"""Fleets of real replicas, killed, stopped, cut off and restarted: every slot runs, and the ledger equals the account."""

import os
import random
import signal
from functools import partial
from pathlib import Path

import pytest

from harvester.sandbox.settings import Options
from tests.conftest import Databases
from tests.fleet.service import Fleet
from tests.fleet.wire import Wire

SEEDS = 14
SMALL = Options(profiles=10, recommendations=30)
_SOAK_FIRST, _SOAK_ROUNDS = int(os.environ.get("SOAK_SEED", "1000")), int(os.environ.get("SOAK_ROUNDS", "2000"))
SOAKED = range(_SOAK_FIRST, _SOAK_FIRST + _SOAK_ROUNDS, 10)
_CUT_ALL = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_LISTED = "SELECT count(*) FROM harvester.profile WHERE listed_at IS NOT NULL"
_HOLDER = "SELECT pid FROM harvester.replica WHERE holds_clock AND seen_at > now() - interval '3 s'"


async def _storm(seed: int, dsn: str, folder: Path, options: Options = SMALL) -> None:
    """Three replicas; at moments chosen by dice, one of them dies or sleeps, or all lines to Postgres break."""
    dice = random.Random(seed)
    async with Fleet.opened(options, dsn, folder) as fleet:
        for _ in range(3):
            fleet.start(dice.choice(["serve", "serve", "worker"]) if fleet.replicas else "serve")
        asleep = []
        for _ in range(dice.choice([1, 2, 3])):
            moment = dice.randint(0, options.profiles * 9)
            await fleet.until(partial(_has_seen, fleet, moment))
            awake = [each for each in fleet.replicas if not each.ended and each not in asleep]
            victim = dice.choice(awake)
            match dice.choice(["kill", "kill", "stop", "cut"]):
                case "kill":
                    victim.kill()
                    fleet.deaths += 1
                    fleet.start()
                case "stop":
                    victim.send(signal.SIGSTOP)
                    asleep.append(victim)
                    fleet.deaths += 1
                    fleet.start()
                case _:
                    await fleet.fetch(_CUT_ALL)
                    fleet.deaths += 1
        await fleet.until(fleet.all_are_done)
        for sleeper in asleep:
            sleeper.send(signal.SIGCONT)
        await fleet.finish()
        await fleet.demand_agreement()


async def _has_seen(fleet: Fleet, requests: int) -> bool:
    """Or everything is done already."""
    return fleet.amazon.sandbox.journal.total >= requests or await fleet.all_are_done()


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_whatever_happens_to_replicas(seed: int, dsn: str, tmp_path: Path) -> None:
    """Killed, stopped and woken, their lines cut, at random moments."""
    await _storm(seed, dsn, tmp_path)


@pytest.mark.soak
async def test_whatever_happens_to_replicas_many_times(
    databases: Databases, template_database: str, tmp_path: Path
) -> None:
    """The same for one in ten of the soak's seeds; the one that fails is named with the command that replays it."""
    for seed in SOAKED:
        name, folder = f"{template_database}_storm_{seed}", tmp_path / f"{seed}"
        folder.mkdir()
        with databases.made(name, template_database) as dsn:
            try:
                await _storm(seed, dsn, folder)
            except BaseException as error:
                error.add_note(f"again: SOAK_SEED={seed} SOAK_ROUNDS=1 make soak ARGS=tests/fleet/test_storms.py")
                raise


async def test_two_hundred_profiles_and_a_death(dsn: str, tmp_path: Path) -> None:
    """A fleet of some size: a replica is killed in the middle, and another takes its place."""
    async with Fleet.opened(Options(profiles=200, recommendations=5), dsn, tmp_path) as fleet:
        for _ in range(3):
            fleet.start()
        await fleet.until(lambda: _has_seen(fleet, 600))
        fleet.replicas[1].kill()
        fleet.deaths = 1
        fleet.start("worker")
        await fleet.finish()
        await fleet.demand_agreement()


@pytest.mark.parametrize("moment", ["before the profiles are known", "as it fires"])
async def test_the_clock_holder_dies(moment: str, dsn: str, tmp_path: Path) -> None:
    """At the second it fires: another one takes the clock within seconds, and nothing is lost or put twice."""
    async with Fleet.opened(SMALL, dsn, tmp_path) as fleet:
        holder = fleet.start()
        await fleet.until(lambda: _there_is(fleet, _HOLDER))
        fleet.start()
        fleet.start("worker")
        if moment == "as it fires":
            await fleet.until(lambda: _there_is(fleet, "SELECT FROM harvester.slot WHERE task = 'plan'"))
        holder.kill()
        fleet.deaths = 1
        await fleet.until(lambda: _holds(fleet, fleet.replicas[1].process.pid))
        await fleet.finish()
        await fleet.demand_agreement()


async def test_a_replica_is_cut_off_from_postgres(dsn: str, tmp_path: Path) -> None:
    """It says nothing more and hears nothing: others do its work; when the line is back it has lost what it held."""
    async with Wire.laid(dsn) as wire, Fleet.opened(SMALL, dsn, tmp_path) as fleet:
        fleet.start(DATABASE_URL=wire.dsn)
        await fleet.until(lambda: _has_seen(fleet, 20))
        wire.silence()
        fleet.deaths = 1
        fleet.start()
        await fleet.until(fleet.all_are_done)
        wire.speak()
        await fleet.finish()
        await fleet.demand_agreement()


async def _there_is(fleet: Fleet, query: str) -> bool:
    return bool(await fleet.fetch(query))


async def _holds(fleet: Fleet, pid: int) -> bool:
    return any(row["pid"] == pid for row in await fleet.fetch(_HOLDER))
