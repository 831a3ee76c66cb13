"""The head of a picture is read as another decoder reads it, and no bytes at all make the reader do anything else."""

from contextlib import suppress
from io import BytesIO

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.image_head import Head, ImageProblem, read_head
from tests import pictures

SIDES = st.integers(1, 16_000)
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
WRITTEN = {
    "image/png": [pictures.png],
    "image/jpeg": [pictures.jpeg, lambda *sides: pictures.jpeg(*sides, before=3, marker=0xC2)],
    "image/webp": [
        pictures.webp,
        lambda *sides: pictures.webp(*sides, kind="VP8L"),
        lambda *sides: pictures.webp(*sides, kind="VP8X"),
    ],
    "image/gif": [pictures.gif],
}
SAMPLES = [write(3, 5) for writers in WRITTEN.values() for write in writers]


def problem(data):
    with pytest.raises(ImageProblem) as found:
        read_head(data)
    return found.value.row


@pytest.mark.parametrize("kind", FORMATS)
@given(width=st.integers(1, 300), height=st.integers(1, 300))
def test_what_a_real_encoder_writes_is_read(kind, width, height):
    made = BytesIO()
    PIL.Image.new("RGB", (width, height)).save(made, kind)
    assert read_head(made.getvalue()) == (FORMATS[kind], width, height)


@given(SIDES, SIDES)
def test_every_form_of_every_format_tells_its_size(width, height):
    for kind, writers in WRITTEN.items():
        for write in writers:
            assert read_head(write(width, height)) == Head(kind, width, height)


@pytest.mark.parametrize("data", SAMPLES, ids=lambda data: data[:4].hex())
def test_cut_at_every_byte_it_is_read_or_refused(data):
    whole = read_head(data)
    seen = []
    for end in range(min(len(data), 400)):
        try:
            assert read_head(data[:end]) == whole
            seen.append("read")
        except ImageProblem as found:
            seen.append(found.row)
    # Once there is enough, more changes nothing.
    assert seen == sorted(seen, key=["empty_image_file", "invalid_image_format", "image_parse_error", "read"].index)


@given(st.binary(max_size=200), st.sampled_from([b"", *(sample[:12] for sample in SAMPLES)]))
def test_any_bytes_are_read_or_refused(data, start):
    with suppress(ImageProblem):
        head = read_head(start + data)
        assert head.type in FORMATS.values()
        assert min(head.width, head.height) > 0


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"", "empty_image_file"),
        (b"hello", "invalid_image_format"),
        (b"BM" + b"\0" * 60, "invalid_image_format"),
        (b"RIFF\0\0\0\0WAVEfmt ", "invalid_image_format"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "image_parse_error"),
        (b"\xff\xd8\xff\xd9", "image_parse_error"),
        (b"\xff\xd8\xff\xda\0\0", "image_parse_error"),
        (b"\xff\xd8\xff\xe0\0\x04\0\0hello", "image_parse_error"),
        (b"RIFF\0\0\0\0WEBPABCD" + b"\0" * 20, "image_parse_error"),
        (pictures.png(0, 3), "image_too_small"),
        (pictures.jpeg(3, 0), "image_too_small"),
        (pictures.gif(moving=True), "invalid_image_mode"),
    ],
)
def test_what_is_wrong_has_a_row_of_its_own(data, row):
    assert problem(data) == row


def test_a_jpeg_may_be_filled_between_its_segments():
    data = pictures.jpeg(7, 9)
    assert read_head(data[:2] + b"\xff\xd0\xff\xff" + data[2:]) == ("image/jpeg", 7, 9)
