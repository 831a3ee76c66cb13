"""The system calls that confined code may make, as a seccomp filter: what is not named is refused; it installs nothing.

Each rule is a few instructions that leave the filter with an answer or fall through to the next rule.
"""

import errno
import os
import platform
import struct
from collections.abc import Iterable

from emulator.sandbox.syscalls import EVERY, PRETENDED, SOME, UNSUPPORTED

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel's audit names them

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, EQUAL, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16  # offsets in what a filter looks at; both machines have the low half first

CLONE_THREAD = 0x10000
AF_UNIX, SOCK_STREAM, SOCKET_KIND = 1, 1, 0xF
NAME_OPTIONS = (15, 16, 0x53564D41)  # prctl: set and get a thread's name, name a mapping
# FIOCLEX, FIONCLEX, FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ: none sends a signal or types into a terminal.
ABOUT_FILES = (0x5451, 0x5450, 0x541B, 0x5421, 0x5401, 0x5413)
# Duplicates, flags, locks, the size of a pipe. Not F_SETOWN and F_SETSIG: they send any signal to any process.
FILE_CONTROL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)

Instruction = tuple[int, int, int, int]  # what to do, jump if true, jump if false, number


def program(machine: str | None = None, pid: int | None = None) -> bytes:
    """The filter for a process, as `struct sock_filter`s; raises KeyError for a machine that has no table."""
    machine = machine or platform.machine()
    own = os.getpid() if pid is None else pid
    rules: list[Instruction] = [
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 1, 0, MACHINES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    for number in EVERY[machine].values():
        rules += _when(number, [(RETURN, 0, 0, ALLOW)])
    for name, number in SOME[machine].items():
        rules += _when(number, _conditions(name, own))
    for number in PRETENDED[machine].values():
        rules += _when(number, [_refuse(0)])
    for number in UNSUPPORTED[machine].values():
        rules += _when(number, [_refuse(errno.ENOTSUP)])
    rules.append(_refuse(errno.EPERM))
    return b"".join(struct.pack("=HBBI", *rule) for rule in rules)


def _refuse(number: int) -> Instruction:
    return (RETURN, 0, 0, ERRNO | number)


def _when(number: int, body: list[Instruction]) -> list[Instruction]:
    """A rule for one call; its body always answers."""
    return [(EQUAL, 0, len(body), number), *body]


def _argument(index: int, *, high: bool = False) -> Instruction:
    return (LOAD, 0, 0, ARGUMENTS + 8 * index + 4 * high)


def _one_of(index: int, values: Iterable[int], otherwise: int = errno.EPERM) -> list[Instruction]:
    """Allowed where the argument (its low half, all that the kernel reads of these) is one of the values."""
    body = [_argument(index)]
    for value in values:
        body += [(EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW)]
    return [*body, _refuse(otherwise)]


def _null(index: int) -> list[Instruction]:
    """Allowed where a pointer is null."""
    return [
        _argument(index),
        (EQUAL, 0, 3, 0),
        _argument(index, high=True),
        (EQUAL, 0, 1, 0),
        (RETURN, 0, 0, ALLOW),
        _refuse(errno.EPERM),
    ]


def _conditions(name: str, own: int) -> list[Instruction]:
    """The body of the rule for a call of `SOME`."""
    itself = _one_of(0, (own,))
    return {
        # A thread, never a process.
        "clone": [_argument(0), (ANY_BIT, 0, 1, CLONE_THREAD), (RETURN, 0, 0, ALLOW), _refuse(errno.EPERM)],
        # Its flags are behind a pointer; the C library then takes clone.
        "clone3": [_refuse(errno.ENOSYS)],
        "prctl": _one_of(0, NAME_OPTIONS),
        "ioctl": _one_of(1, ABOUT_FILES, errno.ENOTTY),
        "fcntl": _one_of(1, FILE_CONTROL),
        "kill": itself,
        "tgkill": itself,
        "prlimit64": _null(2),  # read, not set
        "sendto": _null(4),  # to its other end, to no address
        "socketpair": _stream_pair(),
    }[name]


def _stream_pair() -> list[Instruction]:
    """A socket pair is a pipe of two ways (asyncio needs one); as a stream it can be sent nowhere else."""
    return [
        _argument(0),
        (EQUAL, 0, 4, AF_UNIX),
        _argument(1),
        (AND, 0, 0, SOCKET_KIND),
        (EQUAL, 0, 1, SOCK_STREAM),
        (RETURN, 0, 0, ALLOW),
        _refuse(errno.EPERM),
    ]
