"""Lines of a log as server-sent events: framing, obfuscation, headers; it knows no response and no store."""

import asyncio
from collections.abc import AsyncIterator, Collection

from sse_starlette import EventSourceResponse
from starlette.types import Message, Send

from emulator.core.clock import Clock
from emulator.core.ids import padding
from emulator.core.log import Run
from emulator.core.views import CARRIERS, shown_line
from emulator.run.entry import Framed

KEEP_ALIVE = b": keep-alive\n\n"
HEADERS = {"cache-control": "no-cache"}
DONE = b"data: [DONE]\n\n"
# Where a line has its type, and its number after that.
_TYPE_AT = len('{"type":"')
_NUMBER_AT = len('","sequence_number":')


class Frames:
    """Turns lines into frames; with obfuscation, delta frames get padding that depends on response and number only.

    Items show what `include` asks for.
    """

    def __init__(self, response_id: str, *, obfuscate: bool, include: Collection[str] = ()) -> None:
        self._letters = padding(response_id).encode() * 2 if obfuscate else b""
        self._include = include
        self._ends: dict[int, bytes] = {}

    def encode(self, lines: list[bytes]) -> bytes:
        """The frames of some lines that follow each other in a log, in one piece."""
        if self._letters and isinstance(lines, Run):
            return self._padded(lines)
        frames: list[bytes] = []
        ends = self._ends
        head, opening, padded, carries = b"?", b"", False, False
        for number, line in enumerate(lines, _number_of(lines[0])):
            if not line.startswith(head):  # most lines are of the same type as the one before
                kind = line[_TYPE_AT : line.index(b'"', _TYPE_AT)]
                head = line[: _TYPE_AT + len(kind) + 1]
                opening = b"event: %b\ndata: " % kind
                padded = bool(self._letters) and kind.endswith(b".delta")
                carries = kind in CARRIERS
            if padded:
                which = (number & 63) << 4 | (len(line) & 15)
                frames += (opening, line[:-1], ends.get(which) or self._end(which))
            else:
                frames += (opening, shown_line(line, self._include) if carries else line, b"\n\n")
        return b"".join(frames)

    def _padded(self, run: Run) -> bytes:
        """The same of lines that are all of one type: most of a stream is."""
        first = run[0]
        opening = b"event: %b\ndata: " % first[_TYPE_AT : first.index(b'"', _TYPE_AT)]
        ends = self._ends
        frames = [
            line[:-1] + (ends.get(which := (number & 63) << 4 | (len(line) & 15)) or self._end(which))
            for number, line in enumerate(run, _number_of(first))
        ]
        return opening + opening.join(frames)

    def _end(self, which: int) -> bytes:
        """What closes a padded line: the lengths are multiples of 16, so a delta's length no longer tells the word."""
        start = (which >> 4) * 7 & 63
        end = self._ends[which] = b',"obfuscation":"%b"}\n\n' % self._letters[start : start + (-which & 15)]
        return end


def _number_of(line: bytes) -> int:
    start = line.index(b'"', _TYPE_AT) + _NUMBER_AT
    end = line.find(b",", start)
    return int(line[start : end if end >= 0 else -1])  # an event may have nothing but its number


class Stream(EventSourceResponse):
    """A stream that only its own end, its reader or its own server ends.

    The library's switch is process-wide: another server in the process (a test of the user's own app, say) would cut
    our streams too. Ours end because `follow` and `stream` look at their namespace's `stopping`.

    After so many quiet seconds of the `clock` it says that it is alive. The library's own ping comes by a clock that
    nobody can move, and whether the stream is quiet or not.
    """

    def __init__(
        self,
        batches: AsyncIterator[list[bytes]],
        frames: Frames,
        *,
        keep_alive: float,
        clock: Clock,
        done: bool = False,
    ) -> None:
        """A stream of lines; `keep_alive` is in seconds, 0 is never; `done` adds the `[DONE]` line of some servers."""
        self._clock = clock
        self._sent = clock.now()
        self._events = 0
        super().__init__(
            self._encoded(batches, frames, done=done),
            headers=HEADERS,
            media_type="text/event-stream; charset=utf-8",
            ping=keep_alive,
            sep="\n",
        )

    async def _encoded(
        self, batches: AsyncIterator[list[bytes]], frames: Frames, *, done: bool
    ) -> AsyncIterator[bytes]:
        async for lines in batches:
            self._sent, self._events = self._clock.now(), len(lines)
            yield frames.encode(lines)
        if done:
            self._events = 0
            yield DONE

    async def _ping(self, send: Send) -> None:
        while self.active:
            quiet_until = self._sent + self.ping_interval
            if self._clock.now() < quiet_until:
                await self._clock.sleep_until(quiet_until)
                continue
            self._sent = self._clock.now()  # before it is sent: time that moves once it has arrived counts
            async with self._send_lock:
                if self.active:
                    await send(_body(KEEP_ALIVE))

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        """Send what was yielded last, and tell the journal how many events it is.

        Without the library's timeout: it is never set here, and yet each piece would pay for its scope.
        """
        if message["type"] == "http.response.body":
            message = {**message, "body": Framed.of(message["body"], self._events)}
        await send(message)

    @staticmethod
    async def _listen_for_exit_signal() -> None:
        await asyncio.Event().wait()


def _body(piece: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": piece, "more_body": True}
