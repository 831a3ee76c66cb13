"""A server as a process of its own, for tests of starting, stopping and being killed."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any, Self

ROOT = Path(__file__).parents[1]
LONGEST = 30  # seconds: ten times the 3 that the documentation promises
READY = "responses-emulator ready url="


# Who judges the answers of all servers here, by what each has written down; None: nobody.
JUDGE: Any = None


class Process:
    """`python -m emulator serve --port 0 ...` in a folder of its own; killed if it outlives the test."""

    longest_life = 120.0  # seconds

    def __init__(self, folder: Path, *flags: str, **environ: str) -> None:
        (folder / "tmp").mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
        self._said = TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._answers = folder / "answers.jsonl"
        server = ["emulator"] if JUDGE is None else ["tests.conformance.recorded", str(self._answers)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", *server, "serve", "--port", "0", *flags],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp"), **environ},
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self._end = Timer(self.longest_life, self._process.kill)

    def __enter__(self) -> Self:
        self._end.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.cancel()
        self._process.kill()
        self._process.communicate()
        self._said.close()
        if JUDGE is not None and self._answers.is_file():
            JUDGE.replay(self._answers.read_bytes())
            self._answers.unlink()

    def url(self) -> str:
        """Wait for the ready line; returns the URL without its path."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(READY), self.said()
        assert line.endswith("/openai/v1\n")
        return line.removeprefix(READY).removesuffix("/openai/v1\n")

    def said(self) -> str:
        self._said.seek(0)
        return self._said.read().decode()

    def tell(self, number: int) -> None:
        self._process.send_signal(number)

    def status(self) -> int:
        return self._process.wait(LONGEST)
