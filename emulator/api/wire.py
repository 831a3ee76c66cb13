"""One request's connection in the hands of a fault: read ahead, wait, end it on the socket; it decides nothing.

A connection that a fault ends looks to the app as if the client had left. Nothing is raised to the server, which would
log a traceback; `Ended` is caught where the fault was let in.
"""

import socket
import struct
from collections import deque
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from emulator.api.call import JSON_LIMIT
from emulator.core.clock import breathe, first_of
from emulator.run.namespace import Namespace

EXTENSION = "emulator.transport"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_MOST_TURNS = 1_000


class Ended(Exception):  # noqa: N818 (no error: what was meant to happen)
    """The answer is over: nothing more is sent, and nothing is wrong."""


def wire_faults_available(scope: Scope) -> bool:
    """Whether the server lets a fault at the connection itself."""
    return EXTENSION in (scope.get("extensions") or {})


class Wire:
    """The connection of one request, between the server and the app."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, namespace: Namespace) -> None:
        self.scope = scope
        self.send = send
        self.namespace = namespace
        self.gone = False
        self._receive = receive
        self._kept: deque[Message] = deque()
        self._whole = False

    async def read(self) -> bytes:
        """The request's body, which the app reads again; empty where it is longer than any JSON body."""
        pieces: list[bytes] = []
        size = 0
        while not self._whole and size <= JSON_LIMIT:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Ended
            self._kept.append(message)
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            self._whole = not message.get("more_body", False)
        return b"".join(pieces) if self._whole else b""

    async def receive(self) -> Message:
        """What the app receives: what was read ahead, then what comes."""
        return self._kept.popleft() if self._kept else await self._receive()

    async def left(self) -> None:
        """Return when the connection is gone."""
        while not self.gone:
            self.gone = (await self._receive())["type"] == "http.disconnect"

    async def wait(self, seconds: float | None) -> None:
        """Let seconds of the namespace's clock pass, or for ever; ends with the connection or the server."""
        stopping = self.namespace.stopping
        waits: list[Any] = [stopping.wait()]
        if self._whole:  # else listening would swallow the rest of the body
            waits.append(self.left())
        if seconds is not None:
            clock = self.namespace.clock
            waits.append(clock.sleep_until(clock.now() + seconds))
        await first_of(*waits)
        if self.gone:
            raise Ended
        if stopping.is_set():
            await self.close()
            raise Ended

    async def close(self) -> None:
        """Close the connection; what was sent before still arrives. Without the connection: end the answer."""
        if (transport := self._transport) is None:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        secure = transport.get_extra_info("ssl_object") is not None
        if secure:
            await self._flush()
        transport.close()
        if secure:  # the end of TLS is sent, and the client's is not waited for: it may take half a minute
            await breathe()
            transport.abort()
        await self.left()

    async def reset(self) -> None:
        """Reset the connection (TCP RST), below TLS where there is any."""
        transport = self._transport
        await self._flush()
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
        await self.left()

    async def _flush(self) -> None:
        """Let what was sent before go on its way, unless nobody reads it."""
        for _ in range(_MOST_TURNS):
            await breathe()
            if not self._transport.get_write_buffer_size():
                break

    def write(self, data: bytes) -> None:
        """Put bytes on the connection that no HTTP layer looks at."""
        self._transport.write(data)

    @property
    def _transport(self) -> Any:
        extension = (self.scope.get("extensions") or {}).get(EXTENSION)
        return extension["transport"] if extension else None
