"""The doctor's line about a Selling Partner login."""

from harvester.domain.errors import HarvesterError, PageBroken, Unavailable
from harvester.entrypoints.cli.finding import Finding, advice_on
from harvester.rules.catalog_soundness import undelivered
from harvester.rules.ruleset import RuleSet
from harvester.wiring import CatalogLogin, Login


async def selling_partner_check(login: Login, partner: CatalogLogin) -> Finding:
    """Looks one product up in the marketplace of the login's first profile."""
    what = f"account {login.account}, catalog"
    try:
        profiles = (await login.profiles()).readable
        if not profiles:
            return Finding(what, well=False, detail="not asked: the login sees no profile, so no marketplace")
        found = await partner.check(profiles[0])
    except HarvesterError as error:
        role = "see docs/settings.md, Accounts; the application needs the Product Listing role"
        advice = advice_on(error) if isinstance(error, (Unavailable, PageBroken)) else role
        return Finding(what, well=False, detail=str(error), advice=advice)
    return Finding(what, well=True, detail=f"{found.host} answers in {found.answer_ms:.0f} ms")


def catalog_rules(rules: RuleSet) -> bool:
    """Whether a rule asks for catalog facts."""
    return bool(undelivered(rules))


def no_selling_partner(account: str) -> Finding:
    prefix = f"HARVESTER_ACCOUNTS__{account.upper()}__SELLING_PARTNER__"
    return Finding(
        f"account {account}, catalog",
        well=False,
        detail="rules ask for catalog facts, and this account has no Selling Partner login: its products are held",
        advice=f"set {prefix}CLIENT_ID, __CLIENT_SECRET and __REFRESH_TOKEN",
    )
