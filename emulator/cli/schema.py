"""`responses-emulator schema`: print the JSON Schema of fixtures, for editors."""

import json

import click

from emulator.cli.exits import OK


@click.command()
def command() -> int:
    """Print the JSON Schema of fixture files."""
    from emulator.script.schema import schema

    click.echo(json.dumps(schema(), indent=2))
    return OK
