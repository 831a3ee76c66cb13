"""The server in a thread, for tests and the pytest plugin; it leaves signals, stdout and other servers alone."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from emulator.server.listen import bind, url_of
from emulator.server.serving import App, Server, app_of
from emulator.server.tls import Tls, tls_of
from emulator.settings import Settings

LONGEST_STOP_SECONDS = 30


class ThreadedServer:
    """A server in a daemon thread, on a free port of 127.0.0.1 unless `address` says otherwise; a context manager.

    It takes Settings (whose host and port do not count) or a function that makes the app, and then how it speaks TLS.
    `url` has no path; `authority` is the file with what clients must trust, if anything.
    """

    def __init__(
        self,
        source: Settings | Callable[[], App],
        address: tuple[str, int] = ("127.0.0.1", 0),
        tls: Tls | None = None,
    ) -> None:
        self._address = address
        host, port = address
        self._source = replace(source, host=host, port=port) if isinstance(source, Settings) else source
        self._tls = tls
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Start; returns when requests are served. Raises BindError, TlsError and what opening the app raises."""
        if isinstance(self._source, Settings):
            self._tls = tls_of(self._source)
        sock = bind(*self._address)
        self.url = url_of(sock, secure=self._tls is not None)
        self._thread = threading.Thread(target=self._run, args=(sock,), name="responses-emulator", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    @property
    def authority(self) -> Path | None:
        """The local authority that signed its certificate."""
        return self._tls.authority if self._tls else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End open streams and the server, and wait for it; again is no harm. Raises what its end raised."""
        if self._loop is not None and self._server is not None:
            with suppress(RuntimeError):  # the loop is closed: it has ended by itself
                self._loop.call_soon_threadsafe(self._server.halt)
        self._thread.join(LONGEST_STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"the server at {self.url} did not stop in {LONGEST_STOP_SECONDS} seconds")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self, sock: socket.socket) -> None:
        try:
            self._server = Server(app_of(self._source), sock, lambda _: self._ready.set(), self._tls)
            self._server.run_until_halted(self._remember)
        except BaseException as error:  # noqa: BLE001 (the boundary of the thread: its owner gets the error)
            sock.close()
            self._failure = error
        finally:
            self._ready.set()

    def _remember(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
