"""A server under fuzz, seen from outside and from inside: what is in its store, what runs on its loop, what it logs."""

import asyncio
import itertools
import logging
import socket
from functools import partial

import httpx
import pytest
from sqlalchemy import func, select

from emulator.app import create_app
from emulator.core.clock import Clock
from emulator.core.ids import Ids
from emulator.server import ThreadedServer
from emulator.settings import Settings
from emulator.store import schema
from tests.conftest import KEY

# Tables that a refused request may write to.
NOTED = frozenset({"meta", "namespaces", "journal", "counters"})
# A logger that hands nothing on; caplog sees it all the same.
SILENT = "emulator.multipart"
NOON = 1_763_035_200.0


def _counted(connection, *, tables, namespace):
    found = {}
    for table in tables:
        asked = select(func.count()).select_from(table).where(table.c.namespace == namespace)
        found[table.name] = connection.execute(asked).scalar_one()
    return found


class Target:
    """One server in this process, with a namespace that has one of everything."""

    def __init__(self) -> None:
        clock, ids = Clock(NOON), Ids("fuzz")
        self._thread = ThreadedServer(self._made(Settings(log_level="quiet"), clock, ids))

    def _made(self, settings, clock, ids):
        def make():
            self.app = create_app(settings, clock=clock, ids=ids)
            return self.app

        return make

    def __enter__(self):
        self._thread.__enter__()
        self._namespaces = itertools.count()
        self.http = httpx.Client(base_url=self._thread.url, headers={"api-key": KEY}, timeout=60, trust_env=False)
        self.tasks = self.running()
        return self

    def __exit__(self, *_):
        self.http.close()
        self._thread.stop()

    def rest(self):
        """Wait until what was written behind is written; then nothing runs that did not run at first."""
        self.http.get("/_emulator/requests")
        for _ in range(1_000):  # each is a turn of the loop
            if (running := self.running()) == self.tasks:
                return
        raise AssertionError(running)

    def running(self):
        """The names of what runs on the server's loop."""

        async def count():
            return sorted(
                task.get_coro().__qualname__ for task in asyncio.all_tasks() if task is not asyncio.current_task()
            )

        return self._on_loop(count())

    def stored(self, namespace):
        """How many rows each table has for a namespace."""
        store = self.app.state.namespaces.store
        kept = [table for name, table in schema.metadata.tables.items() if name not in NOTED]
        tables = [table for table in kept if "namespace" in table.c]
        return self._on_loop(store.read(partial(_counted, tables=tables, namespace=namespace)))

    def _on_loop(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._thread._loop).result(60)

    def place(self):
        """A fresh namespace with one of everything: its name, and the ids by the parameters of paths."""
        name = f"fuzz-{next(self._namespaces)}"
        base = f"/ns/{name}/openai/v1"
        file = self.http.post(
            f"{base}/files", files={"file": ("a.txt", b"The answer is 42.")}, data={"purpose": "assistants"}
        )
        ids = {"file_id": file.json()["id"]}
        ids["response_id"] = self._made_one(f"{base}/responses", model="gpt-4o", input="x", background=True)
        ids["container_id"] = self._made_one(f"{base}/containers", name="work")
        ids["vector_store_id"] = self._made_one(f"{base}/vector_stores", name="notes", file_ids=[ids["file_id"]])
        return name, ids

    def _made_one(self, path, **body):
        return self.http.post(path, json=body).raise_for_status().json()["id"]

    def raw(self, data, *, end=True):
        """Send bytes on a connection of their own; what is answered until it closes, or until nothing more comes."""
        with socket.create_connection(("127.0.0.1", int(self._thread.url.rpartition(":")[2])), timeout=10) as wire:
            wire.sendall(data)
            if end:
                wire.shutdown(socket.SHUT_WR)
            found = b""
            while piece := wire.recv(65_536):
                found += piece
        return found


@pytest.fixture(scope="session")
def shared():
    with Target() as target:
        yield target


@pytest.fixture
def target(shared, caplog):
    """The server; afterwards nothing was logged, and nothing runs that did not run before."""
    caplog.set_level(logging.WARNING)
    yield shared
    records = [(record.name, record.getMessage()) for record in caplog.get_records("call")]
    assert [record for record in records if record[0] != SILENT] == []
    shared.rest()
