"""Makes the generated parts of the docs from docs/coverage/, the code, files and a running server; it writes no prose.

    python docs/make.py            write what is stale
    python docs/make.py --check    write nothing; exit 1 and name the pages that are stale

A generated part stands between `<!-- made: NAME -->` and `<!-- /made -->`; everything around it is written by hand.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":  # it runs by its path, whether the emulator is installed or not
    sys.path.insert(0, str(ROOT))

from docs import coverage_tables, drift, examples, openapi_examples, reference_tables  # noqa: E402

LANGUAGES = {".py": "python", ".mjs": "js", ".toml": "toml"}
PART = re.compile(r"(<!-- made: ([^>]+) -->\n).*?(<!-- /made -->)", re.DOTALL)


@cache
def part(name: str) -> str:
    """The Markdown of one generated part, such as `coverage create` or `example text`."""
    kind, _, rest = name.partition(" ")
    makers = {
        "coverage": coverage_tables.part,
        "drift": lambda _: drift.part(),
        "table": reference_tables.part,
        "example": examples.part,
        "file": _file,
    }
    return makers[kind](rest)


def _file(path: str) -> str:
    """A file of the project as it is, such as one that a test runs."""
    text = (ROOT / path).read_text("utf-8").strip()
    return f"```{LANGUAGES[Path(path).suffix]}\n{text}\n```"


def pages() -> Iterator[tuple[Path, str, str]]:
    """Every file that is made, or has parts that are: its path, its text, and the text that it should have."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text("utf-8")
        if "<!-- made: " in text:
            yield path, text, PART.sub(lambda found: f"{found[1]}\n{part(found[2])}\n\n{found[3]}", text)
    path = openapi_examples.PATH
    yield path, path.read_text("utf-8") if path.is_file() else "", _openapi_examples()


@cache
def _openapi_examples() -> str:
    return openapi_examples.text()


def main(args: list[str]) -> int:
    """Write or check; the exit status."""
    stale = [(path, made) for path, text, made in pages() if text != made]
    for path, made in stale:
        if "--check" not in args:
            path.write_text(made, "utf-8")
        print(f"{'stale' if '--check' in args else 'written'}: {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in args else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
