"""One profile asks for its marketplace, and the next one where that fails."""

import asyncio
from dataclasses import replace

from harvester.domain.errors import Rejected
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile
from harvester.usecases.one_per_marketplace import OnePerMarketplace
from tests.unit.rules.builders import PROFILE


def profiles(country: str, count: int) -> list[Profile]:
    return [replace(PROFILE, profile_id=ProfileId(f"{country}{number}"), country=country) for number in range(count)]


async def ask_all(those: list[Profile], refused: set[str]) -> tuple[list[str], list[object]]:
    """Who was asked, and what came, all at once."""
    one, asked = OnePerMarketplace(), []

    async def work(profile: Profile) -> object:
        async def ask() -> str:
            asked.append(profile.profile_id)
            await asyncio.sleep(0)
            if profile.profile_id in refused:
                raise Rejected("not yours", 403)
            return f"of {profile.profile_id}"

        return await one(profile, ask)

    found = await asyncio.gather(*map(work, those), return_exceptions=True)
    return [str(each) for each in asked], [each for each in found if each is not None]


async def test_each_marketplace_is_asked_about_once() -> None:
    """However many profiles there are, and though they ask side by side."""
    asked, found = await ask_all([*profiles("US", 5), *profiles("DE", 3)], set())

    assert sorted(asked) == ["DE0", "US0"]
    assert sorted(map(str, found)) == ["of DE0", "of US0"]


async def test_a_profile_that_is_refused_costs_its_marketplace_nothing() -> None:
    """The next one asks; the refusal is told all the same."""
    asked, found = await ask_all(profiles("US", 5), {"US0"})

    assert asked == ["US0", "US1"]
    assert (isinstance(found[0], Rejected), found[1]) == (True, "of US1")


async def test_an_amazon_that_refuses_everybody_is_asked_three_times() -> None:
    """And not once for each of three hundred profiles."""
    asked, found = await ask_all(profiles("US", 300), {f"US{number}" for number in range(300)})

    assert asked == ["US0", "US1", "US2"]
    assert len(found) == 3
