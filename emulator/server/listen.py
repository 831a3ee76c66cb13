"""Takes an address to listen on, or says why it cannot; it answers nothing there."""

import errno
import socket

FREE = "--port 0 takes a free one"


class BindError(Exception):
    """The address cannot be listened on; the message says which, why and how to mend it."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens at once, so no two servers share it (port 0: a free one); raises BindError."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except (socket.gaierror, UnicodeError):
        raise BindError(f"host {host!r} is not known here: use --host 127.0.0.1, or 0.0.0.0 for all") from None
    sock = socket.socket(family, kind)
    try:
        # On Windows the same option would let two servers take one port.
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        sock.setsockopt(socket.SOL_SOCKET, exclusive or socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise BindError(_unbound(host, port, error)) from error
    return sock


def _unbound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken: stop what uses it, or choose another ({FREE})"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is not allowed for this user: choose one above 1023 ({FREE})"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: use --host 127.0.0.1, or 0.0.0.0 for all"
    return f"cannot listen on port {port} of {host}: {error.strerror}: choose another --host or --port"


def url_of(sock: socket.socket, *, secure: bool = False) -> str:
    """Where to reach a bound socket from this machine, such as http://127.0.0.1:9110, or by https."""
    address, port = sock.getsockname()[:2]
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 (read, not bound)
    scheme = "https" if secure else "http"
    return f"{scheme}://[{reached}]:{port}" if ":" in reached else f"{scheme}://{reached}:{port}"
