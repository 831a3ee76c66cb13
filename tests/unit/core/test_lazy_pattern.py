"""A regular expression that is compiled when it is first used is otherwise what `re.compile` gives."""

import re

import pytest

from emulator.core.lazy_pattern import lazy_pattern


def test_it_finds_what_a_compiled_one_finds():
    lazy, compiled = lazy_pattern(r"(?P<word>[a-z]+)!", re.IGNORECASE), re.compile(r"(?P<word>[a-z]+)!", re.IGNORECASE)
    text = "One! two three!"
    assert [found["word"] for found in lazy.finditer(text)] == [found["word"] for found in compiled.finditer(text)]
    assert lazy.sub(r"<\g<word>>", text) == compiled.sub(r"<\g<word>>", text)
    assert lazy.split(text) == compiled.split(text)
    assert (lazy.pattern, lazy.flags, lazy.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert lazy.match("two") is None


def test_it_takes_bytes():
    assert lazy_pattern(rb"\d+").search(b"no 12").group() == b"12"


def test_it_is_compiled_when_it_is_first_used():
    wrong = lazy_pattern("(")
    with pytest.raises(re.error):
        wrong.search("text")


def test_it_has_no_other_attributes():
    with pytest.raises(AttributeError, match="nothing"):
        lazy_pattern("a").nothing  # noqa: B018 (asking is the test)
