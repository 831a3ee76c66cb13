"""`responses-emulator schema`: print the JSON Schema of fixtures, or the OpenAPI description of the server."""

import json

import click

from emulator.cli.exits import OK


@click.command()
@click.option("--openapi", is_flag=True, help="Print the OpenAPI description of the server instead.")
def command(*, openapi: bool) -> int:
    """Print the JSON Schema of fixture files."""
    if openapi:
        from emulator.api.openapi import dumped

        click.echo(dumped())
        return OK
    from emulator.script.schema import schema

    click.echo(json.dumps(schema(), indent=2))
    return OK
