"""The load generator, a process of its own: a scenario in (JSON argument), a line of figures out; it judges nothing.

It speaks just enough HTTP/1.1 over kept-alive sockets to not be the limit itself, and says how much of a core it used.
Every scenario is bounded by seconds or by a count, and the same seed sends the same requests.
"""

import asyncio
import json
import os
import re
import resource
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from timeit import default_timer
from typing import Any, Self

import uvloop

PATH = "/openai/v1/responses"
LONG_PROMPT = "two thousand words"
MODEL = "gpt-4o"
SLOWEST_SECONDS = 60
_END_OF_CHUNKS = b"0\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb'^data: \{"type":"[a-z_.]+","sequence_number":(\d+)', re.MULTILINE)


@dataclass(slots=True)
class Answer:
    """What came back: `raw` is head and body as sent, `first` and `last` are seconds since the request left."""

    raw: bytes
    first: float
    last: float

    def body(self) -> bytes:
        """The body, without the framing of chunks."""
        head, _, body = self.raw.partition(b"\r\n\r\n")
        return body if _LENGTH.search(head) else _dechunked(body)


class Connection(asyncio.Protocol):
    """One kept-alive connection with one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._waiter: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._got += len(data)
        if self._ends_at is None and not self._read_head():
            return
        if self._first == 0.0 and self._got > self._body_at:
            self._first = default_timer() - self._sent
        if self._ends_at:
            if self._got < self._ends_at:
                return
        else:
            self._tail = (self._tail + data[-5:])[-5:]
            if self._tail != _END_OF_CHUNKS:
                return
        waiter, self._waiter = self._waiter, None
        waiter.set_result(Answer(b"".join(self._pieces), self._first, default_timer() - self._sent))

    async def ask(self, request: bytes) -> Answer:
        """Send one request; raises on an answer other than 200 and on a cut connection."""
        self._pieces: list[bytes] = []
        self._got = self._body_at = 0
        self._ends_at: int | None = None
        self._first, self._tail = 0.0, b""
        self._waiter = waiter = self._loop.create_future()
        self._sent = default_timer()
        self._transport.write(request)
        answer = await waiter
        if not answer.raw.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.raw[:600].decode("utf-8", "replace"))
        return answer

    def close(self) -> None:
        self._transport.close()

    def _read_head(self) -> bool:
        seen = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        at = seen.find(b"\r\n\r\n")
        if at < 0:
            return False
        self._body_at = at + 4
        length = _LENGTH.search(seen, 0, at)
        self._ends_at = self._body_at + int(length.group(1)) if length else 0
        return True


def _dechunked(body: bytes) -> bytes:
    pieces, at = [], 0
    while True:
        line_end = body.index(b"\r\n", at)
        size = int(body[at:line_end], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(body[line_end + 2 : line_end + 2 + size])
        at = line_end + 4 + size


def wrong(answer: Answer, first: int, events: int) -> bool:
    """Whether the events of a stream are not exactly the numbers `first` to `events` - 1, in order."""
    return [int(number) for number in _NUMBER.findall(answer.body())] != list(range(first, events))


def post(**body: Any) -> bytes:
    """A create request as it goes over the wire."""
    content = json.dumps({"model": MODEL, **body}, separators=(",", ":")).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: bench\r\napi-key: bench\r\ncontent-type: application/json\r\n"
    return b"%bcontent-length: %d\r\n\r\n%b" % (head.encode(), len(content), content)


def get(path: str) -> bytes:
    """A GET request as it goes over the wire."""
    return f"GET {PATH}{path} HTTP/1.1\r\nhost: bench\r\napi-key: bench\r\n\r\n".encode()


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(name: str, seconds: list[float]) -> dict[str, float]:
    """The median and the 99th percentile in milliseconds."""
    return {f"{name}p50": percentile(seconds, 0.5) * 1000, f"{name}p99": percentile(seconds, 0.99) * 1000}


class Crowd:
    """Some connections to one server, and the time and CPU that a scenario takes on them."""

    def __init__(self, port: int, size: int) -> None:
        self._port, self._size = port, size

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        made = [await loop.create_connection(Connection, "127.0.0.1", self._port) for _ in range(self._size)]
        self.connections = [connection for _, connection in made]
        await asyncio.gather(*(each.ask(post(input="warm up")) for each in self.connections))
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self.connections:
            connection.close()

    async def run(self, work: Callable[[Connection], Awaitable[None]]) -> dict[str, float]:
        """Do `work` on every connection at once."""
        cpu, start = _cpu(), default_timer()
        await asyncio.gather(*(work(each) for each in self.connections))
        wall = default_timer() - start
        return {"seconds": wall, "client": (_cpu() - cpu) / wall}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def create(port: int, *, connections: int, seconds: float, seed: int) -> dict[str, float]:
    """Short creates, one after the other on each connection, for some seconds."""
    numbers, taken = count(seed * 1_000_000), list[float]()
    async with Crowd(port, connections) as crowd:
        until = default_timer() + seconds

        async def work(connection: Connection) -> None:
            while default_timer() < until:
                # Always the same length, and no two alike in a run.
                taken.append((await connection.ask(post(input=f"hello number {next(numbers):010}"))).last)

        ran = await crowd.run(work)
    return {**ran, "rps": len(taken) / ran["seconds"], **spread("", taken)}


async def stream(port: int, *, connections: int, each: int, events: int) -> dict[str, float]:
    """Foreground streams of a stored response, `each` of them on every connection; every event is checked."""
    answers = list[Answer]()
    async with Crowd(port, connections) as crowd:
        request = post(input=LONG_PROMPT, stream=True)

        async def work(connection: Connection) -> None:
            for _ in range(each):
                answers.append(await connection.ask(request))

        ran = await crowd.run(work)
    return {
        **ran,
        "eps": len(answers) * events / ran["seconds"],
        "wrong": sum(wrong(answer, 0, events) for answer in answers),
        **spread("first.", [answer.first for answer in answers]),
        **spread("", [answer.last for answer in answers]),
    }


async def chain(port: int, *, turns: int, samples: int) -> dict[str, float]:
    """A chain of some turns; then turn 2 and the last turn again and again, in turns."""
    early, late = list[float](), list[float]()
    async with Crowd(port, 1) as crowd:
        (connection,) = crowd.connections
        ids = [json.loads((await connection.ask(post(input="turn 0001"))).body())["id"]]
        for turn in range(2, turns):
            body = (await connection.ask(post(input=f"turn {turn:04}", previous_response_id=ids[-1]))).body()
            ids.append(json.loads(body)["id"])

        async def work(connection: Connection) -> None:
            for number in range(samples):
                for parent, taken in ((ids[0], early), (ids[-1], late)):
                    request = post(input=f"turn {number:04}", previous_response_id=parent)
                    taken.append((await connection.ask(request)).last)

        ran = await crowd.run(work)
    return {**ran, **spread("early.", early), **spread("late.", late)}


async def background(port: int, *, samples: int, events: int) -> dict[str, float]:
    """How soon a background create is answered, and how long a finished log takes to be read again."""
    acked, whole, half = list[float](), list[float](), list[float]()
    bad = 0
    async with Crowd(port, 1) as crowd:
        (connection,) = crowd.connections
        request = post(input=LONG_PROMPT, background=True, stream=True)
        first = await connection.ask(request)
        response_id = json.loads(re.search(rb'"response":(\{.*\})\}\n', first.body()).group(1))["id"]

        async def work(connection: Connection) -> None:
            nonlocal bad
            for _ in range(samples):
                acked.append((await connection.ask(post(input=LONG_PROMPT, background=True))).last)
                for after, taken in ((-1, whole), (events // 2, half)):
                    tail = "" if after < 0 else f"&starting_after={after}"
                    answer = await connection.ask(get(f"/{response_id}?stream=true{tail}"))
                    bad += wrong(answer, after + 1, events)
                    taken.append(answer.last)

        ran = await crowd.run(work)
    return {**ran, "wrong": bad, **spread("ack.", acked), **spread("whole.", whole), **spread("half.", half)}


async def capture(port: int, *, folder: str) -> dict[str, int]:
    """Save the bodies of one create and one long stream, as the bare app is to answer them."""
    async with Crowd(port, 1) as crowd:
        (connection,) = crowd.connections
        plain = (await connection.ask(post(input="hello number 0000000000"))).body()
        streamed = (await connection.ask(post(input=LONG_PROMPT, stream=True))).body()
    for name, content in (("plain", plain), ("stream", streamed)):
        with open(os.path.join(folder, name), "wb") as file:  # noqa: ASYNC230, PTH118, PTH123 (nothing else runs)
            file.write(content)
    return {"events": streamed.count(b"\n\n"), "bytes": len(plain)}


SCENARIOS = {each.__name__: each for each in (create, stream, chain, background, capture)}


def main() -> None:
    given = json.loads(sys.argv[1])
    scenario = SCENARIOS[given.pop("scenario")]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(asyncio.wait_for(scenario(**given), SLOWEST_SECONDS))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
