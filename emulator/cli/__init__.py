"""The command line: finds a command, runs it, turns what goes wrong into one line; it does no command's work.

A command is a file here with a click command called `command`, imported only when it is asked for.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import NoReturn

import click

from emulator import __version__
from emulator.cli.exits import FAILURE, NAME, OK, USAGE, Failure, tell
from emulator.settings import TABLE, SettingsError, nearest

COMMANDS = (
    "serve",
    "exec",
    "check",
    "explain",
    "schema",
    "push",
    "readyz",
    "export",
    "import",
    "config",
    "dialects",
    "version",
)


class _Commands(click.Group):
    """The group of all commands; each is imported when it is first looked at."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            if not cmd_name.startswith("-"):
                ctx.fail(f"there is no command {cmd_name!r}{nearest(cmd_name, COMMANDS)}")
            return None
        command: click.Command = import_module(f"emulator.cli.{cmd_name}{'_' * iskeyword(cmd_name)}").command
        return command


@click.group(cls=_Commands, invoke_without_command=True)
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
@click.pass_context
def commands(ctx: click.Context) -> None:
    """A local, offline emulator of the Azure OpenAI and OpenAI Responses API."""
    if ctx.invoked_subcommand is None:
        ctx.fail(f"a command is missing: {', '.join(COMMANDS)}")


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit status (docs/reference/exit-codes.md)."""
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    try:
        status = commands.main(args, prog_name=NAME, standalone_mode=False)
    except SettingsError as error:
        tell(str(error))
        return USAGE
    except click.UsageError as error:
        tell(_usage(error))
        return USAGE
    except click.ClickException as error:
        tell(error.format_message())
        return FAILURE
    except Failure as failure:
        tell(str(failure))
        return failure.status
    except (click.Abort, KeyboardInterrupt):
        return FAILURE
    return status if isinstance(status, int) else OK


def _usage(error: click.UsageError) -> str:
    """What is wrong with the words of the command line, with the nearest right one."""
    path = error.ctx.command_path if error.ctx else NAME
    line = (error.message or error.format_message()).rstrip(".")
    if isinstance(error, click.NoSuchOption) and error.ctx:
        known = [word for param in error.ctx.command.params for word in param.opts + param.secondary_opts]
        near = nearest(error.option_name, [*known, "--help"], "--")
        if not near and error.option_name in {setting.flag for setting in TABLE.values()}:
            near = f": it belongs to a command, as in {NAME} serve {error.option_name}"
        line = f"there is no option {error.option_name}{near}"
    return f"{line} (see {path} --help)"
