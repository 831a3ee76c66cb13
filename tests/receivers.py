"""A receiver of webhooks on loopback, in a thread: it keeps what comes, and answers as it is told."""

import queue
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import orjson

LONGEST = 30  # seconds until a test gives up waiting


@dataclass(frozen=True)
class Received:
    """One request: `headers` by their names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Receiver:
    """Answers with each of `statuses` in turn, then with 200; while it is held it answers nobody.

    `certificate` are the files of one and its key, for HTTPS.
    """

    def __init__(self, *statuses: int, port: int = 0, certificate: tuple[str, str] | None = None) -> None:
        self._statuses = list(statuses)
        self._received: queue.Queue[Received] = queue.Queue()
        self._free = threading.Event()
        self._free.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/hook?app=1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, *statuses: int) -> None:
        """Answer the next requests so."""
        self._statuses += statuses

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def next(self) -> Received:
        """Wait for the next request."""
        return self._received.get(timeout=LONGEST)

    def take(self, number: int) -> Iterable[Received]:
        return [self.next() for _ in range(number)]

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come but what was taken."""
        return self._received.empty()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = receiver._statuses.pop(0) if receiver._statuses else 200
                receiver._received.put(Received(self.path, headers, body))
                receiver._free.wait(LONGEST)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", receiver.url + "&again=1")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
