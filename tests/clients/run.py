"""`make test-clients`: every pinned client against a real server, each in its own environment under build/clients.

    python tests/clients/run.py [--only NAME]... [--workers 2] [--write]

`--write` puts the results into docs/coverage/clients.yaml, from which docs/make.py makes the matrix. Exit status 0:
every client was installed, and every test passed; a client without the five core scenarios fails too.
"""

import argparse
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import yaml  # noqa: E402

from emulator.core.clock import monotonic  # noqa: E402
from tests.clients.environments import TEST_SECONDS, Environment, NotInstalledError, end_all, tail  # noqa: E402
from tests.clients.pins import CORE, PINS, SCENARIOS, Client, Pins, PinsError, read_pins, scenario_of  # noqa: E402
from tests.processes import Process  # noqa: E402

BUILD = ROOT / "build/clients"
MATRIX = ROOT / "docs/coverage/clients.yaml"


@dataclass
class Result:
    """What came of one client: how many tests of each scenario passed, which failed, and why it could not be tried."""

    client: Client
    passed: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0
    installing: float = 0.0

    @property
    def good(self) -> bool:
        """Whether it was tried and nothing failed."""
        return not self.failed and not self.error

    def line(self) -> str:
        """One line for the terminal."""
        took = f"{self.seconds:.0f} s" + (f", installed in {self.installing:.0f} s" if self.installing else "")
        verdict = "ok    " if self.good else "FAILED"
        counts = f"{self.passed.total()} passed" + (f", {len(self.failed)} failed" if self.failed else "")
        return f"{verdict} {self.client.name} {self.client.version}: {counts} ({took})"

    def row(self) -> dict[str, object]:
        """Itself as data, without what went wrong."""
        scenarios = {name: self.passed[name] for name in SCENARIOS if self.passed[name]}
        client = self.client
        row = {"name": client.name, "language": client.language, "packages": dict(client.packages)}
        return {**row, "passed": scenarios, "note": client.about}


class Server(Process):
    """A client's server; it lives as long as the client's tests may take."""

    longest_life = TEST_SECONDS + 60.0


def try_client(client: Client, pins: Pins, build: Path) -> Result:
    """Install a client, start a server for it, and run its tests; what goes wrong is in the result."""
    result, environment = Result(client), Environment(client, build / client.name)
    began = monotonic()
    try:
        if environment.install():
            result.installing = monotonic() - began
    except NotInstalledError as error:
        result.error = f"it could not be installed\n{error}"
        return result
    began = monotonic()
    status, said = _play(environment, pins)
    result.seconds = monotonic() - began
    read_report(environment.report, result)
    missing = [name for name in CORE if not result.passed[name]]
    if status != 0 and not result.failed:
        result.error = f"its tests ended with exit status {status}"
    elif missing and not result.failed:
        result.error = f"it shows no {', '.join(missing)}"
    if not result.good:
        result.error += f"\n{tail(environment.folder / 'test.log')}\n{said}"
    return result


def _play(environment: Environment, pins: Pins) -> tuple[int, str]:
    """The exit status of a client's tests against a server of its own, and the end of what the server said."""
    (environment.folder / "test.log").unlink(missing_ok=True)
    folder = environment.folder / "server"
    folder.mkdir(exist_ok=True)
    fixtures = environment.client.folder / "fixtures.yaml"
    flags = [*environment.client.server, *(["--fixtures", str(fixtures)] if fixtures.is_file() else [])]
    with Server(folder, *flags, EMULATOR_LOG_LEVEL="info") as server:
        status = environment.test(server.url(), pins.environ)
        said = server.said()
    (environment.folder / "server.log").write_text(said, "utf-8")
    return status, "\n".join(said.splitlines()[-20:])


def read_report(report: Path, result: Result) -> None:
    """Add the tests of a JUnit report; what was skipped has failed, and so has a name without a scenario."""
    if not report.is_file():
        return
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 (the file is our own tests')
        name = case.get("name", "")
        scenario = scenario_of(name)
        if any(case.find(kind) is not None for kind in ("failure", "error", "skipped")):
            result.failed.append(name)
        elif scenario is None:
            result.failed.append(f"{name}: its name begins with no scenario")
        else:
            result.passed[scenario] += 1


def summary(results: Sequence[Result], seconds: float) -> str:
    """The closing line, in the form of pytest's."""
    failed = sum(len(result.failed) for result in results)
    passed = sum(result.passed.total() for result in results)
    errors = sum(1 for result in results if result.error and not result.failed)
    counts = [(failed, "failed"), (passed, "passed"), (errors, "error" if errors == 1 else "errors")]
    words = ", ".join(f"{count} {word}" for count, word in counts if count or word == "passed")
    return f" {words} in {seconds:.2f}s ".center(80, "=")


def matrix(results: Sequence[Result]) -> str:
    """The results as a table for the terminal."""
    width = max(len(result.client.name) for result in results) + 2
    lines = ["".ljust(width) + " ".join(name[:6].rjust(6) for name in SCENARIOS)]
    for result in results:
        cells = [str(result.passed[name] or "-").rjust(6) for name in SCENARIOS]
        lines.append(result.client.name.ljust(width) + " ".join(cells))
    return "\n".join(lines)


def write_matrix(results: Sequence[Result], path: Path = MATRIX) -> None:
    """Put what passed into the data of docs/coverage.md; clients that were not run keep their rows."""
    before = yaml.safe_load(path.read_text("utf-8"))["clients"] if path.is_file() else []
    rows = {row["name"]: row for row in before}
    for result in results:
        rows[result.client.name] = result.row()
    order = [client.name for client in read_pins().clients]
    kept = [rows[name] for name in order if name in rows]
    head = "# What the clients of tests/clients showed, in tests passed; written by `make test-clients ARGS=--write`.\n"
    path.write_text(head + yaml.safe_dump({"clients": kept}, sort_keys=False, width=120, allow_unicode=True), "utf-8")


def _stop(*_: object) -> None:
    """Leave at once, and leave nothing running: CI stops a part that takes too long."""
    end_all()
    os._exit(143)


def main(args: Sequence[str]) -> int:
    """Run the clients that are asked for; the exit status."""
    parser = argparse.ArgumentParser(description="Run the clients of clients.yaml against a real server.")
    parser.add_argument("--only", action="append", metavar="NAME", help="this client alone; may be given again")
    parser.add_argument("--workers", type=int, default=2, help="clients at once (2)")
    parser.add_argument("--write", action="store_true", help="write docs/coverage/clients.yaml")
    parser.add_argument("--pins", type=Path, default=PINS, help=argparse.SUPPRESS)
    parser.add_argument("--build", type=Path, default=BUILD, help=argparse.SUPPRESS)
    asked = parser.parse_args(args)
    try:
        pins = read_pins(asked.pins)
    except PinsError as error:
        parser.error(str(error))
    names = {client.name for client in pins.clients}
    unknown = set(asked.only or ()) - names
    if unknown:
        parser.error(f"--only {min(unknown)}: there is no such client; there are {', '.join(sorted(names))}")
    chosen = [client for client in pins.clients if not asked.only or client.name in asked.only]
    results, seconds = _run_all(chosen, pins, asked.build, asked.workers)
    print(matrix(results))
    for result in results:
        if not result.good:
            print(f"===== {result.client.name} =====", *result.failed, result.error, sep="\n")
    told = [{**result.row(), "failed": result.failed, "error": result.error} for result in results]
    (asked.build / "results.json").write_text(json.dumps(told, indent=1), "utf-8")
    good = all(result.good for result in results)
    if asked.write and good:
        write_matrix(results)
    print(summary(results, seconds))
    return 0 if good else 1


def _run_all(chosen: Sequence[Client], pins: Pins, build: Path, workers: int) -> tuple[list[Result], float]:
    build.mkdir(parents=True, exist_ok=True)
    began = monotonic()

    def run(client: Client) -> Result:
        result = try_client(client, pins, build)
        print(result.line(), flush=True)
        return result

    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(run, chosen))
    return results, monotonic() - began


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
