"""Which of the products that an ad group advertises matter to rules on its search terms."""

from collections.abc import Iterable

from harvester.domain.recommendation import SEARCH_TERMS
from harvester.rules.ruleset import ProfileRules


def named_products(rules: ProfileRules) -> frozenset[str]:
    """Those that `economics` or a rule on search terms tells apart."""
    worth = {asin for section in rules.economics for asin in section.asins}
    matched = {asin for rule in rules.rules if rule.match.source == SEARCH_TERMS for asin in rule.match.asins}
    return frozenset(worth | matched)


def told_apart(named: frozenset[str], advertised: Iterable[str]) -> tuple[str, ...]:
    """The named ones among them, and one that stands for all others: a row carries no more than it needs."""
    mine = sorted(set(advertised))
    return (*(asin for asin in mine if asin in named), *[asin for asin in mine if asin not in named][:1])
