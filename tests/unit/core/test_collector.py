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
