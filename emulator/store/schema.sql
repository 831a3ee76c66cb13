-- Made by docs/make.py from schema.py, so that no start has to compile it.

CREATE TABLE chunks (
    namespace VARCHAR NOT NULL,
    response_id VARCHAR NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    lines BLOB NOT NULL,
    PRIMARY KEY (namespace, response_id, first)
);

CREATE TABLE container_files (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    container_id VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX container_files_by_path ON container_files (namespace, container_id, path);

CREATE INDEX container_files_by_time ON container_files (namespace, container_id, created_at, id);

CREATE TABLE containers (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    memory_limit VARCHAR NOT NULL,
    minutes INTEGER NOT NULL,
    created_at FLOAT NOT NULL,
    last_active_at FLOAT NOT NULL,
    expires_at FLOAT NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX containers_by_time ON containers (namespace, created_at, id);

CREATE TABLE conversation_items (
    namespace VARCHAR NOT NULL,
    conversation_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    added INTEGER NOT NULL,
    removed INTEGER,
    item BLOB NOT NULL,
    PRIMARY KEY (namespace, conversation_id, position)
);

CREATE INDEX conversation_items_by_id ON conversation_items (namespace, id);

CREATE INDEX conversation_items_removed ON conversation_items (namespace) WHERE removed IS NOT NULL;

CREATE TABLE conversation_turns (
    namespace VARCHAR NOT NULL,
    response_id VARCHAR NOT NULL,
    conversation_id VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (namespace, response_id)
);

CREATE INDEX conversation_turns_by_conversation ON conversation_turns (namespace, conversation_id);

CREATE TABLE conversations (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    metadata BLOB NOT NULL,
    created_at FLOAT NOT NULL,
    deleted_at FLOAT,
    chain BLOB NOT NULL,
    revision INTEGER NOT NULL,
    positions INTEGER NOT NULL,
    running VARCHAR,
    until FLOAT,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX conversations_deleted ON conversations (namespace) WHERE deleted_at IS NOT NULL;

CREATE TABLE counters (
    namespace VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value FLOAT NOT NULL,
    PRIMARY KEY (namespace, name)
);

CREATE TABLE file_pieces (
    namespace VARCHAR NOT NULL,
    file_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (namespace, file_id, number)
);

CREATE TABLE files (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    filename VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    created_at FLOAT NOT NULL,
    expires_at FLOAT,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX files_by_time ON files (namespace, created_at, id);

CREATE TABLE items (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    response_id VARCHAR NOT NULL,
    PRIMARY KEY (namespace, id, response_id)
)
 WITHOUT ROWID;

CREATE TABLE journal (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    namespace VARCHAR NOT NULL,
    at FLOAT NOT NULL,
    method VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    fixture VARCHAR,
    response_id VARCHAR,
    entry BLOB NOT NULL
);

CREATE INDEX journal_by_namespace ON journal (namespace, number);

CREATE TABLE meta (
    "key" VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE namespaces (
    name VARCHAR NOT NULL,
    used_at FLOAT NOT NULL,
    revision INTEGER NOT NULL,
    seed VARCHAR,
    counter BIGINT NOT NULL,
    clock_mode VARCHAR NOT NULL,
    clock_at FLOAT NOT NULL,
    seal_key VARCHAR,
    PRIMARY KEY (name)
);

CREATE TABLE responses (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    previous_id VARCHAR,
    status VARCHAR NOT NULL,
    background BOOLEAN NOT NULL,
    streamed BOOLEAN NOT NULL,
    created_at FLOAT NOT NULL,
    expires_at FLOAT NOT NULL,
    hidden BOOLEAN DEFAULT 0 NOT NULL,
    next_seq INTEGER NOT NULL,
    polls INTEGER NOT NULL,
    polled_at FLOAT NOT NULL,
    "plan" BLOB,
    response BLOB NOT NULL,
    input BLOB NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX responses_by_expiry ON responses (expires_at);

CREATE INDEX responses_by_parent ON responses (namespace, previous_id);

CREATE INDEX responses_unfinished ON responses (namespace) WHERE status IN ('queued', 'in_progress');

CREATE TABLE scripts (
    namespace VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    source BLOB NOT NULL,
    PRIMARY KEY (namespace, kind, id)
);

CREATE TABLE upload_parts (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    upload_id VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX upload_parts_by_upload ON upload_parts (namespace, upload_id);

CREATE TABLE uploads (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    filename VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    life INTEGER,
    status VARCHAR NOT NULL,
    created_at FLOAT NOT NULL,
    expires_at FLOAT NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE TABLE vector_store_batches (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    vector_store_id VARCHAR NOT NULL,
    completed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX vector_store_batches_by_store ON vector_store_batches (namespace, vector_store_id);

CREATE TABLE vector_store_chunks (
    namespace VARCHAR NOT NULL,
    vector_store_id VARCHAR NOT NULL,
    file_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (namespace, vector_store_id, file_id, number)
);

CREATE INDEX vector_store_chunks_by_file ON vector_store_chunks (namespace, file_id);

CREATE TABLE vector_store_files (
    namespace VARCHAR NOT NULL,
    vector_store_id VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    filename VARCHAR NOT NULL,
    attributes BLOB NOT NULL,
    chunk_tokens INTEGER NOT NULL,
    overlap_tokens INTEGER NOT NULL,
    usage_bytes BIGINT NOT NULL,
    error VARCHAR,
    message VARCHAR,
    batch_id VARCHAR,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (namespace, vector_store_id, id)
);

CREATE INDEX vector_store_files_by_file ON vector_store_files (namespace, id);

CREATE INDEX vector_store_files_by_time ON vector_store_files (namespace, vector_store_id, created_at, id);

CREATE TABLE vector_stores (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    metadata BLOB NOT NULL,
    days INTEGER,
    created_at FLOAT NOT NULL,
    last_active_at FLOAT NOT NULL,
    expires_at FLOAT,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX vector_stores_by_time ON vector_stores (namespace, created_at, id);

CREATE TABLE webhook_deliveries (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    webhook_id VARCHAR NOT NULL,
    response_id VARCHAR NOT NULL,
    event VARCHAR NOT NULL,
    body BLOB NOT NULL,
    created_at FLOAT NOT NULL,
    status VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    due_at FLOAT NOT NULL,
    leased_until FLOAT NOT NULL,
    answered INTEGER,
    error VARCHAR,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (namespace, created_at);

CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (namespace, due_at) WHERE status = 'pending';

CREATE TABLE webhooks (
    namespace VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    events VARCHAR NOT NULL,
    secret VARCHAR NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (namespace, id)
);
