"""How the official client, sync or async, meets a fault: what it saw, and how it failed."""

import asyncio
import itertools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import openai

from tests.conftest import KEY, RunningServer

HOW = ("sync", "async")
Work = Callable[[Any], Any]
_names = itertools.count()


class Seen(NamedTuple):
    """What a client saw: the events of a stream or one response, then a failure or none."""

    events: list[Any]
    response: Any
    failure: BaseException | None

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def cause(self) -> str:
        """What the connection said, in the words of all that handed it on."""
        said, error = [], self.failure
        while error is not None:
            said.append(repr(error))
            error = error.__cause__ or error.__context__
        return " ".join(said)


class Place:
    """A namespace of its own on a server, with its control endpoints."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.prefix = f"/ns/faults-{next(_names)}"
        self.control = httpx.Client(base_url=f"{server.url}{self.prefix}/_emulator", timeout=60, trust_env=False)
        server._clients.append(self.control)

    def http(self, **headers: str) -> httpx.Client:
        return self.server.http(self.prefix + "/openai/v1", **headers)

    def fault(self, *faults: dict[str, Any]) -> None:
        answer = self.control.post("/faults", json=list(faults))
        assert answer.status_code == 200, answer.text

    @property
    def hits(self) -> list[int]:
        """How many requests each fault has counted."""
        return [fault["seen"] for fault in self.control.get("/faults").json()["data"]]

    def meet(self, how: str, header: str | None = None, *, dialect: str = "/openai/v1", **body: Any) -> Seen:
        """One create of the official client, which reads to the end."""
        options = {name: body.pop(name) for name in ("max_retries", "timeout") if name in body}
        body = {"model": "gpt-4o", "input": "Grüße an alle", **body}
        if header is not None:
            body["extra_headers"] = {"X-Emulator-Fault": header}
        return self.ask(how, lambda client: client.responses.create(**body), dialect, **options)

    def ask(self, how: str, work: Work, dialect: str = "/openai/v1", **options: Any) -> Seen:
        """What the official client sees of some call, read to its end."""
        url = self.server.url + self.prefix + dialect
        options = {"base_url": url, "api_key": KEY, "max_retries": 0, "timeout": 60, **options}
        return asyncio.run(_async(options, work)) if how == "async" else _sync(options, work)


def _sync(options: dict[str, Any], work: Work) -> Seen:
    events: list[Any] = []
    with openai.OpenAI(**options) as client:
        try:
            answer = work(client)
            if not isinstance(answer, openai.Stream):
                return Seen(events, answer, None)
            for event in answer:
                events.append(event)  # noqa: PERF402 (what came before a failure counts)
        except Exception as failure:  # noqa: BLE001 (whatever the client raises is what it saw)
            return Seen(events, None, failure)
    return Seen(events, None, None)


async def _async(options: dict[str, Any], work: Work) -> Seen:
    events: list[Any] = []
    async with openai.AsyncOpenAI(**options) as client:
        try:
            answer = await work(client)
            if not isinstance(answer, openai.AsyncStream):
                return Seen(events, answer, None)
            async for event in answer:
                events.append(event)  # noqa: PERF401 (what came before a failure counts)
        except Exception as failure:  # noqa: BLE001 (whatever the client raises is what it saw)
            return Seen(events, None, failure)
    return Seen(events, None, None)


class Sleepers:
    """Tells when somebody new sleeps on the server's clock, so that a test moves it then and not before."""

    def __init__(self, server: RunningServer) -> None:
        self._slept = threading.Event()
        server.http().get("/models")  # the sweep sleeps by now
        sleepers = server.clock._sleepers
        sleeping = sleepers.sleeping

        def noticed():
            self._slept.set()
            return sleeping()

        sleepers.sleeping = noticed  # type: ignore[method-assign]

    def wait(self) -> None:
        assert self._slept.wait(30), "nobody sleeps"
        self._slept.clear()


def in_thread(work):
    """Start some work; the function that is answered waits for its result."""
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()

    def result():
        thread.join(30)
        assert found, "it never ended"
        return found[0]

    result.running = thread.is_alive
    return result
