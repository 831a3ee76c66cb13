"""`responses-emulator explain`: why a request matches a fixture, and what came near; it asks no server."""

from pathlib import Path
from typing import BinaryIO

import click

from emulator.cli.exits import FAILURE, FIXTURES, OK, Failure


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("request", type=click.File("rb"), metavar="REQUEST.JSON")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of the request; repeatable.")
@click.option("--turn", type=click.IntRange(1), default=1, help="Which turn of its chain it is; default: 1.")
@click.option("--previous", metavar="NAME", help="Fixture that answered the turn before.")
def command(path: Path, request: BinaryIO, headers: tuple[str, ...], turn: int, previous: str | None) -> int:
    """Say which fixture of DIR answers the body in REQUEST.JSON (- is stdin), why, and what came near.

    Exits with 0 where one does, else with 1. Fixtures are taken as if none had been counted yet.
    """
    from emulator.core.chain import ChainState
    from emulator.core.errors import ApiError
    from emulator.script.ask import ask_of
    from emulator.script.explain import explained
    from emulator.script.load import load_fixtures
    from emulator.script.node import FixtureError
    from emulator.script.order import ordered
    from emulator.script.view import View

    given = [header.partition(":") for header in headers]
    try:
        fixtures = ordered(load_fixtures(path))
        before = ChainState(depth=turn - 1, fixture=previous)
        ask = ask_of(request.read(), {name.strip().lower(): value.strip() for name, _, value in given}, before)
    except FixtureError as error:
        raise Failure(FIXTURES, str(error)) from error
    except ApiError as error:
        raise Failure(FAILURE, f"{request.name}: {error.message}") from error
    matched, lines = explained(fixtures, View(ask))
    click.echo("\n".join(lines))
    return OK if matched else FAILURE
