"""Dots as the bytes of a PNG, with nothing but the standard library; it chooses no colour and draws nothing."""

import zlib
from collections.abc import Sequence

Colour = tuple[int, int, int]
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TWICE = bytes((value & 15) * 17 for value in range(256))  # two pixels of one colour share a byte


def encoded(rows: Sequence[bytes], dot: int, palette: Sequence[Colour], *, transparent: bool) -> bytes:
    """A PNG of 16 colours at most, each dot `dot` pixels wide and high (an even number).

    `rows` hold numbers of the palette; with `transparent` the first colour cannot be seen.
    """
    wide, half = len(rows[0]) * dot, dot // 2
    same = b"\2" + bytes(wide // 2)  # a row that is like the one above it
    raw = bytearray()
    before: bytes | None = None
    for row in rows:
        if row == before:
            raw += same * dot
            continue
        line = bytearray(wide // 2)
        for at in range(half):
            line[at::half] = row.translate(_TWICE)
        raw += b"\0" + line + same * (dot - 1)
        before = row
    head = wide.to_bytes(4, "big") + (len(rows) * dot).to_bytes(4, "big") + b"\4\3\0\0\0"
    colours = b"".join(map(bytes, palette))
    seen = _chunk(b"tRNS", b"\0") if transparent else b""
    data = _chunk(b"IDAT", zlib.compress(raw, 6))
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"PLTE", colours) + seen + data + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
