"""Which auto ad groups of a profile have a destination, and what the others miss."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harvester.domain.candidate import AccountFacts, NoDestination
from harvester.domain.profile import Profile
from harvester.ports import AccountReader, Clock
from harvester.rules.ruleset import RuleSet
from harvester.usecases.account_map import read_account
from harvester.usecases.make_plan import RulesOnTheGround
from harvester.usecases.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Line:
    ad_group_id: str
    ad_group_name: str
    campaign_id: str
    campaign_name: str
    group_ids: tuple[str, ...]
    targets: int
    """Made through its groups so far."""
    covered: bool
    """For every one of its ads."""
    misses: str
    """Sentences; empty where nothing is missing."""


@dataclass(frozen=True, slots=True)
class Covered:
    profile: Profile
    lines: Sequence[Line]


@dataclass(frozen=True)
class Cover:
    clock: Clock
    rules: RuleSet

    async def __call__(self, profile: Profile, reader: AccountReader) -> Covered:
        """Raises what the reader raises."""
        account = await read_account(reader)
        facts = AccountFacts(profile, account.own_asins, {}, self.clock.now())
        on_the_ground = RulesOnTheGround(self.rules.for_profile(profile.profile_id), profile)
        surroundings = Surroundings(reader, facts, account, on_the_ground)
        sources = account.sources()
        await surroundings.find_groups(sources)
        made: Counter[str] = Counter()
        ids = sorted({group.group_id for source in sources for group in surroundings.groups_of(source)})
        async for page in reader.group_targets(ids):
            made.update(target.ad_group_id for target in page)
        return Covered(profile, [self._line(surroundings, source, made) for source in sources])

    @staticmethod
    def _line(surroundings: Surroundings, source: str, made: Counter[str]) -> Line:
        account = surroundings.account
        ad_group = account.ad_groups[source]
        campaign = account.campaigns[ad_group.campaign_id]
        groups = surroundings.groups_of(source)
        destinations = [surroundings.ground(source, ad_id).destination for ad_id in account.ads.get(source, [""])]
        into = {
            ad_group_id for group in groups for ad_group_id in (group.keyword_ad_group_id, group.product_ad_group_id)
        }
        missing = [
            sentence
            for each in destinations
            for sentence in ([each.detail] if isinstance(each, NoDestination) else each.gaps)
        ]
        return Line(
            ad_group_id=source,
            ad_group_name=ad_group.name,
            campaign_id=campaign.campaign_id,
            campaign_name=campaign.name,
            group_ids=tuple(group.group_id for group in groups),
            targets=sum(made[ad_group_id] for ad_group_id in into if ad_group_id is not None),
            covered=not missing,
            misses=" ".join(_sentence(each) for each in dict.fromkeys(missing)),
        )


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:].removesuffix('.')}."
