"""Takes back what was done: a plan of compensations, to review and apply like any."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from harvester.domain.action import ActionKind, Standing
from harvester.domain.errors import Refused
from harvester.domain.ids import Fingerprint, PlanId, RunId
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import Mode, Profile
from harvester.domain.run import RunState
from harvester.ports import AccountReader, Clock, Lease, PlanDraft, Plans, Rulesets, Runs
from harvester.ports.histories import Histories
from harvester.rules.compensate import Undo, undo_item, undo_of, undo_of_campaign
from harvester.rules.ruleset import RuleSet
from harvester.usecases.live import Live, look
from harvester.usecases.make_plan import fingerprinted
from harvester.usecases.moved import moved


@dataclass(frozen=True, slots=True)
class ToUndo:
    """Items by id, a whole plan, a whole run, everything since a time; of several, what they have in common."""

    action_ids: Sequence[str] = ()
    plan_id: PlanId | None = None
    run_id: RunId | None = None
    since: datetime | None = None
    because: Mapping[str, str] = field(default_factory=dict)
    """Action id to the sentence for the reviewer, where there is one."""
    once: bool = False
    """Not again what an item that is open, or waits, takes back already."""


@dataclass(frozen=True, slots=True)
class Undone:
    """`left_alone`: action id and why nothing is planned for it."""

    plan_id: PlanId | None
    left_alone: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class PlanUndo:
    lease: Lease
    histories: Histories
    rulesets: Rulesets
    runs: Runs
    plans: Plans
    clock: Clock
    rules: RuleSet
    mode: Mode

    async def __call__(self, profile: Profile, what: ToUndo, reader: AccountReader) -> Undone:
        """At any age. What a person has edited since is held, with what was edited; nothing is sent here."""
        async with self.lease.hold(profile.profile_id):
            done = await self.histories.done_actions(
                profile.profile_id,
                action_ids=what.action_ids,
                plan_id=what.plan_id,
                run_id=what.run_id,
                since=what.since,
            )
            if what.once:
                under_way = {each.undoes for each in await self.histories.open_undos([each.action_id for each in done])}
                done = [each for each in done if each.action_id not in under_way]
            if not done:
                raise Refused("nothing of that is done, or it was undone already: there is nothing to undo")
            live = await look(reader, done)
            undos, left_alone = _compensations(done, live)
            there = {action.action_id for action in done}
            left_alone += [(each, "it is not done") for each in dict.fromkeys(what.action_ids) if each not in there]
            if not undos:
                return Undone(None, left_alone)
            live = await look(reader, [_as_standing(undo) for undo in undos])
            items = [
                undo_item(
                    undo, live.account.place(undo.of.ad_group_id), _edited(undo, live), _campaign_name(undo, live)
                )
                for undo in undos
            ]
            return Undone(await self._store(profile, [_told(item, what.because) for item in items]), left_alone)

    async def _store(self, profile: Profile, items: Sequence[PlannedAction]) -> PlanId:
        now = self.clock.now()
        await self.rulesets.save(self.rules.fingerprint, self.rules.text)
        run = await self.runs.begin(
            profile, source="undo", trigger="command", mode=self.mode, ruleset=self.rules.fingerprint, resume_after=now
        )
        async with self.plans.draft(run) as draft:
            await draft.stage(items)
            fingerprint, count = await self._add_all(draft)
            await draft.finish(
                complete=True,
                mode=self.mode,
                ruleset=self.rules.fingerprint,
                fingerprint=fingerprint,
                counts=PlanCounts(actions=count),
                advice=(),
                now=now,
            )
        await self.runs.finish(run, RunState.COMPLETE, None)
        return draft.plan_id

    @staticmethod
    async def _add_all(draft: PlanDraft) -> tuple[Fingerprint, int]:
        digest = hashlib.sha256()
        items = [item async for item in draft.staged()]
        for item in items:
            digest.update(fingerprinted(item))
        await draft.add(items)
        return Fingerprint(digest.hexdigest()), len(items)


def _compensations(done: Sequence[Standing], live: Live) -> tuple[list[Undo], list[tuple[str, str]]]:
    undos: list[Undo] = []
    left_alone: list[tuple[str, str]] = []
    for action in done:
        undo = undo_of(_placed(action, live))
        if undo is not None:
            undos.append(undo)
        elif action.kind is ActionKind.CREATE_GROUP:
            found = _campaigns_of(action, live)
            undos += found
            if not found:
                left_alone.append((action.action_id, "Amazon has no call that deletes a promotion group: it stays"))
        else:
            left_alone.append((action.action_id, "it takes something back itself"))
    return undos, left_alone


def _placed(action: Standing, live: Live) -> Standing:
    """With the place that the ledger does not know: of a promotion into a group that its own plan made."""
    place = live.account.place(live.destination(action))
    if action.ad_group_id or place is None:
        return action
    return msgspec.structs.replace(
        action, campaign_id=place.campaign.campaign_id, ad_group_id=place.ad_group.ad_group_id
    )


def _campaigns_of(group: Standing, live: Live) -> list[Undo]:
    """The campaigns that came with it; existing ad groups that it was given are not ours to stop."""
    if "newCampaignDetails" not in msgspec.json.decode(group.fragment):
        return []
    found = {}
    for made in live.groups[group.source_ad_group_id]:
        if made.group_id == group.amazon_id:
            for ad_group_id in (made.keyword_ad_group_id, made.product_ad_group_id):
                place = live.account.place(ad_group_id)
                if place is not None:
                    found[place.campaign.campaign_id] = undo_of_campaign(group, place.campaign)
    return list(found.values())


def _told(item: PlannedAction, because: Mapping[str, str]) -> PlannedAction:
    sentence = because.get(item.undoes)
    return msgspec.structs.replace(item, note=f"{item.note} {sentence}") if sentence else item


def _as_standing(undo: Undo) -> Standing:
    """As if it were stored already, to look at the account in its place."""
    campaign_id = undo.key if undo.kind is ActionKind.PAUSE_CAMPAIGN else undo.of.campaign_id
    return msgspec.structs.replace(undo.of, kind=undo.kind, key=undo.key, seen=undo.seen, campaign_id=campaign_id)


def _edited(undo: Undo, live: Live) -> str:
    why = moved(_as_standing(undo), live)
    return f"Left alone: {why}." if why else ""


def _campaign_name(undo: Undo, live: Live) -> str:
    campaign = live.account.campaigns.get(undo.of.campaign_id)
    return campaign.name if campaign else ""
