"""Requests that are no good HTTP, or end in the middle: the server stays, and stores nothing of them."""

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.fuzz import bodies

HEAD = b"POST /ns/%s/openai/v1/%s HTTP/1.1\r\nhost: localhost\r\napi-key: k\r\ncontent-type: %s\r\n%s\r\n"
BODY = b'{"model": "gpt-4o", "input": "Say hello."}'
JSON, FORM = b"application/json", b"multipart/form-data; boundary=x"
UPLOAD = (
    b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
)
ASKED = [(b"responses", JSON, BODY), (b"responses/input_tokens", JSON, BODY), (b"files", FORM, UPLOAD)]


def chunked(body, size):
    """A body in chunks of that size, without the last one."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


@pytest.mark.parametrize(("path", "kind", "body"), ASKED, ids=lambda value: value.decode()[:9])
def test_a_body_that_is_cut_short_is_not_taken(target, path, kind, body):
    name, _ = target.place()
    before = target.stored(name)

    @bodies.SETTINGS
    @hypothesis.given(size=st.integers(1, 200), cut=st.integers(1, 200), in_chunks=st.booleans())
    def check(size, cut, in_chunks):
        how = b"transfer-encoding: chunked\r\n" if in_chunks else b"content-length: %d\r\n" % len(body)
        sent = chunked(body, size) if in_chunks else body
        answer = target.raw(HEAD % (name.encode(), path, kind, how) + sent[: max(0, len(sent) - cut)])
        assert b" 500 " not in answer.partition(b"\r\n")[0], answer
        assert b" 200 " not in answer.partition(b"\r\n")[0], answer
        assert target.stored(name) == before

    check()
    assert target.http.get("/_emulator/livez").status_code == 200


FIRST = (b"POST /v1/responses HTTP/1.1", b"GET / HTTP/1.1", b"", b"BREW /v1/models HTTP/1.1", b"GET /v1/models")
LINES = (
    b"host: localhost",
    b"api-key: k",
    b"content-length: 10",
    b"content-length: -1",
    b"content-length: 99999999999999999999",
    b"transfer-encoding: chunked",
    b"transfer-encoding: gzip",
    b"content-type: application/json",
    b"x-emulator-namespace: \xff",
    b"x-emulator-fault: {",
    b"expect: 100-continue",
    b"upgrade: websocket",
    b"no colon",
    b"",
)
TAILS = (b"5\r\n{}", b"zz\r\n", b"0\r\n\r\n", BODY)


@bodies.SETTINGS
@hypothesis.given(
    first=st.sampled_from(FIRST),
    lines=st.lists(st.sampled_from(LINES), max_size=6),
    tail=st.binary(max_size=40) | st.sampled_from(TAILS),
)
def test_no_bytes_break_the_server(shared, first, lines, tail):
    answer = shared.raw(b"\r\n".join([first, *lines, b"", b""]) + tail)
    assert b" 500 " not in answer.partition(b"\r\n")[0], answer
    assert shared.http.get("/_emulator/livez").status_code == 200
