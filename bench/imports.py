"""How long the server's imports take, and which modules must not be among them; it starts no server.

`python bench/imports.py` prints both; exit status 1 if a forbidden module was loaded. A server that imports less starts
sooner: what only some requests need is imported by the first of them.
"""

import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
# Module -> what importing it must not load. (click comes with uvicorn, so it cannot be on the second list.)
FORBIDDEN = {
    "emulator": ("asyncio", "orjson", "pydantic", "sqlalchemy", "starlette", "uvicorn"),
    "emulator.app": (
        *(
            "alembic",
            "bpe_openai",
            "cryptography",
            "emulator.sandbox",
            "httpx",
            "jwt",
            "mcp",
            "openai",
            "PIL",
            "pypdf",
            "pypdfium2",
        ),
        *("sqlalchemy.orm", "tiktoken", "yaml"),
    ),
}
_PROGRAM = """\
import sys
from time import process_time
begin = process_time()
import {module}
print(process_time() - begin)
print(*sys.modules)
"""


def load(module: str) -> tuple[float, set[str]]:
    """Import a module in a new process: its CPU seconds, and all that is loaded then."""
    command = [sys.executable, "-c", _PROGRAM.format(module=module)]
    seconds, loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return float(seconds), set(loaded.split())


def unwanted(module: str) -> list[str]:
    """Which forbidden modules an import loads."""
    return sorted(load(module)[1].intersection(FORBIDDEN[module]))


def main() -> int:
    bad = False
    for module in FORBIDDEN:
        taken = [load(module) for _ in range(ROUNDS)]
        seconds = [each[0] * 1000 for each in taken]
        told = f"{median(seconds):.0f} ms of CPU [{min(seconds):.0f}..{max(seconds):.0f}]"
        print(f"import {module}: {told}, {len(taken[0][1])} modules")
        for name in unwanted(module):
            print(f"  it loads {name}, which it must not")
            bad = True
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
