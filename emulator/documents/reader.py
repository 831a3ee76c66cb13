"""Documents: the PDFs of one server, read one after the other by a child process; it looks into no PDF itself."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from collections import OrderedDict
from typing import IO

import orjson

from emulator.core.document import Document
from emulator.documents.child import DRAW, read_frame, write_frame
from emulator.documents.pdf import PdfError

LARGEST = 50_000_000  # bytes of one PDF
# For one order. The child's own limit is of the processor's time, which a busy machine stretches; some have none.
WALL_SECONDS = 20.0 if hasattr(signal, "setitimer") else 5.0
ORDERS = 200  # of one child, so that what it does not give back is given back
MOST_KEPT = 64  # answers that are remembered
MOST_TEXT = 16_000_000  # characters of them
KILLED_BY_TIME = -getattr(signal, "SIGPROF", 0)


class Documents:
    """Reads PDFs of at most `LARGEST` bytes, one at a time, and remembers by its content what it has read.

    With `draw` every page is drawn too.
    """

    def __init__(self, *, draw: bool = False) -> None:
        self._draw = draw
        self._turn = asyncio.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._orders = 0
        self._kept: OrderedDict[bytes, Document | str] = OrderedDict()

    async def read(self, data: bytes) -> Document:
        """What is in a PDF; raises PdfError. Others are served meanwhile."""
        if b"%PDF-" not in data[:1024]:
            raise PdfError("has no bytes of a PDF")
        key = await asyncio.to_thread(_hash, data)
        if key not in self._kept:
            async with self._turn:
                if key not in self._kept:  # it may have been read while we waited
                    self._keep(key, await self._read(data))
        self._kept.move_to_end(key)
        found = self._kept[key]
        if isinstance(found, str):
            raise PdfError(found)
        return found

    def stop(self) -> None:
        """End the child; whoever waits for it gets an error."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                _close(pipe)

    async def _read(self, data: bytes) -> Document | str:
        """What the child says of a PDF, or why it cannot be read; raises PdfError for what may be otherwise again."""
        child = self._started()
        order = (DRAW if self._draw else b"\x00") + data
        asked = asyncio.create_task(asyncio.to_thread(_ask, child, order))
        try:
            async with asyncio.timeout(WALL_SECONDS):
                said = await asyncio.shield(asked)
        except TimeoutError:
            raise PdfError("takes too long to read") from None
        finally:
            if not asked.done():  # too late, or nobody waits any more: what would come is no answer to the next order
                child.kill()
                await asked
                self.stop()
        if said is None:
            died = child.wait()
            self.stop()
            if died == KILLED_BY_TIME:
                raise PdfError("takes too long to read")
            raise PdfError("takes too much memory to read, or is broken")
        told = orjson.loads(said)
        if "wrong" in told:
            return str(told["wrong"])
        return Document(texts=tuple(told["texts"]), sizes=tuple((width, height) for width, height in told["sizes"]))

    def _started(self) -> subprocess.Popen[bytes]:
        self._orders += 1
        if self._child is None or self._child.poll() is not None or self._orders > ORDERS:
            self.stop()
            self._orders = 1
            self._child = _start()
        return self._child

    def _keep(self, key: bytes, found: Document | str) -> None:
        self._kept[key] = found
        while len(self._kept) > 1 and (
            len(self._kept) > MOST_KEPT or sum(map(_length, self._kept.values())) > MOST_TEXT
        ):
            self._kept.popitem(last=False)


def _start() -> subprocess.Popen[bytes]:
    """A child that sees nothing of this process's environment but where its modules are."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-m", "emulator.documents.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**kept, "PYTHONPATH": path, "PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "1"},
    )


def _ask(child: subprocess.Popen[bytes], order: bytes) -> bytes | None:
    """The answer to one order; None where the child has died. It blocks, so it runs on a thread."""
    assert child.stdin is not None and child.stdout is not None  # noqa: PT018, S101 (pipes, by the way it was started)
    try:
        write_frame(child.stdin, order)  # type: ignore[arg-type]
        return read_frame(child.stdout)  # type: ignore[arg-type]
    except (OSError, ValueError):  # a pipe that was closed on either side
        return None


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:  # what was still to be sent has nobody to get it
        pass


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _length(found: Document | str) -> int:
    return len(found) if isinstance(found, str) else sum(map(len, found.texts))
