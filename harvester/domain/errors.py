"""Errors, by what the caller can do about them.

HarvesterError
├── Misconfigured     a file or setting is wrong: says where and what to do
├── Refused           one of our own rules or guards said no
│   └── ProfileBusy   somebody else works on this profile
├── Rejected          Amazon said no, for good
│   └── AccountClosed the login itself is refused: nothing of this account can go on
├── Unavailable       try later
├── PageBroken        an answer of a list cannot be read, or the list goes round in circles
├── LeaseLost         another process took this profile over
└── OutcomeUnknown    sent, and no answer
"""

from dataclasses import dataclass


@dataclass(eq=False)
class HarvesterError(Exception):
    """Its text is one sentence for a person; the fields are for the program."""

    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class Misconfigured(HarvesterError):
    file: str | None = None
    line: int | None = None
    """Counted from 1."""
    field: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (place, self.field, self.message) if part)


@dataclass(eq=False)
class Refused(HarvesterError):
    pass


@dataclass(eq=False)
class ProfileBusy(Refused):
    pass


@dataclass(eq=False)
class Rejected(HarvesterError):
    status: int | None = None
    code: str | None = None
    request_id: str | None = None


@dataclass(eq=False)
class AccountClosed(Rejected):
    account: str = ""


@dataclass(eq=False)
class Unavailable(HarvesterError):
    status: int | None = None
    retry_after_seconds: float | None = None
    request_id: str | None = None


@dataclass(eq=False)
class PageBroken(HarvesterError):
    waited: bool = False
    """It was asked for again and again, until the patience was used up."""


@dataclass(eq=False)
class LeaseLost(HarvesterError):
    pass


@dataclass(eq=False)
class OutcomeUnknown(HarvesterError):
    pass
