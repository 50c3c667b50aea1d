"""Rounds out of a seed: any stage, any faults, any number of ends; what one seed does, it does again."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from harvester.domain.errors import HarvesterError
from harvester.sandbox.fault_rules import Action, ItemFault
from harvester.sandbox.serving import Running
from tests.crash.agreement import Round
from tests.crash.cable import Cable, Cut
from tests.crash.faults import Trouble
from tests.crash.scene import open_desk
from tests.crash.stages import Stage, patiently

_MOST_MESSAGES = 330
_WHOLE_CALLS = (
    Action(drop="before"),
    Action(drop="after"),
    Action(cut=0.3),
    Action(cut=0.97),
    Action(status=500),
    Action(status=500, after_work=True),
    Action(status=503, form="html", after_work=True),
    Action(status=429),
    Action(status=401),
    Action(expire_tokens=True),
    Action(status=408, after_work=True),
    Action(delay_seconds=0.01),
)
_ITEM_ANSWERS = (("throttledError", False), ("internalServerError", False), ("missing", False), ("missing", True))
"""With whether the work is done; a throttle or a refusal of something done would be a lie."""


@dataclass
class Storm:
    """`likely`: of a fault, for each call."""

    seed: int
    dice: random.Random = field(init=False)
    likely: float = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.likely = self.dice.choice([0.0, 0.1, 0.3])

    async def blow(self, stages: Mapping[str, Stage], amazon: Running, most_ends: int = 4) -> None:
        """Several processes one after the other, each with its own end; then a person goes on, and all must agree."""
        stage = stages[self.dice.choice(sorted(stages))]
        stage.set_up(amazon)
        amazon.sandbox.faults = Trouble(self._trouble)
        deaths = 0
        async with stage.ledger() as dsn:
            for _ in range(self.dice.randint(1, most_ends)):
                deaths += await self._process(stage, amazon, dsn)
            await stage.finish(dsn, amazon)
            await stage.demand_agreement(dsn, amazon, Round(deaths=deaths))

    async def _process(self, stage: Stage, amazon: Running, dsn: str) -> int:
        """Reconciles and applies under a line that breaks somewhere, or is told to stop; 1 where it died."""
        lasting, stopped = self.dice.random() < 0.5, self.dice.random() < 0.2
        async with AsyncExitStack() as stack:
            cable = await stack.enter_async_context(Cable.laid(dsn))
            desk = await stack.enter_async_context(
                open_desk(cable.dsn, amazon.url, patience_seconds=0 if lasting else 5, api_patience_seconds=0.3)
            )
            cable.arm(self.dice.randint(1, _MOST_MESSAGES), self.dice.choice(list(Cut)), lasting=lasting)
            stop_after_seconds = self.dice.uniform(0, 0.15)
            try:
                async with asyncio.timeout(stop_after_seconds if stopped else None):
                    await patiently(desk.reconcile)
                    await desk.apply(stage.plan_id, stage.fingerprint)
            except (HarvesterError, TimeoutError) as error:
                assert str(error) or isinstance(error, TimeoutError)
        return int(cable.fired)

    def _trouble(self, number: int, _path: str) -> Action | None:
        if self.dice.random() >= self.likely:
            return None
        if number and self.dice.random() < 0.5:
            answer, done = self.dice.choice(_ITEM_ANSWERS)
            indexes = [at for at in range(20) if self.dice.random() < 0.4]
            return Action(items=ItemFault(answer=answer, done=done, indexes=indexes))
        return self.dice.choice(_WHOLE_CALLS)
