"""Composition of what reads Amazon's catalog."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from harvester.adapters.catalog.client import SellingPartnerLogin
from harvester.adapters.catalog.pace import SteadyPace
from harvester.adapters.http import HttpClient, Timing
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.adapters.postgres.catalog import PostgresTurns
from harvester.adapters.postgres.database import Database
from harvester.adapters.watching import Watch
from harvester.config.settings import Settings
from harvester.ports import CallLog


@asynccontextmanager
async def selling_partners(
    settings: Settings, database: Database, calls: CallLog, tokens: AccessTokens, watch: Watch, timing: Timing
) -> AsyncIterator[Mapping[str, SellingPartnerLogin]]:
    """By account. They share one HTTP client, whose pace is the documented rate; none is opened where there is none."""
    accounts = {name: account for name, account in settings.accounts.items() if account.selling_partner is not None}
    if not accounts:
        yield {}
        return
    pace = SteadyPace(PostgresTurns(database))
    client = HttpClient(
        calls,
        pace,
        patience_seconds=settings.api_patience,
        timeout_seconds=settings.call_timeout,
        timing=timing,
        watch=watch,
    )
    async with client as http:
        logins = {}
        for name, account in accounts.items():
            given = account.selling_partner
            assert given is not None
            logins[name] = SellingPartnerLogin(
                account=name,
                region=account.region,
                credentials=Credentials(
                    client_id=given.client_id,
                    client_secret=given.client_secret.get_secret_value(),
                    refresh_token=given.refresh_token.get_secret_value(),
                ),
                http=http,
                pace=pace,
                tokens=tokens,
                url=given.url,
                lwa_url=account.lwa_url,
            )
        yield logins
