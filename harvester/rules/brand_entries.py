"""`brands` of the rules file: brands that are to be negative somewhere."""

from harvester.domain.profile import Mode
from harvester.domain.target import Level
from harvester.rules.section import Section
from harvester.rules.values import BrandId, Days, Name, NameOrId


class BrandPlaces(Section):
    """Where an entry applies: a list that is left out or empty means everywhere, patterns as those of rules."""

    campaigns: tuple[NameOrId, ...] = ()
    ad_groups: tuple[NameOrId, ...] = ()
    profiles: tuple[NameOrId, ...] = ()


class BrandEntry(Section):
    """Brands, by id, that are to be negative in some places. Never automatic: a person names each item."""

    name: Name
    """As rules have one; no rule may have the same."""
    ids: tuple[BrandId, ...]
    """Brand ids; `harvester brands TEXT` finds them. A name is never taken for one."""
    match: BrandPlaces = BrandPlaces()
    level: Level = Level.AD_GROUP
    """`campaign`: in AUTO campaigns, and in manual ones of vendors."""
    review_after: Days | None = None
    """How long after it was made lifting it is proposed: `90d`."""
    mode: Mode | None = None
    """Stricter than the service's mode; never laxer."""
