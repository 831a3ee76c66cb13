"""`responses-emulator readyz`: ask a running server whether it is ready; it imports no part of it."""

import http.client
import ssl
from threading import Event
from urllib.parse import urlsplit

import click

from emulator.cli.exits import FAILURE, NAME, OK, Failure
from emulator.cli.remote import settled_address, speaks_tls
from emulator.settings import TABLE, load

Server = tuple[str, int, bool]  # host, port, and whether it speaks TLS

PORTS = {"http": 80, "https": 443}
PATH = "/_emulator/readyz"
PATIENCE = 5.0
PAUSE = 0.1


@click.command()
@click.option("--url", metavar="URL", help="Server, as http://HOST:PORT; default: where serve would listen.")
@click.option("--wait", is_flag=True, help="Ask again until it is ready.")
@click.option("--timeout", metavar="DURATION", default="30s", help="How long --wait waits; default: 30s.")
def command(url: str | None, wait: bool, timeout: str) -> int:
    """Exit with 0 if the server answers that it is ready, else with 1."""
    server = _named(url) if url else _settled()
    seconds = _seconds(timeout)
    reason = _wait(server, seconds) if wait else _ask(server, PATIENCE)
    host, port, _ = server
    if reason:
        raise Failure(FAILURE, f"not ready: {host}:{port}: {reason}")
    click.echo(f"{NAME} is ready at {host}:{port}")
    return OK


def _connection(server: Server, patience: float) -> http.client.HTTPConnection:
    host, port, secure = server
    if not secure:
        return http.client.HTTPConnection(host, port, timeout=patience)
    # Whether it answers is asked, not who it is: nothing is told to it, and its certificate may be for another name.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=patience, context=context)


def _ask(server: Server, patience: float) -> str:
    """Why the server is not ready; empty if it is."""
    connection = _connection(server, patience)
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


def _wait(server: Server, seconds: float) -> str:
    from emulator.core.clock import monotonic

    end = monotonic() + seconds
    while reason := _ask(server, min(PATIENCE, max(PAUSE, end - monotonic()))):
        if monotonic() + PAUSE >= end:
            break
        Event().wait(PAUSE)
    return reason


def _seconds(text: str) -> float:
    try:
        return float(TABLE["stream_every"].parse(text))
    except ValueError as error:
        raise click.UsageError(f"--timeout: {text!r} {error}") from None


def _settled() -> Server:
    settings = load().settings
    return (*settled_address(settings), speaks_tls(settings))


def _named(url: str) -> Server:
    try:
        parts = urlsplit(url)
        if parts.scheme in PORTS and parts.hostname:
            return parts.hostname, parts.port or PORTS[parts.scheme], parts.scheme == "https"
    except ValueError:  # of the port
        pass
    raise click.UsageError(f"--url: {url!r} is no address of a server: give http://HOST:PORT")
