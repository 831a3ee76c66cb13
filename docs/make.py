"""Makes the generated parts of the docs from docs/coverage/, the code, files and a running server; it writes no prose.

    python docs/make.py            write what is stale
    python docs/make.py --check    write nothing; exit 1 and name the pages that are stale

A generated part stands between `<!-- made: NAME -->` and `<!-- /made -->`; everything around it is written by hand.
"""

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":  # it runs by its path, whether the emulator is installed or not
    sys.path.insert(0, str(ROOT))

from docs import coverage_tables, drift, examples, openapi_examples, reference_tables, schema_sql  # noqa: E402

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
    """Every file that is made, or has parts that are: its path, its text, and the text that it should have.

    The tables come first: the server that the others ask starts with them.
    """
    yield _whole(schema_sql.PATH, schema_sql.text)
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text("utf-8")
        if "<!-- made: " in text:
            yield path, text, PART.sub(lambda found: f"{found[1]}\n{part(found[2])}\n\n{found[3]}", text)
    yield _whole(openapi_examples.PATH, _openapi_examples)


def _whole(path: Path, make: Callable[[], str]) -> tuple[Path, str, str]:
    return path, path.read_text("utf-8") if path.is_file() else "", make()


@cache
def _openapi_examples() -> str:
    return openapi_examples.text()


def main(args: list[str]) -> int:
    """Write or check; the exit status."""
    check, stale = "--check" in args, 0
    for path, text, made in pages():
        if text == made:
            continue
        stale += 1
        if not check:
            path.write_text(made, "utf-8")
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
