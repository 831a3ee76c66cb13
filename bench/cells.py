"""What a round measures: each cell asks the load generator about both servers and names the figures; no verdict."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench import load, servers
from bench.report import Pair

CONNECTIONS = (1, 16, 64)
WORDS = 2000
OPEN_STREAMS = 16
SLOWEST_CELL_SECONDS = load.SLOWEST_SECONDS + 30

Figures = dict[str, Pair]


@dataclass(frozen=True, slots=True)
class Size:
    """How much one round does: seconds of creates, streams on each of 1, 16 and 64 connections, samples, turns."""

    seconds: float
    streams: tuple[int, int, int]
    samples: int
    turns: int = 200


QUICK = Size(seconds=0.4, streams=(4, 2, 1), samples=20)
FULL = Size(seconds=1.2, streams=(12, 5, 2), samples=60)


class Bench:
    """Our server and the bare app, running side by side, and what both were asked for so far."""

    def __init__(self, folder: Path, size: Size, seed: int) -> None:
        self._folder = folder
        self._size = size
        self._seed = seed
        self._open = ExitStack()
        self.fixtures = folder / "bench.yaml"
        self.fixtures.write_text(_long_answer())

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.ours = stack.enter_context(servers.ours(self.fixtures))
            self.facts = run_load("capture", self.ours, folder=str(self._folder))
            self.bare = stack.enter_context(servers.bare(self._folder))
            self.memory_at_start = (self.ours.memory(), self.bare.memory())
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def round(self, number: int) -> Iterator[tuple[str, Figures]]:
        """Every cell once; in odd rounds our server goes first."""
        for at, connections in enumerate(CONNECTIONS):
            yield f"create c{connections}", self.create(number, connections)
            yield f"stream c{connections}", self.stream(number, at)
        yield "chain", self.chain()
        yield "background", self.background()
        yield "cold start", self.cold(number)

    def create(self, number: int, connections: int) -> Figures:
        """Short creates on some connections."""
        given = {"connections": connections, "seconds": self._size.seconds, "seed": self._seed + number}
        both = {server.name: run_load("create", server, **given) for server in self._rotated(number)}
        return _figures(both, f"create.c{connections}", ("rps", "p50", "p99", "client"))

    def stream(self, number: int, at: int) -> Figures:
        """The long stream on as many connections as stand at this place of CONNECTIONS."""
        connections = CONNECTIONS[at]
        given = {"connections": connections, "each": self._size.streams[at], "events": self.facts["events"]}
        both = {server.name: run_load("stream", server, **given) for server in self._rotated(number)}
        for name, got in both.items():
            _refuse_wrong(name, got)
        names = ("eps", "first.p50", "first.p99", "p50", "client")
        return _figures(both, f"stream.c{connections}", names)

    def chain(self) -> Figures:
        """Turn 2 against the last turn, of our server alone."""
        got = run_load("chain", self.ours, turns=self._size.turns, samples=self._size.samples)
        return {
            "chain.p50": Pair(got["late.p50"], got["early.p50"]),
            "chain.p99": Pair(got["late.p99"], got["early.p99"]),
        }

    def background(self) -> Figures:
        """Background creates and resumed logs, of our server alone."""
        # Such a log has one event more, `response.queued`.
        got = run_load("background", self.ours, samples=self._size.samples // 4, events=self.facts["events"] + 1)
        _refuse_wrong(self.ours.name, got)
        return {f"background.{name}": Pair(got[name]) for name in ("ack.p50", "ack.p99", "whole.p50", "half.p50")}

    def cold(self, number: int) -> Figures:
        """A start of each server from nothing, one after the other."""
        ours, bare = servers.ours(self.fixtures), servers.bare(self._folder)
        for server in _rotated([ours, bare], number):
            with server:
                pass
        return {"cold.ready": Pair(ours.ready, bare.ready), "cold.first": Pair(ours.first, bare.first)}

    def memory(self) -> Figures:
        """What both servers hold now, and held at their start."""
        return {
            "memory.start": Pair(*self.memory_at_start),
            "memory.after": Pair(self.ours.memory(), self.bare.memory()),
        }

    def stop(self) -> Figures:
        """How long our server takes to leave while paced streams are open."""
        with servers.ours(self.fixtures, "--stream-every", "50ms") as server, ExitStack() as clients:
            request = load.post(input="write something long", stream=True)
            for _ in range(OPEN_STREAMS):
                client = clients.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
                client.sendall(request)
                client.recv(1)
            seconds, status = server.stop()
        if status:
            raise RuntimeError(f"our server was stopped by SIGTERM and left with exit status {status}")
        return {"stop.seconds": Pair(seconds)}

    def _rotated(self, number: int) -> list[servers.Server]:
        return _rotated([self.ours, self.bare], number)


def run_load(scenario: str, server: servers.Server, **given: Any) -> dict[str, Any]:
    """One scenario in a load generator of its own."""
    asked = json.dumps({"scenario": scenario, "port": server.port, **given})
    command = [sys.executable, load.__file__, asked]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=SLOWEST_CELL_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"the load '{scenario}' on {server.name} failed: see above")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _figures(both: dict[str, dict[str, float]], head: str, names: tuple[str, ...]) -> Figures:
    return {f"{head}.{name}": Pair(both["ours"][name], both["bare"][name]) for name in names}


def _rotated(names: list[Any], number: int) -> list[Any]:
    return names if number % 2 else names[::-1]


def _refuse_wrong(name: str, got: dict[str, float]) -> None:
    if got["wrong"]:
        raise RuntimeError(f"{name}: {got['wrong']:.0f} streams lost events or mixed up their order")


def _long_answer() -> str:
    words = " ".join(f"word{number:04}" for number in range(WORDS))
    return f"""\
- name: the long answer of the benchmark
  when: {{input: {load.LONG_PROMPT}}}
  stream: {{chunk: word}}
  then:
    - message: {words}
"""
