"""`make demo`: a real server, and every sample of the how-to page as a user would run it; says what came of each.

Python samples run as files with the real client, shell samples with the real curl where there is one. The server runs
without fixtures: its built-in model answers. Numbers such as S24 run only those. Exit status 0: every outcome was the
expected one.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402

from tests.sdk import play  # noqa: E402
from tests.sdk.belongings import lay_out  # noqa: E402
from tests.sdk.gist import gist  # noqa: E402
from tests.sdk.samples import SAMPLES, Sample, Try  # noqa: E402

READY = "responses-emulator ready url="
PLAIN = os.environ.get("NO_COLOR") is not None or not sys.stdout.isatty()
COLORS = {"ok": "32", "refused": "33", "broken": "35", "not built": "36", "UNEXPECTED": "1;31", "dim": "2", "bold": "1"}
CURL = shutil.which("curl")


@dataclass(frozen=True, slots=True)
class Row:
    """One try and what came of it."""

    sample: Sample
    attempt: Try
    ran: play.Ran

    @property
    def expected(self) -> bool:
        """Whether it came out as the table says."""
        found = re.search(self.attempt.shows, self.ran.output)
        return self.ran.outcome == self.attempt.expected and found is not None

    @property
    def verdict(self) -> str:
        """`ok`, `refused` by the server, `broken` in the client, `not built` or `UNEXPECTED`."""
        if not self.expected:
            return "UNEXPECTED"
        other = "refused" if self.ran.outcome.isdigit() else "broken"
        return {"ok": "ok", "501": "not built"}.get(self.ran.outcome, other)

    @property
    def outcome(self) -> str:
        """The verdict as the table says it, such as `refused 400` or `TypeError`."""
        told = {"refused": f"refused {self.ran.outcome}", "broken": self.ran.outcome, "not built": "not built 501"}
        return told.get(self.verdict, self.verdict)


def main(numbers: list[str]) -> int:
    """Run the samples of those numbers (none: all) and print what came of them; returns the exit status."""
    work = [
        (sample, attempt) for sample in SAMPLES if not numbers or sample.number in numbers for attempt in sample.tries
    ]
    if not work:
        say(f"demo: no sample has the number {', '.join(numbers)}; they go from S1 to S35")
        return 2
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="responses-demo-") as place, server(Path(place)) as url:
        headline(url)
        with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
            for row in pool.map(partial(run, url, Path(place)), range(len(work)), *zip(*work, strict=True)):
                show(row, first=not rows or rows[-1].sample is not row.sample)
                rows.append(row)
    return summary(rows)


@contextmanager
def server(place: Path) -> Iterator[str]:
    """A server of its own on a free port; yields its URL without a path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "serve", "--port", "0", "--log-level", "quiet"],
        cwd=place, env={**kept, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready.startswith(READY):
            raise SystemExit(f"demo: the server did not start (exit status {process.wait()})")
        yield ready.removeprefix(READY).strip().removesuffix("/openai/v1")
    finally:
        process.terminate()
        process.communicate()


def run(url: str, place: Path, number: int, sample: Sample, attempt: Try) -> Row:
    """Run one try in a folder of its own."""
    folder = place / str(number)
    folder.mkdir()
    lay_out(folder)
    headers = {"api-key": play.KEY}
    with httpx.Client(base_url=f"{url}/openai/v1", headers=headers, timeout=60, trust_env=False) as http:
        text = sample.text(url, attempt, play.ids_for(sample, http))
    if sample.python:
        return Row(sample, attempt, play.python_apart(text, folder, url))
    return Row(sample, attempt, (play.curl_apart if CURL else play.ran_as_http)(text, folder))


def headline(url: str) -> None:
    """What runs, and the head of the table."""
    curl = "curl" if CURL else "raw HTTP, there is no curl here"
    say(paint("bold", "The samples of the how-to page, against the emulator"))
    say(f"server {url}/openai/v1, openai {version('openai')}, {curl}; any key, no network, no fixtures")
    say("Ids that the page prints are replaced by ids made just before.\n")
    say(paint("bold", line("", "sample", "by", "sent") + f"{'outcome':15}what came back"))


def show(row: Row, *, first: bool) -> None:
    """One line of the table; a repair stands below what it repairs."""
    named = (row.sample.number, row.sample.title, "python" if row.sample.python else "curl")
    head = line(*(named if first else ("", f"  {row.attempt.label}", "")), sent(row.attempt))
    room = max(40, shutil.get_terminal_size((150, 24)).columns - len(head) - 15)
    what = clip(gist(row.ran.outcome, row.ran.output), room) if row.expected else ""
    say(f"{head}{paint(row.verdict, f'{row.outcome:15}')}{paint('dim', what)}")
    if not row.expected:
        say(f"     expected {row.attempt.expected} with {row.attempt.shows!r}, came {row.ran.outcome}:")
        say("     " + clip(row.ran.output, 600))


def line(number: str, title: str, by: str, calls: str) -> str:
    """The first columns of a line."""
    return f"{number:5}{title:31}{by:8}{calls:33}"


def sent(attempt: Try) -> str:
    """The calls of a try in short, such as `POST /responses x2` or `POST /responses, 2 GET`."""
    if not attempt.sends:
        return "nothing"
    first, count = attempt.sends[0], attempt.sends.count(attempt.sends[0])
    others = len(attempt.sends) - count
    return first + (f" x{count}" if count > 1 else "") + (f", {others} GET" if others else "")


def summary(rows: list[Row]) -> int:
    """The last lines, and the exit status."""
    verdicts = [row.verdict for row in rows]
    samples = len({row.sample.file for row in rows})
    say(
        f"\n{samples} samples, {len(rows)} runs: {verdicts.count('ok')} ok, {verdicts.count('refused')} refused as "
        f"expected, {verdicts.count('broken')} broken in the client as printed, "
        f"{verdicts.count('not built')} not built yet (501)"
    )
    bad = [f"{row.sample.number} {row.attempt.label}" for row in rows if not row.expected]
    if bad:
        say(paint("UNEXPECTED", f"UNEXPECTED: {', '.join(bad)}"))
        return 1
    say(paint("ok", "Every outcome is the expected one."))
    return 0


def clip(text: str, room: int) -> str:
    """One line of at most `room` characters."""
    text = " ".join(text.split())
    return text if len(text) <= room else text[: room - 3] + "..."


def paint(kind: str, text: str) -> str:
    """Color for a terminal."""
    return text if PLAIN else f"\033[{COLORS[kind]}m{text}\033[0m"


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
