"""`responses-emulator version`: print the version; it imports nothing for it."""

import click

from emulator import __version__
from emulator.cli.exits import NAME, OK


@click.command()
def command() -> int:
    """Print the version."""
    click.echo(f"{NAME} {__version__}")
    return OK
