"""One app on one socket, by uvicorn; it heeds no signal and prints nothing.

Streams end by the app's own `state.stop()`: without it uvicorn waits for every open stream, and the switch of
sse-starlette would end those of every server in the process.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.server.listen import url_of
from emulator.server.tls import Tls
from emulator.settings import Settings

GRACE_SECONDS = 2
# Longer than clients keep an idle connection, so that they never write into one that is just being closed.
KEEP_ALIVE_SECONDS = 75


LONGEST_HEAD = 1024 * 1024
HEAD_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class App(Protocol):
    """An ASGI app whose `state.stop()` ends every open stream; it is called from the loop's thread."""

    state: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one connection."""


class _WireProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the connection's transport in reach of wire faults and a limit on headers."""

    _head: int | None = 0  # bytes of a head that is still coming; None once it is there

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self.transport.write(HEAD_TOO_LONG)
                self.transport.close()
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._head = None
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()
        self.scope["extensions"] = {"emulator.transport": {"transport": self.transport}}

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing() and self.transport.get_extra_info("ssl_object") is not None:
            self.transport.abort()  # a client that keeps it open would take its time to end TLS


class _Lifespan:
    """The app's lifespan as uvicorn asks for it; a failure is raised as it is, and not logged."""

    def __init__(self, config: uvicorn.Config) -> None:
        self.state: dict[str, Any] = {}
        self.should_exit = False
        self._app = config.loaded_app
        self._asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def startup(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.ensure_future(self._app(scope, self._asked.get, self._answers.put))
        await self._ask("lifespan.startup")

    async def shutdown(self) -> None:
        await self._ask("lifespan.shutdown")
        await self._task

    async def _ask(self, moment: str) -> None:
        self._asked.put_nowait({"type": moment})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() or answer.result()["type"] != f"{moment}.complete":
            answer.cancel()
            await self._task  # raises what went wrong
            raise RuntimeError(f"the app ended its lifespan without an answer to {moment}")


class Server(uvicorn.Server):
    """One app on one bound socket; `on_ready(url)` is called once requests are served, `halt` ends it."""

    def __init__(
        self, app: App, sock: socket.socket, on_ready: Callable[[str], object], tls: Tls | None = None
    ) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            http=_WireProtocol,
            ws="none",
            interface="asgi3",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        config.load()
        config.ssl = tls.context if tls else None
        config.lifespan_class = _Lifespan
        super().__init__(config)
        self._app = app
        self._socket = sock
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then say so."""
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready(url_of(self._socket, secure=self.config.ssl is not None))

    def run_until_halted(self, before: Callable[[asyncio.AbstractEventLoop], object]) -> None:
        """Serve on a new loop until `halt`, after `before(loop)`; raises what the app's start raises."""

        async def serve() -> None:
            before(asyncio.get_running_loop())
            await self.serve(sockets=[self._socket])

        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(serve())
        finally:
            self._socket.close()

    def halt(self, *, again_forces: bool = False) -> None:
        """End open streams, finish what is under way, leave; call it on the loop's thread."""
        if self.should_exit and again_forces:
            self.force_exit = True
        self.should_exit = True
        if self.started:
            self._app.state.stop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn's way ends the process by the signal, which is no exit status 0."""
        yield


def app_of(source: Settings | Callable[[], App]) -> App:
    """The app itself: made by the function, or the emulator with these settings."""
    if not isinstance(source, Settings):
        return source()
    from emulator.app import create_app

    app: App = create_app(source)
    return app


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # Windows, or another Python
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
