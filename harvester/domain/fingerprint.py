"""What a plan's fingerprint covers."""

import msgspec


def fingerprint_line(kind: str, effect: str, group_id: str, fragment: str) -> bytes:
    """Of one item: what it is, where it goes, and its request to the byte.

    A plan's fingerprint is the SHA-256 over the lines of its items in plan order.
    """
    return msgspec.json.encode((kind, effect, group_id, fragment)) + b"\n"
