"""The program inside: confines itself, then runs code piece by piece in one namespace; it decides no limit.

It reads lines of JSON on its input, `{"run": 3, "code": "...", "logs": 1000}`, and answers on its output with frames:
four bytes of length, then `{"run": 3, "ended": "completed", "images": [base64]}`. All that the code prints goes to what
the server gave it as stderr, a file that the server reads.
"""

import ast
import base64
import io
import json
import linecache
import os
import sys
import traceback
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, BinaryIO

from emulator.sandbox import figures, paths
from emulator.sandbox.confine import Unconfined, confine

HIDDEN = (__file__, paths.__file__)  # frames that tracebacks do not show


def main() -> None:
    """Confine this process, say so, and run what comes until the server closes the pipe."""
    told = json.loads(sys.argv[1])
    sys.argv = [""]
    requests, answers = _own_pipes()
    try:
        confine(told["folder"], told["memory"], told["file"], told["version"])
    except (Unconfined, OSError, KeyError) as error:
        _answer(answers, {"unconfined": str(error) or repr(error)})
        return
    os.chdir(told["data"])
    paths.show_as_data(told["data"])
    sys.path.insert(0, told["data"])
    space = ModuleType("__main__")
    space.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = space
    _answer(answers, {"run": 0})
    for line in requests:
        asked = json.loads(line)
        words = _Words(asked["logs"])
        sys.stdin = io.StringIO()
        sys.stdout = sys.stderr = io.TextIOWrapper(words, "utf-8", "backslashreplace", write_through=True)
        ended = _run(asked["code"], asked["run"], space.__dict__)
        images = _pictures()
        _answer(answers, {"run": asked["run"], "ended": ended, "images": images})


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes to the server, moved out of the way of what foreign code takes for its input and output."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


class _Words(io.RawIOBase):
    """What is printed: written through to the log, and dropped beyond its limit so that the code goes on."""

    def __init__(self, most: int) -> None:
        self._left = most + 1  # one more than is shown tells the server that something was dropped

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self._left:
            return len(data)
        view = memoryview(data).cast("B")
        kept = view[: self._left]
        self._left -= len(kept)
        while kept:
            kept = kept[os.write(2, kept) :]
        return len(view)


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    encoded = json.dumps(answer).encode()
    answers.write(len(encoded).to_bytes(4, "big") + encoded)
    answers.flush()


def _run(code: str, number: int, space: dict[str, Any]) -> str:
    """Run one piece and say how it ended; what it raised is printed."""
    name = f"<run {number}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    try:
        body, last = _parts(code, name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _tell(error, None)
    try:
        exec(body, space)  # noqa: S102 (this is what the sandbox is for)
        if last is not None:
            _echo(eval(last, space), space)  # noqa: S307
    except SystemExit as error:
        return "completed" if error.code in (None, 0) else _tell(error, error.__traceback__)
    except BaseException as error:  # noqa: BLE001 (whatever the code raises is told to who sent it)
        return _tell(error, error.__traceback__)
    return "completed"


def _parts(code: str, name: str) -> tuple[CodeType, CodeType | None]:
    """All but the last expression, and that: a semicolon after it keeps it quiet, as in a notebook."""
    tree = ast.parse(code, name)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(";"):
        expression = tree.body.pop()
        assert isinstance(expression, ast.Expr)  # noqa: S101 (for the type checker)
        last = compile(ast.Expression(expression.value), name, "eval")
    return compile(tree, name, "exec"), last


def _echo(value: object, space: dict[str, Any]) -> None:
    if value is not None:
        space["_"] = value
        sys.stdout.write(f"{value!r}\n")


def _tell(error: BaseException, trace: TracebackType | None) -> str:
    """Print a traceback that begins in the code that was sent, without what stands between it and Python."""
    inner = trace.tb_next if trace else None

    def tell() -> None:
        told: traceback.TracebackException | None = traceback.TracebackException(type(error), error, inner)
        whole = told
        while told is not None:
            told.stack[:] = [frame for frame in told.stack if frame.filename not in HIDDEN]
            told = told.__cause__ or told.__context__
        assert whole is not None  # noqa: S101 (for the type checker)
        whole.print()

    _quietly(tell)
    return "memory" if isinstance(error, MemoryError) else "failed"


def _pictures() -> list[str]:
    taken: list[bytes] = []
    _quietly(lambda: taken.extend(figures.take()))
    return [base64.b64encode(picture).decode() for picture in taken]


def _quietly(tell: Callable[[], object]) -> None:
    """Do what runs foreign code on the way (a `__str__`, a drawing) and print what goes wrong."""
    try:
        tell()
    except BaseException as error:  # noqa: BLE001
        os.write(2, f"{type(error).__name__}\n".encode())
