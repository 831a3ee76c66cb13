"""The collector rests in the block, and is as it was after it."""

import gc

import pytest

from emulator.core.collector import kept_still


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_still_for_a_while(enabled):
    before = gc.isenabled()
    try:
        gc.enable() if enabled else gc.disable()
        with kept_still():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
    finally:
        gc.enable() if before else gc.disable()


def test_what_was_made_counts_as_old():
    with kept_still():
        made = [[] for _ in range(5_000)]
    assert not any(one is made[0] for one in gc.get_objects(generation=0))
    assert any(one is made[0] for one in gc.get_objects(generation=2))
    made[0].append(made)  # a circle, which is still found
    del made
    assert gc.collect() > 5_000


def test_what_was_frozen_stays_frozen():
    gc.freeze()
    try:
        with kept_still():
            made = [[] for _ in range(1_000)]
        assert gc.get_freeze_count() > 0
        assert made
    finally:
        gc.unfreeze()
