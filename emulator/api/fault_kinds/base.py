"""What all faults share: they stand between the app and the connection, and see frames of a stream one by one."""

from collections.abc import Iterator
from typing import NamedTuple

from starlette.types import ASGIApp, Message

from emulator.api.call import Call
from emulator.api.wire import Wire
from emulator.core.lazy_pattern import lazy_pattern
from emulator.script.fault import Fault, Sight

TERMINAL = ("response.completed", "response.failed", "response.incomplete")
_FRAME = lazy_pattern(rb"event: ([^\n]*)\ndata: ")
_NUMBER = lazy_pattern(rb'"sequence_number":(\d+)')


class Frame(NamedTuple):
    """One frame of a stream; a comment has no `type`, a `number` of -1 is none."""

    type: str
    number: int
    raw: bytes


def frames(body: bytes) -> Iterator[Frame]:
    """The frames of a piece of a stream, which always is whole frames."""
    for raw in body.split(b"\n\n")[:-1]:
        found = _FRAME.match(raw)
        number = _NUMBER.search(raw) if found else None
        yield Frame(found[1].decode() if found else "", int(number[1]) if number else -1, raw + b"\n\n")


class Strike:
    """One fault at one request: `before` the app sees it, and at each message of its answer.

    `struck` says whether it did anything: an answer may end before the place where it would.
    """

    def __init__(self, fault: Fault, wire: Wire, call: Call, sight: Sight) -> None:
        self.fault = fault
        self.wire = wire
        self.call = call
        self.sight = sight
        self.struck = False
        self.streams = False

    async def run(self, app: ASGIApp) -> None:
        """Let the app answer through this fault."""
        await self.before()
        await app(self.wire.scope, self.wire.receive, self.send)

    async def before(self) -> None:
        """What happens before the app sees the request."""

    async def send(self, message: Message) -> None:
        """Pass one message of the answer on, or not."""
        if message["type"] == "http.response.start":
            self.streams = any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message["headers"]
            )
            await self.start(message)
        else:
            await self.body(message)

    async def start(self, message: Message) -> None:
        """Pass status and headers on."""
        await self.wire.send(message)

    async def body(self, message: Message) -> None:
        """Pass a piece of the body on."""
        await self.wire.send(message)

    async def ahead(self, line: bytes) -> None:
        """Look at the last event of a foreground stream before its response is saved; raises Ended to prevent that."""

    def reached(self, frame: Frame) -> bool:
        """Whether this is the event that the fault names; by default the first delta."""
        if not frame.type:
            return False
        if self.fault.at_event is not None:
            return frame.number >= self.fault.at_event
        if self.fault.before is not None:
            return frame.type == self.fault.before
        return self.is_default(frame)

    def is_default(self, frame: Frame) -> bool:
        """Where it strikes when it names no place."""
        return frame.type.endswith(".delta")


def without_length(message: Message) -> Message:
    """The start of an answer whose body will be another length: it goes in chunks."""
    headers = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
    return {**message, "headers": headers}
