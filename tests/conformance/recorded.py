"""The emulator's command line, whose answers are written down for the test's process to judge; it judges nothing.

`python -m tests.conformance.recorded FILE serve ...` is `python -m emulator serve ...` but for that.
"""

import sys
from pathlib import Path

import orjson

from emulator.cli import main
from tests.conformance.answers import shape, show_to

EVENT = "event"


class Recorder:
    """Writes each new shape into a file, a line of JSON each, which stays readable when the server is killed."""

    def __init__(self, file):
        self._file = file
        self._known = set()

    def take(self, answer, kind, body):
        """An answer that has come to its end."""
        value = orjson.loads(body) if kind == "application/json" else None
        self._write((answer.method, answer.path.split("/")[1], answer.status, kind, shape(value)), answer, kind, body)

    def take_event(self, answer, event):
        """One event of a stream."""
        self._write(shape(orjson.loads(event)), answer, EVENT, event)

    def _write(self, key, answer, kind, body):
        if key not in self._known:
            self._known.add(key)
            told = {"method": answer.method, "path": answer.path, "status": answer.status}
            self._file.write(orjson.dumps({"answer": told, "kind": kind, "body": body.decode()}) + b"\n")


if __name__ == "__main__":
    with Path(sys.argv.pop(1)).open("ab", buffering=0) as answers:
        show_to(Recorder(answers))
        main()
