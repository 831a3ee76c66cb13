"""Seals what a client keeps for the server: packed, dated and signed text; it reads no clock and makes no key.

The form is that of the service's encrypted content (`gAAAAA...`): URL-safe base64 of a version byte, the second of
sealing in eight bytes, the data compressed, and an HMAC-SHA256 of all that. It is signed, not encrypted.
"""

import hashlib
import hmac
import struct
import zlib
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence

from emulator.core.errors import ApiError

LIFETIME = 30 * 86_400.0  # seconds for which a seal can be opened
UNREADABLE = "Encrypted content could not be decrypted or parsed."
OTHER_ITEM = "Encrypted content item_id did not match the target item id."
_VERSION = 0x80
_HEAD = struct.Struct(">BQ")
_SIGNATURE = hashlib.sha256().digest_size
_MOST = 16 * 1024 * 1024  # bytes that one seal may unpack to


class SealError(Exception):
    """Altered, made with another key, or too old."""


def key_of(secret: str) -> bytes:
    """The key that a secret text stands for."""
    return hashlib.sha256(f"responses-emulator seal|{secret}".encode()).digest()


def seal(key: bytes, data: bytes, at: float) -> str:
    """The data as text that only the holder of `key` can make, sealed at second `at`; the same each time."""
    body = _HEAD.pack(_VERSION, max(0, int(at))) + zlib.compress(data, 9)
    return urlsafe_b64encode(body + _signature(key, body)).decode()


def unseal(keys: Sequence[bytes], text: str, now: float) -> bytes:
    """The data of a text that was sealed with one of the keys not more than 30 days ago; raises SealError."""
    try:
        raw = b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        raise SealError from None
    body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    # Bits that base64 leaves unused would be the one thing that could be altered.
    if len(body) <= _HEAD.size or urlsafe_b64encode(raw).decode() != text:
        raise SealError
    if not any(hmac.compare_digest(signature, _signature(key, body)) for key in keys):
        raise SealError
    _, at = _HEAD.unpack_from(body)
    if now - at > LIFETIME:
        raise SealError
    return zlib.decompressobj().decompress(body[_HEAD.size :], _MOST)


def _signature(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")


def refused(text: str, reason: str = UNREADABLE, item_id: str | None = None) -> ApiError:
    """The service's error for content that it does not take: it names the item, or shows the ends of the content."""
    shown = f"{text[:4]}...{text[-4:]}" if text else "gAAA...AA=="
    shown = f"for item {item_id}" if item_id else shown
    return ApiError("invalid_encrypted_content", shown=shown, reason=reason)
