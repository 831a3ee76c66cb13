"""The type and size of a picture, read from its first bytes; it decodes no pixel and keeps nothing."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

# Markers of JPEG that stand alone, without a length behind them, and those that begin a frame and tell its size.
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_MOVING = b"NETSCAPE2.0"  # the extension that makes a GIF repeat its pictures


class Head(NamedTuple):
    """What a picture says of itself: its media type, and its sides in pixels."""

    type: str
    width: int
    height: int


class ImageProblem(Exception):  # noqa: N818 (it is an answer, and names a row of the error table)
    """Why bytes are no picture that is taken: `row` is a row of `ERRORS`, `reason` one sentence."""

    def __init__(self, row: str, reason: str) -> None:
        super().__init__(reason)
        self.row = row
        self.reason = reason


def read_head(data: bytes) -> Head:
    """The head of a PNG, JPEG, WEBP or GIF; `data` may be cut anywhere after it.

    Raises ImageProblem: `empty_image_file`, `invalid_image_format` (no such picture), `image_parse_error` (one whose
    head is broken or cut off), `image_too_small` (a side of no pixels), `invalid_image_mode` (a GIF that moves).
    """
    if not data:
        raise ImageProblem("empty_image_file", "it is empty")
    read = next((reader for sign, reader in _READERS.items() if data.startswith(sign)), None)
    if read is None:
        raise ImageProblem("invalid_image_format", "its bytes are those of no PNG, JPEG, WEBP or GIF")
    try:
        head = read(data)
    except IndexError:
        raise _broken("it ends before its size is told") from None
    if not (head.width and head.height):
        raise ImageProblem("image_too_small", "one of its sides has no pixels")
    return head


def _broken(reason: str) -> ImageProblem:
    return ImageProblem("image_parse_error", reason)


def _number(data: bytes, at: int, size: int, order: str = "little") -> int:
    """An unsigned number; raises IndexError where the bytes end before it."""
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big" if order == "big" else "little")


def _png(data: bytes) -> Head:
    if _number(data, 8, 8, "big") != (13 << 32) + int.from_bytes(b"IHDR"):
        raise _broken("a PNG begins with another chunk than IHDR")
    return Head("image/png", _number(data, 16, 4, "big"), _number(data, 20, 4, "big"))


def _jpeg(data: bytes) -> Head:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise _broken("a JPEG has something between its segments")
        marker = data[at + 1]
        if marker == 0xFF:  # a filling byte
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return Head("image/jpeg", _number(data, at + 7, 2, "big"), _number(data, at + 5, 2, "big"))
        elif marker in (_SCAN, _END):
            raise _broken("a JPEG has no frame before its pixels")
        else:
            at += 2 + max(2, _number(data, at + 2, 2, "big"))


def _webp(data: bytes) -> Head:
    kind = data[12:16]
    if data[8:12] != b"WEBP"[: max(0, len(data) - 8)]:
        raise ImageProblem("invalid_image_format", "its bytes are those of a RIFF file, but of no WEBP")
    if kind == b"VP8 ":
        if _number(data, 23, 3) != int.from_bytes(b"\x9d\x01\x2a", "little"):
            raise _broken("a WEBP has no start code before its frame")
        return Head("image/webp", _number(data, 26, 2) & 0x3FFF, _number(data, 28, 2) & 0x3FFF)
    if kind == b"VP8L":
        if data[20] != 0x2F:
            raise _broken("a WEBP has no signature before its pixels")
        bits = _number(data, 21, 4)
        return Head("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        return Head("image/webp", _number(data, 24, 3) + 1, _number(data, 27, 3) + 1)
    if len(data) < 16:
        raise IndexError(len(data))
    raise _broken("a WEBP begins with a chunk that is not known")


def _gif(data: bytes) -> Head:
    head = Head("image/gif", _number(data, 6, 2), _number(data, 8, 2))
    flags = data[10]
    after = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    if _MOVING in data[after : after + 64]:
        raise ImageProblem("invalid_image_mode", "it is an animation")
    return head


_READERS: Mapping[bytes, Callable[[bytes], Head]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"RIFF": _webp,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
}
