"""What the settings say about notifications: where to, and about what."""

import difflib
import json
import re

from harvester.domain.notice import NoticeKind

_NOTIFY_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19})://\S")
_BETWEEN_ADDRESSES = re.compile(r"[,\s]+(?=[A-Za-z][A-Za-z0-9+.-]*://)|\s+")


def notify_addresses(value: object) -> object:
    """One per address. A comma parts them only where another address begins: inside of one it parts its receivers.

    Only a scheme and a place in the list are ever named: a token may stand anywhere else.
    """
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            found = [str(address) for address in json.loads(value)]
        except (ValueError, TypeError):
            raise ValueError("must be Apprise URLs separated by blanks, or a JSON list of them") from None
    else:
        found = [each for piece in _BETWEEN_ADDRESSES.split(value) if (each := piece.strip(","))]
    for place, address in enumerate(found, 1):
        if not _NOTIFY_SCHEME.match(address) or re.search(r"\s", address):
            scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]{0,19})://", address)
            shown = f"{place} ({scheme.group(1).lower()})" if scheme else str(place)
            raise ValueError(f"address {shown} is not an Apprise URL: it begins with a service and ://")
    return found


def known_notices(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """A misspelt kind would be told to nobody in silence."""
    for kind in kinds:
        if kind not in list(NoticeKind):
            near = difflib.get_close_matches(kind, list(NoticeKind), n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(NoticeKind)}"
            raise ValueError(f"`{kind}` is no kind of notice{hint}")
    return kinds
