"""Pictures written by hand, whole enough for their heads to be read: nothing here came from anywhere else."""

import base64
import zlib


def png(width: int = 2, height: int = 2) -> bytes:
    """A grey PNG, all its pixels black; a large one has no pixels at all."""
    rows = zlib.compress((b"\0" * (width + 1)) * height) if width * height < 10**6 else b""
    head = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def jpeg(width: int = 2, height: int = 2, before: int = 0, marker: int = 0xC0) -> bytes:
    """The head of a JPEG, with so many segments of 60,000 bytes before its frame."""
    segments = (b"\xff\xe1" + (60_002).to_bytes(2) + b"\0" * 60_000) * before
    frame = b"\xff" + bytes((marker,)) + (11).to_bytes(2) + b"\x08" + height.to_bytes(2) + width.to_bytes(2)
    return b"\xff\xd8" + segments + frame + b"\x01\x01\x11\x00" + b"\xff\xd9"


def gif(width: int = 2, height: int = 2, *, moving: bool = False) -> bytes:
    """The head of a GIF with a table of two colours."""
    table = bytes((0x80, 0, 0)) + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + _little(width, 2) + _little(height, 2) + table + (
        b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if moving else b""
    ) + b"\x3b"  # fmt: skip


def webp(width: int = 2, height: int = 2, kind: str = "VP8 ") -> bytes:
    """The head of a WEBP: lossy `VP8 `, lossless `VP8L` or extended `VP8X`."""
    data = {
        "VP8 ": b"\0\0\0\x9d\x01\x2a" + _little(width, 2) + _little(height, 2),
        "VP8L": b"\x2f" + _little((width - 1) | (height - 1) << 14, 4),
        "VP8X": b"\0\0\0\0" + _little(width - 1, 3) + _little(height - 1, 3),
    }[kind]
    return b"RIFF" + _little(len(data) + 12, 4) + b"WEBP" + kind.encode() + _little(len(data), 4) + data


def _little(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def data_url(data: bytes, mime: str = "image/png") -> str:
    """A data URL with these bytes."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
