"""Opaque page tokens, bound to one profile, one operation and one filter."""

import base64
import binascii
import hashlib

import msgspec

from harvester.sandbox.wire import Json, invalid_token

_KEY = b"sandbox page tokens"
_PAGING = frozenset({"nextToken", "maxResults", "cursor", "count"})


def binding(profile_id: str, operation: str, body: Json) -> bytes:
    """What a token belongs to: everything of the request but the paging fields themselves."""
    filters = {name: value for name, value in sorted(body.items()) if name not in _PAGING}
    text = msgspec.json.encode([profile_id, operation, filters])
    return hashlib.blake2b(text, digest_size=9, key=_KEY).digest()


def token(bound_to: bytes, offset: int, nonce: int = 0) -> str:
    """Different nonces give different tokens for the same place."""
    payload = bound_to + offset.to_bytes(6, "big") + nonce.to_bytes(3, "big")
    check = hashlib.blake2b(payload, digest_size=6, key=_KEY).digest()
    return base64.urlsafe_b64encode(check + payload).decode()


def offset_of(text: str, bound_to: bytes) -> int:
    """Raises `ApiError` 400 INVALID_TOKEN for a token that is not ours or belongs to another request."""
    try:
        raw = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, ValueError) as error:
        raise invalid_token() from error
    check, payload = raw[:6], raw[6:]
    genuine = hashlib.blake2b(payload, digest_size=6, key=_KEY).digest() == check
    if len(raw) != 24 or not genuine or payload[:9] != bound_to:
        raise invalid_token()
    return int.from_bytes(payload[9:15], "big")
