"""Reports that a plan needs, fetched before it, for somebody who waits."""

from collections.abc import Callable, Collection
from datetime import timedelta

from harvester.domain.history import ReportKind
from harvester.domain.profile import Profile
from harvester.entrypoints.cli.session import JudgingSession
from harvester.usecases.fetch_reports import Fetched
from harvester.wiring.fetching import kinds_of, skips_of

Show = Callable[[Profile, str, int, int], None]
"""What is under way, and how many of how many are done."""


async def fetch_first(session: JudgingSession, profile: Profile, show: Show) -> tuple[str, ...]:
    """What is missing in the end, one sentence each. The plan judges what is there."""
    return await fetch(session, profile, kinds_of(session.services.rules, profile), show)


async def fetch(
    session: JudgingSession, profile: Profile, kinds: Collection[ReportKind], show: Show
) -> tuple[str, ...]:
    services = session.services
    if not kinds:
        return ()

    def told(profile: Profile, fetched: Fetched) -> None:
        waiting = len(fetched.pending)
        show(profile, "reports", fetched.reports, fetched.reports + waiting)

    patience = timedelta(seconds=services.settings.report_patience)
    skips = skips_of(services.rules, profile)
    fetched = await services.fetch_reports(profile, kinds, patience, told, skips=skips)
    return tuple(fetched.troubles)
