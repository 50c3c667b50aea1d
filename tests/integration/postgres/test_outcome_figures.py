"""Figures before and after an action, beside what a slow and simple count of the same days says."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from random import Random

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.outcomes import PostgresOutcomes
from harvester.domain.action import ActionKind
from harvester.domain.aftermath import Deed, Measured
from harvester.domain.history import Totals
from harvester.domain.target import Level, Match

from .acting import PROFILE
from .conftest import Sql
from .reported import search_term, targeting

MADE = date(2026, 11, 20)
KEYS = ("red hat", "red hat for men", "hat", "big red hat", "redhat", "B000000009")
Row = tuple[date, str, str, str, Totals]
"""Day, campaign, ad group, key, figures; of a target: key is its id."""


def made_up(dice: Random, count: int) -> list[Row]:
    rows = []
    for _ in range(count):
        ad_group = dice.choice(["710", "711", "810"])
        figures = [dice.randrange(1, 9), dice.randrange(9) * 10**6, dice.randrange(3), dice.randrange(50) * 10**6]
        totals = Totals(figures[0] * 20, *figures)
        day = MADE + timedelta(days=dice.randrange(-80, 50))
        rows.append((day, f"{ad_group[0]}00", ad_group, dice.choice(KEYS), totals))
    return rows


def a_deed(number: int, dice: Random) -> Deed:
    """Of any kind, a day or two apart."""
    kind = dice.choice([ActionKind.NEGATE_KEYWORD, ActionKind.NEGATE_KEYWORD, ActionKind.PROMOTE_KEYWORD])
    ad_group = dice.choice(["710", "711", "810"])
    level = dice.choice(list(Level)) if kind.is_negative else None
    made_on = MADE + timedelta(days=dice.randrange(-2, 3))
    return Deed(
        action_id=f"a{number}", kind=kind, rule="r", target="x", key=dice.choice(KEYS),
        match=dice.choice([Match.EXACT, Match.PHRASE]), level=level, campaign_id=f"{ad_group[0]}00", campaign_name="",
        ad_group_id="" if level is Level.CAMPAIGN else ad_group, asins=(), amazon_id="" if kind.is_negative else "T1",
        served_in="", follows="", clicks_seen=None, orders_seen=None, looked_from=made_on - timedelta(days=67),
        made_on=made_on, reading=42,
    )  # fmt: skip


def total(rows: Iterable[Row], wanted: Callable[[Row], bool]) -> Totals:
    found = Totals()
    for row in rows:
        found = found.plus(row[-1]) if wanted(row) else found
    return found


def simply(deed: Deed, days: int, terms: list[Row], targets: list[Row]) -> Measured:
    """Day by day, as a person would count."""
    phrase = deed.kind.is_negative and deed.match is Match.PHRASE

    def blocked(row: Row) -> bool:
        _, campaign, ad_group, key, _ = row
        here = campaign == deed.campaign_id and deed.ad_group_id in ("", ad_group)
        return here and (key == deed.key or (phrase and f" {deed.key} " in f" {key} "))

    def away(row: Row) -> int:
        return (row[0] - deed.made_on).days

    now = total(terms, lambda row: blocked(row) and row[3] == deed.key and deed.looked_from <= row[0] <= deed.made_on)
    return Measured(
        days=days,
        before=total(terms, lambda row: blocked(row) and -days <= away(row) < 0),
        after=total(terms, lambda row: blocked(row) and 0 < away(row) <= days),
        destination=total(targets, lambda row: row[3] == "T1" and 0 < away(row) <= days) if deed.amazon_id else None,
        orders_now=now.orders,
    )


async def test_figures_are_those_of_a_slow_and_simple_count(database: Database, sql: Sql):
    """Before and after, by ad group and campaign, exact and phrase, and of promoted targets; the day itself is in neither."""
    dice = Random(20261120)
    terms = made_up(dice, 700)
    targets = [(day, "", "", dice.choice(["T1", "T2"]), totals) for day, _, _, _, totals in made_up(dice, 150)]
    for day, campaign, ad_group, key, each in terms:
        money = each.cost // 10**6, each.orders, each.sales // 10**6
        await search_term(sql, key, day, each.clicks, *money, ad_group_id=ad_group, campaign_id=campaign)
    for day, _, _, target, each in targets:
        await targeting(
            sql, target, day, each.impressions, each.clicks, each.cost // 10**6, each.orders, each.sales // 10**6
        )
    await search_term(sql, "red hat", MADE - timedelta(days=1), 99, profile_id="99")
    deeds = [(a_deed(number, dice), dice.randrange(31), True) for number in range(60)]

    measured = await PostgresOutcomes(database).measure(PROFILE, deeds)

    assert measured == {deed.action_id: simply(deed, days, terms, targets) for deed, days, _ in deeds}
