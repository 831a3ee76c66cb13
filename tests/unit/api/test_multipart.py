"""A form reads the same however it is cut, and whatever bytes its file holds."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.multipart import LONGEST_NAME, MOST_PARTS, Form, clean_filename
from emulator.api.transfer import disposition
from emulator.core.errors import ApiError

BOUNDARY = "b0undary"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
# Bytes that look like the boundary are where such parsers go wrong.
NASTY = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--b0", b"\r\n--b0undar", b"--b0undary", b"\r\n", b"x", b"\0"]),
    max_size=30,
).map(b"".join)
CONTENT = st.one_of(st.binary(max_size=300), NASTY).filter(lambda data: b"\r\n--b0undary" not in b"\r\n" + data)
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='/\\"'), min_size=1, max_size=40)
KEPT_NAMES = NAMES.filter(lambda name: name not in (".", ".."))


def part(head, body):
    return b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), head.encode(), body)


def end():
    return b"--%b--\r\n" % BOUNDARY.encode()


def read(body, cuts=(), limit=10_000, piece=64, content_type=TYPE):
    """The form of a body that comes in several chunks, with the file's bytes."""
    form, pieces = Form(content_type, limit, piece), []
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    for start, stop in pairwise(edges):
        form.feed(body[start:stop])
        pieces += form.pieces()
    pieces.append(form.end())
    return form, pieces


def error_of(body, **how):
    with pytest.raises(ApiError) as caught:
        read(body, **how)
    return caught.value


@given(CONTENT, KEPT_NAMES, st.booleans(), st.lists(st.integers(0, 700), max_size=20))
def test_any_bytes_under_any_name_come_through_cut_anywhere(content, name, file_first, cuts):
    parts = [part('name="purpose"', b"batch"), part(f'name="file"; filename="{name}"', content)]
    if file_first:
        parts.reverse()
    form, pieces = read(b"".join(parts) + end(), cuts)
    assert b"".join(pieces) == content
    assert form.filename == name
    assert form.size == len(content)
    assert form.fields == {"purpose": "batch"}
    assert all(len(piece) == 64 for piece in pieces[:-1])
    assert len(pieces[-1]) <= 64


@given(st.integers(1, 200))
def test_a_form_that_breaks_off_is_refused(missing):
    body = part('name="file"; filename="a"', b"x" * 100) + end()
    error = error_of(body[: -min(missing + 2, len(body))])
    assert error.name == "bad_multipart"


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_and_never_raise_anything_else(data):
    assert error_of(data).name == "bad_multipart"


@given(st.text(max_size=600))
def test_a_clean_filename_is_a_plain_name(name):
    cleaned = clean_filename(name)
    assert 0 < len(cleaned) <= LONGEST_NAME
    assert not set(cleaned) & {"/", "\\", "\0", "\n", "\r"}
    assert cleaned not in (".", "..")
    assert clean_filename(cleaned) == cleaned


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1))
def test_a_disposition_is_one_line_of_ascii_that_ends_where_it_should(name):
    header = disposition(clean_filename(name))
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("a\0b\r\nc.txt", "a_b__c.txt"),
        ("dir/", "file"),
        ("..", "file"),
        ("圖表 ☂.png", "圖表 ☂.png"),
        ("n" * 300 + ".jsonl", "n" * 249 + ".jsonl"),
        ("." + "n" * 300, "." + "n" * 254),
    ],
)
def test_a_filename_loses_its_folders_and_control_characters(sent, kept):
    assert clean_filename(sent) == kept


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "ends before"),
        (b'{"file": 1}', "not well-formed"),
        (part("", b"x") + end(), "no name"),
        (part('name="a"', b"x" * 1025) + end(), "longer than 1024"),
        (part('name="a"', b"\xff") + end(), "not UTF-8"),
        (part('name="file"; filename="a"', b"") * 2 + end(), "more than one file"),
        (part('name="a"', b"") * (MOST_PARTS + 1) + end(), "more than 20 parts"),
        (part('name="a"\r\nX: ' + "x" * 9000, b"") + end(), "header"),
    ],
)
def test_a_broken_form_says_what_is_wrong(body, reason):
    error = error_of(body)
    assert error.name == "bad_multipart"
    assert reason in error.message


def test_a_file_over_the_limit_is_refused_before_its_end():
    assert error_of(part('name="file"; filename="a"', b"x" * 101), limit=100).name == "body_too_large"
    form, _ = read(part('name="file"; filename="a"', b"x" * 100) + end(), limit=100)
    assert form.size == 100


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=x"])
def test_only_a_multipart_form_is_read(content_type):
    assert error_of(b"", content_type=content_type).name == "bad_content_type"


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 300}"],
)
def test_a_form_needs_a_boundary(content_type):
    assert error_of(b"", content_type=content_type).name == "bad_multipart"


def test_further_files_are_named_and_dropped():
    body = part('name="other"; filename="b"', b"y" * 5000) + part('name="file"; filename="a"', b"x") + end()
    form, pieces = read(body)
    assert form.others == ["other"]
    assert b"".join(pieces) == b"x"


def test_a_file_without_a_filename_is_a_field():
    form, _ = read(part('name="file"', b"x") + end())
    assert form.filename is None
    assert form.fields == {"file": "x"}
