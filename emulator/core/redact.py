"""Takes credentials out of what is kept of a request and its answer; it knows no header and stores nothing."""

from collections.abc import Collection
from typing import Any

from emulator.core.lazy_pattern import lazy_pattern

REDACTED = "<redacted>"
# Without one of these nothing needs a closer look: (a byte that is rarer, what is then looked for). A backslash before
# u may hide a letter. Looking for plain bytes is many times as quick as one expression.
_MARKS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"-", (b"sk-",)),
    (b"r", (b"earer",)),
    (b"R", (b"EARER",)),
    (b"J", (b"eyJ",)),
    (b"=", (b"sig=", b"token=", b"key=", b"code=")),
    (b"@", (b"://",)),
    (b"\\", (b"\\u00",)),
)
_SHORT = 8  # characters: no shorter text looks like a credential
_MASKS = (
    (lazy_pattern(r"\b((?:B|b)earer\s+|BEARER\s+)[\w.~+/=-]{6,}"), rf"\1{REDACTED}"),
    (lazy_pattern(r"(?<![A-Za-z0-9])sk-[\w-]{6,}"), REDACTED),
    (lazy_pattern(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(\.[\w-]*)?"), REDACTED),
    (lazy_pattern(r"(://)[^/\s\"@]+@"), rf"\1{REDACTED}@"),
    (lazy_pattern(r"([?&](?:sig|token|key|code|api.?key|access_token)=)[^&\s\"#]+"), rf"\1{REDACTED}"),
)


def is_suspect(text: bytes, secrets: Collection[str] = ()) -> bool:
    """Whether JSON may hold a credential, by its look or because it is one of `secrets`."""
    find = text.find  # `in` first takes the bytes for a number, and to fail at that costs more than to look
    for byte, marks in _MARKS:
        if find(byte) >= 0:
            for mark in marks:
                if find(mark) >= 0:
                    return True
    return any(find(_as_json(secret)) >= 0 for secret in secrets)


def redact(value: Any, secrets: Collection[str] = ()) -> Any:
    """The same JSON value without credentials: an MCP server's, what looks like one, and `secrets`."""
    if isinstance(value, str):
        return mask(value, secrets)
    if isinstance(value, list):
        return [redact(entry, secrets) for entry in value]
    if not isinstance(value, dict):
        return value
    shown = {mask(key, secrets): redact(held, secrets) for key, held in value.items()}
    if value.get("type") == "mcp":
        if isinstance(value.get("headers"), dict):
            shown["headers"] = {mask(key, secrets): REDACTED for key in value["headers"]}
        if "authorization" in value:
            shown["authorization"] = REDACTED
    return shown


def mask(text: str, secrets: Collection[str] = ()) -> str:
    """The same text without what looks like a credential and without `secrets`."""
    if len(text) < _SHORT:
        return text
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text


def telling(credential: str) -> bool:
    """Whether a credential is so unlike a word that its text can be masked wherever it stands."""
    long = len(credential)
    return long >= 16 or (long >= 8 and any(letter.isdigit() for letter in credential))


def _as_json(secret: str) -> bytes:
    return secret.encode("utf-8", "replace").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
