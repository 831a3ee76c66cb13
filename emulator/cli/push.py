"""`responses-emulator push`: send the fixtures of a folder to a running server; the server keeps them."""

from pathlib import Path

import click

from emulator.cli.exits import FAILURE, FIXTURES, OK, Failure
from emulator.cli.remote import local_authority, remote_options, server_url


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="DIR")
@remote_options
@click.option("--add", is_flag=True, help="Keep what was added before; else it is replaced.")
def command(path: Path, url: str | None, namespace: str, api_key: str | None, add: bool) -> int:
    """Send the fixtures of DIR, a file or a folder, to a running server: all of them or none."""
    from emulator.script.load import sources
    from emulator.script.node import FixtureError
    from emulator.testing.wire import EmulatorError, Wire

    try:
        found = sources(path)
    except FixtureError as error:
        raise Failure(FIXTURES, str(error)) from error
    try:
        wire = Wire(server_url(url), api_key or "none", local_authority())
        wire.ask("POST" if add else "PUT", f"/ns/{namespace}/_emulator/fixtures", found)
        wire.close()
    except EmulatorError as error:
        raise Failure(FAILURE, str(error)) from error
    click.echo(f"{len(found)} fixtures sent to {wire.url}, namespace {namespace}")
    return OK
