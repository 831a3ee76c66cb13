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

SCHEMA_VERSION = 5

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

# One row a namespace. `revision` grows with each change of its clock, seed, fixtures or faults, so that every server
# sees when what it remembers is old. `counter` numbers the ids of a seeded namespace. `seal_key` is the secret behind
# its encrypted content.
namespaces = Table(
    "namespaces",
    metadata,
    Column("name", String, primary_key=True),
    Column("used_at", Float, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("seed", String),
    Column("counter", BigInteger, nullable=False),
    Column("clock_mode", String, nullable=False),
    Column("clock_at", Float, nullable=False),
    Column("seal_key", String),
)

# What is scripted at run time, as it was sent: `kind` is `fixture` or `fault`, `position` the order of adding.
scripts = Table(
    "scripts",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("source", LargeBinary, nullable=False),
)

# How often a fixture matched, a fault struck, and what a rate window has used.
counters = Table(
    "counters",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Float, nullable=False),
)

# The requests seen, newest last; `entry` is the whole entry as JSON, the other columns are what is searched.
journal = Table(
    "journal",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("namespace", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("method", String, nullable=False),
    Column("path", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("fixture", String),
    Column("response_id", String),
    Column("entry", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("journal_by_namespace", journal.c.namespace, journal.c.number)

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
Index(
    "responses_unfinished",
    responses.c.namespace,
    sqlite_where=responses.c.status.in_(("queued", "in_progress")),
)
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

# Which responses hold an item, as input or as output. There is no index by response: each of its pages would be written
# for one row, and the sweep reads from the response itself which items it holds.
items = Table(
    "items",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("response_id", String, primary_key=True),
    sqlite_with_rowid=False,
)

# One row a conversation. `chain` is what the next turn asks, `revision` grows with each change of its items and
# `positions` is the place of its next one. `running` is the response that is being made of it: until that has ended, or
# until the second `until` of the machine where no row of it is saved yet.
conversations = Table(
    "conversations",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("metadata", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("deleted_at", Float),
    Column("chain", LargeBinary, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("positions", Integer, nullable=False),
    Column("running", String),
    Column("until", Float),
)
Index("conversations_deleted", conversations.c.namespace, sqlite_where=conversations.c.deleted_at.is_not(None))

# The items of conversations in their order, as JSON; each is there from revision `added` on, and until `removed`.
conversation_items = Table(
    "conversation_items",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("conversation_id", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("id", String, nullable=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer),
    Column("item", LargeBinary, nullable=False),
)
Index("conversation_items_by_id", conversation_items.c.namespace, conversation_items.c.id)
Index(
    "conversation_items_removed",
    conversation_items.c.namespace,
    sqlite_where=conversation_items.c.removed.is_not(None),
)

# Which responses went on with a conversation, the revision that each of them read, and the `chain` of it then.
conversation_turns = Table(
    "conversation_turns",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("response_id", String, primary_key=True),
    Column("conversation_id", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)
Index(
    "conversation_turns_by_conversation",
    conversation_turns.c.namespace,
    conversation_turns.c.conversation_id,
)

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

# One row a container. `minutes` is how long it may be idle, `expires_at` what follows from that and from its age.
containers = Table(
    "containers",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("memory_limit", String, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("last_active_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
)
Index("containers_by_time", containers.c.namespace, containers.c.created_at, containers.c.id)

# One row a file of a container; its bytes are `file_pieces` of its id. The newest of a path hides the others.
container_files = Table(
    "container_files",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("container_id", String, nullable=False),
    Column("path", String, nullable=False),
    Column("source", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
)
Index(
    "container_files_by_time",
    container_files.c.namespace,
    container_files.c.container_id,
    container_files.c.created_at,
    container_files.c.id,
)
Index("container_files_by_path", container_files.c.namespace, container_files.c.container_id, container_files.c.path)

# One row a vector store. It expires `days` after it was last active, if it expires at all; `metadata` is JSON.
vector_stores = Table(
    "vector_stores",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
    Column("days", Integer),
    Column("created_at", Float, nullable=False),
    Column("last_active_at", Float, nullable=False),
    Column("expires_at", Float),
)
Index("vector_stores_by_time", vector_stores.c.namespace, vector_stores.c.created_at, vector_stores.c.id)

# One row a file of a vector store, under the id of the uploaded file. `attributes` are JSON, `error` names why it
# could not be read, `batch_id` the batch that it came with last.
vector_store_files = Table(
    "vector_store_files",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("vector_store_id", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("filename", String, nullable=False),
    Column("attributes", LargeBinary, nullable=False),
    Column("chunk_tokens", Integer, nullable=False),
    Column("overlap_tokens", Integer, nullable=False),
    Column("usage_bytes", BigInteger, nullable=False),
    Column("error", String),
    Column("message", String),
    Column("batch_id", String),
    Column("created_at", Float, nullable=False),
)
Index(
    "vector_store_files_by_time",
    vector_store_files.c.namespace,
    vector_store_files.c.vector_store_id,
    vector_store_files.c.created_at,
    vector_store_files.c.id,
)
Index("vector_store_files_by_file", vector_store_files.c.namespace, vector_store_files.c.id)

# The chunks of a file of a vector store as UTF-8; the first `seen` characters stand in the one before too.
vector_store_chunks = Table(
    "vector_store_chunks",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("vector_store_id", String, primary_key=True),
    Column("file_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("seen", Integer, nullable=False),
    Column("text", LargeBinary, nullable=False),
)
Index("vector_store_chunks_by_file", vector_store_chunks.c.namespace, vector_store_chunks.c.file_id)

# One row a batch of files, with how many of them could be read.
vector_store_batches = Table(
    "vector_store_batches",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("vector_store_id", String, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)
Index("vector_store_batches_by_store", vector_store_batches.c.namespace, vector_store_batches.c.vector_store_id)

# One row an upload in parts. `life` is how many seconds the file will live, `status` is `pending`, `completed` or
# `cancelled`; a pending one is over at `expires_at`.
uploads = Table(
    "uploads",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("filename", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("life", Integer),
    Column("status", String, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
)

# One row a part of an upload; its bytes are `file_pieces` of its id.
upload_parts = Table(
    "upload_parts",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("upload_id", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
)
Index("upload_parts_by_upload", upload_parts.c.namespace, upload_parts.c.upload_id)

# One row a webhook that was registered: `events` are their names with commas, `secret` signs what is sent to it. It is
# in no archive.
webhooks = Table(
    "webhooks",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("events", String, nullable=False),
    Column("secret", String, nullable=False),
    Column("created_at", Float, nullable=False),
)

# One row an event for one webhook. While `status` is `pending` it is sent at `due_at` of the namespace's clock, by the
# server that holds it until `leased_until` of the machine's. `answered` and `error` tell of the last attempt.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("namespace", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("webhook_id", String, nullable=False),
    Column("response_id", String, nullable=False),
    Column("event", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("status", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("leased_until", Float, nullable=False),
    Column("answered", Integer),
    Column("error", String),
)
Index("webhook_deliveries_by_time", webhook_deliveries.c.namespace, webhook_deliveries.c.created_at)
Index(
    "webhook_deliveries_pending",
    webhook_deliveries.c.namespace,
    webhook_deliveries.c.due_at,
    sqlite_where=webhook_deliveries.c.status == "pending",
)
