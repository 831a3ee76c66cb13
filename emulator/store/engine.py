"""Opens the database and runs reads and writes; writes that wait at one moment share a transaction. No table is known.

One connection reads, on the loop's own thread (a keyed read takes tens of microseconds); one writes, on a thread of
its own, in transactions that begin with `BEGIN IMMEDIATE`.
"""

import asyncio
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, Table, create_engine, event, insert, inspect, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from emulator.store.schema import SCHEMA_VERSION, meta, metadata

T = TypeVar("T")
Rows = Mapping[Table, Sequence[Mapping[str, Any]]]
MOST_TOGETHER = 256
BUSY_SECONDS = 10.0  # how long a write waits for another process
OLDEST_SQLITE = (3, 35, 0)


class StoreError(Exception):
    """The database cannot be used; the message says which, why, and how to mend it."""


class StoreBusy(Exception):  # noqa: N818 (it says what is, and goes by itself)
    """Another process holds the database; nothing was written, and trying again later helps."""


class _Job:
    """One write on its way: new rows or what to run, in which order among others, and whom to tell."""

    __slots__ = ("done", "key", "loop", "rows", "work")

    def __init__(self, work: Callable[[Connection], Any] | None, key: str, rows: Rows | None = None) -> None:
        self.work = work
        self.rows = rows or {}
        self.key = key
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Any] = self.loop.create_future()

    def tell(self, result: object, error: BaseException | None) -> None:
        if self.done.cancelled():
            return
        if error is not None:
            self.done.set_exception(error)
        else:
            self.done.set_result(result)


class Store:
    """The database of one server. `path` None: a temporary file that goes when the store is closed.

    `shared`: another server may have the same database open.
    """

    def __init__(self, path: str | None = None) -> None:
        """Open the database and check its schema; raises StoreError."""
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed")
        self.shared = path is not None
        self._closed = False
        self._folder = _new_folder() if path is None else None
        self.path = os.path.join(self._folder, "store.db") if self._folder else str(path)  # noqa: PTH118
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        try:
            self._engine = _engine(self.path, lasting=path is not None)
            self._reader = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._writer = self._engine.connect()
            _prepare(self._engine, self.path)
        except (SQLAlchemyError, OSError) as error:
            self._remove()
            raise StoreError(_unusable(self.path, error)) from error
        self._thread = threading.Thread(target=self._write_all, name="store-writer", daemon=True)
        self._thread.start()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read at once; it sees every write that has been answered."""
        return work(self._reader)

    async def write(self, work: Callable[[Connection], T], key: str = "") -> T:
        """Run a write in the next shared transaction; returns what `work` returns, after the commit.

        `work` may run twice: once more, alone, when another of its transaction failed. Writes of one transaction
        go in order of `key`.
        """
        return await self._queued(_Job(work, key))  # type: ignore[no-any-return]

    async def insert(self, rows: Rows, key: str = "") -> None:
        """Save new rows, table by table, in the next shared transaction.

        The new rows of all that wait go in together, one statement a table: that is several times cheaper.
        """
        await self._queued(_Job(None, key, rows))

    async def _queued(self, job: _Job) -> Any:
        if self._closed:
            raise StoreError(f"{self.path}: the store is closed, the server is stopping")
        self._queue.put(job)
        return await job.done

    def close(self) -> None:
        """Wait for the writes under way, then close; a temporary database is removed."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._reader.close()
        self._writer.close()
        self._engine.dispose()
        self._remove()

    def _remove(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _write_all(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs, last = self._waiting(job)
            jobs.sort(key=lambda job: job.key)
            self._write(jobs)
            if last:
                return

    def _waiting(self, first: _Job) -> tuple[list[_Job], bool]:
        jobs = [first]
        while len(jobs) < MOST_TOGETHER and not self._queue.empty():
            job = self._queue.get()
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _write(self, jobs: list[_Job]) -> None:
        try:
            transaction = self._writer.begin()
        except OperationalError as error:
            _tell(jobs, [None] * len(jobs), StoreBusy(str(error.orig)))
            return
        try:
            with transaction:
                _insert(self._writer, jobs)
                results = [job.work(self._writer) if job.work else None for job in jobs]
        except Exception as error:  # noqa: BLE001 (the boundary of a write: whoever asked for it gets the error)
            if len(jobs) == 1:
                _tell(jobs, [None], error)
                return
            for job in jobs:  # one of them failed; alone, only that one fails
                self._write([job])
            return
        _tell(jobs, results, None)


def _insert(connection: Connection, jobs: Sequence[_Job]) -> None:
    together: dict[Table, list[Mapping[str, Any]]] = {}
    for job in jobs:
        for table, rows in job.rows.items():
            together.setdefault(table, []).extend(rows)
    for table, rows in together.items():
        if rows:
            connection.execute(insert(table), rows)


def _new_folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="responses-emulator-")
    except OSError as error:
        reason = f"{error.strerror or error}: make it writable (docker: --tmpfs /tmp), or use --db"
        raise StoreError(f"{tempfile.gettempdir()}: no temporary database can be made there: {reason}") from error


def _tell(jobs: list[_Job], results: list[Any], error: BaseException | None) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Job, Any]]] = {}
    for job, result in zip(jobs, results, strict=True):
        by_loop.setdefault(job.loop, []).append((job, result))
    for loop, told in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell_here, told, error)


def _tell_here(told: list[tuple[_Job, Any]], error: BaseException | None) -> None:
    for job, result in told:
        job.tell(result, error)


def _engine(path: str, *, lasting: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=path),
        poolclass=NullPool,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _settle_in(connection: Any, _: object) -> None:
        # A process that dies loses nothing either way; NORMAL also keeps the file whole when the power goes.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'NORMAL' if lasting else 'OFF'}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _prepare(engine: Engine, path: str) -> None:
    with engine.begin() as connection:
        if not inspect(connection).has_table(meta.name):
            metadata.create_all(connection)
            connection.execute(insert(meta).values(key="schema_version", value=str(SCHEMA_VERSION)))
            return
        found = connection.scalar(select(meta.c.value).where(meta.c.key == "schema_version"))
    if found != str(SCHEMA_VERSION):
        raise StoreError(
            f"{path}: schema version {found}, but this server speaks version {SCHEMA_VERSION}: "
            "use another --db, or the server that made it"
        )


def _unusable(path: str, error: Exception) -> str:
    folder = Path(path).resolve().parent
    reason = getattr(error, "orig", None) or error
    uid = os.getuid() if hasattr(os, "getuid") else "?"
    if not folder.is_dir():
        return f"{path}: the folder {folder} does not exist: make it, or use another --db"
    return f"{path}: {reason} (user id {uid}): let that user write there, or use another --db"
