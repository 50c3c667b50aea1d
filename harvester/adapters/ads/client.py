"""One advertising login at Amazon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from urllib.parse import urlsplit

from harvester.adapters.ads import protocol
from harvester.adapters.ads.profiles import read_profiles
from harvester.adapters.ads.protocol import ADS_URLS, LWA_URLS, Endpoint
from harvester.adapters.ads.reader import AmazonReader
from harvester.adapters.ads.reports import AmazonReports
from harvester.adapters.ads.writing import AmazonWriter
from harvester.adapters.exchange import Answer, Caller
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.domain.ids import RunId
from harvester.domain.profile import FoundProfiles, Profile, Region, UnreadableProfile


@dataclass(frozen=True, slots=True)
class LoginCheck:
    """What `doctor` tells of a login that works."""

    profile_ids: Sequence[str]
    unreadable: Sequence[UnreadableProfile]
    host: str
    token_ms: float
    profiles_ms: float
    ahead_seconds: float | None
    """How far our clock is ahead of Amazon's; None where Amazon named no time."""


class AmazonLogin:
    """A login serves the profiles of its own region only. `ads_url` and `lwa_url` replace Amazon's addresses."""

    def __init__(
        self,
        *,
        account: str,
        region: Region,
        credentials: Credentials,
        http: HttpClient,
        tokens: AccessTokens,
        ads_url: str | None = None,
        lwa_url: str | None = None,
        on_unreadable: Callable[[str, UnreadableProfile], None] = lambda _account, _profile: None,
    ) -> None:
        self._account = account
        self._region = region
        self._http = http
        self._on_unreadable = on_unreadable
        bearer = tokens.bearer(account, credentials, lwa_url or LWA_URLS[region])
        self._endpoint = Endpoint((ads_url or ADS_URLS[region]).rstrip("/"), credentials.client_id, bearer)

    @property
    def account(self) -> str:
        return self._account

    async def profiles(self) -> FoundProfiles:
        """Those that the login can edit: what the call gives without a parameter."""
        found, _ = await self._found_profiles()
        for each in found.unreadable:
            self._on_unreadable(self._account, each)
        return found

    async def _found_profiles(self) -> tuple[FoundProfiles, datetime | None]:
        """With the time by Amazon's clock."""

        def read(answer: Answer) -> tuple[FoundProfiles, datetime | None]:
            return read_profiles(answer, self._account, self._region), answer.date

        request = self._endpoint.request(protocol.PROFILES, Caller(self._account))
        return await self._http.send(request, read)

    def reader(self, profile: Profile, run_id: RunId | None) -> AmazonReader:
        return AmazonReader(self._http, self._endpoint, Caller(self._account, profile.profile_id, run_id))

    def reports(self, profile: Profile) -> AmazonReports:
        caller = Caller(self._account, profile.profile_id)
        return AmazonReports(self._http, self._endpoint, caller, vendor=profile.is_vendor)

    def writer(self, profile: Profile) -> AmazonWriter:
        """Only where the mode allows writing."""
        return AmazonWriter(self._http, self._endpoint, self._account, profile.profile_id)

    async def check(self) -> LoginCheck:
        """Gets a token and the profiles. Raises what `profiles` raises, AccountClosed first of all."""
        started = monotonic()
        await self._endpoint.bearer.token()
        token_at = monotonic()
        found, date = await self._found_profiles()
        return LoginCheck(
            profile_ids=[profile.profile_id for profile in found.readable],
            unreadable=found.unreadable,
            host=urlsplit(self._endpoint.url).netloc,
            token_ms=(token_at - started) * 1000,
            profiles_ms=(monotonic() - token_at) * 1000,
            ahead_seconds=(datetime.now(UTC) - date).total_seconds() if date else None,
        )
