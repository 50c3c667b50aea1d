"""The profiles, and what is known of each across runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.domain.errors import Refused
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Listing, Profile, Region

_SAVE = named("save_profile")
_KNOWN = named("known_profiles")
_SOME = named("some_profiles")
_OWN_ASINS = named("own_asins")
_ADD_OWN_ASINS = named("add_own_asins")
_SAVE_LISTING = named("save_listing")
_LISTINGS = named("listings")

_MOST_NAMED = 5


def profile_columns(profile: Profile) -> tuple[str | None, ...]:
    """In the order of the statements that write them."""
    return (
        profile.profile_id,
        profile.account,
        profile.region.value,
        profile.country,
        profile.currency,
        profile.timezone,
        profile.kind,
        profile.name,
        profile.marketplace_id,
    )


def profile_of(row: asyncpg.Record) -> Profile:
    """What the statements that read profiles return."""
    return Profile(
        profile_id=ProfileId(row["profile_id"]),
        account=row["account"],
        region=Region(row["region"]),
        country=row["country"],
        currency=row["currency"],
        timezone=row["timezone"],
        kind=row["kind"],
        name=row["name"],
        marketplace_id=row["marketplace_id"],
    )


async def no_such_profile(connection: Connection, profile_id: ProfileId) -> Refused:
    """With those there are: nobody has their ids in mind."""
    rows = await connection.fetch(_SOME, _MOST_NAMED)
    if not rows:
        return Refused(
            f"there is no profile {profile_id}, nor any other yet: `harvester plan` finds those of your logins"
        )
    named_ones = ", ".join(f"{row['profile_id']} ({row['name']}, {row['country']})" for row in rows)
    more = rows[0]["profiles"] - len(rows)
    others = f" and {more:,} more: `harvester plans --json` names them" if more else ""
    return Refused(f"there is no profile {profile_id}; there are {named_ones}{others}")


@dataclass(frozen=True, slots=True)
class PostgresProfiles:
    database: Database

    async def save(self, profiles: Sequence[Profile]) -> None:
        columns = [profile_columns(profile) for profile in sorted(profiles, key=lambda profile: profile.profile_id)]

        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.executemany(_SAVE, columns)

        await self.database.repeat(work)

    async def known(self) -> Sequence[Profile]:
        return [profile_of(row) for row in await self.database.fetch(_KNOWN)]

    async def own_asins(self, profile_id: ProfileId) -> set[str]:
        return {row["asin"] for row in await self.database.fetch(_OWN_ASINS, profile_id)}

    async def add_own_asins(self, profile_id: ProfileId, asins: Sequence[str]) -> None:
        """The profile must have been saved before."""
        found = sorted(set(asins))

        await self.database.execute(_ADD_OWN_ASINS, profile_id, found)

    async def save_listing(self, profile_id: ProfileId, listing: Listing, listed_at: datetime) -> None:
        """What a supporting list held, in place of what it held before."""
        parents = json.dumps(dict(listing.parents))

        await self.database.execute(_SAVE_LISTING, profile_id, listing.what, listed_at, listing.count, parents)

    async def listings(self, profile_id: ProfileId) -> Sequence[tuple[Listing, datetime]]:
        return [
            (Listing(row["what"], row["count"], json.loads(row["parents"])), row["listed_at"])
            for row in await self.database.fetch(_LISTINGS, profile_id)
        ]
