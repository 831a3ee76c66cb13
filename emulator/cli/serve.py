"""`responses-emulator serve`: run the server until it is told to stop; it decides nothing about a request."""

import signal
from typing import NoReturn

import click

from emulator.cli.exits import OK, tell
from emulator.cli.options import settings_options
from emulator.cli.starting import start_failures, with_webhook_secret
from emulator.core.collector import kept_still
from emulator.settings import Settings, load


@click.command()
@settings_options
def command(config: str | None, **flags: str | bool | None) -> int:
    """Run the server until SIGTERM or SIGINT."""
    # The first process of a container ignores signals that nobody heeds, and the imports take a moment.
    signal.signal(signal.SIGTERM, _leave)
    loaded = load(flags, config_path=config)
    if loaded.settings.log_level != "quiet":
        for warning in loaded.warnings:
            tell(f"WARNING: {warning}")
    _serve(with_webhook_secret(loaded.settings))
    return OK


def _serve(settings: Settings) -> None:
    with kept_still():
        from emulator import app, server  # noqa: F401 (the app is made of what is loaded here)

    with start_failures():
        server.run(settings)


def _leave(*_: object) -> NoReturn:
    raise SystemExit(OK)
