"""What the doctor finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor; `advice` is empty where all is well."""

    what: str
    well: bool
    detail: str
    advice: str = ""
