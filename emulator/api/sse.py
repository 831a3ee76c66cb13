"""Lines of a log as server-sent events: framing, obfuscation, headers; it knows no response and no store."""

import asyncio
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent

from emulator.core.ids import padding

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
    """Turns lines into frames; with obfuscation, delta frames get padding that depends on response and number only."""

    def __init__(self, response_id: str, *, obfuscate: bool) -> None:
        self._letters = padding(response_id).encode() * 2 if obfuscate else b""
        self._pads: dict[tuple[int, int], bytes] = {}

    def encode(self, lines: list[bytes]) -> bytes:
        """The frames of some lines, in one piece."""
        frames: list[bytes] = []
        head, opening, number_at, padded = b"?", b"", 0, False
        for line in lines:
            if not line.startswith(head):  # most lines are of the same type as the one before
                end = line.index(b'"', _TYPE_AT)
                kind, head, number_at = line[_TYPE_AT:end], line[: end + 1], end + _NUMBER_AT
                opening = b"event: %b\ndata: " % kind
                padded = bool(self._letters) and kind.endswith(b".delta")
            frames += (opening, line[:-1], self._pad(line, number_at)) if padded else (opening, line, b"\n\n")
        return b"".join(frames)

    def _pad(self, line: bytes, number_at: int) -> bytes:
        """What closes a padded line; the lengths are multiples of 16, so a delta's length no longer tells the word."""
        which = (int(line[number_at : line.index(b",", number_at)]) & 63, len(line) & 15)
        pad = self._pads.get(which)
        if pad is None:
            start = which[0] * 7 & 63
            letters = self._letters[start : start + (-which[1] & 15)]
            pad = self._pads[which] = b',"obfuscation":"%b"}\n\n' % letters
        return pad


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
