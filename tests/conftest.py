"""Fixtures of all tests: a real server in a thread, on a real port, with a clock and ids that the test holds."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

import httpx
import hypothesis
import openai
import pytest

from emulator.app import create_app
from emulator.core.clock import Clock
from emulator.core.ids import Ids
from emulator.server import ThreadedServer
from emulator.settings import Settings
from tests import processes
from tests.conformance.tap import Tap

KEY = "test-key"
# A project of its own: tests/plugin/ runs it as its users would.
collect_ignore = ["example"]

# A deadline would be a wall-clock figure, and the machines are shared.
hypothesis.settings.register_profile("emulator", deadline=None)
hypothesis.settings.load_profile("emulator")

# Every answer of every server is judged, of those in processes of their own when they end: by the server's own
# description, and where the client is the one that is tested with, by its types.
TAP = Tap(sdk=openai.__version__.startswith("3."))
TAP.install()
processes.JUDGE = TAP


@pytest.fixture(autouse=True)
def conformance(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test sees an answer that is not described; one marked `off_contract` asks for it."""
    del TAP.wrong[:]
    yield
    wrong, TAP.wrong[:] = list(TAP.wrong), []
    if request.node.get_closest_marker("off_contract") is None:
        assert not wrong, "\n".join(wrong)


class RunningServer:
    """A server under test: its address, its clock, and clients that point at it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._thread = ThreadedServer(lambda: create_app(settings, clock=clock, ids=Ids()))
        self._clients: list[Any] = []

    def __enter__(self) -> Self:
        self._thread.__enter__()
        self.url = self._thread.url
        return self

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def __exit__(self, *failure: object) -> None:
        for client in self._clients:
            client.close()
        self._thread.stop()

    def client(self, path: str = "/openai/v1", **options: Any) -> openai.OpenAI:
        """The official client, without retries."""
        options = {"api_key": KEY, "max_retries": 0, **options}
        client = openai.OpenAI(base_url=self.url + path, **options)
        self._clients.append(client)
        return client

    def http(self, path: str = "/openai/v1", **headers: str) -> httpx.Client:
        """A bare HTTP client with a credential."""
        client = httpx.Client(
            base_url=self.url + path, headers={"api-key": KEY, **headers}, timeout=60, trust_env=False
        )
        self._clients.append(client)
        return client


class StartServer:
    """Starts servers for one test; each has settings of its own."""

    def __init__(self) -> None:
        self.running: list[RunningServer] = []

    def __call__(self, clock: Clock | None = None, **settings: Any) -> RunningServer:
        server = RunningServer(replace(Settings(log_level="quiet"), **settings), clock or Clock())
        server.__enter__()
        self.running.append(server)
        return server


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    start = StartServer()
    yield start
    for server in start.running:
        server.__exit__()


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """One server with default settings, shared by the tests that leave nothing behind that another sees."""
    with RunningServer(Settings(log_level="quiet"), Clock()) as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> httpx.Client:
    return server.http()


@pytest.fixture
def client(server: RunningServer) -> openai.OpenAI:
    return server.client()
