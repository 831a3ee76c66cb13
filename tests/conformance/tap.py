"""Has each new shape of an answer judged: of all servers in this process, and of those in processes of their own."""

from collections import Counter
from contextlib import suppress
from types import SimpleNamespace

import orjson

from tests.conformance import described, sdk_types
from tests.conformance.answers import shape, show_to
from tests.conformance.recorded import EVENT


class Tap:
    """What was seen and what was wrong with it. `sdk`: whether the SDK's types are those of the version to judge by."""

    def __init__(self, *, sdk):
        self.sdk = sdk
        self.wrong = []
        self.seen = Counter()
        self._known = set()

    def install(self):
        """From now on every answer of a door in this process passes here."""
        show_to(self)

    def replay(self, recorded):
        """Judge what a server in a process of its own has written down (`recorded.py`)."""
        for line in recorded.splitlines():
            with suppress(orjson.JSONDecodeError):  # the last one of a server that was killed
                told = orjson.loads(line)
                answer, body = SimpleNamespace(**told["answer"]), told["body"].encode()
                if told["kind"] == EVENT:
                    self.take_event(answer, body)
                else:
                    self.take(answer, told["kind"], body)

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
