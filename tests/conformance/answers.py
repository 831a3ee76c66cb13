"""Every answer of a door on its way to the client, shown to whoever judges it or writes it down; it does neither.

A shape is what a body is made of: its keys, the types of its values, and the words that tell one type from another.
Answers that a fault made are not looked at.
"""

import re
from typing import Any, Protocol

from emulator.api.door import Door

EVENTS = "text/event-stream"
# Fields whose very words are judged.
TELLING = frozenset(
    {"type", "status", "role", "object", "code", "reason", "source", "effort", "truncation", "verbosity"}
)
DATA = re.compile(rb"^data: (\{[^\n]*)\n\n", re.MULTILINE)  # one write holds whole frames


def shape(value, telling=False):
    """What a JSON value is made of; two of the same shape are both right or both wrong."""
    if isinstance(value, dict):
        return tuple(sorted((key, shape(held, key in TELLING)) for key, held in value.items()))
    if isinstance(value, list):
        return ("[", *sorted({repr(shape(one)): None for one in value}))
    return value if telling and isinstance(value, str) else type(value).__name__


class Taker(Protocol):
    """Who is shown what has come to its end: answers with their bodies, and each event of a stream."""

    def take(self, answer: Any, kind: str, body: bytes) -> None: ...

    def take_event(self, answer: Any, event: bytes) -> None: ...


def show_to(taker: Taker) -> None:
    """From now on every answer of a door in this process is shown."""
    enter = Door.__call__

    async def shown(door, scope, receive, send):
        if scope["type"] == "http":
            send = Answer(taker, scope, send).send
        await enter(door, scope, receive, send)

    Door.__call__ = shown


class Answer:
    """One answer on its way to the client."""

    def __init__(self, tap, scope, send):
        self._tap = tap
        self._scope = scope
        self._send = send
        self._kind = ""
        self._pieces = []
        self.status = 0

    @property
    def method(self):
        return self._scope["method"]

    @property
    def path(self):
        """The path behind the base URL."""
        return self._scope["path"].removeprefix(self._scope["root_path"])

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            kinds = [value for name, value in message["headers"] if name == b"content-type"]
            self._kind = kinds[0].decode("latin-1").partition(";")[0] if kinds else ""
        elif message["type"] == "http.response.body":
            self._look(message)
        await self._send(message)

    def _look(self, message):
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._is_exempt():
            return
        if self._kind == EVENTS:
            for event in DATA.findall(body):
                self._tap.take_event(self, event)
            if not more:
                self._tap.take(self, self._kind, b"")
        elif self._kind != "application/json":
            if not more:
                self._tap.take(self, self._kind, b"")
        else:
            self._pieces.append(body)
            if not more:
                self._tap.take(self, self._kind, b"".join(self._pieces))

    def _is_exempt(self):
        """What a fault or the `error` step of a fixture made is wrong on purpose; HEAD is a GET without its body."""
        call = self._scope.get("emulator")
        on_purpose = call is not None and (call.fault or (call.fixture and self.status >= 400))
        return bool(on_purpose) or self.method == "HEAD"
