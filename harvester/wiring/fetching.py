"""Composition of what fetches reports."""

from collections.abc import Collection, Mapping

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.lease import PostgresLease
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.domain.history import ReportKind
from harvester.domain.profile import Profile
from harvester.ports import Clock
from harvester.ports.reports import ReportLogin
from harvester.rules.reports_needed import reports_needed
from harvester.rules.ruleset import RuleSet
from harvester.rules.windows import windows_of
from harvester.usecases.fetch_reports import FetchReports


def fetch_reports(
    logins: Collection[AmazonLogin], database: Database, lease: PostgresLease, clock: Clock
) -> FetchReports:
    by_account: Mapping[str, ReportLogin] = {login.account: login for login in logins}
    return FetchReports(by_account, PostgresReportDays(database), lease, clock)


def kinds_of(rules: RuleSet, profile: Profile) -> Collection[ReportKind]:
    """What the rules for this profile need."""
    return reports_needed(rules.for_profile(profile.profile_id), profile)


def skips_of(rules: RuleSet, profile: Profile) -> Collection[int]:
    """Of the windows of those rules: how old a day must be to count."""
    return {window.skip for window in windows_of(rules.for_profile(profile.profile_id), profile)}
