"""Composition of what looks back: readings of outcomes, and the plans that regrets open."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from harvester.adapters.postgres.outcomes import PostgresOutcomes
from harvester.domain.history import ReportKind
from harvester.domain.profile import Profile
from harvester.ports import AdsLogin, Clock
from harvester.ports.fleet import FleetProfiles
from harvester.rules.target_acos import target_acos
from harvester.usecases.follow_outcomes import FollowOutcomes
from harvester.usecases.open_regrets import OpenRegrets
from harvester.usecases.read_outcomes import ReadOutcomes
from harvester.wiring import Services


@dataclass(frozen=True)
class LookingBack:
    outcomes: PostgresOutcomes
    read: ReadOutcomes
    open_regrets: OpenRegrets


def looking_back(services: Services) -> LookingBack:
    """Under the rules of these services."""
    outcomes, clock = services.outcomes, services.undo.clock
    return LookingBack(
        outcomes=outcomes,
        read=ReadOutcomes(outcomes, clock, services.plan_profile.terms, partial(target_acos, services.rules)),
        open_regrets=OpenRegrets(outcomes, services.undo, clock),
    )


async def kinds_for_history(services: Services, clock: Clock, profile: Profile) -> Collection[ReportKind]:
    """Which reports are needed for what was done, whatever the rules say now."""
    found = await services.outcomes.kinds_needed([profile.profile_id], clock.now())
    return found.get(profile.profile_id, ())


def follow_outcomes(
    services: Callable[[], Services], profiles: FleetProfiles, only: Mapping[str, Collection[str]], clock: Clock
) -> FollowOutcomes:
    """`services`: under the rules in force now."""
    logins: Mapping[str, AdsLogin] = {login.account: login for login in services().logins}

    def back() -> tuple[ReadOutcomes, OpenRegrets]:
        made = looking_back(services())
        return made.read, made.open_regrets

    return FollowOutcomes(services().outcomes, profiles, logins, only, back, clock)
