"""The table of settings as click options, for every command that takes them; it parses none of them."""

from collections.abc import Callable
from typing import Any

import click

from emulator.settings import CONFIG_VARIABLE, TABLE, Setting

Command = Callable[..., Any]


def settings_options(command: Command) -> Command:
    """Add a flag for every setting and --config; each is handed on as text, or None where it is not given."""
    for setting in reversed(TABLE.values()):
        command = _option(setting)(command)
    note = f"Settings file [{CONFIG_VARIABLE}; default: responses-emulator.toml, if there is one]."
    return click.option("--config", metavar="FILE", default=None, help=note)(command)


def _option(setting: Setting) -> Callable[[Command], Command]:
    note = f"{setting.help} [{setting.variable}{_default(setting)}]"
    if isinstance(setting.default, bool):
        flags = f"{setting.flag}/--no-{setting.flag.removeprefix('--')}"
        return click.option(flags, setting.name, default=None, help=note)
    return click.option(setting.flag, setting.name, metavar="TEXT", default=None, help=note)


def _default(setting: Setting) -> str:
    default = setting.default
    if default in (None, ()):
        return ""
    if isinstance(default, bool):
        return f"; default: {str(default).lower()}"
    return f"; default: {default:.0f}s" if isinstance(default, float) else f"; default: {default}"
