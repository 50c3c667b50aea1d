"""Composition root: settings in, open services out."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.embedded_postgres import embedded
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.adapters.postgres import migrate
from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.archive import PostgresArchive
from harvester.adapters.postgres.calls import PostgresCallLog
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.histories import PostgresHistories
from harvester.adapters.postgres.lease import PostgresLease
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.reports import PostgresReports
from harvester.adapters.postgres.rulesets import PostgresRulesets
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.story import PostgresStories
from harvester.adapters.postgres.verify import PostgresVerify
from harvester.adapters.throttle import Throttle
from harvester.config import rules_file
from harvester.config.settings import AccountSettings, Settings
from harvester.domain.errors import Misconfigured, Refused
from harvester.domain.profile import Mode, Profile
from harvester.domain.retention import Keeping
from harvester.ports import AccountWriter
from harvester.rules.ruleset import RuleSet
from harvester.usecases.apply import Apply
from harvester.usecases.cover import Cover
from harvester.usecases.drift import FindDrift
from harvester.usecases.fleet import Fleet
from harvester.usecases.plan_profile import PlanProfile
from harvester.usecases.reconcile import Reconcile
from harvester.usecases.retain import Retain
from harvester.usecases.review import ReviewPlan
from harvester.usecases.undo import PlanUndo

LOCAL_RULES = Path("rules.yaml")

Login = AmazonLogin

log = structlog.get_logger()


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """Everything a command may need, open until the `open_services` block ends."""

    settings: Settings
    rules: RuleSet
    database: Database
    reports: PostgresReports
    stories: PostgresStories
    verify: PostgresVerify
    profiles: PostgresProfiles
    actions: PostgresActions
    logins: Sequence[AmazonLogin]
    fleet: Fleet
    plan_profile: PlanProfile
    cover: Cover
    review: ReviewPlan
    apply: Apply
    reconcile: Reconcile
    undo: PlanUndo
    drift: FindDrift
    retain: Retain

    def writer(self, login: AmazonLogin, profile: Profile) -> AccountWriter:
        """There is none in dry run: not even the client that could write is made."""
        if self.rules.for_profile(profile.profile_id).strictest_mode(self.settings.mode) is Mode.DRY_RUN:
            raise Refused("mode is dry-run: nothing is ever sent; set HARVESTER_MODE=review to apply a reviewed plan")
        return login.writer(profile)


def rules_path(settings: Settings) -> Path | None:
    """The rules file in force; None: the built-in rules."""
    if settings.rules_file is not None:
        return settings.rules_file
    return LOCAL_RULES if LOCAL_RULES.exists() else None


def load_rules(settings: Settings) -> RuleSet:
    """Raises Misconfigured with file and line."""
    return rules_file.load(rules_path(settings))


@asynccontextmanager
async def database_address(settings: Settings) -> AsyncIterator[str]:
    """Of the configured Postgres, or of the embedded one, which is up inside the block."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    else:
        async with embedded(settings.data_dir) as dsn:
            yield dsn


async def bring_up_to_date(dsn: str) -> Sequence[str]:
    """Names of the migrations applied now."""
    return await migrate.migrate(dsn)


async def demand_current(settings: Settings, dsn: str) -> None:
    """An embedded or empty database is migrated here; an older one is somebody's decision, so that raises."""
    waiting = await migrate.pending(dsn)
    if not waiting:
        return
    if settings.database_url is None or len(waiting) == len(migrate.migrations_in(migrate.folder())):
        await migrate.migrate(dsn)
        return
    raise Misconfigured(
        f"the database is older than this version ({len(waiting)} migrations wait): run `harvester migrate`",
        field="HARVESTER_DATABASE_URL",
    )


@asynccontextmanager
async def fresh_database(data_dir: Path) -> AsyncIterator[None]:
    """An embedded Postgres for trying things out, emptied at the start and up until the block ends."""
    async with embedded(data_dir, durable=False, die_with_parent=True) as dsn:
        await migrate.wipe(dsn)
        yield


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Raises Misconfigured or Unavailable before anything else happens."""
    rules = load_rules(settings)
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(database_address(settings))
        await demand_current(settings, dsn)
        most_connections = max(4, min(settings.concurrency * 2, 40))
        database = await stack.enter_async_context(Database.open(dsn, most_connections=most_connections))
        calls = await stack.enter_async_context(PostgresCallLog.open(database, _call_log_trouble))
        lease = await stack.enter_async_context(PostgresLease.open(dsn))
        client = HttpClient(calls, Throttle(), patience_seconds=settings.api_patience)
        http = await stack.enter_async_context(client)
        yield _services(settings, rules, database, lease, _logins(settings, http))


def _services(
    settings: Settings, rules: RuleSet, database: Database, lease: PostgresLease, logins: Sequence[AmazonLogin]
) -> Services:
    clock, mode = SystemClock(), settings.mode
    profiles, plans, actions = PostgresProfiles(database), PostgresPlans(database), PostgresActions(database)
    histories, rulesets, runs = PostgresHistories(database), PostgresRulesets(database), PostgresRuns(database)
    only = {name: account.profiles for name, account in settings.accounts.items()}
    wait = timedelta(seconds=settings.reconcile_after)
    return Services(
        settings=settings,
        rules=rules,
        database=database,
        reports=PostgresReports(database),
        stories=PostgresStories(database),
        verify=PostgresVerify(database),
        profiles=profiles,
        actions=actions,
        logins=logins,
        fleet=Fleet(logins, only, profiles, settings.concurrency, _surprised),
        plan_profile=PlanProfile(lease, profiles, rulesets, runs, plans, histories, clock, rules, mode),
        cover=Cover(clock, rules),
        review=ReviewPlan(actions, profiles, clock, rules, settings.two_person),
        apply=Apply(lease, actions, clock, rules, mode),
        reconcile=Reconcile(lease, actions, clock, wait),
        undo=PlanUndo(lease, histories, rulesets, runs, plans, clock, rules, mode),
        drift=FindDrift(histories),
        retain=Retain(PostgresArchive(database), clock, _keeping(settings)),
    )


def _keeping(settings: Settings) -> Keeping:
    decisions, calls = (
        timedelta(seconds=each) if each else None for each in (settings.keep_decisions, settings.keep_calls)
    )
    return Keeping(decisions, calls)


def _logins(settings: Settings, http: HttpClient) -> Sequence[AmazonLogin]:
    tokens = AccessTokens(http)
    return [login(name, account, http, tokens) for name, account in sorted(settings.accounts.items())]


def login(name: str, account: AccountSettings, http: HttpClient, tokens: AccessTokens) -> AmazonLogin:
    return AmazonLogin(
        account=name,
        region=account.region,
        credentials=Credentials(
            client_id=account.client_id,
            client_secret=account.client_secret.get_secret_value(),
            refresh_token=account.refresh_token.get_secret_value(),
        ),
        http=http,
        tokens=tokens,
        ads_url=account.ads_url,
        lwa_url=account.lwa_url,
    )


def _call_log_trouble(what: str, lost: int) -> None:
    if lost:
        log.error("call_log.lost", calls=lost, error=what)
    else:
        log.warning("call_log.delayed", error=what)


def _surprised(profile: Profile, error: Exception) -> None:
    log.error("profile.failed", profile_id=profile.profile_id, exc_info=error)
