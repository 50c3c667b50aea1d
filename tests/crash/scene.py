"""An account with work of every kind to do, kept as a picture that every round begins with."""

import pickle
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from harvester import wiring
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens
from harvester.adapters.postgres.calls import PostgresCallLog
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.lease import PostgresLease
from harvester.adapters.throttle import Throttle
from harvester.config import rules_file
from harvester.config.settings import Settings
from harvester.domain.ids import Fingerprint, PlanId, ProfileId
from harvester.domain.profile import Mode, Profile, Region
from harvester.domain.review import Review, Selection, Verdict
from harvester.ports import AccountReader, AccountWriter
from harvester.rules.ruleset import RuleSet
from harvester.sandbox.auth import Logins
from harvester.sandbox.fault_rules import FaultBook
from harvester.sandbox.market import Kind, Market
from harvester.sandbox.serving import Running
from harvester.sandbox.settings import Options
from harvester.sandbox.throttle import Buckets
from harvester.usecases.apply import Applied
from harvester.usecases.reconcile import Settled
from harvester.usecases.undo import ToUndo, Undone
from harvester.wiring import Services

RULES_FILE = Path(__file__).with_name("rules.yaml")
RULES = rules_file.load(RULES_FILE)
OPTIONS = Options(profiles=1, recommendations=220)
PROFILE = "1034000000000000"
ACCOUNT = "main"
APPROVAL = timedelta(hours=72)


@cache
def settings(url: str, mode: Mode = Mode.REVIEW) -> Settings:
    login = {
        "client_id": "amzn1.application-oa2-client.5a4db0c50001",
        "client_secret": "amzn1.oa2-cs.v1.sandbox0001",
        "refresh_token": "Atzr|IwEBIsandbox0001",
        "region": "NA",
        "ads_url": url,
        "lwa_url": f"{url}/auth/o2/token",
    }
    given: dict[str, Any] = {"accounts": {ACCOUNT: login}, "mode": mode, "reconcile_after": 0, "two_person": ()}
    return Settings(**given)


@dataclass(frozen=True)
class Ahead:
    """A clock that goes ahead of the real one."""

    by: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass(frozen=True)
class Desk:
    """One process' worth of open services, and the profile they work on."""

    services: Services
    profile: Profile

    @property
    def reader(self) -> AccountReader:
        return self.services.logins[0].reader(self.profile, None)

    @property
    def writer(self) -> AccountWriter:
        return self.services.writer(self.services.logins[0], self.profile)

    def later(self, by: timedelta) -> "Desk":
        """The same desk, with a clock that goes ahead."""
        services, clock = self.services, Ahead(by)
        return replace(
            self,
            services=replace(
                services,
                plan_profile=replace(services.plan_profile, clock=clock),
                apply=replace(services.apply, clock=clock),
                reconcile=replace(services.reconcile, clock=clock),
                undo=replace(services.undo, clock=clock),
            ),
        )

    async def items(self, plan_id: PlanId) -> list[Mapping[str, Any]]:
        return [item async for item in self.services.reports.items(plan_id)]

    async def plan(self) -> PlanId:
        planned = await self.services.plan_profile(
            self.profile, self.services.logins[0], "command", lambda _profile, _progress: None
        )
        return planned.plan_id

    async def approve(
        self, plan_id: PlanId, *, action_ids: Sequence[str] = (), guarded: bool = False, holds: timedelta = APPROVAL
    ) -> Fingerprint:
        fingerprint = await self.fingerprint(plan_id)
        now = datetime.now(UTC)
        review = Review(plan_id, fingerprint, Verdict.APPROVE, "anna", now, now + holds)
        reviewed = await self.services.actions.review(review, Selection(action_ids, guarded=guarded), ())
        assert reviewed.changed
        assert not reviewed.refused
        return fingerprint

    async def decline(self, plan_id: PlanId, action_ids: Sequence[str]) -> None:
        review = Review(plan_id, await self.fingerprint(plan_id), Verdict.DECLINE, "anna", datetime.now(UTC))
        reviewed = await self.services.actions.review(review, Selection(action_ids), ())
        assert set(reviewed.changed) == set(action_ids)

    async def fingerprint(self, plan_id: PlanId) -> Fingerprint:
        found = await self.services.actions.fingerprint(plan_id)
        assert found is not None
        return found[1]

    async def apply(self, plan_id: PlanId, fingerprint: Fingerprint | None = None) -> Applied:
        return await self.services.apply(
            self.profile,
            plan_id,
            fingerprint or await self.fingerprint(plan_id),
            self.reader,
            self.writer,
            lambda _sent, _total: None,
        )

    async def reconcile(self) -> Settled:
        return await self.services.reconcile(self.profile, self.reader)

    async def undo(self, what: ToUndo) -> Undone:
        return await self.services.undo(self.profile, what, self.reader)


@asynccontextmanager
async def open_desk(
    dsn: str,
    url: str,
    *,
    patience_seconds: float = 10.0,
    api_patience_seconds: float = 5.0,
    rules: RuleSet | None = None,
    mode: Mode = Mode.REVIEW,
) -> AsyncIterator[Desk]:
    """The program's own composition, with patience for a test; without the search for profiles."""
    given = settings(url, mode)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(dsn, most_connections=3, patience_seconds=patience_seconds, connect_timeout_seconds=5)
        )
        calls = await stack.enter_async_context(PostgresCallLog.open(database, lambda _what, _lost: None))
        lease = await stack.enter_async_context(
            PostgresLease.open(dsn, patience_seconds=5, away_seconds=patience_seconds)
        )
        throttle = Throttle()
        client = HttpClient(
            calls, throttle, patience_seconds=api_patience_seconds, timeout_seconds=10, backoff_first_seconds=0.01
        )
        http = await stack.enter_async_context(client)
        logins = [wiring.login(name, account, http, AccessTokens(http)) for name, account in given.accounts.items()]
        services = wiring.compose(given, rules or RULES, wiring.Opened(database, lease, throttle, logins, {}, calls))
        yield Desk(services, the_profile())


def the_profile() -> Profile:
    """As the login would say it."""
    return Profile(
        profile_id=ProfileId(PROFILE),
        account=ACCOUNT,
        region=Region.NA,
        country="US",
        currency="USD",
        timezone="America/Los_Angeles",
        kind="seller",
        name="Sandbox Store 1",
    )


def picture(amazon: Running) -> bytes:
    """Everything the account holds now."""
    market = amazon.sandbox.world.market(PROFILE)
    return pickle.dumps((market.rows, market.ad_asins, market._taken, market._standing, market.access))


def show(amazon: Running, taken: bytes) -> None:
    """The account as it was when the picture was taken; the journal empty, no faults, the first morning's tokens."""
    sandbox = amazon.sandbox
    sandbox.journal.clear()
    sandbox.faults = FaultBook((), OPTIONS.seed)
    sandbox.logins = Logins(sandbox.world.accounts, OPTIONS.token_lifetime_seconds)
    sandbox.buckets = Buckets(OPTIONS.rate)
    market: Market = sandbox.world.market(PROFILE)
    market.rows, market.ad_asins, market._taken, market._standing, market.access = pickle.loads(taken)
    assert set(market.rows) == set(Kind)
