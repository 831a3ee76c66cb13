"""Namespaces in the memory of one server: opened once, remembered as the store has them."""

import asyncio
from functools import partial

import pytest

from emulator.core.clock import Clock
from emulator.core.ids import Ids
from emulator.run.namespaces import Namespaces
from emulator.settings import Settings
from emulator.store import namespaces as rows
from emulator.store.engine import Store


@pytest.fixture
def run():
    """Run some work on the namespaces of a new store."""

    def run(work):
        async def main():
            store = Store()
            try:
                return await work(Namespaces(Settings(), store, Clock(1_763_000_000.0), Ids()))
            finally:
                await store.close()

        return asyncio.run(main())

    return run


def test_requests_of_one_moment_open_one_namespace(run):
    async def work(namespaces):
        return await asyncio.gather(*(namespaces.open("same") for _ in range(5)))

    first, *others = run(work)
    assert all(other is first for other in others)


def test_everything_scripted_is_remembered_by_its_kind(run):
    async def work(namespaces):
        namespace = await namespaces.open("scripted")
        kinds = {
            "fixture": {"one": b'{"name": "one", "then": [{"message": "1"}]}'},
            "fault": {"f": b'{"kind": "reset"}', "g": b'{"kind": "cut"}'},
            "limit": {"gpt-4o": b'{"deployment": "gpt-4o", "requests_per_minute": 6}'},
            "setting": {"unmatched": b'"reject"'},
        }
        for kind, sources in kinds.items():
            await namespaces.store.write(partial(rows.add_scripts, name="scripted", kind=kind, sources=sources))
        await namespaces.refresh(namespace)
        return namespace

    namespace = run(work)
    assert [fixture.name for fixture in namespace.fixtures] == ["one"]
    assert [(fault.id, fault.kind) for fault in namespace.faults] == [("f", "reset"), ("g", "cut")]
    assert namespace.limits["gpt-4o"].requests == 6
    assert namespace.unmatched == "reject"


def test_a_reset_happens_whole_or_not_at_all(run, monkeypatch):
    async def work(namespaces):
        namespace = await namespaces.open("whole")
        fault = {"f": b'{"kind": "reset"}'}
        await namespaces.store.write(partial(rows.add_scripts, name="whole", kind="fault", sources=fault))
        await namespaces.change(namespace, clock_mode="frozen", clock_at=5.0)
        with monkeypatch.context() as broken:
            broken.setattr(rows, "change", lambda *_, **__: 1 / 0)  # the last thing that a reset does
            with pytest.raises(ZeroDivisionError):
                await namespaces.reset(namespace, "all")
        await namespaces.refresh(namespace)
        before = namespace.faults, namespace.clock.now()
        await namespaces.reset(namespace, "all")
        return before, namespace.faults, namespace.clock.mode

    (faults, now), after, mode = run(work)
    assert [fault.id for fault in faults] == ["f"]
    assert (now, after, mode) == (5.0, (), "real")


def test_what_is_scripted_while_its_namespace_goes_is_there_at_once(run):
    async def work(namespaces):
        namespace = await namespaces.open("gone")
        await namespaces.forget("gone")
        sources = {"one": b'{"name": "one", "then": [{"message": "1"}]}'}
        await namespaces.store.write(partial(rows.add_scripts, name="gone", kind="fixture", sources=sources))
        await namespaces.refresh(namespace)
        return namespace, await namespaces.open("gone")

    for namespace in run(work):
        assert [fixture.name for fixture in namespace.fixtures] == ["one"]
