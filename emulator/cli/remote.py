"""The options of commands that talk to a running server; it sends nothing."""

import os
from collections.abc import Callable
from typing import Any

import click

from emulator.settings import URL_VARIABLE, SettingsError, load

Command = Callable[..., Any]


def remote_options(command: Command) -> Command:
    """Add --url, --namespace and --api-key."""
    command = click.option("--api-key", metavar="KEY", help="Credential, where the server wants one.")(command)
    note = "Namespace; default: default."
    command = click.option("--namespace", metavar="NAME", default="default", help=note)(command)
    note = f"Server, as http://HOST:PORT [{URL_VARIABLE}; default: where serve would listen]."
    return click.option("--url", metavar="URL", help=note)(command)


def server_url(given: str | None) -> str:
    """The server that is meant: the one given, that of the environment, or where `serve` would listen."""
    named = given or os.environ.get(URL_VARIABLE)
    if named:
        return named
    host, port = settled_address()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def settled_address() -> tuple[str, int]:
    """Where `serve` would listen with the same environment and file; raises SettingsError."""
    settings = load().settings
    if settings.port == 0:
        raise SettingsError("port 0 is a different one at each start: name the server with --url http://HOST:PORT")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host), settings.port  # noqa: S104
