"""What judges the recorded evidence again."""

from collections.abc import Callable

from harvester.adapters.postgres.recorded import PostgresEvidence
from harvester.adapters.postgres.search_terms import PostgresSearchTerms
from harvester.usecases.diff_rules import DiffRules
from harvester.wiring import OWN_CLOCK, Services


def diff_rules(services: Services, watch: Callable[[int], None]) -> DiffRules:
    evidence = PostgresEvidence(services.database)
    return DiffRules(
        evidence, services.profiles, OWN_CLOCK, services.rules, PostgresSearchTerms(services.database), watch
    )
