"""The tables, for SQLite and PostgreSQL alike; no statement stands here."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    false,
)

SCHEMA_VERSION = 1

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

# One row a response. `response` is the fold, `input` the response's own input items, `chain` what the next turn asks,
# `plan` the run of a background response. `polls` and `polled_at` count the GETs of an unfinished one.
responses = Table(
    "responses",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("previous_id", String),
    Column("status", String, nullable=False),
    Column("background", Boolean, nullable=False),
    Column("streamed", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("hidden", Boolean, nullable=False, server_default=false()),
    Column("next_seq", Integer, nullable=False),
    Column("polls", Integer, nullable=False),
    Column("polled_at", Float, nullable=False),
    Column("plan", LargeBinary),
    Column("response", LargeBinary, nullable=False),
    Column("input", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    sqlite_with_rowid=True,
)
Index("responses_by_parent", responses.c.namespace, responses.c.previous_id)
Index("responses_by_expiry", responses.c.expires_at)

# The saved pieces of a log: JSON lines, one row a settle, keyed by the number of their first event.
chunks = Table(
    "chunks",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("response_id", String, primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("lines", LargeBinary, nullable=False),
)

# Which responses hold an item, as input or as output.
items = Table(
    "items",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("response_id", String, primary_key=True),
    sqlite_with_rowid=False,
)
Index("items_by_response", items.c.namespace, items.c.response_id)

# One row a file; its bytes lie in pieces, so that none is ever whole in memory.
files = Table(
    "files",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("filename", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
)
Index("files_by_time", files.c.namespace, files.c.created_at, files.c.id)

file_pieces = Table(
    "file_pieces",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("file_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
