"""`make fuzz`: schemathesis and hypothesis against servers of their own, for so many minutes, by one seed.

    python tests/fuzz/run.py [--minutes 1.5] [--seed 1]

First the whole validator of OpenAPI reads the description. Then schemathesis, stateful too, asks every endpoint of the
service in both dialects and the emulator's own, each in a namespace of its own; then the tests of this folder are run
with more examples until the time is over. Exit status 0: nothing was found, no server wrote a traceback, all still
answer.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from emulator.core.clock import monotonic  # noqa: E402
from tests.processes import Process  # noqa: E402

FOLDER = Path(__file__).parent
KEY = "fuzz-key"
# What schemathesis asks -> its share of the time. Rounds of hypothesis get what is left.
TARGETS = {"openai/v1": 0.25, "v1": 0.15, "": 0.15}
LEAST = 10  # seconds that schemathesis needs to read the description and ask anything
LONG = 120  # seconds of one target, in which the examples and every edge of every schema are asked too
EXAMPLES = 40  # of each test in one round


class LastingProcess(Process):
    """A server for a long run."""

    longest_life = 7_200.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the run and how it ended."""

    name: str
    seconds: float
    status: int

    def line(self) -> str:
        """One line for the terminal."""
        return f"{'ok    ' if self.status == 0 else 'FAILED'} {self.name} ({self.seconds:.0f} s)"


def run(minutes: float, seed: int) -> Iterator[Part]:
    """All parts, one after the other."""
    end = monotonic() + minutes * 60
    yield part("the description is valid", [sys.executable, "-c", VALIDATE])
    with tempfile.TemporaryDirectory() as folder, LastingProcess(Path(folder), "--api-keys", KEY) as server:
        host = server.url()
        for base, share in TARGETS.items():
            seconds = max(LEAST, round(minutes * 60 * share))
            yield part(f"schemathesis {base or 'control'}", schemathesis(host, base, seconds, seed))
        yield alive(host, server)
    first = True
    while first or monotonic() < end:
        yield part(f"hypothesis, seed {seed}", hypothesis(seed))
        first, seed = False, seed + 1


VALIDATE = """\
from openapi_spec_validator import validate
from emulator.api.openapi.description import describe
validate(describe())
"""


def schemathesis(host: str, base: str, seconds: int, seed: int) -> list[str]:
    """The command that asks one base URL for so long; the empty one has the emulator's own endpoints."""
    only = "--exclude-path-regex" if base else "--include-path-regex"
    return [
        *(str(Path(sys.executable).parent / "st"), "--config-file", str(FOLDER / "schemathesis.toml")),
        *("run", f"{host}/_emulator/openapi.json", "--url", f"{host}/ns/fuzz-{base[:1]}/{base}".rstrip("/")),
        *("--header", f"api-key: {KEY}", only, "^/_emulator", "--max-time", str(seconds), "--seed", str(seed)),
        # It cannot make archives (tests/wire/test_steer.py does), and would wait for as long as it tells verify to.
        *("--warnings", "off", "--continue-on-failure", "--exclude-operation-id", "importNamespace"),
        *("--exclude-operation-id", "verifyRequests"),
        # What was just made is gone where a reset, or a new set of all, came in between.
        *(() if base else ("--exclude-checks", "ensure_resource_availability")),
        *("--phases", "examples,coverage,fuzzing,stateful" if seconds >= LONG else "fuzzing,stateful"),
    ]


def hypothesis(seed: int) -> list[str]:
    """The command for one round of the tests of this folder."""
    return [
        *(sys.executable, "-m", "pytest", str(FOLDER), "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis"),
        f"--hypothesis-seed={seed}",
    ]


def part(name: str, command: list[str]) -> Part:
    """Run one command, whose output is that of this one."""
    print(f"fuzz: {name} ...", flush=True)
    begin = monotonic()
    environ = {**os.environ, "FUZZ_EXAMPLES": str(EXAMPLES), "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    with tempfile.TemporaryDirectory() as folder:  # for what the tools leave behind
        status = subprocess.run(
            command, cwd=folder if Path(command[0]).name == "st" else ROOT, env=environ, check=False
        ).returncode
    return Part(name, monotonic() - begin, status)


def alive(host: str, server: Process) -> Part:
    """The server still answers, and wrote no traceback."""
    with urllib.request.urlopen(f"{host}/_emulator/livez") as answer:  # noqa: S310 (loopback)
        status = 0 if answer.status == 200 else 1
    said = server.said()
    if "Traceback" in said:
        print(said)
        status = 1
    return Part("the server is alive and wrote no traceback", 0, status)


def main() -> int:
    """Run and tell; the exit status."""
    parser = argparse.ArgumentParser(description="Fuzz the server.")
    parser.add_argument("--minutes", type=float, default=1.5, help="how long, about (1.5)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of all that is made up (1)")
    asked = parser.parse_args()
    parts = list(run(asked.minutes, asked.seed))
    print(*(part.line() for part in parts), sep="\n")
    return int(any(part.status for part in parts))


if __name__ == "__main__":
    sys.exit(main())
