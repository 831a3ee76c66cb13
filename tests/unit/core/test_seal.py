"""What was sealed can be opened with its key alone, unaltered and not after 30 days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.seal import LIFETIME, SealError, key_of, refused, seal, unseal

KEY, OTHER = key_of("one"), key_of("another")
NOW = 1_764_000_000.0


@given(st.binary(max_size=2_000), st.floats(0, 4e9))
def test_what_was_sealed_is_opened_again(data, at):
    sealed = seal(KEY, data, at)
    assert sealed.startswith("gAAAAA")
    assert sealed == seal(KEY, data, at)
    assert unseal((OTHER, KEY), sealed, at) == data


@given(st.binary(max_size=60), st.data())
def test_no_character_can_be_altered(data, draw):
    sealed = seal(KEY, data, NOW)
    at = draw.draw(st.integers(0, len(sealed) - 1))
    letter = draw.draw(st.sampled_from("ABCDwxyz0189-_=+/ é").filter(lambda letter: letter != sealed[at]))
    with pytest.raises(SealError):
        unseal((KEY,), sealed[:at] + letter + sealed[at + 1 :], NOW)


@given(st.text(max_size=200))
def test_no_other_text_is_opened(text):
    with pytest.raises(SealError):
        unseal((KEY,), text, NOW)


@given(st.integers(0, 200))
def test_no_part_of_it_is_opened(end):
    sealed = seal(KEY, b"a thought", NOW)
    with pytest.raises(SealError):
        unseal((KEY,), sealed[: min(end, len(sealed) - 1)], NOW)


def test_another_key_opens_nothing():
    with pytest.raises(SealError):
        unseal((OTHER,), seal(KEY, b"a thought", NOW), NOW)


def test_it_expires_after_30_days():
    sealed = seal(KEY, b"a thought", NOW)
    assert unseal((KEY,), sealed, NOW + LIFETIME) == b"a thought"
    with pytest.raises(SealError):
        unseal((KEY,), sealed, NOW + LIFETIME + 1)


def test_it_is_compressed():
    assert len(seal(KEY, b"again and " * 1_000, NOW)) < 300


def test_the_error_shows_the_ends_or_names_the_item():
    assert "content gAAA...c90= could" in refused("gAAAAABc90=").message
    assert "content for item rs_1 could" in refused("gAAAAABc90=", "Why.", "rs_1").message
    assert refused("").message.endswith("could not be decrypted or parsed.")
