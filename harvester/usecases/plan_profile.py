"""The whole verb for one profile: lease, run, harvest, plan."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from harvester.domain.candidate import AccountFacts
from harvester.domain.catalog import CatalogItem
from harvester.domain.errors import HarvesterError, LeaseLost
from harvester.domain.ids import PlanId, ProfileId, RunId
from harvester.domain.profile import Mode, Profile
from harvester.domain.run import Run, RunState
from harvester.ports import AccountReader, AdsLogin, Clock, Lease, Plans, Profiles, Rulesets, Runs
from harvester.ports.catalog import CatalogLogin, CatalogStore
from harvester.ports.fleet import Modes
from harvester.ports.negatives import PlanHistories
from harvester.ports.recorded import Places
from harvester.ports.search_terms import SearchTerms
from harvester.rules.evaluate import Judge, compile_rules
from harvester.rules.ruleset import RuleSet
from harvester.usecases.account_map import left_out, read_account
from harvester.usecases.catalog import CatalogFacts
from harvester.usecases.harvest import Harvest, LookedUp, Progress
from harvester.usecases.make_plan import MakePlan, RulesOnTheGround
from harvester.usecases.plan_brands import PlanBrands
from harvester.usecases.reach import CategoryReach
from harvester.usecases.sources import ReadSources, sources_in_force
from harvester.usecases.surroundings import Surroundings

RESUME_WITHIN = timedelta(hours=1)
LEASES_LOST = 3
"""By one run, before it is left to the next one."""


@dataclass(frozen=True, slots=True)
class Catalogs:
    """Where catalog facts come from: logins by account, and what is remembered of their answers."""

    logins: Mapping[str, CatalogLogin]
    store: CatalogStore
    longest: timedelta
    """So old what is remembered may be."""


Watch = Callable[[Profile, Progress], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of one profile. With troubles the run was partial, and the plan says so."""

    run_id: RunId
    plan_id: PlanId
    troubles: tuple[str, ...]


@dataclass(frozen=True)
class PlanProfile:
    lease: Lease
    profiles: Profiles
    rulesets: Rulesets
    runs: Runs
    plans: Plans
    histories: PlanHistories
    clock: Clock
    rules: RuleSet
    modes: Modes
    mode_of: Callable[[ProfileId], Mode]
    """What the settings and the rules allow."""
    terms: SearchTerms
    catalogs: Catalogs | None = field(default=None, kw_only=True)
    places: Places | None = field(default=None, kw_only=True)
    """None: names are not kept, and evidence that is judged again has none."""

    async def __call__(self, profile: Profile, login: AdsLogin, trigger: str, watch: Watch) -> Planned:
        """Raises Refused while another process has the profile, and what the login's reader raises.

        A run that fails is recorded as failed before its error is raised. A lease that was lost, because Postgres was
        away, is taken again, and the run gone on with.
        """
        for _ in range(LEASES_LOST):
            with suppress(LeaseLost):
                return await self._under_lease(profile, login, trigger, watch)
        return await self._under_lease(profile, login, trigger, watch)

    async def done_before(self, profile: Profile, trigger: str, since: datetime) -> Planned | None:
        """What this verb has made of the profile since then, where it would do the same again: nothing is read twice.

        A run that ended longer ago than one may be taken up again counts no more.
        """
        mode, ended = await self._mode(profile), self.clock.now() - RESUME_WITHIN
        found = await self.runs.ended(profile.profile_id, trigger, mode, self.rules.fingerprint, since, ended)
        return None if found is None else Planned(found[0], found[1], tuple(found[2]))

    async def _mode(self, profile: Profile) -> Mode:
        return (await self.modes.current(profile.profile_id)).within(self.mode_of(profile.profile_id))

    async def _under_lease(self, profile: Profile, login: AdsLogin, trigger: str, watch: Watch) -> Planned:
        async with self.lease.hold(profile.profile_id):
            await self.rulesets.save(self.rules.fingerprint, self.rules.text)
            now = self.clock.now()
            mode = await self._mode(profile)
            names = sources_in_force(self.rules.for_profile(profile.profile_id), profile)
            run = await self.runs.begin(
                profile,
                source=",".join(names),
                trigger=trigger,
                mode=mode,
                ruleset=self.rules.fingerprint,
                resume_after=now - RESUME_WITHIN,
            )
            try:
                return await self._run(run, names, profile, login, mode, watch)
            except LeaseLost:
                raise
            except Exception as error:
                await self._record_failure(run, error)
                raise

    async def _record_failure(self, run: Run, error: Exception) -> None:
        """What made the run fail matters more than that its end could not be recorded: the next run will note it."""
        sentence = str(error) if isinstance(error, HarvesterError) else f"unexpected {type(error).__name__}"
        try:
            await self.runs.finish(run, RunState.FAILED, sentence)
        except HarvesterError as second:
            error.add_note(f"and the run could not be marked as failed: {second}")

    async def _run(
        self, run: Run, names: Sequence[str], profile: Profile, login: AdsLogin, mode: Mode, watch: Watch
    ) -> Planned:
        reader = login.reader(profile, run.run_id)
        rules = self.rules.for_profile(profile.profile_id)
        account = await read_account(reader)
        run = await self._note_left_out(run, reader)
        own_asins = await self.profiles.own_asins(profile.profile_id)
        if account.own_asins - own_asins:
            await self.profiles.add_own_asins(profile.profile_id, sorted(account.own_asins - own_asins))
            own_asins |= account.own_asins
        now = self.clock.now()
        facts = AccountFacts(profile, own_asins, await self.plans.effects(profile.profile_id, now), now)
        surroundings = Surroundings(reader, facts, account, RulesOnTheGround(rules, profile))
        harvest = Harvest(self.runs, self.profiles, self.clock, lambda _run, progress: watch(profile, progress))
        judge = compile_rules(self.rules, profile)
        catalog = self._catalog_facts(judge, profile, run.run_id)
        reach = CategoryReach(reader, profile, {rule.name: rule for rule in rules.rules}, catalog)
        read = await ReadSources(harvest, self.runs, self.terms, LookedUp(catalog, reach))(
            run, names, reader, surroundings, rules, judge, own_asins
        )
        troubles = read.harvested.troubles
        await self._remember_places(profile, surroundings)
        plan_brands = PlanBrands(self.runs, self.histories, self.clock, self._remembered(profile))
        brands = await plan_brands(run, read.harvested.rows, surroundings, rules)
        make_plan = MakePlan(self.plans, self.histories, self.clock, self.terms)
        plan_id = await make_plan(
            run,
            surroundings,
            rules,
            mode=mode,
            ruleset=self.rules.fingerprint,
            complete=not troubles,
            advice=read.advice,
            brands=brands,
        )
        await self.runs.finish(run, RunState.PARTIAL if troubles else RunState.COMPLETE, None)
        return Planned(run.run_id, plan_id, troubles)

    async def _remember_places(self, profile: Profile, surroundings: Surroundings) -> None:
        if self.places is None:
            return
        account, sources = surroundings.account, {ad_group_id for ad_group_id, _ in surroundings.surveyed()}
        ids = {*sources, *surroundings.listed(), *(each for source in sources for each in account.sisters(source))}
        places = [place for ad_group_id in ids if (place := account.place(ad_group_id)) is not None]
        await self.places.remember(profile.profile_id, places)

    def _catalog_facts(self, judge: Judge, profile: Profile, run_id: RunId) -> CatalogFacts | None:
        """None where no rule asks for any, or nobody delivers them: what a rule needs them for is held then."""
        checks, catalogs = judge.on_catalog, self.catalogs
        login = catalogs.logins.get(profile.account) if catalogs and (checks or judge.on_prices) else None
        reader = login.reader(profile, run_id) if login else None
        if catalogs is None or reader is None:
            return None
        return CatalogFacts(reader, catalogs.store, self.clock, catalogs.longest, checks)

    def _remembered(self, profile: Profile) -> Callable[[Sequence[str]], Awaitable[Mapping[str, CatalogItem]]] | None:
        """Of the catalog, without a question to it; None without a login, that knows the marketplace."""
        catalogs = self.catalogs
        login = catalogs.logins.get(profile.account) if catalogs else None
        reader = login.reader(profile, None) if login else None
        if catalogs is None or reader is None:
            return None
        store, since = catalogs.store, self.clock.now() - catalogs.longest
        return lambda asins: store.known(reader.marketplace_id, asins, since)

    async def _note_left_out(self, run: Run, reader: AccountReader) -> Run:
        """An ad group or ad that cannot be read stops nothing: what belongs to it is held, and the run is partial."""
        troubles = [sentence for sentence in left_out(reader) if sentence not in run.troubles]
        for sentence in troubles:
            await self.runs.save_cursor(run, run.cursor, sentence)
        return replace(run, troubles=(*run.troubles, *troubles))
