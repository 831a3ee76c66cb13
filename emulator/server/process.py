"""The server as this process: signals, the ready line, and what goes to stderr; it answers nothing itself."""

import asyncio
import gc
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable

from emulator.server.listen import bind
from emulator.server.serving import App, Server, app_of
from emulator.server.tls import tls_of
from emulator.settings import TRUST, Settings

LEVELS = {"quiet": logging.ERROR, "info": logging.INFO, "debug": logging.DEBUG}


def run(settings: Settings, make_app: Callable[[], App] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; the ready line on stdout, all else on stderr.

    Raises BindError, TlsError, or what opening the app raises (StoreError among it).
    """
    _log_to_stderr(settings.log_level)
    tls = tls_of(settings)
    sock = bind(settings.host, settings.port)
    _warn_if_open(sock, settings)
    if tls and tls.authority:
        variables = " ".join(f"{name}={tls.authority}" for name in TRUST)
        logging.getLogger(__name__).info("clients must trust %s: %s", tls.authority, variables)
    try:
        server = Server(app_of(make_app or settings), sock, _announce, tls)
    except BaseException:
        sock.close()
        raise
    server.run_until_halted(lambda loop: _heed_signals(loop, server))


def _announce(url: str) -> None:
    # What the start made stays: without this every full collection walks it again, and requests wait for that.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    sys.stdout.write(f"responses-emulator ready url={url}/openai/v1\n")
    sys.stdout.flush()


def _warn_if_open(sock: socket.socket, settings: Settings) -> None:
    address = sock.getsockname()[0].partition("%")[0]
    if not ipaddress.ip_address(address).is_loopback and not settings.api_keys:
        everyone = "everyone is given a token" if settings.entra == "only" else "any key is accepted"
        logging.getLogger(__name__).warning(
            "%s is open to other machines and %s: set --api-keys, or --host 127.0.0.1", address, everyone
        )


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=LEVELS[level], format="responses-emulator: %(levelname)s: %(message)s")
    if level == "info":  # uvicorn tells of its start and end, which the ready line and the exit status do here
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # What is cut at the end, after its grace, is told in one line and needs no traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not _is_cut(record))
    logging.getLogger("sse_starlette").setLevel(logging.INFO)  # below it tells of every frame


def _is_cut(record: logging.LogRecord) -> bool:
    return record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)


def _heed_signals(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    def stop(number: int) -> None:
        server.halt(again_forces=number == signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(stop, number))
