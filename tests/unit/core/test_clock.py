import asyncio
import threading

import pytest

from emulator.core.clock import Clock, breathe, first_of


def test_a_frozen_clock_stands_still():
    clock = Clock(1000.0)
    assert clock.now() == clock.now() == 1000.0


def test_a_clock_moves_forward_only():
    clock = Clock(1000.0)
    clock.advance(31 * 86400)
    assert clock.now() == 1000.0 + 31 * 86400
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_a_real_clock_keeps_running_from_where_it_was_moved_to():
    clock = Clock()
    before = clock.now()
    clock.advance(1000)
    assert clock.now() >= before + 1000


def test_advancing_from_another_thread_wakes_who_sleeps():
    async def sleep_a_month():
        clock = Clock(0.0)
        sleeper = asyncio.create_task(clock.sleep_until(30 * 86400))
        await breathe()
        thread = threading.Thread(target=clock.advance, args=(30 * 86400,))
        thread.start()
        await sleeper
        thread.join()

    asyncio.run(sleep_a_month())


def test_moving_a_clock_less_than_a_sleeper_needs_leaves_it_asleep():
    async def run():
        clock = Clock(0.0)
        sleeper = asyncio.create_task(clock.sleep_until(10))
        await breathe()
        clock.advance(5)
        for _ in range(5):
            await breathe()
        assert not sleeper.done()
        clock.advance(5)
        await sleeper

    asyncio.run(run())


def test_the_first_of_several_waits_ends_the_others():
    async def run():
        clock, event = Clock(0.0), asyncio.Event()
        event.set()
        await first_of(clock.sleep_until(10), event.wait())
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
