"""The exit statuses and the one line that goes with each; it ends no process."""

import sys

NAME = "responses-emulator"

OK, FAILURE, USAGE, ADDRESS, FIXTURES, STORAGE, SANDBOX, TLS = range(8)


class Failure(Exception):  # noqa: N818 (the word of docs/reference/exit-codes.md)
    """A command cannot go on: its exit status and the line that says what, where and how to mend it."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


def tell(line: str) -> None:
    """Say something on stderr, in one line; stdout is for what a command was asked for."""
    sys.stderr.write(f"{NAME}: {' '.join(line.split())}\n")
