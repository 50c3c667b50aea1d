"""What the doctor finds."""

from dataclasses import dataclass

from harvester.domain.errors import HarvesterError


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor; `advice` is empty where all is well."""

    what: str
    well: bool
    detail: str
    advice: str = ""


def advice_on(error: HarvesterError) -> str:
    """Where Amazon did not answer as it should."""
    if "cannot be reached" in str(error):
        return "is this machine allowed to reach it? Look at its network, name server, proxy and firewall"
    return "try again later; see the sentence above"
