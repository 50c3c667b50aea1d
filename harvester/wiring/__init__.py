"""Composition root: settings in, open services out."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.calendar import CronCalendar
from harvester.adapters.catalog.client import SellingPartnerLogin
from harvester.adapters.embedded_postgres import embedded
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.adapters.postgres import migrate
from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.archive import PostgresArchive
from harvester.adapters.postgres.brands import PostgresBrands
from harvester.adapters.postgres.budgets import PostgresBudgets
from harvester.adapters.postgres.calls import PostgresCallLog
from harvester.adapters.postgres.catalog import PostgresCatalog
from harvester.adapters.postgres.categories import PostgresCategoryTrees
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.fleet import PostgresFleet
from harvester.adapters.postgres.histories import PostgresHistories
from harvester.adapters.postgres.lease import PostgresLease
from harvester.adapters.postgres.outcomes import PostgresOutcomes
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.recorded import PostgresPlaces
from harvester.adapters.postgres.replicas import PostgresModes
from harvester.adapters.postgres.reports import PostgresReports
from harvester.adapters.postgres.rulesets import PostgresRulesets
from harvester.adapters.postgres.search_terms import PostgresSearchTerms
from harvester.adapters.postgres.story import PostgresStories
from harvester.adapters.postgres.verify import PostgresVerify
from harvester.adapters.postgres.watched import WatchedPlans, WatchedRuns
from harvester.adapters.sharing import DEAD_AFTER_SECONDS, SharedBudgets
from harvester.adapters.throttle import Throttle
from harvester.adapters.watching import NOBODY, Watch
from harvester.config import rules_file
from harvester.config.rules_file import Delivered
from harvester.config.settings import AccountSettings, Settings
from harvester.domain.errors import Misconfigured, Refused
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Mode, Profile, UnreadableProfile
from harvester.domain.retention import Keeping
from harvester.domain.vitals import SEEN_SECONDS
from harvester.ports import AccountWriter, Clock
from harvester.rules.ruleset import RuleSet
from harvester.usecases.apply import Apply
from harvester.usecases.browse_categories import BrowseCategories
from harvester.usecases.cover import Cover
from harvester.usecases.drift import FindDrift
from harvester.usecases.fetch_reports import FetchReports
from harvester.usecases.fleet import Fleet
from harvester.usecases.list_negatives import ListNegatives
from harvester.usecases.look_up_brands import LookUpBrands
from harvester.usecases.notify import Notify
from harvester.usecases.plan_profile import Catalogs, PlanProfile
from harvester.usecases.reconcile import Reconcile
from harvester.usecases.retain import Retain
from harvester.usecases.review import ReviewPlan
from harvester.usecases.undo import PlanUndo
from harvester.wiring.earlier import if_earlier, timing_by
from harvester.wiring.fetching import fetch_reports
from harvester.wiring.notifying import notify
from harvester.wiring.selling_partner import selling_partners

LOCAL_RULES = Path("rules.yaml")

Login = AmazonLogin
CatalogLogin = SellingPartnerLogin

log = structlog.get_logger()


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


OWN_CLOCK = SystemClock()
"""This machine's."""


@dataclass(frozen=True)
class Records:
    """What is on record, the kill switch, and the logins: what judges nothing and needs no rules."""

    settings: Settings
    database: Database
    calls: PostgresCallLog
    fleet_report: PostgresFleet
    modes: PostgresModes
    reports: PostgresReports
    stories: PostgresStories
    outcomes: PostgresOutcomes
    verify: PostgresVerify
    profiles: PostgresProfiles
    actions: PostgresActions
    logins: Sequence[AmazonLogin]
    selling_partners: Mapping[str, SellingPartnerLogin]
    """By account; not every account has one."""
    throttle: Throttle
    """For reading its snapshot."""
    fleet: Fleet
    reconcile: Reconcile
    drift: FindDrift
    categories: BrowseCategories
    notify: Notify
    retain: Retain
    list_negatives: ListNegatives


@dataclass(frozen=True)
class Services(Records):
    """Also what judges, decides or sends, by the rules."""

    rules: RuleSet
    plan_profile: PlanProfile
    cover: Cover
    review: ReviewPlan
    apply: Apply
    undo: PlanUndo
    look_up_brands: LookUpBrands
    fetch_reports: FetchReports

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
    return rules_file.load(rules_path(settings), delivered(settings))


def delivered(settings: Settings) -> Delivered:
    """What rules can ask for."""
    catalog = any(account.selling_partner is not None for account in settings.accounts.values())
    return Delivered(catalog, int(settings.keep_reports // 86_400) or None)


def calendar(settings: Settings) -> CronCalendar:
    """When profiles are due, by the schedule and without the jitter."""
    return CronCalendar(settings.schedule)


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


_CALL_IDS_AHEAD = 1000


@dataclass(frozen=True)
class Opened:
    """What is under all services: lines to Postgres and Amazon."""

    database: Database
    lease: PostgresLease
    throttle: Throttle
    logins: Sequence[AmazonLogin]
    partners: Mapping[str, SellingPartnerLogin]
    calls: PostgresCallLog


@asynccontextmanager
async def open_services(settings: Settings, watch: Watch = NOBODY, clock: Clock = OWN_CLOCK) -> AsyncIterator[Services]:
    """Raises Misconfigured or Unavailable before anything else happens. `watch` is told of every call, run and plan.

    `clock`: another one than this machine's.
    """
    rules = load_rules(settings)
    async with _open(settings, watch, clock) as opened:
        yield compose(settings, rules, opened, watch, clock)


@asynccontextmanager
async def open_records(settings: Settings) -> AsyncIterator[Records]:
    """Without a look at the rules file: it may be broken or gone. Raises Misconfigured or Unavailable."""
    async with _open(settings, NOBODY) as opened:
        yield _records(settings, opened)


@asynccontextmanager
async def _open(settings: Settings, watch: Watch, clock: Clock = OWN_CLOCK) -> AsyncIterator[Opened]:
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(database_address(settings))
        await demand_current(settings, dsn)
        most_connections = max(4, min(settings.concurrency * 2, 40))
        idle_seconds = min(60.0, settings.lease_grace)
        database = await stack.enter_async_context(
            Database.open(dsn, most_connections=most_connections, idle_seconds=idle_seconds)
        )
        ahead = 0 if watch is NOBODY else _CALL_IDS_AHEAD
        calls = await stack.enter_async_context(PostgresCallLog.open(database, _call_log_trouble, numbers_ahead=ahead))
        lease = await stack.enter_async_context(PostgresLease.open(dsn, grace_seconds=settings.lease_grace))
        throttle = await stack.enter_async_context(_throttle(dsn))
        client = HttpClient(
            calls,
            throttle,
            patience_seconds=settings.api_patience,
            timeout_seconds=settings.call_timeout,
            timing=timing_by(clock),
            watch=watch,
        )
        http = await stack.enter_async_context(client)
        tokens = AccessTokens(http)
        partners = await stack.enter_async_context(
            selling_partners(settings, database, calls, tokens, watch, timing_by(clock))
        )
        logins = [login(name, account, http, tokens) for name, account in sorted(settings.accounts.items())]
        yield Opened(database, lease, throttle, logins, partners, calls)


def under(services: Services, rules: RuleSet, mode_of: Callable[[ProfileId], Mode]) -> Services:
    """The same services under other rules; what is under way goes on under its own."""
    return replace(
        services,
        rules=rules,
        plan_profile=replace(services.plan_profile, rules=rules, mode_of=mode_of),
        cover=replace(services.cover, rules=rules),
        review=replace(services.review, rules=rules),
        apply=replace(services.apply, rules=rules, mode_of=mode_of),
        undo=replace(services.undo, rules=rules),
        look_up_brands=replace(services.look_up_brands, rules=rules),
    )


@asynccontextmanager
async def _throttle(dsn: str) -> AsyncIterator[Throttle]:
    """With a connection of its own: a heartbeat that waits for the pool's is late, and late is dead."""
    throttle = Throttle()
    async with (
        Database.open(dsn, most_connections=1, idle_seconds=DEAD_AFTER_SECONDS) as database,
        SharedBudgets.open(throttle, PostgresBudgets(database), str(uuid4()), _budgets_unshared),
    ):
        yield throttle


def _records(settings: Settings, opened: Opened, clock: Clock = OWN_CLOCK) -> Records:
    database = opened.database
    profiles, actions = PostgresProfiles(database), PostgresActions(database)
    return Records(
        settings=settings,
        database=database,
        calls=opened.calls,
        fleet_report=PostgresFleet(database, seen_seconds=max(SEEN_SECONDS, settings.worker_silence / 2)),
        modes=PostgresModes(database),
        reports=PostgresReports(database),
        stories=PostgresStories(database),
        outcomes=PostgresOutcomes(database),
        verify=PostgresVerify(database),
        profiles=profiles,
        actions=actions,
        logins=opened.logins,
        selling_partners=opened.partners,
        throttle=opened.throttle,
        fleet=Fleet(opened.logins, only(settings), profiles, settings.concurrency, _surprised),
        reconcile=Reconcile(opened.lease, actions, clock, timedelta(seconds=settings.reconcile_after)),
        drift=FindDrift(PostgresHistories(database)),
        categories=BrowseCategories(PostgresCategoryTrees(database), profiles, clock),
        retain=Retain(PostgresArchive(database), clock, _keeping(settings)),
        notify=notify(settings, database, clock),
        list_negatives=ListNegatives(PostgresHistories(database)),
    )


def compose(
    settings: Settings, rules: RuleSet, opened: Opened, watch: Watch = NOBODY, clock: Clock = OWN_CLOCK
) -> Services:
    records, database, lease = _records(settings, opened, clock), opened.database, opened.lease
    profiles, actions, modes = records.profiles, records.actions, records.modes
    earlier = if_earlier(clock)
    plans, runs = WatchedPlans(database, watch, clock=earlier), WatchedRuns(database, watch, clock=earlier)
    histories, rulesets = PostgresHistories(database), PostgresRulesets(database)
    mode_of = partial(_mode_of, rules, settings.mode)
    catalogs = Catalogs(opened.partners, PostgresCatalog(database), timedelta(seconds=settings.catalog_max_age))
    terms = PostgresSearchTerms(database)
    return Services(
        **vars(records),
        rules=rules,
        plan_profile=PlanProfile(
            *(lease, profiles, rulesets, runs, plans, histories, clock, rules, modes, mode_of, terms),
            catalogs=catalogs,
            places=PostgresPlaces(database),
        ),
        cover=Cover(clock, rules),
        review=ReviewPlan(actions, profiles, clock, rules, settings.two_person),
        apply=Apply(lease, actions, clock, rules, modes, mode_of, histories, terms),
        undo=PlanUndo(lease, histories, rulesets, runs, plans, clock, rules, settings.mode),
        look_up_brands=LookUpBrands(PostgresBrands(database), clock, rules),
        fetch_reports=fetch_reports(opened.logins, database, lease, clock),
    )


def _mode_of(rules: RuleSet, mode: Mode, profile_id: ProfileId) -> Mode:
    return rules.for_profile(profile_id).strictest_mode(mode)


def only(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Account -> the profile ids it may touch; empty: all."""
    return {name: account.profiles for name, account in settings.accounts.items()}


def _keeping(settings: Settings) -> Keeping:
    kept = (settings.keep_decisions, settings.keep_calls, settings.keep_reports)
    return Keeping(*(timedelta(seconds=each) if each else None for each in kept))


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
        on_unreadable=_unreadable,
    )


def _call_log_trouble(what: str, lost: int) -> None:
    if lost:
        log.error("call_log.lost", calls=lost, error=what)
    else:
        log.warning("call_log.delayed", error=what)


def _unreadable(account: str, profile: UnreadableProfile) -> None:
    log.warning("profile.unreadable", account=account, profile_id=profile.profile_id, reason=profile.reason)


def _budgets_unshared(error: str) -> None:
    log.warning("budgets.unshared", error=error)


def _surprised(profile: Profile, error: Exception) -> None:
    log.error("profile.failed", profile_id=profile.profile_id, exc_info=error)
