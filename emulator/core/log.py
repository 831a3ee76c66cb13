"""The heart: an ordered log of events whose fold is the Response; it knows neither time nor store nor socket.

`append`, and `extend` for a run of deltas, are the only places that give out a `sequence_number`, change the Response
or check whether the log still takes events.
"""

from typing import Any

import orjson

from emulator.core.emit import Deltas
from emulator.core.fold import FOLD, SNAPSHOTS, Response
from emulator.core.states import ENDED, LogClosed, check_move


class Run(list[bytes]):
    """Lines of one type that follow each other, each with a delta."""


class EventLog:
    """One response's log. `response` is the fold so far, `next_seq` the number that the next event gets.

    `saved` is how many events a store already holds: those are folded again, but not encoded again.
    """

    __slots__ = ("next_seq", "response", "saved")

    def __init__(self, response: Response, next_seq: int = 0, saved: int = 0) -> None:
        """A log that begins with `response` as it is before its first event."""
        self.response = response
        self.next_seq = next_seq
        self.saved = saved

    @property
    def ended(self) -> bool:
        """Whether the log takes no more events."""
        return self.response["status"] in ENDED

    def append(self, type: str, **fields: Any) -> bytes:  # noqa: A002 (the wire's name)
        """Number, fold and encode one event; the line is its JSON (empty where it is saved already).

        A lifecycle event gets `response`, the changes that it makes; on the wire it carries the whole Response.
        Raises LogClosed after an end.
        """
        return self._append(type, fields)

    def _append(self, type: str, fields: dict[str, Any]) -> bytes:  # noqa: A002 (the wire's name)
        seen = self._open_status()
        number = self.next_seq
        change = FOLD.get(type)
        if change is None and number < self.saved:  # nobody looks at it
            self.next_seq = number + 1
            return b""
        event = {"type": type, "sequence_number": number, **fields}
        if change is not None:
            if type in SNAPSHOTS:
                check_move(seen, fields["response"].get("status", seen))
                change(self.response, event)
                event["response"] = self.response
            else:
                change(self.response, event)
        self.next_seq = number + 1
        return orjson.dumps(event) if number >= self.saved else b""

    def extend(self, type: str, deltas: Deltas) -> list[bytes]:  # noqa: A002 (the wire's name)
        """Number and encode a run of deltas; their lines, none where they are saved already. They fold to nothing."""
        self._open_status()
        first = self.next_seq
        self.next_seq += len(deltas.texts)
        if self.next_seq <= self.saved:
            return []
        dumps = orjson.dumps
        head = b'{"type":"%b","sequence_number":' % type.encode()
        middle = b"," + dumps(deltas.before)[1:-1] + b',"delta":'
        tail = b"," + dumps(deltas.after)[1:] if deltas.after else b"}"
        form = b"%b%%d%b%%b%b" % tuple([part.replace(b"%", b"%%") for part in (head, middle, tail)])
        new = enumerate(deltas.texts[max(0, self.saved - first) :], max(first, self.saved))
        return Run([form % (number, dumps(text)) for number, text in new])

    def emit(self, type: str, fields: dict[str, Any] | Deltas) -> list[bytes]:  # noqa: A002 (the wire's name)
        """Append an event or extend by a run of deltas; the lines."""
        if isinstance(fields, Deltas):
            return self.extend(type, fields)
        return [self._append(type, fields)]

    def _open_status(self) -> str:
        status: str = self.response["status"]
        if status in ENDED:
            raise LogClosed(f"this response is {status}: its log takes no more events")
        return status

    def fold(self) -> bytes:
        """The Response as JSON."""
        return orjson.dumps(self.response)
