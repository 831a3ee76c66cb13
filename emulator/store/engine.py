"""Opens the database and runs reads and writes; writes that wait at one moment share a transaction. No table is known.

One connection reads and one writes, both on the loop's own thread: a keyed read takes tens of microseconds, and a
commit little more, while each hop to a thread and back costs more than either. Where another
process holds the database, a second writing connection waits for it on a thread.
"""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, Table, create_engine, event, insert, select
from sqlalchemy.exc import SQLAlchemyError

from emulator.store.driver import add_rows, driver_of
from emulator.store.schema import SCHEMA_VERSION, meta

T = TypeVar("T")
Rows = Mapping[Table, Sequence[Sequence[Any]]]  # each with a value for every column, in order
BUSY_SECONDS = 10.0  # how long a write waits for another process
AT_ONCE = 500  # ids in one statement
MOST_TURNS = 4  # of the loop that a write waits for others, as long as they come
SCHEMA = Path(__file__).with_name("schema.sql")
OLDEST_SQLITE = (3, 35, 0)


class StoreError(Exception):
    """The database cannot be used; the message says which, why, and how to mend it."""


class StoreBusy(Exception):  # noqa: N818 (it says what is, and goes by itself)
    """Another process holds the database; nothing was written, and trying again later helps."""


class _Job:
    """One write on its way: new rows or what to run, in which order among others, and whom to tell."""

    __slots__ = ("done", "key", "rows", "work")

    def __init__(self, work: Callable[[Connection], Any] | None, key: str, rows: Rows | None = None) -> None:
        self.work = work
        self.rows = rows or {}
        self.key = key
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


Told = list[tuple[_Job, Any, BaseException | None]]


class Store:
    """The database of one server. `path` None: a temporary file that goes when the store is closed.

    `shared`: another server may have the same database open, so what is remembered of it may be old.
    """

    def __init__(self, path: str | None = None) -> None:
        """Open the database and check its schema; raises StoreError."""
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed")
        self.shared = path is not None
        self._closed = False
        self._waiting: list[_Job] = []
        self._patient: asyncio.Future[Told] | None = None
        self._folder = _new_folder() if path is None else None
        self.path = os.path.join(self._folder, "store.db") if self._folder else str(path)  # noqa: PTH118
        try:
            self._reader = _engine(self.path, lasting=self.shared).connect()
            self._writers = [_engine(self.path, lasting=self.shared, wait=wait).connect() for wait in (0, BUSY_SECONDS)]
            _prepare(self._writers[1], self.path)
        except (SQLAlchemyError, sqlite3.Error, StoreBusy, OSError) as error:
            self._remove()
            raise StoreError(_unusable(self.path, error)) from error

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read at once; it sees every write that has been answered.

        It reads all that it wants: a cursor that stays open would keep a temporary database from being written.
        """
        return work(self._reader)

    async def write(self, work: Callable[[Connection], T], key: str = "") -> T:
        """Run a write in the next shared transaction; returns what `work` returns, after the commit.

        `work` may run twice: once more, alone, when another of its transaction failed. Writes of one transaction
        go in order of `key`. Raises StoreBusy where another process holds the database for too long.
        """
        return await self._queued(_Job(work, key))  # type: ignore[no-any-return]

    async def insert(self, rows: Rows, key: str = "") -> None:
        """Save new rows, table by table, in the next shared transaction.

        The new rows of all that wait go in together, one statement a table: that is several times cheaper.
        """
        await self._queued(_Job(None, key, rows))

    async def close(self) -> None:
        """Wait for the writes under way, then close; a temporary database is removed."""
        self._closed = True
        while self._waiting or self._patient:
            await asyncio.wait([*(job.done for job in self._waiting), *([self._patient] if self._patient else [])])
        for connection in (self._reader, *self._writers):
            connection.close()
            connection.engine.dispose()
        self._remove()

    def _remove(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _queued(self, job: _Job) -> Any:
        if self._closed:
            raise StoreError(f"{self.path}: the store is closed, the server is stopping")
        self._waiting.append(job)
        if len(self._waiting) == 1 and self._patient is None:
            # After all that this turn of the loop has begun, so that what it writes goes together.
            asyncio.get_running_loop().call_soon(self._flush_soon, 1, MOST_TURNS)
        return await job.done

    def _flush_soon(self, seen: int, turns: int) -> None:
        """Write what waits, some turns later if more came in this one: a transaction costs as much as several rows."""
        if turns and len(self._waiting) > seen:
            asyncio.get_running_loop().call_soon(self._flush_soon, len(self._waiting), turns - 1)
        else:
            self._flush()

    def _flush(self) -> None:
        """Write all that waits, here; where another process holds the database, on a thread that can wait."""
        jobs = sorted(self._waiting, key=lambda job: job.key)
        self._waiting = []
        try:
            told = _write(self._writers[0], jobs)
        except StoreBusy:
            self._patient = asyncio.get_running_loop().run_in_executor(None, _write_patiently, self._writers[1], jobs)
            self._patient.add_done_callback(self._written)
        else:
            _tell(told)

    def _written(self, patient: asyncio.Future[Told]) -> None:
        self._patient = None
        _tell(patient.result())
        if self._waiting:
            self._flush()


def _write(connection: Connection, jobs: Sequence[_Job]) -> Told:
    """Run some jobs in one transaction, and alone where one of them fails; raises StoreBusy, and then none has run."""
    try:
        with _transaction(connection):
            _insert(connection, jobs)
            return [(job, job.work(connection) if job.work else None, None) for job in jobs]
    except StoreBusy:
        raise
    except Exception as error:  # noqa: BLE001 (the boundary of a write: whoever asked for it gets the error)
        if len(jobs) == 1:
            return [(jobs[0], None, error)]
    return [told for job in jobs for told in _write_patiently(connection, [job])]


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """All of the block or nothing, by the driver itself; raises StoreBusy where another process holds the database."""
    driver = driver_of(connection)
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise StoreBusy(str(error)) from error
    try:
        yield
        driver.execute("COMMIT")
    except BaseException:
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        raise


def _write_patiently(connection: Connection, jobs: Sequence[_Job]) -> Told:
    try:
        return _write(connection, jobs)
    except StoreBusy as busy:
        return [(job, None, busy) for job in jobs]


def _tell(told: Told) -> None:
    for job, result, error in told:
        if job.done.cancelled():
            continue
        if error is not None:
            job.done.set_exception(error)
        else:
            job.done.set_result(result)


def _insert(connection: Connection, jobs: Sequence[_Job]) -> None:
    together: dict[Table, list[Sequence[Any]]] = {}
    for job in jobs:
        for table, rows in job.rows.items():
            together.setdefault(table, []).extend(rows)
    for table, rows in together.items():
        add_rows(connection, table, rows)


def in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids in as many as one statement may name."""
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _new_folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="responses-emulator-")
    except OSError as error:
        reason = f"{error.strerror or error}: make it writable (docker: --tmpfs /tmp), or use --db"
        raise StoreError(f"{tempfile.gettempdir()}: no temporary database can be made there: {reason}") from error


def _engine(path: str, *, lasting: bool, wait: float = BUSY_SECONDS) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=path),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",  # whoever writes begins and ends: `_transaction`
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": wait},
    )

    @event.listens_for(engine, "connect")
    def _settle_in(connection: Any, _: object) -> None:
        connection.execute("PRAGMA page_size=8192")  # of a new file: a response fills more than half a page
        # A process that dies loses nothing of a lasting file; NORMAL also keeps it whole when the power goes. A
        # temporary one goes with its process: no page of it need be written twice.
        connection.execute(f"PRAGMA journal_mode={'WAL' if lasting else 'MEMORY'}")
        connection.execute(f"PRAGMA synchronous={'NORMAL' if lasting else 'OFF'}")

    return engine


def _prepare(connection: Connection, path: str) -> None:
    with _transaction(connection):
        driver = driver_of(connection)
        if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            for statement in SCHEMA.read_text("ascii").split(";\n"):  # in one transaction, as `executescript` is not
                driver.execute(statement)
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
