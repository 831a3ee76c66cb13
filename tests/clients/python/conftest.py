"""What the tests of all Python clients share: the server's address and a key for it."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
async def one_loop(anyio_backend: str) -> AsyncIterator[None]:
    """All async tests run in one event loop, as in an application: some clients keep their connections for good."""
    yield  # noqa: PT022 (the loop lives as long as the fixture)


@pytest.fixture(scope="session")
def key() -> str:
    return os.environ["EMULATOR_KEY"]


@pytest.fixture(scope="session")
def url() -> str:
    """The server's address with a namespace: `{url}/openai/v1`, `{url}/v1`."""
    return f"{os.environ['EMULATOR_URL']}/ns/clients"


@pytest.fixture
def run_example(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], list[str]]:
    """Runs the folder's example.py as it is in the docs, but for the address; gives the lines that it prints."""

    def run() -> list[str]:
        text = (request.path.parent / "example.py").read_text("utf-8")
        assert "http://127.0.0.1:9110" in text
        here = tmp_path / "example_here.py"
        here.write_text(text.replace("http://127.0.0.1:9110", os.environ["EMULATOR_URL"]), "utf-8")
        done = subprocess.run([sys.executable, here], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run
