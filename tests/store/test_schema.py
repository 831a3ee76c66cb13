"""A new database has the tables and indexes that `schema.py` tells of, and no others."""

import sqlite3

from sqlalchemy import create_engine

from emulator.store.schema import metadata
from tests.store.test_engine import run


def columns_of(connection):
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")]
    statements = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    written = {name: "".join(sql.split()) for name, sql in statements}
    return {
        name: (
            written.get(name),
            connection.execute(f"PRAGMA table_xinfo({name})").fetchall(),
            connection.execute(f"PRAGMA index_xinfo({name})").fetchall(),
            connection.execute("SELECT type, tbl_name FROM sqlite_master WHERE name = ?", (name,)).fetchall(),
        )
        for name in sorted(names)
    }


def test_a_new_database_has_the_tables_of_the_schema(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'wanted.db'}")
    metadata.create_all(engine)
    engine.dispose()

    async def look(store):
        with sqlite3.connect(store.path) as made:
            found = columns_of(made)
        made.close()
        return found

    with sqlite3.connect(tmp_path / "wanted.db") as connection:
        wanted = columns_of(connection)
    connection.close()
    assert run(look) == wanted
    assert len(wanted) > 30
