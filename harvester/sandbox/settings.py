"""What a sandbox can be told when it starts."""

import datetime as dt
from dataclasses import dataclass, field

from harvester.sandbox.fault_rules import Rule

DIALECTS = ("spec", "guide", "mixed")


@dataclass(frozen=True, slots=True)
class Options:
    """`rate` is requests per second and Host header, 0 = unlimited; `catalog_rate` that of a selling partner for each
    of the two operations of the Catalog API, with a burst of 2. `dialect`: whose form answers take, the
    specification's, the developer guide's, or now this, now that. `report_seconds`: how long a report takes.
    `first_day`: what the calendar shows at the start, if not today.
    """

    host: str = "127.0.0.1"
    port: int = 0
    profiles: int = 3
    accounts: int = 1
    recommendations: int = 200
    seed: int = 1
    latency_ms: float = 0.0
    rate: float = 0.0
    catalog_rate: float = 0.0
    token_lifetime_seconds: float = 3600.0
    dialect: str = "spec"
    accept_plain_json: bool = False
    report_seconds: float = 1.0
    first_day: dt.date | None = None
    journal_size: int = 100_000
    faults: tuple[Rule, ...] = field(default=())
