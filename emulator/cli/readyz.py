"""`responses-emulator readyz`: ask a running server whether it is ready; it imports no part of it."""

import http.client
from threading import Event
from urllib.parse import urlsplit

import click

from emulator.cli.exits import FAILURE, NAME, OK, Failure
from emulator.cli.remote import settled_address
from emulator.settings import TABLE

PATH = "/_emulator/readyz"
PATIENCE = 5.0
PAUSE = 0.1


@click.command()
@click.option("--url", metavar="URL", help="Server, as http://HOST:PORT; default: where serve would listen.")
@click.option("--wait", is_flag=True, help="Ask again until it is ready.")
@click.option("--timeout", metavar="DURATION", default="30s", help="How long --wait waits; default: 30s.")
def command(url: str | None, wait: bool, timeout: str) -> int:
    """Exit with 0 if the server answers that it is ready, else with 1."""
    host, port = _address(url) if url else settled_address()
    seconds = _seconds(timeout)
    reason = _wait(host, port, seconds) if wait else _ask(host, port, PATIENCE)
    if reason:
        raise Failure(FAILURE, f"not ready: {host}:{port}: {reason}")
    click.echo(f"{NAME} is ready at {host}:{port}")
    return OK


def _ask(host: str, port: int, patience: float) -> str:
    """Why the server is not ready; empty if it is."""
    connection = http.client.HTTPConnection(host, port, timeout=patience)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        if answer.status == http.HTTPStatus.OK:
            return ""
        return f"{answer.status} {answer.read(500).decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    finally:
        connection.close()


def _wait(host: str, port: int, seconds: float) -> str:
    from emulator.core.clock import monotonic

    end = monotonic() + seconds
    while reason := _ask(host, port, min(PATIENCE, max(PAUSE, end - monotonic()))):
        if monotonic() + PAUSE >= end:
            break
        Event().wait(PAUSE)
    return reason


def _seconds(text: str) -> float:
    try:
        return float(TABLE["stream_every"].parse(text))
    except ValueError as error:
        raise click.UsageError(f"--timeout: {text!r} {error}") from None


def _address(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname:
            return parts.hostname, parts.port or 80
    except ValueError:  # of the port
        pass
    raise click.UsageError(f"--url: {url!r} is no address of a server: give http://HOST:PORT")
