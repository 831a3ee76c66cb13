"""Starts and stops the servers that are measured, each a process of its own; it sends no load and judges nothing."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from timeit import default_timer
from typing import Self

from bench import load

ROOT = Path(__file__).resolve().parent.parent
SLOWEST_START_SECONDS = 30
SLOWEST_STOP_SECONDS = 20


class Server:
    """A server process; a context manager. `ready` and `first` are milliseconds from its spawn to the ready line and
    to the first answered create."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._arguments = [sys.executable, *arguments]

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
        begin = default_timer()
        self._process = subprocess.Popen(self._arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            self.port = self._wait_until_ready()
            self.ready = (default_timer() - begin) * 1000
            self._ask_once()
            self.first = (default_timer() - begin) * 1000
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._process.stdout.close()

    def stop(self) -> tuple[float, int]:
        """End it by SIGTERM: how many seconds it took, and its exit status."""
        begin = default_timer()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(SLOWEST_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return default_timer() - begin, status

    def memory(self) -> float | None:
        """The resident memory in MB; None where the system does not tell."""
        try:
            found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text())
        except OSError:
            return None
        return int(found.group(1)) / 1000 if found else None

    def _wait_until_ready(self) -> int:
        readable, _, _ = select.select([self._process.stdout], [], [], SLOWEST_START_SECONDS)
        line = self._process.stdout.readline() if readable else ""
        found = re.search(r" ready url=http://[^/]*:(\d+)/", line)
        if found is None:
            raise RuntimeError(f"{self.name} did not start: {' '.join(self._arguments)}")
        return int(found.group(1))

    def _ask_once(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(load.post(input="hello number 0000000000"))
            if not client.recv(65536).startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{self.name} did not answer its first request with 200")


def ours(fixtures: Path, *more: str) -> Server:
    """The emulator with its default settings and one fixture, the long answer."""
    return Server("ours", ["-m", "emulator", "serve", "--port", "0", "--fixtures", str(fixtures), *more])


def bare(folder: Path) -> Server:
    """The bare app with the canned bodies of a folder."""
    return Server("bare", [str(ROOT / "bench" / "bare.py"), str(folder)])
