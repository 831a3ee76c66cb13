"""What the pytest plugin costs: pytest's start, the first use of `emulator` in a process, each further test, a reset.

`python bench/plugin.py` prints them; exit status 1 if one is above its limit. All are CPU time, both of the
test's thread and of the server's, beside pytest with an empty plugin and beside the import of openai in the same run.
The limits are those of a machine that imports openai in 800 ms; figures are told as they are and at its pace.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 20
EMPTY, OURS = "empty_plugin", "emulator.pytest_plugin"
OPENAI = 800.0  # ms that its import takes where the limits hold
MOST = {  # ms
    "added to pytest's start, unused": 10.0,
    "first use in a process that has imported openai": 400.0,
    "each further test": 2.0,
    "reset of a namespace with 50 responses": 10.0,
}
TIMED = """\
from time import process_time

begin = process_time()
import openai
import pytest

IMPORT = process_time() - begin
TESTS = 200
BEGAN = []


@pytest.fixture(scope="session")
def session_begun():
    BEGAN.append(process_time())


@pytest.fixture
def begun(session_begun):
    if len(BEGAN) > 1 or "first" in BEGAN:
        BEGAN.append(process_time())
    BEGAN.append("first")


@pytest.fixture
def ready(session_begun, begun, emulator):
    emulator.clock.mode  # the namespace is made by its first request
    return process_time() - [moment for moment in BEGAN if moment != "first"][-1]


@pytest.mark.parametrize("number", range(TESTS))
def test_it(ready, number):
    print(f"took {ready * 1000:.3f} openai {IMPORT * 1000:.3f}")


@pytest.mark.parametrize("again", range(10))
def test_reset(emulator, again):
    with emulator.client() as client:
        for _ in range(50):
            client.responses.create(model="gpt-4o", input="Hello")
    emulator.clock.mode  # what was seen is saved
    begin = process_time()
    emulator.reset()
    print(f"reset {(process_time() - begin) * 1000:.3f} ")
"""


def pytest_start(folder: Path, plugin: str) -> float:
    """Milliseconds of CPU of a run of pytest with one empty test and this plugin."""
    (folder / "test_empty.py").write_text("def test_it(): ...\n")
    before = _cpu()
    _pytest(folder, "test_empty.py", "-p", plugin)
    return (_cpu() - before) * 1000


def pytest_starts(folder: Path) -> list[tuple[float, float]]:
    """The same with an empty plugin and with ours, which comes first in each second round.

    For a plugin that is named pytest looks through all that is installed, which costs more than ours does itself.
    """
    (folder / "empty_plugin.py").write_text('"""A plugin that does nothing."""\n')
    pairs = []
    for number in range(ROUNDS):
        plugins = sorted((EMPTY, OURS), reverse=number % 2 == 1)
        times = {plugin: pytest_start(folder, plugin) for plugin in plugins}
        pairs.append((times[EMPTY], times[OURS]))
    return pairs


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fixture_times(folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of CPU in one process: set-up of the fixture in many tests, last the import of openai; resets."""
    (folder / "test_timed.py").write_text(TIMED)
    said = _pytest(folder, "test_timed.py", "-s", "-p", OURS)
    rows = [line.partition("took ")[2].split() for line in said.splitlines() if "took " in line]
    resets = [float(line.partition("reset ")[2].split()[0]) for line in said.splitlines() if "reset " in line]
    return [float(row[0]) for row in rows] + [float(rows[-1][2].rstrip("."))], resets


def _pytest(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True).stdout


def main() -> int:
    with TemporaryDirectory() as name:
        folder = Path(name)
        pytest_start(folder, OURS)  # compiles what is not
        pairs = pytest_starts(folder)
        runs = [fixture_times(folder) for _ in range(7)]
    openai = median(times[-1] for times, _ in runs)
    print(f"importing openai: {openai:.0f} ms, {openai / OPENAI:.2f} of those for which the limits are meant")
    beside = median(one / other for other, one in pairs)
    print(f"CPU of pytest's start with the plugin: {beside:.3f} of that with an empty one")
    share = median(times[0] / times[-1] for times, _ in runs)
    print(f"first use: {share:.2f} of importing openai")
    figures = (
        [(with_plugin - without, openai) for without, with_plugin in pairs],
        [(times[0], times[-1]) for times, _ in runs],
        [(median(times[1:-1]), times[-1]) for times, _ in runs],
        [(median(resets), times[-1]) for times, resets in runs],
    )
    bad = False
    for (told, most), found in zip(MOST.items(), figures, strict=True):
        taken, paced = median(one for one, _ in found), median(one / of * OPENAI for one, of in found)
        print(f"{told}: {taken:.2f} ms, at the pace of the limits {paced:.2f} (at most {most:.0f})")
        bad |= paced > most
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
