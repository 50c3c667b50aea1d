"""Approved actions applied per second, beside a bare script that posts the same bodies; and one crash recovery."""

import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import uvloop

from benchmarks.ours import settings_for
from benchmarks.results import Result, ratio, result
from benchmarks.stage import postgres, pretend_amazon
from benchmarks.task import Amazon, Task
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.config.settings import Settings
from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.ids import ActionId, Fingerprint, PlanId
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import AdGroup, Mode, Profile
from harvester.domain.review import Review, Selection, Verdict
from harvester.domain.run import Run, RunState
from harvester.domain.target import Level, Match
from harvester.rules.fragments import negative_keyword
from harvester.rules.requests import Request, requests
from harvester.usecases.account_map import read_account
from harvester.wiring import Services, open_services

ACTIONS, QUICK_ACTIONS = 100_000, 20_000
_ROUNDS = 3
_BATCH = 5000


@dataclass(frozen=True)
class Round:
    ours: float
    """Actions a second."""
    ceiling: float
    recovery_seconds: float
    recovered: int


def measure(*, quick: bool) -> list[Result]:
    count = QUICK_ACTIONS if quick else ACTIONS
    with postgres() as server:
        rounds = []
        for _ in range(1 if quick else _ROUNDS):
            with server.database() as dsn, pretend_amazon() as amazon, pretend_amazon() as other:
                rounds.append(uvloop.run(_round(dsn, amazon, other, count)))
    ours, ceiling = [each.ours for each in rounds], [each.ceiling for each in rounds]
    return [
        result("us, with intent, ledger and chain", statistics.median(ours), "actions/s"),
        result("ceiling: the same bodies posted", statistics.median(ceiling), "actions/s"),
        result("us / ceiling", ratio(ours, ceiling), "ratio", ">= 0.5"),
        result(
            f"recovery of a call of {rounds[0].recovered:,} that got no answer",
            statistics.median(each.recovery_seconds for each in rounds),
            "s",
        ),
    ]


async def _round(dsn: str, amazon: Amazon, other: Amazon, count: int) -> Round:
    async with open_services(_settings(dsn, amazon)) as services:
        login = services.logins[0]
        profile, *_ = (await login.profiles()).readable
        await services.profiles.save([profile])
        reader = login.reader(profile, None)
        account = await read_account(reader)
        place = account.ad_groups[account.sources()[0]]
        plan_id, fingerprint = await _approved_plan(services, profile, place, count, "loser")
        bodies = await _requests(services, profile, plan_id)
        ceiling = count / await _post_all(other, profile, bodies)
        started = time.perf_counter()
        writer = services.writer(login, profile)
        applied = await services.apply(profile, plan_id, fingerprint, reader, writer, lambda _sent, _total: None)
        ours = count / (time.perf_counter() - started)
        if applied.done != count:
            raise SystemExit(f"not everything was applied: {applied}")
        seconds, recovered = await _recover(services, profile, place)
        return Round(ours, ceiling, seconds, recovered)


async def _recover(services: Services, profile: Profile, place: AdGroup) -> tuple[float, int]:
    """A process that died after its call had left: intent is there, the work is done, the answer was never seen."""
    login = services.logins[0]
    reader = login.reader(profile, None)
    plan_id, fingerprint = await _approved_plan(services, profile, place, 1000, "late loser")
    (request,) = await _requests(services, profile, plan_id)
    fence = await services.actions.take_fence(profile.profile_id)
    await services.actions.begin_sending(request.action_ids, fence, datetime.now(UTC))
    await services.writer(login, profile).send(request, plan_id, _go_on)
    started = time.perf_counter()
    settled = await services.reconcile(profile, reader)
    writer = services.writer(login, profile)
    await services.apply(profile, plan_id, fingerprint, reader, writer, lambda _sent, _total: None)
    if settled.arrived != len(request.action_ids):
        raise SystemExit(f"not everything was settled: {settled}")
    return time.perf_counter() - started, settled.arrived


async def _go_on() -> None:
    pass


async def _approved_plan(
    services: Services, profile: Profile, place: AdGroup, count: int, word: str
) -> tuple[PlanId, Fingerprint]:
    """Negative keywords of one ad group, planned and approved as any."""
    now = datetime.now(UTC)
    runs, plans = PostgresRuns(services.database), PostgresPlans(services.database)
    ruleset = services.rules.fingerprint
    run = await runs.begin(
        profile, source="promotion", trigger="benchmark", mode=Mode.REVIEW, ruleset=ruleset, resume_after=now
    )
    plan_id = await _store(plans, run, place, count, word)
    await runs.finish(run, RunState.COMPLETE, None)
    found = await services.actions.fingerprint(plan_id)
    if found is None:
        raise SystemExit(f"plan {plan_id} was not stored")
    review = Review(plan_id, found[1], Verdict.APPROVE, "benchmark", now, now + timedelta(hours=72))
    reviewed = await services.actions.review(review, Selection(), ())
    if len(reviewed.changed) != count:
        raise SystemExit(f"not everything was approved: {reviewed.refused[:3]}")
    return plan_id, found[1]


async def _store(plans: PostgresPlans, run: Run, place: AdGroup, count: int, word: str) -> PlanId:
    async with plans.draft(run) as draft:
        for start in range(0, count, _BATCH):
            await draft.add([_loser(place, f"{word} {at}") for at in range(start, min(start + _BATCH, count))])
        await draft.finish(
            complete=True,
            mode=Mode.REVIEW,
            ruleset=Fingerprint("0" * 64),
            fingerprint=Fingerprint("1" * 64),
            counts=PlanCounts(actions=count),
            advice=(),
            now=datetime.now(UTC),
        )
        return draft.plan_id


def _loser(place: AdGroup, text: str) -> PlannedAction:
    return PlannedAction(
        kind=ActionKind.NEGATE_KEYWORD,
        effect=effect_of(ActionKind.NEGATE_KEYWORD, place.ad_group_id, text, Match.EXACT),
        state=ActionState.PLANNED,
        reason="",
        rule="stop-proven-losers",
        target=text,
        key=text,
        match=Match.EXACT,
        level=Level.AD_GROUP,
        campaign_id=place.campaign_id,
        campaign_name="Auto",
        ad_group_id=place.ad_group_id,
        ad_group_name=place.name,
        group_id="",
        source_campaign_id=place.campaign_id,
        source_campaign_name="Auto",
        source_ad_group_id=place.ad_group_id,
        source_ad_group_name=place.name,
        ad_id="1",
        asin="B000000001",
        clicks=60,
        conversions=0,
        bid=None,
        currency="",
        bid_formula="",
        fragment=negative_keyword(text, Match.EXACT, place.campaign_id, place.ad_group_id),
        follow_up="",
        note="",
        places=(),
    )


async def _requests(services: Services, profile: Profile, plan_id: PlanId) -> Sequence[Request]:
    approved = await services.actions.in_state(profile.profile_id, [ActionState.APPROVED], plan_id)
    return list(requests((ActionId(each.action_id), each) for each in approved))


async def _post_all(amazon: Amazon, profile: Profile, bodies: Sequence[Request]) -> float:
    """Seconds that a bare script takes: one token, then call after call, the answers read and thrown away."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        form = {
            "grant_type": "refresh_token",
            "client_id": amazon.client_id,
            "client_secret": amazon.client_secret,
            "refresh_token": amazon.refresh_token,
        }
        async with session.post(amazon.lwa_url, data=form) as answer:
            token = (await answer.json())["access_token"]
        started = time.perf_counter()
        for request in bodies:
            headers = {
                "Authorization": f"Bearer {token}",
                "Amazon-Advertising-API-ClientId": amazon.client_id,
                "Amazon-Advertising-API-Scope": profile.profile_id,
                "Content-Type": request.media_type,
                "Accept": request.media_type,
            }
            async with session.post(
                amazon.ads_url + request.path, data=request.body.encode(), headers=headers
            ) as answer:
                await answer.read()
                answer.raise_for_status()
        return time.perf_counter() - started


def _settings(dsn: str, amazon: Amazon) -> Settings:
    return settings_for(Task(amazon, dsn)).model_copy(update={"mode": Mode.REVIEW, "reconcile_after": 0.0})
