"""Looks at every answer of every server that a test starts in this process, and has each new shape of one judged.

A shape is what a body is made of: its keys, the types of its values, and the words that tell one type from another.
Answers that a fault made are not looked at.
"""

import re
from collections import Counter

import orjson

from emulator.api.door import Door
from tests.conformance import described, sdk_types

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


class Tap:
    """What was seen and what was wrong with it. `sdk`: whether the SDK's types are those of the version to judge by."""

    def __init__(self, *, sdk):
        self.sdk = sdk
        self.wrong = []
        self.seen = Counter()
        self._known = set()

    def install(self):
        """From now on every answer of a door passes here."""
        enter = Door.__call__

        async def tapped(door, scope, receive, send):
            if scope["type"] == "http":
                send = _Answer(self, scope, send).send
            await enter(door, scope, receive, send)

        Door.__call__ = tapped

    def take(self, answer, kind, body):
        """An answer that has come to its end."""
        self.seen["bodies"] += 1
        value = orjson.loads(body) if kind == "application/json" else None
        operation = described.operation_of(answer.method, answer.path)
        name = operation["operationId"] if operation else ""
        if self._is_new((name, answer.status, kind, shape(value))):
            wrong = described.why_not(answer.method, answer.path, answer.status, kind, value)
            if wrong is None and self.sdk and value is not None:
                wrong = sdk_types.why_not(name, answer.status, value)
            self._note(answer, wrong)

    def take_event(self, answer, event):
        """One event of a stream."""
        self.seen["events"] += 1
        value = orjson.loads(event)
        if self._is_new(shape(value)):
            wrong = described.wrong_event(value) or (sdk_types.wrong_event(value) if self.sdk else None)
            self._note(answer, wrong)

    def _is_new(self, key):
        if key in self._known:
            return False
        self._known.add(key)
        self.seen["shapes"] += 1
        return True

    def _note(self, answer, wrong):
        if wrong:
            self.wrong.append(f"{answer.method} {answer.path}: {wrong}")


class _Answer:
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
        if self._kind == described.EVENTS:
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
