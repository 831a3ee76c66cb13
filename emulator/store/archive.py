"""All rows of one namespace out of the tables and into them; the archive's format is made elsewhere."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, insert, select, update

from emulator.store import namespaces as rows
from emulator.store.schema import (
    chunks,
    container_files,
    containers,
    conversation_items,
    conversation_turns,
    conversations,
    counters,
    file_pieces,
    files,
    items,
    journal,
    namespaces,
    responses,
    scripts,
    upload_parts,
    uploads,
    vector_store_batches,
    vector_store_chunks,
    vector_store_files,
    vector_stores,
)

TABLES: Mapping[str, Table] = {
    str(table.name): table
    for table in (
        *(scripts, counters, responses, chunks, items),
        *(files, file_pieces, containers, container_files, journal),
        *(vector_stores, vector_store_files, vector_store_chunks, vector_store_batches),
        *(uploads, upload_parts),
        *(conversations, conversation_items, conversation_turns),
    )
}
# What the namespace's own row gives away: its clock, its ids and what it sealed with, but not its name.
OWN = ("seed", "counter", "clock_mode", "clock_at", "seal_key")
# The journal's numbers are one database's own.
_LEFT_OUT = {"namespace"}
ROWS_AT_ONCE = 200


def columns(table: Table) -> dict[str, bool]:
    """The columns of an archive's rows, and whether each holds bytes."""
    left_out = _LEFT_OUT | ({"number"} if table is journal else set())
    return {
        column.name: isinstance(column.type, LargeBinary) for column in table.columns if column.name not in left_out
    }


def own(connection: Connection, name: str) -> dict[str, Any]:
    """The namespace's own row, as far as it is exported."""
    found = connection.execute(select(namespaces).where(namespaces.c.name == name)).mappings().first()
    return {column: found[column] for column in OWN} if found else {}


def all_rows(connection: Connection, name: str, table: Table) -> Generator[dict[str, Any], None, None]:
    """Every row of a namespace in one table, in the order of its key; close it before anything else is done."""
    query = select(*(table.c[column] for column in columns(table)))
    query = query.where(table.c.namespace == name).order_by(*table.primary_key.columns)
    with connection.execution_options(stream_results=True).execute(query) as found:
        for row in found.mappings():
            yield {str(column): value for column, value in row.items()}  # SQLAlchemy's names are more than text


def replace(
    connection: Connection, name: str, values: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, int]:
    """Empty a namespace and fill it with these rows; how many each table got."""
    rows.reset(connection, name, list(rows.SCOPES))
    connection.execute(update(namespaces).where(namespaces.c.name == name).values(**values))
    for table_name, found in tables.items():
        table = TABLES[table_name]
        for start in range(0, len(found), ROWS_AT_ONCE):
            part = [{**row, "namespace": name} for row in found[start : start + ROWS_AT_ONCE]]
            connection.execute(insert(table), part)
    rows.change(connection, name)
    return {table_name: len(found) for table_name, found in tables.items()}
