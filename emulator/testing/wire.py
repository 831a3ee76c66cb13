"""One connection to a server's control endpoints, kept open; it knows none of them."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from emulator.core.lazy_pattern import lazy_pattern
from emulator.settings import TRUST

PATIENCE = 60.0
PIECE = 1 << 16
# What stands behind a server's address in a base URL of its API.
API_PATH = lazy_pattern(r"(/ns/[^/]+)?(/openai/v1|/openai|/v1)?/*$")
# What a kept-open connection says where the server closed it in between.
_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class EmulatorError(Exception):
    """The emulator refused, or does not answer: one line that says what and where."""


class Wire:
    """HTTP to one server, one request at a time; safe to share among threads. `url` has no path of the API.

    `authority` is a file with what is trusted instead of what the machine trusts.
    """

    def __init__(self, url: str, key: str, authority: Path | None = None) -> None:
        """Nothing is sent yet; raises EmulatorError where `url` is no address."""
        self.url = plain_url(url)
        self._key = key
        self._lock = Lock()
        parts = urlsplit(self.url)
        self._prefix = parts.path
        self._connection = _connection(parts, authority)

    def ask(self, method: str, path: str, body: Any = None, patience: float = PATIENCE) -> Any:
        """Send one request, a body as JSON, and read its JSON answer; raises EmulatorError."""
        data = b"" if body is None else json.dumps(body, default=_plain).encode()
        with self._exchange(method, path, data, "application/json", patience) as answer:
            return _read(answer)

    def post_form(self, path: str, fields: Mapping[str, str]) -> Any:
        """Send a form, URL-encoded, and read its JSON answer; raises EmulatorError."""
        kind = "application/x-www-form-urlencoded"
        with self._exchange("POST", path, urlencode(fields).encode(), kind, PATIENCE) as answer:
            return _read(answer)

    def download(self, path: str, target: Path) -> None:
        """Write an answer's bytes to a file; raises EmulatorError."""
        with self._exchange("GET", path, b"", "", PATIENCE) as answer:
            if answer.status >= http.HTTPStatus.BAD_REQUEST:
                _read(answer)
            with target.open("wb") as file:
                while piece := answer.read(PIECE):
                    file.write(piece)

    def upload(self, path: str, source: Path) -> Any:
        """Send a file's bytes and read the JSON answer; raises EmulatorError."""
        with source.open("rb") as file, self._exchange("POST", path, file, "application/zip", PATIENCE) as answer:
            return _read(answer)

    def close(self) -> None:
        """Hang up; the next request connects anew."""
        self._connection.close()

    @contextmanager
    def _exchange(
        self, method: str, path: str, body: Any, kind: str, patience: float
    ) -> Iterator[http.client.HTTPResponse]:
        headers = {"api-key": self._key, **({"content-type": kind} if kind else {})}
        with self._lock:
            try:
                yield self._sent(method, self._prefix + path, body, headers, patience)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                if isinstance(error, ssl.SSLCertVerificationError):
                    reason = f"{error.verify_message}: {TRUST[0]} names the authority to trust"
                raise EmulatorError(f"{method} {self.url}{path}: no answer: {reason}") from error

    def _sent(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], patience: float
    ) -> http.client.HTTPResponse:
        kept = self._connection.sock is not None
        try:
            return self._answer(method, path, body, headers, patience)
        except _CLOSED:
            self._connection.close()
            if not kept or not isinstance(body, bytes):
                raise
        return self._answer(method, path, body, headers, patience)

    def _answer(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], patience: float
    ) -> http.client.HTTPResponse:
        self._connection.timeout = patience
        if self._connection.sock is not None:
            self._connection.sock.settimeout(patience)
        self._connection.request(method, path, body, dict(headers))
        return self._connection.getresponse()


def _connection(parts: SplitResult, authority: Path | None) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, parts.port, timeout=PATIENCE)
    trusted = ssl.create_default_context(cafile=str(authority) if authority else None)
    return http.client.HTTPSConnection(host, parts.port, timeout=PATIENCE, context=trusted)


def plain_url(url: str) -> str:
    """The server's address, also from a base URL of its API; raises EmulatorError where it is none."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:  # of the port
        valid = False
    if not valid:
        raise EmulatorError(f"{url!r} is no address of an emulator: give http://HOST:PORT")
    return f"{parts.scheme}://{parts.netloc}{API_PATH.sub('', parts.path, count=1)}"


def _read(answer: http.client.HTTPResponse) -> Any:
    raw = answer.read()
    try:
        data = json.loads(raw) if raw else None
    except ValueError:
        data = None
    if answer.status < http.HTTPStatus.BAD_REQUEST:
        return data
    error = data.get("error") if isinstance(data, dict) else None
    said = error.get("message") if isinstance(error, dict) else raw[:500].decode(errors="replace")
    raise EmulatorError(" ".join(str(said or f"status {answer.status}").split()))


def _plain(value: Any) -> Any:
    """What JSON does not know but fixtures use: paths and whatever can be listed."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    return list(value)
