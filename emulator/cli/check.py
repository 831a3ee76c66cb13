"""`responses-emulator check`: say everything that is wrong with fixtures; it starts no server and changes nothing."""

from pathlib import Path

import click

from emulator.cli.exits import FIXTURES, OK, tell


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="DIR")
def command(path: Path) -> int:
    """Check the fixtures of DIR, a file or a folder: errors, and those that can never answer."""
    from emulator.script.lint import lint

    good, wrong = lint(path)
    for line in wrong:
        click.echo(line)
    if wrong:
        tell(
            f"{path}: {len(wrong)} of its fixtures must be mended" if len(wrong) > 1 else f"{path}: one must be mended"
        )
        return FIXTURES
    click.echo(f"{path}: {good} fixtures, all good")
    return OK
