"""Lines of a log as server-sent events: framing, obfuscation, headers; it knows no response and no store."""

import asyncio
from collections.abc import AsyncIterator, Collection

from sse_starlette import EventSourceResponse, ServerSentEvent

from emulator.core.ids import padding
from emulator.core.views import CARRIERS, shown_line

KEEP_ALIVE = 15
HEADERS = {"cache-control": "no-cache"}
DONE = b"data: [DONE]\n\n"
# Where a line has its type, and its number after that.
_TYPE_AT = len('{"type":"')
_NUMBER_AT = len('","sequence_number":')


class Stream(EventSourceResponse):
    """A stream that only its own end, its reader or its own server ends.

    The library's switch is process-wide: another server in the process (a test of the user's own app, say) would cut
    our streams too. Ours end because `follow` and `stream` look at their namespace's `stopping`.
    """

    @staticmethod
    async def _listen_for_exit_signal() -> None:
        await asyncio.Event().wait()


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

    def _end(self, which: int) -> bytes:
        """What closes a padded line: the lengths are multiples of 16, so a delta's length no longer tells the word."""
        start = (which >> 4) * 7 & 63
        end = self._ends[which] = b',"obfuscation":"%b"}\n\n' % self._letters[start : start + (-which & 15)]
        return end


def _number_of(line: bytes) -> int:
    start = line.index(b'"', _TYPE_AT) + _NUMBER_AT
    return int(line[start : line.index(b",", start)])


def event_stream(batches: AsyncIterator[list[bytes]], frames: Frames, *, done: bool = False) -> Stream:
    """A streaming answer; `done` adds the `[DONE]` line that some servers end with."""
    return Stream(
        _encoded(batches, frames, done=done),
        headers=HEADERS,
        media_type="text/event-stream; charset=utf-8",
        ping=KEEP_ALIVE,
        sep="\n",
        ping_message_factory=_keep_alive,
    )


async def _encoded(batches: AsyncIterator[list[bytes]], frames: Frames, *, done: bool) -> AsyncIterator[bytes]:
    async for lines in batches:
        yield frames.encode(lines)
    if done:
        yield DONE


def _keep_alive() -> ServerSentEvent:
    return ServerSentEvent(comment="keep-alive", sep="\n")
