"""The benchmark: our server and a bare app side by side, round by round; exit status 1 if a floor is missed.

`python bench/run.py --quick` takes under a minute, without it about four. What it means: bench/README.md.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from timeit import default_timer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import cells, report

README = Path(__file__).parent / "README.md"
PACKAGES = ("uvicorn", "uvloop", "httptools", "starlette", "pydantic", "sqlalchemy", "sse-starlette")


def measure(bench: cells.Bench, rounds: int) -> report.Rounds:
    """All rounds; a floor that they miss gets as many again before it counts, for the machine may have had a hiccup."""
    found: report.Rounds = defaultdict(list)
    for number in range(1, rounds + 1):
        begin = default_timer()
        for _, figures in bench.round(number):
            _add(found, figures)
        tell(f"round {number} of {rounds}: {default_timer() - begin:.0f} s")
    _add(found, bench.memory())
    _add(found, bench.stop())
    for floor in report.FLOORS:
        if not floor.holds(found):
            tell(f"again, for it was missed: {floor.text}")
            for number in range(rounds):
                _add(found, _again(bench, floor.key, number))
    return found


def _again(bench: cells.Bench, key: str, number: int) -> cells.Figures:
    what, _, rest = key.partition(".")
    if what == "create":
        return bench.create(number, int(rest.partition(".")[0][1:]))
    if what == "stream":
        return bench.stream(number, cells.CONNECTIONS.index(int(rest.partition(".")[0][1:])))
    return bench.chain() if what == "chain" else bench.stop()


def _add(found: report.Rounds, figures: cells.Figures) -> None:
    for key, pair in figures.items():
        found[key].append(pair)


def tell(text: str) -> None:
    """Progress goes to stderr, so that stdout is the report."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def head(rounds: int, facts: dict[str, int]) -> str:
    """What was run, and on what."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{rounds} rounds; {os.cpu_count()} shared cores, {platform.system()}, Python {platform.python_version()}; "
        f"{packages}. The long stream has {facts['events']:,} events, the body of a create {facts['bytes']:,} bytes."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run, as in CI: under a minute")
    parser.add_argument("--rounds", type=int, help="how many rounds (3 with --quick, else 8)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same requests")
    parser.add_argument("--write", action="store_true", help="put the tables into bench/README.md")
    asked = parser.parse_args()
    rounds = asked.rounds or (3 if asked.quick else 8)
    size = cells.QUICK if asked.quick else cells.FULL
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, cells.Bench(Path(folder), size, asked.seed) as bench:
        found = measure(bench, rounds)
        run = f"{head(rounds, bench.facts)}\n\n{report.tables(found)}"
    verdict = report.verdict(found)
    print(run, "", *verdict, sep="\n")
    if asked.write:
        README.write_text(report.replace_run(README.read_text(), run))
    return int(any(line.startswith("MISS") for line in verdict))


if __name__ == "__main__":
    sys.exit(main())
