"""Streams as ASGI messages: every piece is whole frames, and comments come when a stream is quiet; no second passes."""

import asyncio

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.sse import KEEP_ALIVE, Frames, Stream
from emulator.core.clock import Clock, breathe
from emulator.core.emit import Deltas
from emulator.core.log import EventLog, Run
from tests.plans import RESPONSE_ID, plans, whole_log

NOON = 1_763_035_200.0
LINE = b'{"type":"response.x","sequence_number":0}'
FRAME = b"event: response.x\ndata: " + LINE + b"\n\n"


class Wire:
    """A connection that stays open until the stream ends; it tells what was sent, and waits for more."""

    def __init__(self):
        self.bodies = []
        self.arrived = lambda: None
        self._more = asyncio.Event()

    async def receive(self):
        await asyncio.Event().wait()

    async def send(self, message):
        if message["type"] == "http.response.body":
            self.bodies.append(message.get("body", b""))
            self._more.set()
            self.arrived()

    async def sent(self, number):
        """The first `number` pieces, once they are there."""
        while len(self.bodies) < number:
            self._more.clear()
            await self._more.wait()
        return self.bodies[:number]


async def settled():
    """Let everything run that can."""
    for _ in range(20):
        await breathe()


def streamed(test, *, keep_alive=15.0):
    """Run `test(wire, clock, say)` beside a stream that says what it is told to."""

    async def run():
        clock, wire, told = Clock(NOON), Wire(), asyncio.Queue()

        async def batches():
            while (batch := await told.get()) is not None:
                yield batch

        stream = Stream(batches(), Frames(RESPONSE_ID, obfuscate=False), keep_alive=keep_alive, clock=clock)

        async def play():
            await settled()
            await test(wire, clock, told.put_nowait)
            told.put_nowait(None)

        async with asyncio.TaskGroup() as group:
            group.create_task(stream({"type": "http", "method": "POST"}, wire.receive, wire.send))
            group.create_task(play())

    asyncio.run(run())


def test_a_comment_comes_after_so_many_quiet_seconds_and_again_after_as_many():
    async def test(wire, clock, _):
        clock.advance(14.9)
        await settled()
        assert wire.bodies == []
        for number in (1, 2, 3):
            clock.advance(15)
            assert await wire.sent(number) == [KEEP_ALIVE] * number

    streamed(test)


def test_time_that_moves_while_a_comment_arrives_is_quiet_time():
    async def test(wire, clock, _):
        wire.arrived = lambda: len(wire.bodies) == 1 and clock.advance(15)
        clock.advance(15)
        assert await wire.sent(2) == [KEEP_ALIVE] * 2

    streamed(test)


def test_what_is_said_begins_the_quiet_time_anew():
    async def test(wire, clock, say):
        clock.advance(10)
        say([LINE])
        assert await wire.sent(1) == [FRAME]
        clock.advance(10)
        await settled()
        assert wire.bodies == [FRAME]
        clock.advance(5)
        assert await wire.sent(2) == [FRAME, KEEP_ALIVE]

    streamed(test)


def test_no_comment_comes_where_none_is_wanted():
    async def test(wire, clock, say):
        clock.advance(3600)
        await settled()
        say([LINE])
        assert await wire.sent(1) == [FRAME]

    streamed(test, keep_alive=0)


def test_a_namespaces_clock_does_not_move_the_comments():
    ground = Clock(NOON)
    own = Clock(base=ground)
    assert own.ground is ground.ground is ground
    own.advance(3600)
    assert ground.now() == NOON


@given(plans, st.booleans(), st.lists(st.integers(1, 9), min_size=1), st.booleans())
def test_every_piece_is_whole_frames_however_the_log_is_cut(plan, background, sizes, obfuscate):
    _, lines = whole_log(plan, background=background)
    frames, pieces, rest, turn = Frames(RESPONSE_ID, obfuscate=obfuscate), [], lines, 0
    while rest:
        size = sizes[turn % len(sizes)]
        pieces.append(frames.encode(rest[:size]))
        rest, turn = rest[size:], turn + 1
    for piece in pieces:
        assert piece.startswith(b"event: ")
        assert piece.endswith(b"}\n\n")
        assert piece.count(b"\n\n") == piece.count(b"event: ") == piece.count(b"\ndata: ")
    assert b"".join(pieces) == Frames(RESPONSE_ID, obfuscate=obfuscate).encode(lines)
    said = [orjson.loads(frame.partition(b"\ndata: ")[2]) for frame in b"".join(pieces).split(b"\n\n")[:-1]]
    padded = {event["type"].rpartition(".")[2] for event in said if "obfuscation" in event}
    assert padded <= ({"delta"} if obfuscate else set())


@pytest.mark.parametrize("size", [1, 100_000, 3_000_000])
def test_a_large_frame_is_one_piece(size):
    async def test(wire, _, say):
        line = orjson.dumps({"type": "response.x", "sequence_number": 0, "text": "x" * size})
        say([line])
        assert await wire.sent(1) == [b"event: response.x\ndata: " + line + b"\n\n"]

    streamed(test)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=200), st.integers(0, 10**6), st.booleans())
def test_a_run_is_framed_as_its_lines_are_one_by_one(texts, first, obfuscate):
    log = EventLog({"status": "in_progress"}, next_seq=first)
    run = log.extend("response.output_text.delta", Deltas({"item_id": "msg_%d"}, texts, {"logprobs": []}))
    assert isinstance(run, Run)
    assert Frames(RESPONSE_ID, obfuscate=obfuscate).encode(run) == Frames(RESPONSE_ID, obfuscate=obfuscate).encode(
        list(run)
    )
    assert [orjson.loads(line)["delta"] for line in run] == texts
    assert [orjson.loads(line)["sequence_number"] for line in run] == list(range(first, first + len(texts)))


def test_a_piece_tells_how_many_events_it_is():
    async def test(wire, _, say):
        say([LINE, LINE])
        (piece,) = await wire.sent(1)
        assert piece == FRAME * 2
        assert piece.events == 2

    streamed(test)
