"""What a run is given and what comes of it; it runs nothing."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from emulator.core.records import dataclass

NEWEST_LANDLOCK = 6  # whose rules are taken where the kernel has it; 1 is enough

Ended = Literal["completed", "failed", "timeout", "memory", "died"]


class SandboxUnavailable(Exception):  # noqa: N818 (the server's start cannot go on; it is no error of the sandbox)
    """Code cannot be run safely here: one line that says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session may use; sizes in bytes. Memory, threads and file size hold from the start of its process."""

    seconds: float = 30.0  # of one run, by the machine's clock
    memory: int = 1 << 30  # of address space
    threads: int = 64
    file: int = 64 << 20  # of any file, the logs among them
    disk: int = 256 << 20  # of all that it writes, beside what it was given
    entries: int = 2_000  # files and folders at one time
    depth: int = 8  # of folders in folders
    files: int = 50  # handed back after one run
    handed: int = 64 << 20  # bytes of those files
    images: int = 16  # handed back after one run
    logs: int = 100_000  # bytes of one run


@dataclass(frozen=True, slots=True)
class Execution:
    """What one run did: its words in the order they came, its pictures as PNG, the files it wrote or changed.

    `ended` is `failed` where the code raised, `memory` where it raised MemoryError, `timeout` where it was too slow and
    `died` where its process ended or had to be ended. After the last two its variables are gone; files stay.
    """

    logs: str
    ended: Ended
    images: tuple[bytes, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
