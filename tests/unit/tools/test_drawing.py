"""The drawn picture: valid for its size and format, the same each time, small, and readable whatever the prompt."""

import struct
import sys
import unicodedata
import zlib
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emulator.tools.drawing import COARSE, INK, NeedsPillowError, Sketch, _page, _painted, drawn
from emulator.tools.drawing.font import HEIGHT, NOTHING, shape
from emulator.tools.drawing.layout import MORE, width_of, wrapped

SIZES = [(1024, 1024), (1024, 1536), (1536, 1024)]
OTTER = "Generate an image of gray tabby cat hugging an otter with an orange scarf"
TEXTS = st.one_of(st.text(max_size=80), st.text(st.characters(exclude_categories=["Cs"]), max_size=400))


def opened(data):
    with Image.open(BytesIO(data)) as picture:
        picture.load()
        return picture


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        found.append((kind, body))
        at += 12 + length
    return found


def dots(char):
    return [format(row, f"0{shape(char).width}b") for row in shape(char).rows]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_has_the_size_and_format_that_were_asked_for(size, kind):
    picture = opened(drawn(Sketch(OTTER, size=size, format=kind)))
    assert (picture.size, picture.format) == (size, kind.upper())


def test_the_same_sketch_is_the_same_bytes_and_another_prompt_is_not():
    drawn.cache_clear()
    first = drawn(Sketch(OTTER))
    drawn.cache_clear()
    assert drawn(Sketch(OTTER)) == first
    assert drawn(Sketch(f"{OTTER}.")) != first


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_is_a_few_kilobytes(size):
    assert len(drawn(Sketch(OTTER, "gpt-image-1", ("edit of: a cat",), size))) < 6_000
    assert len(drawn(Sketch("word " * 2_000, size=size))) < 16_000


def test_a_png_is_well_formed():
    kinds = [kind for kind, _ in chunks(drawn(Sketch(OTTER, transparent=True)))]
    assert kinds == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]


def test_a_transparent_picture_has_no_paper():
    for kind in ("png", "webp"):
        picture = opened(drawn(Sketch("x", format=kind, transparent=True))).convert("RGBA")
        assert picture.getpixel((1000, 1000))[3] == 0
        assert picture.getpixel((0, 0))[3] == 255
    assert opened(drawn(Sketch("x"))).convert("RGBA").getpixel((1000, 1000))[3] == 255


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(SIZES))
def test_any_prompt_gives_a_valid_picture(prompt, size):
    assert opened(drawn(Sketch(prompt, prompt, (prompt,), size))).size == size


@given(TEXTS, st.integers(40, 400))
def test_wrapping_loses_no_character_and_no_line_is_too_wide(text, width):
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(unicodedata.normalize("NFC", text).split())
    assert all(width_of(line) <= width for line in lines)


@pytest.mark.parametrize("words", [1, 10, 60, 250])
def test_the_whole_prompt_is_there(words):
    page = _page(Sketch("otter " * words))
    assert " ".join(page.lines).split() == ["otter"] * words
    assert MORE not in page.lines


def test_a_prompt_that_no_letters_are_small_enough_for_says_that_there_was_more():
    assert _page(Sketch("otter " * 2_000)).lines[-1] == MORE


def test_short_prompts_have_larger_letters():
    scales = [(_page(Sketch("x" * length)).scale, _page(Sketch("x" * length)).dot) for length in (20, 100, 500, 1_500)]
    assert scales == [(3, 4), (2, 4), (1, 4), (1, 2)]


def test_every_ascii_letter_looks_like_no_other():
    seen = {shape(chr(code)) for code in range(33, 127)}
    assert len(seen) == 94
    assert all(each.width == 5 and len(each.rows) == HEIGHT for each in seen)


def test_an_umlaut_is_its_letter_with_dots_above():
    plain, umlaut = dots("u"), dots("ü")
    assert [row for row in umlaut if row not in plain] == ["01010"]
    assert "01010" in dots("Ü")[:3]


def test_what_the_font_does_not_have_is_a_box_with_its_code_point():
    assert shape("中").width == 4 * len("4E2D") + 3
    assert shape("中") != shape("文")
    assert dots("中")[2] == "1" * shape("中").width
    assert shape("🦦").width == 4 * len("1F9A6") + 3


@pytest.mark.parametrize("char", ["\u0301", "\u200d", "\ufe0f", "\0"])
def test_what_nobody_sees_takes_no_room(char):
    assert shape(char) == NOTHING


def test_partial_pictures_come_nearer_and_nearer():
    sketch = Sketch("A cat")
    whole = opened(drawn(sketch)).convert("L")
    far = []
    for coarse in COARSE:
        partial = opened(drawn(replace(sketch, coarse=coarse))).convert("L")
        assert partial.size == whole.size
        far.append(sum(abs(a - b) for a, b in zip(partial.tobytes()[::7], whole.tobytes()[::7], strict=True)))
    assert far == sorted(far, reverse=True)
    assert len(set(far)) == 3
    assert far[-1] > 0


def test_less_quality_is_fewer_bytes():
    assert len(drawn(Sketch(OTTER, format="jpeg", compression=20))) < len(drawn(Sketch(OTTER, format="jpeg")))


def test_the_ink_is_where_the_text_is():
    _, rows = _painted(Sketch("A cat"))
    assert sum(row.count(INK) for row in rows[:60]) == 0
    assert sum(row.count(INK) for row in rows) > 100


def test_without_pillow_png_is_drawn_and_the_others_are_not(monkeypatch):
    drawn.cache_clear()
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert drawn(Sketch("x")).startswith(b"\x89PNG")
    for kind in ("jpeg", "webp"):
        with pytest.raises(NeedsPillowError):
            drawn(Sketch("x", format=kind))
