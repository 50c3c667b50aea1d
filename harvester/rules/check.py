"""What a check is: evidence in, findings and a verdict out."""

from dataclasses import dataclass
from typing import assert_never

from harvester.domain.decision import Finding
from harvester.rules.checks.evidence import Bound


@dataclass(frozen=True, slots=True)
class Every:
    parts: "tuple[Check, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    parts: "tuple[Check, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Check"


Check = Bound | Every | Either | Not


def ask(check: Check, clicks: float, conversions: float, rule: str, findings: list[Finding]) -> bool:
    """Whether the check passes. Every bound in it is asked, and leaves its finding.

    What cannot be measured neither passes nor fails; `not` does not turn it into a pass.
    """
    top = check if isinstance(check, Every) else Every((check,))
    return _ask(top, clicks, conversions, rule, "", findings) is True


def _ask(
    check: Check, clicks: float, conversions: float, rule: str, group: str, findings: list[Finding]
) -> bool | None:
    match check:
        case Bound():
            measured = check.measure(clicks, conversions)
            passed = check.passes(measured)
            findings.append(Finding(rule, check.check, measured, check.value, passed is True, group))
            return passed
        case Not(part):
            inner = _ask(part, clicks, conversions, rule, _below(group, part, 1), findings)
            return None if inner is None else not inner
        case Every(parts) | Either(parts):
            verdicts = [
                _ask(part, clicks, conversions, rule, _below(group, part, place), findings)
                for place, part in enumerate(parts, start=1)
            ]
            deciding = isinstance(check, Either)
            if deciding in verdicts:
                return deciding
            return None if None in verdicts else not deciding
        case _:
            assert_never(check)


def _below(group: str, part: Check, place: int) -> str:
    """The group of a part: its own for a bound, else one step down, numbered by its place among its siblings."""
    if isinstance(part, Bound):
        return group
    word = "all" if isinstance(part, Every) else "any" if isinstance(part, Either) else "not"
    return f"{group}.{word}{place}".removeprefix(".")
