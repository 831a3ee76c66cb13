"""Faults that end an answer before its end, on the connection itself; they change nothing of what comes before."""

import orjson
from starlette.types import Message

from emulator.api.fault_kinds.base import TERMINAL, Frame, Strike, frames, without_length
from emulator.api.wire import Ended
from emulator.core.emit import error
from emulator.core.errors import ERRORS

_NO_CHUNK = b"not a chunk\r\n"


class End(Strike):
    """Sends what comes before its place, then does `finish`; without a place, where `at_once` says or by default."""

    at_once = False
    seen = 0

    async def before(self) -> None:
        """Strike before there is any answer; then the app never sees the request."""
        if self.at_once and not self.fault.placed:
            self.struck = True
            await self.finish()
            raise Ended

    async def body(self, message: Message) -> None:
        """Send what comes before the place."""
        data: bytes = message.get("body", b"")
        keep = self._place(data, last=not message.get("more_body", False))
        if keep is None:
            self.seen += len(data)
            await self.wire.send(message)
            return
        await self._end(data[:keep])

    async def ahead(self, line: bytes) -> None:
        """End a run that the client will not see the end of: like one whose client left, it is not stored."""
        from emulator.api.sse import Frames

        raw = Frames("", obfuscate=False).encode([line])
        keep = self._place(raw, last=False)
        if keep is not None:
            await self._end(raw[:keep])

    async def _end(self, rest: bytes) -> None:
        self.struck = True
        if rest:
            await self.wire.send({"type": "http.response.body", "body": rest, "more_body": True})
        await self.finish()
        raise Ended

    async def finish(self) -> None:
        """End it."""
        raise NotImplementedError

    def _place(self, data: bytes, *, last: bool) -> int | None:
        """How many bytes of this piece still go; None: all, it is not here."""
        fault = self.fault
        if fault.after_bytes is not None:
            left = fault.after_bytes - self.seen
            return left if left < len(data) else None
        if not self.streams:
            return len(data) // 2 if last and not fault.placed else None
        at = 0
        for frame in frames(data):
            if self.reached(frame):
                return at
            at += len(frame.raw)
        return None


class Reset(End):
    """The connection is reset."""

    at_once = True

    async def finish(self) -> None:
        """Reset it."""
        await self.wire.reset()


class Stall(End):
    """Nothing comes any more, and the connection stays open until the client leaves."""

    at_once = True

    async def finish(self) -> None:
        """Wait for ever."""
        await self.wire.wait(None)


class Empty(End):
    """The connection is closed without a byte of an answer."""

    at_once = True

    async def finish(self) -> None:
        """Close it."""
        await self.wire.close()


class Cut(End):
    """The body ends too early: a stream without a terminal event, JSON that is cut off.

    `clean`: HTTP itself says that this was all. Else the connection is closed in the middle of the body.
    """

    @property
    def clean(self) -> bool:
        """Whether HTTP's own framing stays whole."""
        return bool(self.fault.args.get("clean", True))

    async def start(self, message: Message) -> None:
        """Promise no length that will not come."""
        await self.wire.send(without_length(message) if self.clean else message)

    async def finish(self) -> None:
        """End the body or the connection."""
        if self.clean:
            await self.wire.send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self.wire.close()

    def is_default(self, frame: Frame) -> bool:
        """Before the terminal event."""
        return frame.type in TERMINAL


class ErrorEvent(End):
    """An `error` event in the place of an event, and nothing after it: what a server says that breaks in the middle."""

    number = 0

    def reached(self, frame: Frame) -> bool:
        """Take the number of the event whose place it takes."""
        here = super().reached(frame)
        self.number = frame.number if here else self.number
        return here

    async def finish(self) -> None:
        """Tell the error and end the body."""
        args = self.fault.args
        told = error(
            "flat" if args.get("flat") else "nested",
            args.get("code", "server_error"),
            args.get("message", ERRORS["server_error"].message),
        )
        data = orjson.dumps({"type": "error", "sequence_number": self.number, **told})
        frame = b"event: error\ndata: " + data + b"\n\n"
        await self.wire.send({"type": "http.response.body", "body": frame, "more_body": True})
        await self.wire.send({"type": "http.response.body", "body": b"", "more_body": False})


class BadChunk(End):
    """The body goes on with what is no chunk of HTTP."""

    async def start(self, message: Message) -> None:
        """Let the body go in chunks."""
        await self.wire.send(without_length(message))

    async def finish(self) -> None:
        """Write nonsense where a chunk would be."""
        self.wire.write(_NO_CHUNK)
        await self.wire.close()
