"""What goes straight to the driver finds and saves the very same as by way of the library."""

import pytest
from sqlalchemy import Select, bindparam, select

from emulator.store import containers, conversations, files, namespaces, responses, uploads, vector_stores, webhooks
from emulator.store.driver import add_rows, fetch
from emulator.store.responses import ResponseRow
from emulator.store.schema import metadata
from emulator.store.schema import responses as table
from tests.store.test_engine import run

LIKE = {str: "1", int: 1, float: 1.0, bool: 1, bytes: b"1"}
ROW = ResponseRow(
    namespace="ns", id="resp_1", previous_id=None, status="queued", background=True, streamed=False, created_at=1.5,
    expires_at=2.5, hidden=False, next_seq=3, polls=2, polled_at=1.75, plan=b"{}", response=b'{"id":1}', input=b"[]",
    chain=b"",
)  # fmt: skip


def in_store(work):
    async def main(store):
        return await store.write(work)

    return run(main)


def test_a_row_is_read_as_the_library_reads_it():
    def work(connection):
        add_rows(connection, table, [ROW.values()])
        plain = connection.execute(responses._GET, {"ns": "ns", "rid": "resp_1"}).all()
        return plain, fetch(connection, responses._GET, {"ns": "ns", "rid": "resp_1"})

    plain, straight = in_store(work)
    assert [tuple(row) for row in straight] == [tuple(row) for row in plain]
    assert [type(value) for value in straight[0]] == [type(value) for value in plain[0]]
    assert ResponseRow(*straight[0]) == ROW


def test_values_of_the_statement_itself_count():
    query = select(table.c.id, table.c.hidden).where(table.c.status == "queued", table.c.namespace == bindparam("ns"))

    def work(connection):
        add_rows(connection, table, [ROW.values()])
        return [fetch(connection, query, {"ns": name}) for name in ("ns", "other")]

    assert in_store(work) == [[("resp_1", False)], []]


def fill(connection):
    """A row in every table, whose texts are all `1`, and its numbers too."""
    for each in metadata.sorted_tables:
        given = [column for column in each.columns if column.autoincrement is not True]
        add_rows(connection, each, [[LIKE[column.type.python_type] for column in given]])


def given(name, value):
    """What a parameter is asked with: what the statement has itself, or what finds the row."""
    return value if value is not None else 0 if name in ("after", "now") else "1"


@pytest.mark.parametrize(
    "module", [containers, conversations, files, namespaces, responses, uploads, vector_stores, webhooks]
)
def test_every_statement_that_is_kept_can_be_asked_either_way(module):
    kept = [found for found in vars(module).values() if isinstance(found, Select)]
    assert kept

    def work(connection):
        fill(connection)
        found = 0
        for statement in kept:
            names = statement.compile(dialect=connection.dialect).params
            values = {name: given(name, value) for name, value in names.items()}
            rows, plain = fetch(connection, statement, values), connection.execute(statement, values).all()
            assert rows == plain
            assert [[type(one) for one in row] for row in rows] == [[type(one) for one in row] for row in plain]
            found += len(rows)
        return found

    assert in_store(work) >= len(kept) - 1  # some ask for what has no time of deletion, or for a status that is none
