"""What the journal keeps of a request's headers, query and bodies: nothing that is not listed, and nothing large."""

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.records import dataclass
from emulator.core.redact import REDACTED, mask, redact, telling

MOST = 64 * 1024  # bytes of a body that are kept
LONG, ENDS, AROUND = 1_000, 500, 4_000  # characters of a text in a body that is too large

HEADERS = frozenset(
    b"accept content-type idempotency-key traceparent tracestate user-agent x-client-request-id "
    b"x-ms-client-request-id x-ms-useragent x-request-id".split()
)
HEADER_PREFIXES = (b"openai-", b"x-emulator-", b"x-ms-oai-", b"x-stainless-")
QUERY = frozenset({"after", "api-version", "before", "include", "include[]", "include_obfuscation", "limit", "order",
                   "purpose", "starting_after", "stream"})  # fmt: skip
_KEYS = frozenset(b"api-key x-api-key authorization proxy-authorization ocp-apim-subscription-key".split())
_VARYING = frozenset({b"content-length", b"host"})
_BASE64 = lazy_pattern(r"(?:data:[^,\s]{0,300},)?[A-Za-z0-9+/]{400}")

RawHeaders = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Sent:
    """How a request was sent: what is shown of its headers and query, and the credentials that it brought.

    `secrets` are those that are masked wherever they stand; others could be any word.
    """

    headers: Any
    query: dict[str, str]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a body: `value` goes into the entry, `data` is all of it as JSON; `sha256` where it was cut."""

    value: Any = None
    data: Any = None
    sha256: str | None = None


def read_sent(headers: RawHeaders, query: bytes) -> Sent:
    """What is shown of a request's headers and query."""
    sent, given = _read_headers(tuple([pair for pair in headers if pair[0] not in _VARYING]))
    if not query:
        return sent
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    unlisted = [value for name, value in pairs if name not in QUERY]
    told = {name: value if name in QUERY and value not in given else REDACTED for name, value in pairs}
    return Sent(sent.headers, told, _telling((*given, *unlisted)))


@lru_cache(maxsize=64)  # a client sends the same ones each time
def _read_headers(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[Sent, tuple[str, ...]]:
    keys = [value.decode("latin-1").strip() for name, value in headers if name in _KEYS]
    given = (*keys, *(key.rpartition(" ")[2] for key in keys))
    shown: dict[str, str] = {}
    for name, value in headers:
        if name in HEADERS or name.startswith(HEADER_PREFIXES):
            known, text = name.decode("latin-1"), value.decode("latin-1")
            text = REDACTED if text in given else text
            shown[known] = f"{shown[known]}, {text}" if known in shown else text
    return Sent(orjson.Fragment(orjson.dumps(shown)), {}, _telling(given)), given


def _telling(given: Collection[str]) -> tuple[str, ...]:
    """Those that are masked; one within another needs no look of its own."""
    found = {text for text in given if telling(text)}
    return tuple([text for text in found if not any(text != other and other in text for other in found)])


def keep(raw: bytes, secrets: Collection[str], *, trusted: bool = False) -> Kept:
    """What is kept of a body; one that is `trusted` to be JSON is read only where it is too large."""
    if not raw:
        return Kept()
    if trusted and len(raw) <= MOST:
        return Kept(orjson.Fragment(raw))
    sha256 = hashlib.sha256(raw).hexdigest() if len(raw) > MOST else None
    try:
        data = orjson.loads(raw)
        if raw.count(b"[") + raw.count(b"{") > 200:
            orjson.dumps(data)  # what is nested too deeply could not be read again
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        text = raw[: MOST + AROUND].decode("utf-8", "replace")
        return Kept(mask(text, secrets)[:MOST], None, sha256)
    return Kept(_cut(data, secrets) if sha256 else orjson.Fragment(raw), data, sha256)


def _cut(data: Any, secrets: Collection[str]) -> Any:
    """JSON within `MOST` bytes: long texts lose their middle, then `input` its oldest items, then it is cut as text."""
    short = _shortened(data, secrets)
    over = len(orjson.dumps(short)) - MOST
    if over > 0 and isinstance(short, dict) and isinstance(short.get("input"), list):
        gone, items = 0, short["input"]
        while over > 0 and gone < len(items):
            over -= len(orjson.dumps(items[gone])) + 1
            gone += 1
        short["input"] = items[gone:]
    if over <= 0:
        return short
    return orjson.dumps(redact(short, secrets))[:MOST].decode("utf-8", "ignore")


def _shortened(value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_shortened(entry, secrets) for entry in value]
    if isinstance(value, dict):
        return {key: _shortened(held, secrets) for key, held in value.items()}
    if not isinstance(value, str) or len(value) <= LONG:
        return value
    found = _BASE64.match(value)
    if found:  # what is left must still be base64, or the body could not be read again
        return mask(value[: found.end() + AROUND], secrets)[: found.end()]
    # Masked before it is cut: half a credential would not be known as one.
    head, tail = mask(value[: ENDS + AROUND], secrets)[:ENDS], mask(value[-ENDS - AROUND :], secrets)[-ENDS:]
    return f"{head} [{len(value) - 2 * ENDS} characters left out] {tail}"
