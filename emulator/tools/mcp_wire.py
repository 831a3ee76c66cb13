"""The connections to MCP servers: each goes to an address that the egress rule admits, and is bounded; it knows no MCP.

The addresses are those that `outbound/addresses.py` admits. A redirect is an error. What went wrong is kept in
`trouble`, in a sentence without any header.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import NoReturn

import httpx2

from emulator.core.egress import Egress, Target
from emulator.outbound.addresses import Forbidden, admitted

MOST_BYTES = 8 * 1024 * 1024  # that one session may answer
SAYINGS = (
    (httpx2.TimeoutException, "'{where}' did not answer in time."),
    (httpx2.ConnectError, "'{where}' cannot be reached."),
    (httpx2.LocalProtocolError, "The headers of the request cannot be sent."),
)


class Refused(httpx2.TransportError):
    """The connection is not made, or not read any further; the message says why."""


class Wire(httpx2.AsyncBaseTransport):
    """Sends the requests of one session. `answered`: a request was answered with success.

    `status` is that of the last answer without success.
    """

    def __init__(self, rule: Egress, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._rule = rule
        self._inner = inner or httpx2.AsyncHTTPTransport(verify=_certificates())
        self._read = 0
        self.answered = False
        self.status: int | None = None
        self.trouble: str | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request to a checked address."""
        try:
            target, addresses = await admitted(self._rule, str(request.url))
        except Forbidden as forbidden:
            self.refuse(str(forbidden))
        response = await self._sent(request, target, addresses)
        if response.is_redirect:
            await response.aclose()
            self.refuse(f"The server redirects ({response.status_code}), and redirects are not followed.")
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            self.refuse("The server compresses its answer, which it was not asked to.")
        self.answered = self.answered or response.is_success
        if not response.is_success:
            self.status = response.status_code
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 (for the type alone)
        response.stream = _Counted(response.stream, self)
        return response

    async def _sent(self, request: httpx2.Request, target: Target, addresses: list[str]) -> httpx2.Response:
        """The answer of the first address that takes the connection."""
        for address in addresses:
            # The Host header stays, and the certificate is that of the name.
            there = httpx2.Request(
                request.method,
                request.url.copy_with(host=address),
                headers={**request.headers, "accept-encoding": "identity"},
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": target.host},
            )
            try:
                return await self._inner.handle_async_request(there)
            except httpx2.TransportError as error:
                self.trouble = told(error, target)
                if not isinstance(error, httpx2.ConnectError) or address == addresses[-1]:
                    raise
        raise AssertionError("there is no address")

    def count(self, size: int) -> None:
        """Take note of so many bytes of answers."""
        self._read += size
        if self._read > MOST_BYTES:
            self.refuse(f"The server answers with more than {MOST_BYTES:,} bytes.")

    def refuse(self, trouble: str) -> NoReturn:
        """Note what is wrong, and raise it."""
        self.trouble = trouble
        raise Refused(trouble)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    """An answer whose bytes are counted, and whose breaking off is noted."""

    def __init__(self, inner: httpx2.AsyncByteStream, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._inner:
                self._wire.count(len(piece))
                yield piece
        except (httpx2.ReadError, httpx2.RemoteProtocolError):
            self._wire.trouble = "The server broke off its answer."
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Whom to trust: read once, because that takes long."""
    return httpx2.create_ssl_context()


def told(error: BaseException, target: Target) -> str:
    """What went wrong with a connection, in one sentence."""
    where = f"{target.host}:{target.port}"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate of '{where}' is not accepted: {cause.verify_message}."
        if isinstance(cause, ssl.SSLError):
            return f"No TLS connection to '{where}': {cause.reason or 'the handshake failed'}."
        if isinstance(cause, ConnectionRefusedError):
            return f"'{where}' refused the connection."
    for kind, says in SAYINGS:
        if isinstance(error, kind):
            return says.format(where=where)
    return f"The connection to '{where}' broke."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
