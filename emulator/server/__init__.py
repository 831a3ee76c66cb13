"""Runs the app on a socket, as this process or in a thread, and stops it quickly; it knows no route."""

from emulator.server.listen import BindError
from emulator.server.process import run
from emulator.server.serving import App, Server
from emulator.server.threaded import ThreadedServer
from emulator.server.tls import Tls, TlsError, tls_of

__all__ = ["App", "BindError", "Server", "ThreadedServer", "Tls", "TlsError", "run", "tls_of"]
