"""What commands that talk to a running server have in common; it knows no endpoint."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.exits import FAILURE, OK, Failure
from emulator.settings import URL_VARIABLE, Settings, SettingsError, load, tls_authority

if TYPE_CHECKING:
    from emulator.testing import Emulator

Command = Callable[..., Any]


def remote_options(command: Command) -> Command:
    """Add --url, --namespace and --api-key."""
    command = click.option("--api-key", metavar="KEY", help="Credential, where the server wants one.")(command)
    note = "Namespace; default: default."
    command = click.option("--namespace", metavar="NAME", default="default", help=note)(command)
    note = f"Server, as http://HOST:PORT [{URL_VARIABLE}; default: where serve would listen]."
    return click.option("--url", metavar="URL", help=note)(command)


def with_archive(work: Callable[["Emulator", Path], object]) -> Command:
    """A command over an archive's FILE and a namespace of a running server, which `work` gets; returns the status."""

    @click.argument("file", type=click.Path(path_type=Path))
    @remote_options
    @wraps(work)
    def command(file: Path, url: str | None, namespace: str, api_key: str | None) -> int:
        from emulator.testing import Emulator, EmulatorError

        try:
            at, trusted = server_url(url), local_authority()
            with Emulator(url=at, namespace=namespace, api_key=api_key, authority=trusted) as emulator:
                work(emulator, file)
        except EmulatorError as error:
            raise Failure(FAILURE, str(error)) from error
        except OSError as error:
            raise Failure(FAILURE, f"{file}: {error.strerror or error}") from error
        return OK

    return command


def server_url(given: str | None) -> str:
    """The server that is meant: the one given, that of the environment, or where `serve` would listen."""
    named = given or os.environ.get(URL_VARIABLE)
    if named:
        return named
    settings = load().settings
    host, port = settled_address(settings)
    scheme = "https" if speaks_tls(settings) else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def local_authority() -> Path | None:
    """What to trust beside a server with the same environment and file, where that is a local authority."""
    return tls_authority(load().settings)


def speaks_tls(settings: Settings) -> bool:
    """Whether a server with these settings is reached by https."""
    return settings.tls_auto or settings.tls_cert is not None


def settled_address(settings: Settings) -> tuple[str, int]:
    """Where `serve` would listen with these settings; raises SettingsError."""
    if settings.port == 0:
        raise SettingsError("port 0 is a different one at each start: name the server with --url http://HOST:PORT")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host), settings.port  # noqa: S104
