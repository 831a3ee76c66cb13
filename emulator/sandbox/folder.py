"""One session's folder, seen from outside: files put in, what a run changed, how much there is; it trusts no name.

Code inside can make neither symbolic links nor devices, and it stands still while files are put in and taken out. What
is opened here is opened without following a link all the same.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath

from emulator.core.records import dataclass
from emulator.sandbox.execution import Limits

Mark = tuple[int, int, int, int]  # what tells that a file was changed; code inside cannot set the last one


class Overfull(Exception):  # noqa: N818 (the state of the folder)
    """There is more in the folder than the limits allow: what."""


@dataclass(frozen=True, slots=True)
class Found:
    """One regular file: its name below `data` (empty for one in `home`), its size and its mark."""

    name: str
    size: int
    mark: Mark


class Folder:
    """`data` is what code sees as /mnt/data, `home` is for its temporary files, `log` is what it printed."""

    def __init__(self, limits: Limits) -> None:
        self.path = os.path.realpath(tempfile.mkdtemp(prefix="emulator-sandbox-"))
        self.inside = os.path.join(self.path, "inside")
        self.data = os.path.join(self.inside, "data")
        self.home = os.path.join(self.inside, "home")
        self.log = os.path.join(self.path, "log")
        self._make()
        Path(self.log).touch(0o600)
        self._limits = limits
        self._given: dict[str, bytes] = {}  # name: digest
        self._given_bytes = 0
        self._marks: dict[str, Mark] = {}

    def _make(self) -> None:
        for folder in (self.inside, self.data, self.home):
            os.mkdir(folder, 0o700)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Make the files of the container stand in `data`, and no others that stood there by this call before.

        Raises ValueError for a name that is no path below a folder, Overfull, and OSError where the disk is full.
        """
        for name in files:
            check_name(name)
        for name in self._given.keys() - files.keys():
            with suppress(OSError):  # it has gone, or code made a folder of it
                os.unlink(os.path.join(self.data, name))
        marks = self._marked()
        digests = {name: sha256(content).digest() for name, content in files.items()}
        for name, content in files.items():
            untouched = name in marks and self._marks.get(name) == marks[name]
            if not untouched or self._given.get(name) != digests[name]:
                self._write(name, content)
        self._given = digests
        self._given_bytes = sum(map(len, files.values()))
        self._marks = self._marked()
        os.truncate(self.log, 0)

    def taken(self) -> tuple[dict[str, bytes], int]:
        """The files that were written or changed since `put`, and how many of them are left out for the limits."""
        files: dict[str, bytes] = {}
        left, out = self._limits.handed, 0
        for found in sorted(self._found(), key=lambda found: found.name):
            if not found.name or self._marks.get(found.name) == found.mark:
                continue
            wanted = _is_text(found.name) and len(files) < self._limits.files and found.size <= left
            content = self._read(found.name) if wanted else None
            if content is None or len(content) > left:
                out += 1
                continue
            files[found.name] = content
            left -= len(content)
            self._marks[found.name] = found.mark
            self._given[found.name] = sha256(content).digest()
        return files, out

    def words(self) -> str:
        """What was printed, as far as the limit; the session's own path reads /mnt/data."""
        most = self._limits.logs
        with open(self.log, "rb") as log:
            raw = log.read(most + 1)
        text = raw[:most].decode("utf-8", "replace").replace(self.data, "/mnt/data")
        return text if len(raw) <= most else f"{text}\n[the rest of the output was cut off: at most {most} bytes]\n"

    def check(self, pid: int) -> None:
        """Raise Overfull if the code of a process has written more than it may."""
        used = _unlinked(pid) + sum(found.size for found in self._found())
        if used > self._limits.disk + self._given_bytes:
            raise Overfull(f"it wrote more than {self._limits.disk >> 20} MB")

    def empty(self) -> None:
        """Remove all that code has written, and what it was given; no process may be using it."""
        self._clear()
        self._make()
        self._given, self._marks = {}, {}

    def remove(self) -> None:
        """Remove it with all that is in it."""
        self._clear()
        shutil.rmtree(self.path)

    def _clear(self) -> None:
        """Remove `inside`, however deep its folders go: each is moved up before it is looked into."""
        pending = [self.inside]
        while pending:
            folder = pending.pop()
            os.chmod(folder, 0o700)
            for entry in _listed(folder):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                    continue
                flat = tempfile.mktemp(dir=self.path)  # noqa: S306 (nobody else can write there)
                os.rename(entry.path, flat)
                pending.append(flat)
            os.rmdir(folder)

    def _found(self) -> Iterator[Found]:
        """Every file in `data` and the sizes of those in `home`; raises Overfull."""
        count, pending = 0, [(self.data, 0, True), (self.home, 0, False)]
        while pending:
            folder, depth, named = pending.pop()
            if depth > self._limits.depth:
                raise Overfull(f"it made folders more than {self._limits.depth} deep")
            for entry in _listed(folder):
                count += 1
                if count > self._limits.entries:
                    raise Overfull(f"it made more than {self._limits.entries} files and folders")
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, depth + 1, named))
                    continue
                found = _seen(entry)
                if found is not None:
                    yield Found(os.path.relpath(entry.path, self.data) if named else "", found.st_size, _mark(found))

    def _marked(self) -> dict[str, Mark]:
        return {found.name: found.mark for found in self._found() if found.name}

    def _write(self, name: str, content: bytes) -> None:
        path = Path(self.data, name)
        # What code has made where this file belongs gives way to it.
        for part in (*reversed(path.relative_to(self.data).parents[:-1]), path.relative_to(self.data)):
            there = Path(self.data, part)
            if there.is_dir() if there == path else there.is_file():
                there.rename(tempfile.mktemp(dir=self.home))  # noqa: S306 (the code inside stands still)
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(content)

    def _read(self, name: str) -> bytes | None:
        try:
            opened = os.open(Path(self.data, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # made without the right to read it, or gone
            return None
        with os.fdopen(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return None
            return file.read(self._limits.handed + 1)


def check_name(name: str) -> None:
    """Raise ValueError for a name that is no plain path below /mnt/data."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name or str(PurePosixPath(name)) != name:
        raise ValueError(f"{name!r} is no name of a file under /mnt/data")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
    return True


def _listed(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder; it may have been made without the right to look, or be gone meanwhile."""
    try:
        with suppress(PermissionError), os.scandir(folder) as entries:
            return list(entries)
        os.chmod(folder, 0o700)
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _unlinked(pid: int) -> int:
    """Bytes of the files that a process has open and that are in no folder any more."""
    used = 0
    with suppress(OSError):  # it has just ended
        for number in os.listdir(f"/proc/{pid}/fd"):
            with suppress(FileNotFoundError):
                found = os.stat(f"/proc/{pid}/fd/{number}")
                used += found.st_size if stat.S_ISREG(found.st_mode) and not found.st_nlink else 0
    return used


def _seen(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _mark(found: os.stat_result) -> Mark:
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
