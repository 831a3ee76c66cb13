"""`responses-emulator config`: show what the settings would be and where each stood; it starts nothing."""

import json
from pathlib import Path

import click

from emulator.cli.exits import OK, tell
from emulator.cli.options import settings_options
from emulator.settings import TABLE, load


@click.command()
@settings_options
def command(config: str | None, **flags: str | bool | None) -> int:
    """Show every setting with the place it comes from, as a settings file; keys stay hidden."""
    loaded = load(flags, config_path=config)
    for warning in loaded.warnings:
        tell(f"WARNING: {warning}")
    for name, value, source in loaded.rows():
        hidden = TABLE[name].secret and bool(value)
        # What cannot stand in a settings file as it is stands there as a comment.
        line = f"# {name}: {value if hidden else 'not set'}" if hidden or value is None else f"{name} = {_toml(value)}"
        click.echo(f"{line:<40} # {source}")
    return OK


def _toml(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value)
