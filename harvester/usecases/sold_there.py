"""What sold where a negative would work, and would be shut out by it: by runs, by report days, and by its variants."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Protocol

import msgspec

from harvester.domain.action import ActionKind
from harvester.domain.history import Sold, SoldTerm
from harvester.domain.ids import Effect
from harvester.domain.target import Level, Match
from harvester.ports.histories import ConvertingTerm, Histories
from harvester.rules.blocking import blocks
from harvester.rules.counting import plural
from harvester.usecases.sold_before import WhatSold

_MOST = 500
"""Texts that are told of one negative."""


class Negating(Protocol):
    """What of an item, planned or stored, says what it would block."""

    @property
    def kind(self) -> ActionKind: ...
    @property
    def key(self) -> str: ...
    @property
    def match(self) -> Match | None: ...
    @property
    def level(self) -> Level | None: ...
    @property
    def campaign_id(self) -> str: ...
    @property
    def ad_group_id(self) -> str: ...
    @property
    def effect(self) -> Effect: ...


def orders(number: float) -> str:
    """`1 order`, `2.5 orders`: what Amazon attributes may be a part of one."""
    return plural(int(number), "order") if float(number).is_integer() else f"{number:g} orders"


class Blocked(msgspec.Struct, frozen=True):
    """One text, with its orders."""

    key: str
    conversions: float
    seen_at: datetime


@dataclass(frozen=True)
class SoldThere:
    histories: Histories
    what_sold: WhatSold

    async def blocked_by(self, item: Negating, *, follows: bool) -> Sequence[ConvertingTerm]:
        """The most orders first. `follows`: it closes the source of a promotion, which is there to take over what the
        text itself and its variants sold; what else it would shut out counts all the same.
        """
        profile = self.what_sold.profile
        ad_group_id = None if item.level is Level.CAMPAIGN else item.ad_group_id
        found: dict[str, ConvertingTerm] = {
            term.key: term
            for term in await self.histories.converting_terms(
                profile.profile_id, item.campaign_id, ad_group_id, item.key, item.match or Match.EXACT
            )
        }
        for term in await self._recorded(item, ad_group_id):
            if term.key not in found or found[term.key].conversions < term.conversions:
                found[term.key] = term
        if follows:
            taken = {key for key in found if blocks(item.key, Match.EXACT, key, profile.country)}
            found = {key: term for key, term in found.items() if key not in taken}
        return sorted(found.values(), key=lambda term: (-term.conversions, -term.seen_at.timestamp(), term.key))[:_MOST]

    async def ever(self, item: Negating, kin: Sequence[tuple[str, str]]) -> Sold | None:
        """Of the text or a variant, in its campaign or one of the (campaign, ad group) pairs of the same products."""
        known = await self.what_sold.of([item.campaign_id, *(campaign_id for campaign_id, _ in kin)])
        return known.sold(item.campaign_id, kin, item.key)

    async def _recorded(self, item: Negating, ad_group_id: str | None) -> Sequence[Blocked]:
        known = await self.what_sold.of([item.campaign_id])
        by_key: defaultdict[str, list[SoldTerm]] = defaultdict(list)
        for term in known.shut_out(item.campaign_id, item.key, item.match):
            if ad_group_id is None or term.ad_group_id == ad_group_id:
                by_key[term.key].append(term)
        return [_together(each) for each in by_key.values()]


def _together(terms: Sequence[SoldTerm]) -> Blocked:
    last_day = max(term.last_day for term in terms)
    return Blocked(
        terms[0].key, float(sum(term.orders for term in terms)), datetime.combine(last_day, time(), tzinfo=UTC)
    )
