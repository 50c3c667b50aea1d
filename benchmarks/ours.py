"""Us: the harvest as `harvester plan` runs it, through the same client, rules and ledger."""

import os
from pathlib import Path

import asyncpg
import uvloop

from benchmarks.task import Answer, Stopwatch, Task, read, write
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.rulesets import PostgresRulesets
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.config.settings import AccountSettings, Settings
from harvester.domain.candidate import AccountFacts
from harvester.domain.profile import Mode
from harvester.rules.evaluate import compile_rules
from harvester.usecases.account_map import read_account
from harvester.usecases.harvest import Harvest
from harvester.usecases.make_plan import RulesOnTheGround
from harvester.usecases.surroundings import Surroundings
from harvester.wiring import Services, SystemClock, open_services

RULES = Path(__file__).parent / "rules.yaml"


def settings_for(task: Task) -> Settings:
    """Of this task alone: nothing that is set outside counts."""
    for name in [name for name in os.environ if name.upper().startswith("HARVESTER_")]:
        del os.environ[name]
    amazon = task.amazon
    account = AccountSettings.model_validate(
        {
            "client_id": amazon.client_id,
            "client_secret": amazon.client_secret,
            "refresh_token": amazon.refresh_token,
            "region": "NA",
            "ads_url": amazon.ads_url,
            "lwa_url": amazon.lwa_url,
        }
    )
    return Settings.model_validate({"database_url": task.dsn, "rules_file": RULES, "accounts": {"bench": account}})


async def harvest(services: Services) -> Answer:
    """The clock runs from the first question about recommendations until the last row is kept."""
    clock, rules, database, login = SystemClock(), services.rules, services.database, services.logins[0]
    profile, *_ = (await login.profiles()).readable
    profiles, runs = PostgresProfiles(database), PostgresRuns(database)
    await profiles.save([profile])
    await PostgresRulesets(database).save(rules.fingerprint, rules.text)
    run = await runs.begin(
        profile,
        source="promotion",
        trigger="benchmark",
        mode=Mode.DRY_RUN,
        ruleset=rules.fingerprint,
        resume_after=clock.now(),
    )
    reader = login.reader(profile, run.run_id)
    account = await read_account(reader)
    own_asins = set(account.own_asins)
    facts = AccountFacts(profile, own_asins, {}, clock.now())
    ground_rules = RulesOnTheGround(rules.for_profile(profile.profile_id), profile)
    surroundings = Surroundings(reader, facts, account, ground_rules)
    work, judge = Harvest(runs, profiles, clock), compile_rules(rules, profile)
    watch = Stopwatch()
    harvested = await work(run, reader.promotion, surroundings, judge, own_asins)
    answer = watch.answer(harvested.rows)
    if harvested.troubles:
        raise SystemExit(f"not everything was read: {harvested.troubles}")
    answer.profile_id, answer.ad_group_ids = profile.profile_id, account.sources()
    return answer


async def run(task: Task) -> Answer:
    async with open_services(settings_for(task)) as services:
        answer = await harvest(services)
    connection = await asyncpg.connect(task.dsn)
    kept, answer.findings_bytes = await connection.fetchrow(
        "SELECT count(*), avg(octet_length(findings))::float8 FROM harvester.observation"
    ) or (0, 0.0)
    await connection.close()
    if kept != answer.rows:
        raise SystemExit(f"{answer.rows} rows were read and {kept} are in the ledger")
    return answer


if __name__ == "__main__":
    write(uvloop.run(run(read())))
