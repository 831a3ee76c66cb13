"""What looks like a credential is taken out, and nothing else."""

import orjson
import pytest

from emulator.core.redact import REDACTED, is_suspect, mask, redact, telling


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer <redacted>"),
        ("use bearer  0123456789 now", "use bearer  <redacted> now"),
        ("a\nsk-proj-0123_abc\n", "a\n<redacted>\n"),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.sig, said he", "<redacted>, said he"),
        ("see https://me:pass@example.com/a", "see https://<redacted>@example.com/a"),
        ("https://x.example/a?sig=abc%20d&b=1", "https://x.example/a?sig=<redacted>&b=1"),
        ("the bearer of this", "the bearer of this"),
        ("a task-management desk-research", "a task-management desk-research"),
        ("mail me@example.com", "mail me@example.com"),
        ("eyJ is how they begin", "eyJ is how they begin"),
    ],
)
def test_texts(text, shown):
    assert mask(text) == shown
    assert mask(shown) == shown
    if text != shown:
        assert is_suspect(orjson.dumps(text))


def test_an_mcp_servers_credentials():
    body = {
        "tools": [{"type": "mcp", "authorization": "x", "headers": {"A": "x", "B": "y"}}, {"type": "function"}],
        "metadata": {"authorization": "x", "plain": "x"},
        "schema": {"properties": {"password": {"type": "string"}, "headers": {"type": "object"}}},
        "numbers": [1, 2.5, None, True],
    }
    assert redact(body) == {
        "tools": [
            {"type": "mcp", "authorization": REDACTED, "headers": {"A": REDACTED, "B": REDACTED}},
            {"type": "function"},
        ],
        "metadata": body["metadata"],
        "schema": body["schema"],
        "numbers": body["numbers"],
    }


def test_a_credential_that_was_given_is_found_anywhere():
    secret = 'very "odd" \\ secret 1'
    assert is_suspect(orjson.dumps({"a": f"it is {secret}!"}), [secret])
    assert redact({"a": f"it is {secret}!", secret: 1}, [secret]) == {"a": f"it is {REDACTED}!", REDACTED: 1}


def test_a_letter_written_as_an_escape_is_looked_at_more_closely():
    raw = rb'{"a": "\u0073k-0123456789"}'
    assert is_suspect(raw)
    assert redact(orjson.loads(raw)) == {"a": REDACTED}
    assert not is_suspect('{"a": "café @ http"}'.encode())


def test_a_word_is_no_telling_credential():
    assert [telling(text) for text in ("emulator", "test-key", "key-4711", "a" * 16, "x1")] == [
        False, False, True, True, False,
    ]  # fmt: skip
