"""The child process: takes a PDF from stdin, answers on stdout, again and again; it writes no file and may be killed.

A frame is 8 bytes of length and so many bytes. An order is one byte that says whether to draw the pages, and the PDF;
its answer is JSON: `{"texts", "sizes"}`, by page,, or `{"wrong"}` with the reason.
"""

import sys
from contextlib import suppress
from typing import Any, BinaryIO

import orjson

from emulator.documents import pdf

MEMORY = 1_000_000_000  # bytes of address space
SECONDS = 1.2  # of the processor for the text of one PDF
DRAWING_SECONDS = 3.0  # more, where its pages are drawn
DRAW = b"\x01"


def main() -> None:
    """Answer orders until stdin ends."""
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints must not get among the answers
    pdf.configure()  # what it imports may still be compiled to files
    _limit()
    while (order := read_frame(orders)) is not None:
        write_frame(answers, orjson.dumps(answer(order)))


def answer(order: bytes) -> dict[str, Any]:
    """What is in the PDF of an order, or why it cannot be read."""
    data = order[1:]
    try:
        _allow(SECONDS)
        texts, sizes = pdf.read_text(data)
        if order[:1] == DRAW:
            _allow(DRAWING_SECONDS)
            pdf.draw_pages(data)
        _allow(0)
    except pdf.PdfError as error:
        return {"wrong": str(error)}
    except MemoryError:
        return {"wrong": "unpacks to more than is accepted"}
    except Exception:  # noqa: BLE001 (the boundary of the child: a broken file may raise anything)
        return {"wrong": "is broken"}
    # What a broken font maps to half a character could not be sent.
    return {"texts": [text.encode(errors="replace").decode() for text in texts], "sizes": sizes}


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None where the stream ends before it is whole."""
    head = stream.read(8)
    size = int.from_bytes(head)
    body = stream.read(size) if len(head) == 8 else b""
    return body if len(head) == 8 and len(body) == size else None


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write a frame and send it off; raises OSError where nobody reads."""
    stream.write(len(body).to_bytes(8) + body)
    stream.flush()


def _limit() -> None:
    """Take little memory, write no file and leave no image of the memory behind, where the system can see to it."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _allow(seconds: float) -> None:
    """End this process once it has used the processor for so long from now on; 0 is as long as it likes."""
    with suppress(ImportError, AttributeError):
        import signal

        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
