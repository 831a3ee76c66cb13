"""`responses-emulator serve`: run the server until it is told to stop; it decides nothing about a request."""

import signal
from typing import NoReturn

import click

from emulator.cli.exits import ADDRESS, FIXTURES, OK, STORAGE, Failure, tell
from emulator.cli.options import settings_options
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
    _serve(loaded.settings)
    return OK


def _serve(settings: Settings) -> None:
    from emulator import server
    from emulator.script.fixture import FixtureError
    from emulator.store.engine import StoreError

    try:
        server.run(settings)
    except server.BindError as error:
        raise Failure(ADDRESS, str(error)) from error
    except FixtureError as error:
        raise Failure(FIXTURES, str(error)) from error
    except StoreError as error:
        raise Failure(STORAGE, str(error)) from error


def _leave(*_: object) -> NoReturn:
    raise SystemExit(OK)
