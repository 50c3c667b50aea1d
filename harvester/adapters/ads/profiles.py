"""Profiles as `GET /v2/profiles` sends them."""

import re

import msgspec

from harvester.adapters.ads.wire import NUL, Text, text
from harvester.adapters.exchange import UNDECODABLE, Answer, Unreadable
from harvester.domain.ids import ProfileId
from harvester.domain.profile import FoundProfiles, Profile, Region, UnreadableProfile


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


class _WhoseIsIt(msgspec.Struct, rename="camel"):
    profile_id: Text = None


_raw_items = msgspec.json.Decoder(list[msgspec.Raw])
_one = msgspec.json.Decoder(_Profile)
_whose = msgspec.json.Decoder(_WhoseIsIt)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def read_profiles(answer: Answer, account: str, region: Region) -> FoundProfiles:
    """Each once, and what cannot be worked on, with why. Raises Unreadable when the answer is no array."""
    try:
        raws = _raw_items.decode(answer.body)
    except UNDECODABLE:
        raise Unreadable("it is no list of profiles") from None
    readable: dict[str, Profile] = {}
    unreadable: dict[object, UnreadableProfile] = {}
    for number, raw in enumerate(raws, 1):
        read = _profile(bytes(raw).replace(NUL, rb"\ufffd"), number, account, region)
        if isinstance(read, Profile):
            readable.setdefault(read.profile_id, read)
        else:
            unreadable.setdefault(read.profile_id or number, read)
    return FoundProfiles(
        list(readable.values()), [each for each in unreadable.values() if each.profile_id not in readable]
    )


def _profile(raw: bytes, number: int, account: str, region: Region) -> Profile | UnreadableProfile:
    """`number` is the item's place in the list, from 1."""
    try:
        item = _one.decode(raw)
    except UNDECODABLE:
        return _unreadable(_id_at_least(raw), number, "it has not the shape of a profile")
    if not text(item.profile_id):
        return _unreadable("", number, "it has no profileId")
    country, currency = text(item.country_code).upper(), text(item.currency_code).upper()
    for name, value, form in (("countryCode", country, _COUNTRY), ("currencyCode", currency, _CURRENCY)):
        if not form.fullmatch(value):
            said = f"its {name} is {value[:20]!r}" if value else f"it has no {name}"
            return _unreadable(text(item.profile_id), number, f"{said}, and bids and their limits depend on it")
    info = item.account_info or _Account()
    return Profile(
        profile_id=ProfileId(text(item.profile_id)),
        account=account,
        region=region,
        country=country,
        currency=currency,
        timezone=text(item.timezone) or "UTC",
        kind=text(info.type).lower(),
        name=text(info.name),
        marketplace_id=text(info.marketplace_string_id) or None,
    )


def _id_at_least(raw: bytes) -> str:
    try:
        return text(_whose.decode(raw).profile_id)
    except UNDECODABLE:
        return ""


def _unreadable(profile_id: str, number: int, why: str) -> UnreadableProfile:
    what = "what Amazon lists about this profile" if profile_id else f"item {number} of the login's list of profiles"
    return UnreadableProfile(ProfileId(profile_id) if profile_id else None, f"{what} cannot be read: {why}")
