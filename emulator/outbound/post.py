"""One POST to another server: to a checked address, bounded in time and size; it follows and repeats nothing."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

import h11

from emulator.core.egress import PORTS, Egress, Target
from emulator.outbound.addresses import Forbidden, admitted

PIECE = 16 * 1024
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NotSent(Exception):  # noqa: N818 (it is what happened, in one sentence)
    """There is no answer; the message says why, without the body and the headers."""


async def post(rule: Egress, url: str, headers: Mapping[str, str], body: bytes, *, longest: float) -> int:
    """The status with which a server answers a POST within `longest` seconds; what else it answers is not read.

    Raises NotSent.
    """
    try:
        async with asyncio.timeout(longest):
            target, addresses = await admitted(rule, url)
            return await _exchange(await _connect(target, addresses), _head(url, target, headers, body), body)
    except Forbidden as forbidden:
        raise NotSent(str(forbidden)) from None
    except TimeoutError:
        raise NotSent(f"No answer within {longest:g} seconds.") from None
    except ssl.SSLCertVerificationError as error:
        raise NotSent(f"The certificate is not accepted: {error.verify_message}.") from None
    except ssl.SSLError as error:
        raise NotSent(f"No TLS connection: {error.reason or 'the handshake failed'}.") from None
    except ConnectionRefusedError:
        raise NotSent("The connection was refused.") from None
    except h11.RemoteProtocolError:
        raise NotSent("There was no answer in HTTP.") from None
    except OSError:
        raise NotSent("The connection broke.") from None


def _head(url: str, target: Target, headers: Mapping[str, str], body: bytes) -> h11.Request:
    parts = urlsplit(url)
    host = f"[{target.host}]" if ":" in target.host else target.host
    own = {
        "host": host if target.port == PORTS[target.scheme] else f"{host}:{target.port}",
        "content-length": str(len(body)),
        "connection": "close",
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return h11.Request(method="POST", target=path, headers=list({**own, **headers}.items()))


async def _connect(target: Target, addresses: list[str]) -> Streams:
    """A connection to the first address that takes it."""
    tls = _certificates() if target.scheme == "https" else None
    for address in addresses:
        try:
            # The certificate is that of the name.
            return await asyncio.open_connection(
                address, target.port, ssl=tls, server_hostname=target.host if tls else None
            )
        except ssl.SSLError:
            raise
        except OSError:
            if address == addresses[-1]:
                raise
    raise AssertionError("there is no address")


async def _exchange(streams: Streams, head: h11.Request, body: bytes) -> int:
    reader, writer = streams
    wire = h11.Connection(h11.CLIENT)
    try:
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(wire.send(event) or b"")
        await writer.drain()
        while True:
            answered = wire.next_event()
            if answered is h11.NEED_DATA:
                wire.receive_data(await reader.read(PIECE))
            elif isinstance(answered, h11.Response):
                return answered.status_code
    finally:
        writer.transport.abort()  # nothing else of the answer is wanted


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Whom to trust: read once, because that takes long."""
    return ssl.create_default_context()
