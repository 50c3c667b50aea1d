"""One advertising login at Amazon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from urllib.parse import urlsplit

from harvester.adapters.ads import protocol
from harvester.adapters.ads.profiles import read_profiles
from harvester.adapters.ads.protocol import ADS_URLS, LWA_URLS, Endpoint
from harvester.adapters.ads.reader import AmazonReader
from harvester.adapters.ads.writing import AmazonWriter
from harvester.adapters.exchange import Answer, Caller
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.domain.ids import RunId
from harvester.domain.profile import Profile, Region


@dataclass(frozen=True, slots=True)
class LoginCheck:
    """What `doctor` tells of a login that works."""

    profile_ids: Sequence[str]
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
    ) -> None:
        self._account = account
        self._region = region
        self._http = http
        bearer = tokens.bearer(account, credentials, lwa_url or LWA_URLS[region])
        self._endpoint = Endpoint((ads_url or ADS_URLS[region]).rstrip("/"), credentials.client_id, bearer)

    @property
    def account(self) -> str:
        return self._account

    async def profiles(self) -> Sequence[Profile]:
        """Those that the login can edit: what the call gives without a parameter."""
        profiles, _ = await self._seen_profiles()
        return profiles

    async def _seen_profiles(self) -> tuple[Sequence[Profile], datetime | None]:
        """With the time by Amazon's clock."""

        def read(answer: Answer) -> tuple[Sequence[Profile], datetime | None]:
            profiles, _ = read_profiles(answer, self._account, self._region)
            return profiles, answer.date

        request = self._endpoint.request(protocol.PROFILES, Caller(self._account))
        return await self._http.send(request, read)

    def reader(self, profile: Profile, run_id: RunId | None) -> AmazonReader:
        return AmazonReader(self._http, self._endpoint, Caller(self._account, profile.profile_id, run_id))

    def writer(self, profile: Profile) -> AmazonWriter:
        """Only where the mode allows writing."""
        return AmazonWriter(self._http, self._endpoint, self._account, profile.profile_id)

    async def check(self) -> LoginCheck:
        """Gets a token and the profiles. Raises what `profiles` raises, AccountClosed first of all."""
        started = monotonic()
        await self._endpoint.bearer.token()
        token_at = monotonic()
        profiles, date = await self._seen_profiles()
        return LoginCheck(
            profile_ids=[profile.profile_id for profile in profiles],
            host=urlsplit(self._endpoint.url).netloc,
            token_ms=(token_at - started) * 1000,
            profiles_ms=(monotonic() - token_at) * 1000,
            ahead_seconds=(datetime.now(UTC) - date).total_seconds() if date else None,
        )
