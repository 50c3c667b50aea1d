"""A manual ad group that product targets go into without a promotion group."""

from harvester.domain.candidate import Destination, NoDestination, Place
from harvester.domain.decision import Reason
from harvester.rules.ruleset import GroupEntry
from harvester.usecases.account_map import AUTO, AccountMap


def direct_destination(
    entry: GroupEntry, ad_group_id: str, source: Place, account: AccountMap
) -> Destination | NoDestination:
    """It must share a product with the source: what is suggested for one product says nothing about others."""
    name = f"ad group {source.ad_group.ad_group_id} (`{source.ad_group.name}`)"
    line = f" (line {entry.line} of the rules file)" if entry.line else ""
    unfit = _unfit(ad_group_id, source, account)
    if unfit:
        sentence = f"Products of {name} are to go into ad group {ad_group_id}, which {unfit}"
        return NoDestination(Reason.NO_DESTINATION, f"{sentence}: correct its entry under `groups`{line}.")
    gap = (
        f"The entry under `groups`{line} for {name} names no promotion group, and keywords need one, so they are held: "
        "give it a `create` instead of `without_group`, or make a group in the advertising console."
    )
    return Destination(None, None, account.place(ad_group_id), None, (gap,), direct=True)


def _unfit(ad_group_id: str, source: Place, account: AccountMap) -> str:
    place = account.place(ad_group_id)
    if place is None:
        return "is archived or not part of this account"
    if place.campaign.targeting.upper() == AUTO:
        return "belongs to an automatic campaign, and that takes no targets of its own"
    mine = account.products.get(source.ad_group.ad_group_id, frozenset())
    if mine.isdisjoint(account.products.get(ad_group_id, frozenset())):
        return "advertises none of its products"
    return ""
