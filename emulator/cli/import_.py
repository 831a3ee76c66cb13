"""`responses-emulator import FILE`: replace one namespace of a running server by an archive; the server reads it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.remote import with_archive

if TYPE_CHECKING:
    from emulator.testing import Emulator


@click.command()
@with_archive
def command(emulator: "Emulator", file: Path) -> None:
    """Replace a namespace of a running server by FILE, an archive that export wrote."""
    emulator.import_(file)
