"""`responses-emulator exec -- CMD`: a server for as long as one command runs; what it answers is decided elsewhere."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType

import click

from emulator.cli.exits import Failure, tell
from emulator.cli.options import settings_options
from emulator.cli.starting import start_failures, with_webhook_secret
from emulator.settings import URL_VARIABLE, Loaded, load

NOT_STARTED = 127  # as shells have it, and 128 + N for a command that signal N ended
ENDED_BY = 128
SECRET_VARIABLE = "OPENAI_WEBHOOK_SECRET"  # noqa: S105 (where the official client looks for it)
PASSED_ON = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@click.command(context_settings={"allow_interspersed_args": False})
@settings_options
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD ...")
def command(words: tuple[str, ...], config: str | None, **flags: str | bool | None) -> int:
    """Run CMD with a server on a free port, in reach of the OpenAI clients by their environment variables."""
    from emulator.server import ThreadedServer
    from emulator.testing.clients import environ
    from emulator.testing.host import ANY_KEY

    child = _Child()
    for number in PASSED_ON:
        signal.signal(number, child.pass_on)
    loaded = load(flags, config_path=config)
    settings = with_webhook_secret(loaded.settings)
    if settings.log_level != "quiet":
        for warning in loaded.warnings:
            tell(f"WARNING: {warning}")
    with start_failures():
        server = ThreadedServer(settings, (settings.host, _port(loaded))).__enter__()
    try:
        key = settings.api_keys[0] if settings.api_keys else ANY_KEY
        variables = {**os.environ, **environ(server.url, key, server.authority), URL_VARIABLE: server.url}
        if settings.webhook_secret is not None:
            variables[SECRET_VARIABLE] = settings.webhook_secret
        return child.run(words, variables)
    finally:
        server.stop()


def _port(loaded: Loaded) -> int:
    """A free port, unless one was asked for."""
    return 0 if loaded.sources["port"] == "default" else loaded.settings.port


class _Child:
    """The command's process, and the signals that reach it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def run(self, words: tuple[str, ...], environ: Mapping[str, str]) -> int:
        """Start it, wait for it and return its exit status; raises Failure where it cannot be started."""
        if self._early:
            return ENDED_BY + self._early[0]
        try:
            self._process = subprocess.Popen(words, env=dict(environ))  # noqa: S603 (what the user asked for)
        except OSError as error:
            raise Failure(NOT_STARTED, f"{words[0]}: cannot be started: {error.strerror or error}") from error
        for number in self._early:  # it came while the process was being made
            self._process.send_signal(number)
        status = self._process.wait()
        return status if status >= 0 else ENDED_BY - status

    def pass_on(self, number: int, _: FrameType | None) -> None:
        """Hand a signal to the command, which then decides; a terminal's Ctrl+C reached it already."""
        if self._process is None:
            self._early.append(number)
        elif not (number == signal.SIGINT and _in_foreground()):
            self._process.send_signal(number)


def _in_foreground() -> bool:
    """Whether a terminal sends its signals to this process and so to the command beside it."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # Windows, or no terminal
        return False
