"""A session in the sandbox for each test, with small limits; it fails, and never skips, where Linux cannot confine."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

import pytest

from emulator.sandbox.execution import NEWEST_LANDLOCK, Execution, Limits
from emulator.sandbox.session import Session

SMALL = Limits(
    seconds=5,
    memory=512 << 20,
    threads=16,
    file=4 << 20,
    disk=8 << 20,
    entries=50,
    files=5,
    handed=3 << 20,
    images=2,
    logs=2_000,
)

Run = Callable[..., Execution]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if sys.platform != "linux":
        for item in items:
            if "sandbox" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="code is confined on Linux only"))


class Talk:
    """A session and the loop that it lives on, for tests that speak to it step by step."""

    def __init__(self, limits: Limits = SMALL, version: int = NEWEST_LANDLOCK) -> None:
        self._runner = asyncio.Runner()
        self.session = self.wait(self._made(limits, version))

    async def _made(self, limits: Limits, version: int) -> Session:
        return Session(limits, version)

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def run(self, code: str, files: Mapping[str, bytes] | None = None, seconds: float = 10) -> Execution:
        execution = self.wait(self.session.run(code, files or {}, seconds))
        assert isinstance(execution, Execution)
        return execution

    def close(self) -> None:
        self.wait(self.session.close())
        self._runner.close()


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.close()


@pytest.fixture
def run(talk: Talk) -> Run:
    return talk.run
