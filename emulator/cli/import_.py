"""`responses-emulator import FILE`: replace one namespace of a running server by an archive; the server reads it."""

from pathlib import Path

import click

from emulator.cli.exits import FAILURE, OK, Failure
from emulator.cli.remote import remote_options, server_url


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@remote_options
def command(file: Path, url: str | None, namespace: str, api_key: str | None) -> int:
    """Replace a namespace of a running server by FILE, an archive that export wrote."""
    from emulator.testing import Emulator, EmulatorError

    try:
        with Emulator(url=server_url(url), namespace=namespace, api_key=api_key) as emulator:
            emulator.import_(file)
    except EmulatorError as error:
        raise Failure(FAILURE, str(error)) from error
    except OSError as error:
        raise Failure(FAILURE, f"{file}: {error.strerror or error}") from error
    return OK
