"""The emulator's `dataclass` does what the library's does, but for what the type checker looks after."""

import dataclasses
from dataclasses import field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.records import dataclass


@dataclass(frozen=True, slots=True)
class Ours:
    number: int
    text: str = "x"
    secret: str = field(default="s", repr=False)
    seen: int = field(default=0, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    number: int
    text: str = "x"
    secret: str = field(default="s", repr=False)
    seen: int = field(default=0, compare=False)


VALUES = st.tuples(st.integers(0, 1), st.sampled_from("xy"), st.sampled_from("st"), st.integers(0, 1))


@given(VALUES, VALUES)
def test_records_compare_hash_and_show_as_the_librarys_do(one, other):
    assert (Ours(*one) == Ours(*other)) is (Theirs(*one) == Theirs(*other))
    assert (hash(Ours(*one)) == hash(Ours(*other))) is (hash(Theirs(*one)) == hash(Theirs(*other)))
    assert repr(Ours(*one)) == repr(Theirs(*one)).replace("Theirs", "Ours")
    assert dataclasses.replace(Ours(*one), text="z") == Ours(one[0], "z", *one[2:])


def test_a_record_is_not_equal_to_another_kind():
    assert Ours(1) != Theirs(1)
    assert Ours(1) != (1, "x", "s", 0)


def test_one_that_may_change_has_no_hash():
    @dataclass(slots=True)
    class Changing:
        number: int

    with pytest.raises(TypeError, match="unhashable"):
        hash(Changing(1))


def test_what_a_class_says_itself_stays():
    @dataclass(frozen=True, slots=True)
    class Own:
        number: int

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 7

        def __repr__(self):
            return "own"

    assert (Own(1) == Own(2), hash(Own(1)), repr(Own(1))) == (True, 7, "own")


def test_each_method_that_a_class_has_itself_stays_by_itself():
    for library in (dataclass, dataclasses.dataclass):

        @library(frozen=True, slots=True)
        class OwnEquality:  # noqa: PLW1641 (the library makes its hash)
            number: int

            def __eq__(self, other):
                return True

        @library(frozen=True, slots=True)
        class OwnHash:
            number: int

            def __hash__(self):
                return 7

        assert hash(OwnEquality(1)) == hash(OwnEquality(1))
        assert (hash(OwnHash(1)), OwnHash(1) == OwnHash(1), OwnHash(1) == OwnHash(2)) == (7, True, False)


def test_a_field_may_stay_out_of_the_hash():
    @dataclass(frozen=True, slots=True)
    class Partly:
        number: int
        held: list = field(hash=False, default_factory=list)

    assert hash(Partly(1)) == hash(Partly(1, [2]))
    assert Partly(1) != Partly(1, [2])


def test_what_holds_itself_can_be_shown():
    @dataclass(slots=True)
    class Ring:
        held: list

    ring = Ring([])
    ring.held.append(ring)
    assert repr(ring).endswith("Ring(held=[...])")
