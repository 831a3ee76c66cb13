"""Runs the app on a socket, as this process or in a thread, and stops it quickly; it knows no route."""

from emulator.server.listen import BindError
from emulator.server.process import run
from emulator.server.serving import App, Server
from emulator.server.threaded import ThreadedServer

__all__ = ["App", "BindError", "Server", "ThreadedServer", "run"]
