"""One request and its answer as they pass, and the entry of the journal that is made of them; it saves nothing.

What passes is only noted, so that a request costs little; the entry is made afterwards. No credential gets into it:
`run/kept.py` leaves out what it does not list, and `core/redact.py` masks the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

import orjson

from emulator.core.records import dataclass
from emulator.core.redact import is_suspect, redact
from emulator.run.kept import Kept, Sent, keep, read_sent

STREAM, JSON = b"text/event-stream", b"application/json"
_DATA = b"\ndata: "
_EVENT = b"event: "

Object = dict[str, Any]


class Framed(bytes):
    """Frames of a stream in one piece, and how many `events` they are: to count them takes as long as to send them."""

    events: int

    @classmethod
    def of(cls, frames: bytes, events: int) -> "Framed":
        """So many events in one piece."""
        piece = cls(frames)
        piece.events = events
        return piece


class Told(Protocol):
    """What the API found out about a request on its way."""

    body: bytes
    fixture: str | None
    response_id: str | None
    fault: str | None
    resumed: int | None
    warnings: list[str]


@dataclass(slots=True)
class Seen:
    """One request on its way. `base` is what stood before the API's own `path`; times are in seconds.

    `at` is of the namespace's clock, `began` and `ended` of the machine's steady one.
    """

    namespace: str
    method: str
    base: str
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    began: float
    at: float = 0.0
    told: Told | None = None
    ended: float = 0.0
    disconnected: bool = False
    status: int = 0
    size: int = 0
    events: int = 0
    kind: bytes = b""
    pieces: list[bytes] = field(default_factory=list)

    def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Note how the answer begins."""
        self.status = status
        for name, value in headers:
            if name == b"content-type":
                self.kind = value

    def take(self, body: bytes) -> None:
        """Note a piece of the answer: of a stream its last events, of JSON everything."""
        self.size += len(body)
        if self.kind.startswith(STREAM):
            events = body.events if isinstance(body, Framed) else body.count(_DATA)
            if events:
                self.events += events
                self.pieces = [body]
        elif body and self.kind.startswith(JSON):
            self.pieces.append(body)

    def end(self, now: float, *, disconnected: bool) -> None:
        """Note the end of the answer; `disconnected`: the connection was gone before it."""
        self.ended = now
        self.disconnected = disconnected

    @property
    def weight(self) -> int:
        """How many bytes it holds on to."""
        return sum(map(len, self.pieces)) + (len(self.told.body) if self.told else 0)

    def forget(self) -> None:
        """Let go of the bodies."""
        self.pieces = []
        if self.told:
            self.told.body = b""

    def row(self) -> Object:
        """The entry as the store keeps it, with the columns that are searched."""
        sent = read_sent(self.headers, self.query)
        raw = self.told.body if self.told else b""
        body, answer = keep(raw, sent.secrets), self._answer(sent.secrets)
        entry = {**self._facts(body.data, sent), "body": body.value, "answer": answer.value}
        entry["error"] = _code(answer.data) if self.status >= 400 else None
        entry["unmatched"] = self._is_unmatched(entry["error"])
        if body.sha256 or answer.sha256:
            entry |= {"truncated": True, "body_sha256": body.sha256, "answer_sha256": answer.sha256}
        saved = orjson.dumps(entry)
        if raw.find(b'"mcp"') >= 0 or is_suspect(saved, sent.secrets):
            entry = redact(orjson.loads(saved), sent.secrets)
            saved = orjson.dumps(entry)
        columns = {name: entry[name] for name in ("at", "method", "path", "fixture", "response_id")}
        return {"namespace": self.namespace, "status": self.status, "entry": saved, **columns}

    def _facts(self, asked: Any, sent: Sent) -> Object:
        told = self.told
        body = asked if isinstance(asked, dict) else {}
        return {
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "base": self.base,
            "query": sent.query,
            "headers": sent.headers,
            "status": self.status or None,
            "duration_ms": round((self.ended - self.began) * 1000, 3),
            "model": _text(body.get("model")),
            "stream": body.get("stream") is True or sent.query.get("stream") == "true",
            "background": body.get("background") is True,
            "previous_response_id": _text(body.get("previous_response_id")),
            "conversation": _id(body.get("conversation")),
            "response_id": told.response_id if told else None,
            "fixture": told.fixture if told else None,
            "unmatched": False,
            "fault": told.fault if told else None,
            "error": None,
            "warnings": told.warnings if told else (),
            "disconnected": self.disconnected,
            "resumed": told.resumed if told and told.resumed != -1 else None,
            "truncated": False,
        }

    def _answer(self, secrets: Sequence[str]) -> Kept:
        if self.kind.startswith(STREAM):
            return Kept({"events": self.events, "last_event": _last_event(self.pieces), "bytes": self.size})
        if self.pieces:
            own = self.status < 400 and not (self.told and self.told.fault)
            return keep(b"".join(self.pieces), secrets, trusted=own)
        return Kept({"bytes": self.size, "content_type": self.kind.decode("latin-1")} if self.size else None)

    def _is_unmatched(self, error: str | None) -> bool:
        """A create that no fixture answered: refused, or answered by the built-in model."""
        if self.told is None or self.method != "POST" or self.path != "/responses":
            return False
        return error == "fixture_not_found" or (self.told.response_id is not None and self.told.fixture is None)


def _last_event(pieces: Sequence[bytes]) -> str | None:
    text = b"\n" + pieces[-1] if pieces else b""
    at = text.rfind(b"\n" + _EVENT)
    if at < 0:
        return None
    start = at + 1 + len(_EVENT)
    return text[start : text.find(b"\n", start)].decode("utf-8", "replace")


def _code(answer: Any) -> str | None:
    error = answer.get("error") if isinstance(answer, dict) else None
    return _text(error.get("code")) if isinstance(error, Mapping) else None


def _id(value: Any) -> str | None:
    """The id of what a request names by it, or by an object with it."""
    return _text(value.get("id")) if isinstance(value, Mapping) else _text(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
