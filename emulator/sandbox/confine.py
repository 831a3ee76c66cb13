"""Locks this process in, for good: capabilities, limits, Landlock, seccomp. Called once, before foreign code runs.

Paths are Landlock's to judge and everything else seccomp's. Neither needs a privilege or a namespace, so it works in
an ordinary container too. Where the kernel has more of Landlock (network, signals, abstract sockets) that is taken as
well.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

from emulator.sandbox.execution import NEWEST_LANDLOCK
from emulator.sandbox.filter import program

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 38, 22
SECCOMP_FILTER = 2
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITY_VERSION = 0x20080522
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # on every machine
ASK_VERSION, PATH_BENEATH = 1, 1

READ_FILE, READ_DIR, WRITE_FILE, TRUNCATE = 1 << 2, 1 << 3, 1 << 1, 1 << 14
EVERY_FILE_RIGHT = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 5: 1 << 16}  # all below, by the version that brought the last
# Write, read, list, remove and make folders and files, move between folders, truncate: no links by name, no devices.
OF_OWN_FOLDER = 1 << 1 | READ_FILE | READ_DIR | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13 | TRUNCATE
NETWORK = 1 << 0 | 1 << 1  # bind and connect of TCP, since version 4
SCOPES = 1 << 0 | 1 << 1  # abstract sockets and signals, since version 6

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
ODDMENTS = ("/etc/ld.so.cache", "/dev/urandom", "/usr/share/zoneinfo")
OPEN_FILES = 64


class Unconfined(Exception):  # noqa: N818 (the state that must not be)
    """The process cannot be confined: why."""


def landlock_version() -> int:
    """The kernel's version of Landlock; 0 where it has none or it is not allowed."""
    return max(0, int(_libc().syscall(CREATE_RULESET, None, 0, ASK_VERSION)))


def confine(folder: str, memory: int, file: int, version: int = NEWEST_LANDLOCK) -> None:
    """Leave this process nothing but Python, `folder` and so many bytes; raises Unconfined.

    `version` is the newest Landlock that is used, for the tests.
    """
    libc = _libc()
    if len(os.listdir("/proc/self/task")) != 1:
        raise Unconfined("it has more than one thread already")
    _limit(memory, file)
    os.umask(0o077)
    os.nice(5)  # the server goes first
    with suppress(OSError):  # and where memory runs out, it is not the server that is ended
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    header, data = struct.pack("=Ii", CAPABILITY_VERSION, 0), bytes(24)
    _call(libc.syscall(CAPSET[os.uname().machine], header, data), "drop its capabilities")
    # If the server has ended already, the pipe to it is closed, and the worker ends at its first look.
    _call(libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "ask for its end with the server")
    _call(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "give up new privileges")
    _landlock(libc, folder, min(version, landlock_version()))
    filters = program()
    buffer = ctypes.create_string_buffer(filters, len(filters))
    head = struct.pack("@HP", len(filters) // 8, ctypes.addressof(buffer))
    _call(libc.prctl(PR_SET_SECCOMP, SECCOMP_FILTER, head, 0, 0), "install its filter of system calls")


def _limit(memory: int, file: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (lowest, lowest))


def readable() -> list[str]:
    """What confined code may read: Python with what is installed for it, and the shared libraries of the system."""
    libraries = sysconfig.get_paths()
    places = [libraries[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places += [str(Path(sys.base_prefix, sys.platlibdir)), *LIBRARIES, *ODDMENTS]
    return sorted({os.path.realpath(place) for place in places if os.path.exists(place)})


def _landlock(libc: ctypes.CDLL, folder: str, version: int) -> None:
    if version < 1:
        raise Unconfined("this kernel has no Landlock, or this container forbids it")
    newest = max(known for known in EVERY_FILE_RIGHT if known <= version)
    handled = EVERY_FILE_RIGHT[newest] - 1
    words = [handled, NETWORK * (version >= 4), SCOPES * (version >= 6)]
    attributes = struct.pack(f"={1 + (version >= 4) + (version >= 6)}Q", *[word for word in words if word])
    ruleset = _call(libc.syscall(CREATE_RULESET, attributes, len(attributes), 0), "make its Landlock rules")
    for place in readable():
        _allow(libc, ruleset, place, READ_FILE | READ_DIR)
    _allow(libc, ruleset, "/dev/null", (READ_FILE | WRITE_FILE | TRUNCATE) & handled)
    _allow(libc, ruleset, folder, OF_OWN_FOLDER & handled)
    _call(libc.syscall(RESTRICT_SELF, ruleset, 0), "take on its Landlock rules")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, place: str, rights: int) -> None:
    opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(place):
            rights &= READ_FILE | WRITE_FILE | TRUNCATE
        rule = struct.pack("=Qi", rights, opened)
        _call(libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0), f"allow {place}")
    finally:
        os.close(opened)


def _call(result: int, what: str) -> int:
    if result < 0:
        raise Unconfined(f"it could not {what}: {os.strerror(ctypes.get_errno())}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
