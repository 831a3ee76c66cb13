"""The journal's rows: a ring for each namespace, pages newest first; and the recorder before them."""

import asyncio
from collections.abc import Iterator

import orjson
import pytest

from emulator.core.clock import Clock
from emulator.run.entry import Seen
from emulator.run.journal import Journal
from emulator.run.tally import Tally
from emulator.store import journal, namespaces
from emulator.store.engine import Store
from emulator.store.journal import Wanted

NOW = 1_752_174_469.0


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(None)
    for name in ("default", "other"):
        asyncio.run(store.write(lambda write, name=name: namespaces.use(write, name, NOW, 10)))
    yield store
    asyncio.run(store.close())


def read(store, work):
    return asyncio.run(store.read(work))


def write(store, work):
    return asyncio.run(store.write(work))


def row(path="/responses", namespace="default", **facts):
    columns = {"at": NOW, "method": "POST", "path": path, "status": 200, "fixture": None, "response_id": None, **facts}
    return {"namespace": namespace, "entry": orjson.dumps(columns), **columns}


def add(store, *rows, most=1_000):
    write(store, lambda connection: journal.add(connection, rows, most))


def paths(store, namespace="default", most=100, **asked):
    found = read(store, lambda c: journal.page(c, namespace, Wanted(**asked), most))
    return [orjson.loads(entry.entry)["path"] for entry in found]


def test_a_page_is_newest_first_and_of_one_namespace(store):
    add(store, row("/a"), row("/b"), row("/c", "other"), row("/d"))
    assert paths(store) == ["/d", "/b", "/a"]
    assert paths(store, "other") == ["/c"]
    assert paths(store, most=2) == ["/d", "/b"]


def test_numbers_bound_a_page(store):
    add(store, *(row(f"/{letter}") for letter in "abcde"))
    first, *_, last = read(store, lambda c: journal.page(c, "default", Wanted(), 100))
    assert paths(store, before=first.number) == ["/d", "/c", "/b", "/a"]
    assert paths(store, after=last.number) == ["/e", "/d", "/c", "/b"]
    assert paths(store, after=last.number, before=first.number, most=1) == ["/d"]


def test_columns_paths_times_and_tests_choose(store):
    add(store, row("/responses/resp_1", at=1.0, fixture="one"), row("/Responses", at=2.0, status=404), row("/files"))
    assert paths(store, columns={"fixture": "one"}) == ["/responses/resp_1"]
    assert paths(store, columns={"status": 404, "method": "POST"}) == ["/Responses"]
    assert paths(store, path="/responses") == ["/responses/resp_1"]
    assert paths(store, path="/res%") == []
    assert paths(store, since=2.0) == ["/files", "/Responses"]
    assert paths(store, test=lambda entry: b"resp_1" in entry, most=1) == ["/responses/resp_1"]


def test_a_ring_keeps_the_newest_of_its_own_namespace(store):
    add(store, row("/kept", "other"))
    for number in range(7):
        add(store, row(f"/{number}"), row(f"/{number}'"), most=5)
    assert paths(store) == ["/6'", "/6", "/5'", "/5", "/4'"]
    assert paths(store, "other") == ["/kept"]


def test_nothing_is_kept_of_a_namespace_that_is_gone(store):
    write(store, lambda connection: namespaces.remove(connection, "other"))
    add(store, row("/a"), row("/b", "other"))
    assert (paths(store), paths(store, "other")) == (["/a"], [])
    add(store, row("/b", "other"))
    assert paths(store, "other") == []


def test_clearing_leaves_the_others(store):
    add(store, row("/a"), row("/b"), row("/c", "other"))
    assert write(store, lambda connection: journal.clear(connection, "default")) == 2
    assert (paths(store), paths(store, "other")) == ([], ["/c"])


class Told:
    def __init__(self, body=b""):
        self.body = body
        self.fixture = self.response_id = self.fault = self.resumed = None
        self.warnings = []


def seen(path="/responses", namespace="default", body=b"", **facts):
    return Seen(namespace, "POST", "/v1", path, b"", [], 0.0, told=Told(body), **facts)


def entry(noted):
    return orjson.loads(noted.row()["entry"])


def test_what_waits_is_there_for_who_flushes_first(store):
    async def record():
        recorder = Journal(store, Clock(NOW), Tally())
        for number in range(40):
            recorder.record(seen(f"/{number}"))
        assert await store.read(lambda c: journal.page(c, "default", Wanted(), 1)) == []
        await asyncio.gather(recorder.flush(), recorder.flush())
        assert len(await store.read(lambda c: journal.page(c, "default", Wanted(), 100))) == 40
        recorder.record(seen("/last"))
        await recorder.stop()

    asyncio.run(record())
    assert paths(store)[:2] == ["/last", "/39"]


def test_what_waits_is_saved_without_anyone_asking(store):
    async def record():
        recorder = Journal(store, Clock(NOW), Tally())
        recorder.record(seen("/alone"))
        while recorder._waiting or recorder._saving.locked():
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)

    asyncio.run(record())
    assert paths(store) == ["/alone"]


def test_no_more_waits_than_a_ring_keeps(store):
    async def record():
        recorder = Journal(store, Clock(NOW), Tally())
        for number in range(1_005):
            recorder.record(seen(f"/{number}"))
        await recorder.stop()

    asyncio.run(record())
    assert len(paths(store, most=2_000)) == 1_000
    assert paths(store, most=1) == ["/1004"]


def test_bodies_that_weigh_too_much_are_let_go(store, monkeypatch):
    monkeypatch.setattr("emulator.run.journal.MOST_BYTES", 100)

    async def record():
        recorder = Journal(store, Clock(NOW), Tally())
        for _ in range(3):
            recorder.record(seen(body=b'{"input": "%b"}' % (b"x" * 30)))
        await recorder.stop()

    asyncio.run(record())
    found = read(store, lambda c: journal.page(c, "default", Wanted(), 10))
    assert [orjson.loads(one.entry)["body"] is None for one in found] == [True, False, False]


def test_a_long_body_loses_its_middle_and_stays_json():
    body = {"model": "m", "input": "first " + "word " * 40_000 + "last"}
    noted = seen(body=orjson.dumps(body))
    kept = entry(noted)
    assert kept["truncated"] is True
    assert len(kept["body_sha256"]) == 64
    assert kept["body"]["model"] == "m"
    assert kept["body"]["input"].startswith("first word ")
    assert kept["body"]["input"].endswith(" last")
    assert "characters left out" in kept["body"]["input"]
    assert len(noted.row()["entry"]) < 70_000


def test_a_body_of_many_items_keeps_the_last_ones():
    items = [{"role": "user", "content": f"{number} " + "x y " * 200} for number in range(200)]
    kept = entry(seen(body=orjson.dumps({"model": "m", "input": items})))
    assert kept["body"]["input"][-1] == items[-1]
    assert 0 < len(kept["body"]["input"]) < 200


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", b"[" * 100_000, b"\xff\xfe" * 50_000, b'"\\ud800"',
     orjson.dumps({"a": [str(number) for number in range(20_000)]})],
)  # fmt: skip
def test_any_body_can_be_kept(body):
    noted = seen(body=body)
    assert isinstance(entry(noted)["body"], str)
    assert len(noted.row()["entry"]) < 600_000


def test_a_data_url_stays_one():
    url = "data:image/png;base64," + "iVBORw0K" * 20_000
    part = {"type": "input_image", "image_url": url}
    kept = entry(seen(body=orjson.dumps({"model": "m", "input": [{"role": "user", "content": [part]}]})))
    shown = kept["body"]["input"][0]["content"][0]["image_url"]
    assert url.startswith(shown)
    assert (len(shown) - len("data:image/png;base64,")) % 4 == 0
