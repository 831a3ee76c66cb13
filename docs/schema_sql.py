"""The tables of `emulator/store/schema.py` as the statements that make them in SQLite; it defines none."""

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from emulator.store.schema import metadata

PATH = Path(__file__).parents[1] / "emulator/store/schema.sql"
HEAD = "-- Made by docs/make.py from schema.py, so that no start has to compile it.\n\n"


def text() -> str:
    """The whole file: each statement ends with a semicolon at the end of its line."""
    return HEAD + "\n".join(f"{_sql(made)};\n" for made in _statements())


def _statements() -> Iterator[ExecutableDDLElement]:
    for table in metadata.sorted_tables:
        yield CreateTable(table)
        yield from map(CreateIndex, sorted(table.indexes, key=lambda index: str(index.name)))


def _sql(made: ExecutableDDLElement) -> str:
    sql = str(made.compile(dialect=sqlite.dialect())).strip()
    return re.sub(r"[ \t]+$", "", sql, flags=re.MULTILINE).replace("\t", "    ")
