"""What became of what was done: figures of the reports around an action, and the readings that were made of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.outcome_rows import outcome_row, said_of, score_row
from harvester.adapters.postgres.queries import named
from harvester.domain.action import ActionKind
from harvester.domain.aftermath import Deed, Measured, Reading
from harvester.domain.history import (
    DEFAULT_WINDOW_DAYS,
    SELLERS_SKIP_DAYS,
    VENDORS_SKIP_DAYS,
    ReportKind,
    Totals,
)
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.profile import Profile
from harvester.domain.target import Level, Match
from harvester.ports.outcomes import DayIn
from harvester.rules.windows import asins_told

_DUE = named("due_outcomes")
_DAYS_IN = named("days_in")
_AT_SOURCE = named("figures_at_source")
_OF_MANY = named("figures_of_many")
_AT_DESTINATION = named("figures_at_destination")
_ON_DAYS = named("orders_on_days")
_RECORD = named("record_outcomes")
_UNOPENED = named("unopened_regrets")
_NOTE = named("note_regrets")
_PROFILES = named("profiles_with_outcomes")
_IN_NEED = named("profiles_in_need")
_LISTED = named("outcomes_listed")
_OF = named("outcomes_of")
_SCORES = named("rule_scores")

_TOTALS = ("impressions", "clicks", "cost", "orders", "sales")


class Regret(msgspec.Struct, frozen=True):
    action_id: str
    sentence: str
    undo_plan_id: PlanId | None


@dataclass(frozen=True, slots=True)
class PostgresOutcomes:
    database: Database

    async def due(self, profile: Profile, now: datetime, most: int) -> Sequence[Deed]:
        skip = VENDORS_SKIP_DAYS if profile.is_vendor else SELLERS_SKIP_DAYS
        looked = timedelta(days=DEFAULT_WINDOW_DAYS + skip)
        return [_deed(row, looked) for row in await self.database.fetch(_DUE, profile.profile_id, now, most)]

    async def days_in(self, profile_id: ProfileId, kind: ReportKind, since: date) -> Mapping[date, DayIn]:
        rows = await self.database.fetch(_DAYS_IN, profile_id, kind.value, since)
        return {row["day"]: DayIn(row["asked_at"], row["unread"]) for row in rows}

    async def measure(self, profile_id: ProfileId, deeds: Sequence[tuple[Deed, int, bool]]) -> Mapping[str, Measured]:
        """Three questions, however many actions."""
        asked = {deed.action_id: (deed, days) for deed, days, _ in deeds}
        at_source = {deed.action_id for deed, _, source in deeds if source or _may_have_sold_late(deed)}
        one = [deed for deed, _, _ in deeds if deed.action_id in at_source and not _is_wide(deed)]
        many = [deed for deed, _, _ in deeds if deed.action_id in at_source and _is_wide(deed)]
        served = [deed for deed, _, _ in deeds if deed.amazon_id]
        found: dict[str, asyncpg.Record] = {}
        for deed, row in zip(one, await self._of_terms(_AT_SOURCE, profile_id, one, asked), strict=True):
            found[deed.action_id] = row
        for deed, row in zip(many, await self._of_terms(_OF_MANY, profile_id, many, asked), strict=True):
            found[deed.action_id] = row
        targets = await self._of_targets(profile_id, served, asked)
        return {
            deed.action_id: _measured(days, found.get(deed.action_id) if source else None, targets.get(deed.action_id))
            if source or deed.action_id not in found
            else Measured(days, orders_now=found[deed.action_id]["orders_now"])
            for deed, days, source in deeds
        }

    async def orders(self, profile_id: ProfileId, asked: Sequence[tuple[Deed, str]]) -> Sequence[int]:
        """Of other texts where these negatives work, on the days that count for them; in their order."""
        lists: list[list[object]] = [
            [deed.campaign_id for deed, _ in asked],
            [deed.ad_group_id for deed, _ in asked],
            [key for _, key in asked],
            [deed.looked_from for deed, _ in asked],
            [deed.made_on for deed, _ in asked],
        ]
        rows = await self.database.fetch(_ON_DAYS, profile_id, *lists) if asked else []
        return [row["orders"] for row in rows]

    async def _of_terms(
        self, query: str, profile_id: ProfileId, deeds: Sequence[Deed], asked: Mapping[str, tuple[Deed, int]]
    ) -> Sequence[asyncpg.Record]:
        """In their order."""
        lists: list[list[object]] = [
            [deed.ad_group_id for deed in deeds],
            [deed.key for deed in deeds],
            [deed.made_on for deed in deeds],
            [asked[deed.action_id][1] for deed in deeds],
            [deed.looked_from for deed in deeds],
        ]
        if query is _OF_MANY:
            lists += [[deed.campaign_id for deed in deeds], [deed.match is Match.PHRASE for deed in deeds]]
        rows = await self.database.fetch(query, profile_id, *lists) if deeds else []
        return sorted(rows, key=lambda row: row["place"])

    async def _of_targets(
        self, profile_id: ProfileId, deeds: Sequence[Deed], asked: Mapping[str, tuple[Deed, int]]
    ) -> Mapping[str, asyncpg.Record]:
        ids = [deed.amazon_id for deed in deeds]
        days = [asked[deed.action_id][1] for deed in deeds]
        made = [deed.made_on for deed in deeds]
        rows = await self.database.fetch(_AT_DESTINATION, profile_id, ids, made, days) if deeds else []
        return {deeds[row["place"] - 1].action_id: row for row in rows}

    async def record(self, profile_id: ProfileId, readings: Sequence[Reading], now: datetime) -> None:
        rows = [_columns(profile_id, reading, now) for reading in readings]

        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.executemany(_RECORD, rows)

        await self.database.repeat(work)

    async def regretted(self, profile_id: ProfileId) -> Sequence[Regret]:
        return [
            Regret(row["action_id"], said_of(row), row["undone_by"])
            for row in await self.database.fetch(_UNOPENED, profile_id)
        ]

    async def note_opened(self, action_ids: Sequence[str], plan_id: PlanId | None, now: datetime) -> None:
        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_NOTE, list(action_ids), plan_id, now)

        await self.database.repeat(work)

    async def profiles_due(self, now: datetime) -> Sequence[ProfileId]:
        return [row["profile_id"] for row in await self.database.fetch(_PROFILES, now)]

    async def kinds_needed(
        self, profile_ids: Sequence[ProfileId], now: datetime
    ) -> Mapping[ProfileId, frozenset[ReportKind]]:
        rows = await self.database.fetch(_IN_NEED, list(profile_ids), now)
        return {row["profile_id"]: frozenset(ReportKind if row["outcomes"] else {ReportKind.TARGETING}) for row in rows}

    async def listed(
        self,
        profile_ids: Sequence[str] | None = None,
        since: datetime | None = None,
        rule: str | None = None,
        most: int = 100_000,
        verdicts: Sequence[str] | None = None,
    ) -> Sequence[dict[str, Any]]:
        """The newest first; JSON-shaped."""
        wanted = None if profile_ids is None else list(profile_ids)
        judged = None if verdicts is None else list(verdicts)
        return [outcome_row(row) for row in await self.database.fetch(_LISTED, wanted, since, rule, most, judged)]

    async def of(self, action_ids: Collection[str]) -> Mapping[str, dict[str, Any]]:
        """By action; without those that have none. JSON-shaped."""
        rows = await self.database.fetch(_OF, list(action_ids)) if action_ids else []
        return {row["action_id"]: outcome_row(row) for row in rows}

    async def scores(
        self, profile_ids: Sequence[str] | None = None, since: datetime | None = None
    ) -> Sequence[dict[str, Any]]:
        """By rule, by what it does (promote or negate), by currency; money as decimal text."""
        wanted = None if profile_ids is None else list(profile_ids)
        return [score_row(row) for row in await self.database.fetch(_SCORES, wanted, since)]


def _deed(row: asyncpg.Record, looked: timedelta) -> Deed:
    return Deed(
        action_id=row["action_id"],
        kind=ActionKind(row["kind"]),
        rule=row["rule"],
        target=row["target"],
        key=row["key"],
        match=Match(row["match"]) if row["match"] else None,
        level=Level(row["level"]) if row["level"] else None,
        campaign_id=row["campaign_id"],
        campaign_name=row["campaign_name"],
        ad_group_id=row["ad_group_id"],
        asins=asins_told(row["note"]) or tuple(filter(None, [row["asin"]])),
        amazon_id=row["amazon_id"],
        served_in=row["served_in"],
        follows=row["follows"],
        clicks_seen=row["clicks"],
        orders_seen=row["conversions"],
        looked_from=row["decided_on"] - looked,
        made_on=row["made_on"],
        reading=row["reading"],
        shown=tuple(row["shown"]),
    )


def _may_have_sold_late(deed: Deed) -> bool:
    return deed.kind.is_negative and not deed.follows and deed.kind is not ActionKind.NEGATE_BRAND


def _is_wide(deed: Deed) -> bool:
    """More than one term of one ad group."""
    return deed.kind.is_negative and (not deed.ad_group_id or deed.match is Match.PHRASE)


def _measured(days: int, source: asyncpg.Record | None, target: asyncpg.Record | None) -> Measured:
    return Measured(
        days=days,
        before=None if source is None else Totals(*(source[f"{name}_before"] for name in _TOTALS)),
        after=None if source is None else Totals(*(source[f"{name}_after"] for name in _TOTALS)),
        destination=None if target is None else Totals(*(target[name] for name in _TOTALS)),
        orders_now=None if source is None else source["orders_now"],
    )


def _columns(profile_id: ProfileId, reading: Reading, now: datetime) -> tuple[object, ...]:
    deed, measured, found = reading.deed, reading.measured, reading.found
    negative = deed.kind.is_negative and not deed.follows
    return (
        deed.action_id, deed.reading, profile_id, now, deed.made_on, measured.days,
        *_four(measured.before), *_four(measured.after),
        *((None,) if measured.destination is None else (measured.destination.impressions,)),
        *_four(measured.destination),
        deed.orders_seen if negative else None, measured.orders_now if negative else None,
        reading.target_acos, found.judgement.value, found.because.value, found.money,
    )  # fmt: skip


def _four(totals: Totals | None) -> tuple[int | None, ...]:
    return (None,) * 4 if totals is None else (totals.clicks, totals.cost, totals.orders, totals.sales)
