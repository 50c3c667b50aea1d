"""A command line with rules of its own and, where they ask the catalog, a Selling Partner login."""

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import PretendAmazon

REVIEW = {"MODE": "review", "RECONCILE_AFTER": "0"}


def with_rules(made: Harvester, amazon: PretendAmazon, text: str) -> Harvester:
    """For the market's first login."""
    rules = made.folder / "own.yaml"
    rules.write_text(text, encoding="utf-8")
    partner = amazon.ready["accounts"][0]["selling_partner"]
    prefix = "HARVESTER_ACCOUNTS__FIRST__SELLING_PARTNER__"
    made.environment |= {f"{prefix}{name.upper()}": value for name, value in partner.items()}
    made.environment |= {f"{prefix}URL": amazon.ready["selling_partner_url"], "HARVESTER_RULES_FILE": str(rules)}
    return made
