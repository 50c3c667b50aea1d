"""One replica of a fleet: plans its part of the profiles, all side by side, as `harvester plan` does."""

import asyncio
import sys
import time

import msgspec
import uvloop

from benchmarks.ours import settings_for
from benchmarks.task import Task
from harvester.domain.profile import Profile
from harvester.ports import AdsLogin
from harvester.usecases.plan_profile import Planned
from harvester.wiring import open_services


class Part(msgspec.Struct):
    """Which profiles of the fleet are this replica's: every `of`th, from `number` on."""

    task: Task
    number: int
    of: int
    start_at: float
    """By the clock of this machine, so that all begin together."""


class Planning(msgspec.Struct):
    started_at: float
    ended_at: float
    profiles: int
    failed: list[str]
    cpu_seconds: float
    waited_seconds: float
    """All calls together."""


async def plan(part: Part) -> Planning:
    settings = settings_for(part.task).model_copy(update={"concurrency": 500, "api_patience": 600.0})
    async with open_services(settings) as services:

        async def work(profile: Profile, login: AdsLogin) -> Planned:
            return await services.plan_profile(profile, login, "benchmark", lambda _profile, _progress: None)

        all_profiles = sorted(each.profile_id for each in (await services.logins[0].profiles()).readable)
        mine = all_profiles[part.number :: part.of]
        await asyncio.sleep(max(part.start_at - time.time(), 0.0))
        started_at = time.time()
        result = await services.fleet(mine, work)
        readings = services.throttle.snapshot()
        return Planning(
            started_at,
            time.time(),
            len(result.done),
            [each.reason for each in result.failed],
            time.process_time(),
            sum(each.waited_seconds for each in readings),
        )


if __name__ == "__main__":
    given = msgspec.json.decode(sys.stdin.buffer.read(), type=Part)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(plan(given))) + b"\n")
