"""Faults of single events of a stream: spoiled, strange, double, missing, out of order; the rest stays as it is."""

from collections.abc import Iterable

from starlette.types import Message

from emulator.api.fault_kinds.base import Frame, Strike, frames
from emulator.core.clock import breathe


class OnEvent(Strike):
    """Replaces the frame of one event by what `spoil` gives; where that gives several, each is sent on its own."""

    async def body(self, message: Message) -> None:
        """Look for the event in a piece of the stream."""
        if not self.streams:
            await self.wire.send(message)
            return
        last = not message.get("more_body", False)
        for piece in self._pieces(message.get("body", b""), last=last):
            if piece:
                await self.wire.send({"type": message["type"], "body": piece, "more_body": True})
                await breathe()
        if last:
            await self.wire.send({"type": message["type"], "body": b"", "more_body": False})

    def _pieces(self, data: bytes, *, last: bool) -> Iterable[bytes]:
        plain: list[bytes] = []
        for frame in frames(data):
            if self.struck or not self.reached(frame):
                plain += (frame.raw, self.after())
                continue
            self.struck = True
            yield b"".join(plain)
            plain = []
            yield from self.spoil(frame)
        if last:
            plain.append(self.after())
        yield b"".join(plain)

    def spoil(self, frame: Frame) -> Iterable[bytes]:
        """What comes in the place of the frame."""
        raise NotImplementedError

    def after(self) -> bytes:
        """What was held back, once another frame has gone or the stream ends."""
        return b""


class BadJson(OnEvent):
    """The JSON of an event breaks off."""

    def spoil(self, frame: Frame) -> Iterable[bytes]:
        """Half of the data."""
        head, data = frame.raw[:-2].split(b"\ndata: ", 1)
        yield head + b"\ndata: " + data[: len(data) // 2] + b"\n\n"


class UnknownEvent(OnEvent):
    """An event of a type that no client knows."""

    def spoil(self, frame: Frame) -> Iterable[bytes]:
        """Put it before the frame, with the number before it."""
        yield _extra("response.emulator.unknown", frame.number - 1) + frame.raw


class KeepaliveEvent(OnEvent):
    """The undocumented keepalive event."""

    def spoil(self, frame: Frame) -> Iterable[bytes]:
        """Put it before the frame, with the number before it: resuming after that number stays right."""
        yield _extra("keepalive", frame.number - 1) + frame.raw


def _extra(kind: str, number: int) -> bytes:
    return f'event: {kind}\ndata: {{"type":"{kind}","sequence_number":{max(0, number)}}}\n\n'.encode()


class DuplicateEvent(OnEvent):
    """An event comes twice."""

    def spoil(self, frame: Frame) -> Iterable[bytes]:
        """The frame and the frame."""
        yield frame.raw + frame.raw


class DropEvent(OnEvent):
    """An event never comes."""

    def spoil(self, frame: Frame) -> Iterable[bytes]:  # noqa: ARG002 (of no frame anything comes)
        """Nothing."""
        return ()


class ReorderEvents(OnEvent):
    """An event comes after the one that follows it."""

    _held = b""

    def spoil(self, frame: Frame) -> Iterable[bytes]:
        """Hold it back."""
        self._held = frame.raw
        return ()

    def after(self) -> bytes:
        """Let it go."""
        held, self._held = self._held, b""
        return held


class SplitUtf8(OnEvent):
    """A character of several bytes comes in two chunks."""

    def reached(self, frame: Frame) -> bool:
        """The event named, or the first after it that has such a character."""
        place = self.fault.at_event if self.fault.at_event is not None else -1
        named = self.fault.before in (None, frame.type) and frame.number >= place
        return bool(frame.type) and named and not frame.raw.isascii()

    def spoil(self, frame: Frame) -> Iterable[bytes]:
        """Cut it inside the character."""
        at = next(at for at, byte in enumerate(frame.raw) if byte >= 0x80) + 1
        return frame.raw[:at], frame.raw[at:]
