"""`responses-emulator export FILE`: one namespace of a running server into an archive; the server makes it."""

from pathlib import Path

import click

from emulator.cli.exits import FAILURE, OK, Failure
from emulator.cli.remote import remote_options, server_url


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@remote_options
def command(file: Path, url: str | None, namespace: str, api_key: str | None) -> int:
    """Write a namespace of a running server to FILE, an archive that import reads."""
    from emulator.testing import Emulator, EmulatorError

    try:
        with Emulator(url=server_url(url), namespace=namespace, api_key=api_key) as emulator:
            emulator.export(file)
    except EmulatorError as error:
        raise Failure(FAILURE, str(error)) from error
    except OSError as error:
        raise Failure(FAILURE, f"{file}: {error.strerror or error}") from error
    return OK
