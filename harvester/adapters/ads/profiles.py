"""Profiles as `GET /v2/profiles` sends them."""

from collections.abc import Sequence

import msgspec

from harvester.adapters.ads.wire import NUL, Text, text
from harvester.adapters.exchange import UNDECODABLE, Answer, Unreadable
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile, Region


class _Account(msgspec.Struct, rename="camel"):
    type: Text = None
    name: Text = None
    marketplace_string_id: Text = None


class _Profile(msgspec.Struct, rename="camel"):
    profile_id: Text = None
    country_code: Text = None
    currency_code: Text = None
    timezone: Text = None
    account_info: _Account | None = None


_raw_items = msgspec.json.Decoder(list[msgspec.Raw])
_one = msgspec.json.Decoder(_Profile)


def read_profiles(answer: Answer, account: str, region: Region) -> tuple[Sequence[Profile], int]:
    """The profiles, each once, and how many items were none. Raises Unreadable when the answer is no array."""
    try:
        raws = _raw_items.decode(answer.body)
    except UNDECODABLE:
        raise Unreadable("it is no list of profiles") from None
    read = [_profile(raw, account, region) for raw in raws]
    found: dict[str, Profile] = {}
    for profile in filter(None, read):
        found.setdefault(profile.profile_id, profile)
    return list(found.values()), read.count(None)


def _profile(raw: msgspec.Raw, account: str, region: Region) -> Profile | None:
    try:
        item = _one.decode(bytes(raw).replace(NUL, rb"\ufffd"))
    except UNDECODABLE:
        return None
    if not text(item.profile_id):
        return None
    info = item.account_info or _Account()
    return Profile(
        profile_id=ProfileId(text(item.profile_id)),
        account=account,
        region=region,
        country=text(item.country_code).upper(),
        currency=text(item.currency_code).upper(),
        timezone=text(item.timezone) or "UTC",
        kind=text(info.type).lower(),
        name=text(info.name),
        marketplace_id=text(info.marketplace_string_id) or None,
    )
