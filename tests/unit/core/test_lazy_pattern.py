"""A regular expression that is compiled when it is first used is otherwise what `re.compile` gives."""

import copy
import pkgutil
import re
from importlib import import_module

import pytest

import emulator
from emulator.core.lazy_pattern import _Lazy, lazy_pattern


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


def test_it_can_be_copied():
    assert copy.copy(lazy_pattern("a+")).search("baa").group() == "aa"


def test_every_expression_of_the_emulator_is_one():
    found = []
    for module in pkgutil.walk_packages(emulator.__path__, "emulator."):
        if not module.name.endswith(("__main__", "sandbox.worker")):
            found += [one for one in vars(import_module(module.name)).values() if isinstance(one, _Lazy)]
    assert len(found) > 40
    for one in found:
        assert one.pattern
