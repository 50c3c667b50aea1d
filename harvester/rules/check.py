"""What a check is: evidence and facts in, findings and a verdict out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from harvester.domain.decision import Finding
from harvester.rules.checks.catalog import About, CatalogCheck
from harvester.rules.checks.evidence import Bound
from harvester.rules.checks.windowed import UNSEEN, Lacking, Seen, WindowBound


@dataclass(frozen=True, slots=True)
class Every:
    parts: "tuple[Check, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    parts: "tuple[Check, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Check"


Check = Bound | CatalogCheck | WindowBound | Every | Either | Not


def ask(
    check: Check,
    clicks: float,
    conversions: float,
    rule: str,
    findings: list[Finding],
    about: About | None = None,
    seen: Seen = UNSEEN,
    lacking: list[Lacking] | None = None,
) -> bool:
    """Whether the check passes. Every bound in it is asked, and leaves its finding.

    What cannot be measured neither passes nor fails; `not` does not turn it into a pass. `lacking` is told of the
    windows that are not whole, and of economics that are not known.
    """
    top = check if isinstance(check, Every) else Every((check,))
    asking = _Asking(clicks, conversions, rule, findings, about, seen, [] if lacking is None else lacking)
    return asking.ask(top, "") is True


@dataclass(frozen=True, slots=True)
class _Asking:
    clicks: float
    conversions: float
    rule: str
    findings: list[Finding]
    about: About | None
    seen: Seen
    lacking: list[Lacking]

    def ask(self, check: Check, group: str) -> bool | None:
        match check:
            case Bound():
                measured = check.measure(self.clicks, self.conversions)
                passed = check.passes(measured)
                self.findings.append(Finding(self.rule, check.check, measured, check.value, passed is True, group))
                return passed
            case WindowBound():
                shown, bound, passed, lack = check.look(self.seen)
                self.findings.append(Finding(self.rule, check.check, shown, bound, passed is True, group))
                if lack is not None:
                    self.lacking.append((check, lack))
                return passed
            case CatalogCheck():
                look = check.look(self.about)
                self.findings.append(
                    Finding(self.rule, check.check, look.measured, look.bound, look.passed is True, group)
                )
                return look.passed
            case Not(part):
                inner = self.ask(part, _below(group, part, 1))
                return None if inner is None else not inner
            case Every(parts) | Either(parts):
                verdicts = [self.ask(part, _below(group, part, place)) for place, part in enumerate(parts, start=1)]
                return _together(verdicts, deciding=isinstance(check, Either))
            case _:
                assert_never(check)


def could_pass(
    check: Check,
    clicks: float,
    conversions: float,
    about: About | None,
    seen: Seen = UNSEEN,
    *,
    wanted: bool = True,
) -> bool | None:
    """As `ask`, with every fact that is not known taken to be what the rule wishes for, also windows that are not whole
    and economics that the file does not name.
    """
    match check:
        case Bound():
            return check.holds(clicks, conversions)
        case CatalogCheck():
            passed = check.look(about).passed
            return wanted if passed is None else passed
        case WindowBound():
            glance = check.look(seen)
            return glance.passed if glance.lack is None else wanted
        case Not(part):
            inner = could_pass(part, clicks, conversions, about, seen, wanted=not wanted)
            return None if inner is None else not inner
        case Every(parts) | Either(parts):
            verdicts = [could_pass(part, clicks, conversions, about, seen, wanted=wanted) for part in parts]
            return _together(verdicts, deciding=isinstance(check, Either))
        case _:
            assert_never(check)


def on_facts(check: Check) -> Iterator[CatalogCheck]:
    """The checks in it of facts that are looked up."""
    return (each for each in leaves(check) if isinstance(each, CatalogCheck))


def leaves(check: Check) -> Iterator[Bound | CatalogCheck | WindowBound]:
    """The single checks in it."""
    match check:
        case Bound() | CatalogCheck() | WindowBound():
            yield check
        case Not(part):
            yield from leaves(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from leaves(part)
        case _:
            assert_never(check)


def _together(verdicts: list[bool | None], *, deciding: bool) -> bool | None:
    if deciding in verdicts:
        return deciding
    return None if None in verdicts else not deciding


def _below(group: str, part: Check, place: int) -> str:
    """The group of a part: its own for a single check, else one step down, numbered by its place among its siblings."""
    if isinstance(part, (Bound, CatalogCheck, WindowBound)):
        return group
    word = "all" if isinstance(part, Every) else "any" if isinstance(part, Either) else "not"
    return f"{group}.{word}{place}".removeprefix(".")
