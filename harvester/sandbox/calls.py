"""What an operation is, and what its handler gets to see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harvester.sandbox.clock import Clock
from harvester.sandbox.fault_rules import Action
from harvester.sandbox.market import Market
from harvester.sandbox.settings import Options
from harvester.sandbox.shapes import Shape
from harvester.sandbox.wire import Family, Json


@dataclass(slots=True)
class Call:
    """One request that passed every check of form. `version` is the one of its media type; `action` the faults in
    force for it, of which handlers heed those about single items and about lag.
    """

    market: Market
    body: Json
    version: int
    now: float
    today: str
    options: Options
    action: Action
    representation: bool = False
    operation: str = ""
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    base_url: str = ""


Handler = Callable[[Call], Json | list[Json] | bytes]


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    media_type: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    family: Family
    versions: tuple[Version, ...]
    handler: Handler
    status: int = 200
    body_required: bool = True
    writes: bool = False
    prefers: bool = False
    answers: tuple[str, ...] = ()
    """Media types of the answer, where they are not the request's: Accept picks one, which becomes the version."""
    by_media_type: Mapping[str, Version] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_media_type", {one.media_type.lower(): one for one in self.versions})

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"
