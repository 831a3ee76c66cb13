"""`responses-emulator export FILE`: one namespace of a running server into an archive; the server makes it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.remote import with_archive

if TYPE_CHECKING:
    from emulator.testing import Emulator


@click.command()
@with_archive
def command(emulator: "Emulator", file: Path) -> None:
    """Write a namespace of a running server to FILE, an archive that import reads."""
    emulator.export(file)
