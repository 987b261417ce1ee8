-- What this store is: one row.
CREATE TABLE store_meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id TEXT NOT NULL
) STRICT;

-- What makes a message the same message; gives it its number. Append-only.
CREATE TABLE inbox_key (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    xid INTEGER NOT NULL DEFAULT 0,
    provider TEXT NOT NULL,
    integration TEXT NOT NULL,
    source_id TEXT NOT NULL,
    substance BLOB NOT NULL CHECK (length(substance) = 32),
    lane TEXT NOT NULL CHECK (lane IN ('main', 'other_mode')),
    received_at INTEGER NOT NULL,
    UNIQUE (provider, integration, source_id, substance)
) STRICT;

-- The message as received: compressed, then encrypted. Append-only.
CREATE TABLE inbox_message (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL CHECK (length(uuid) = 16),
    origin TEXT NOT NULL CHECK (origin IN ('webhook', 'read')),
    kind TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    account TEXT,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    ciphertext BLOB NOT NULL
) STRICT;

-- The wrapped key of each message; outside of what is append-only, since keys are wrapped anew.
CREATE TABLE message_key (
    message_id INTEGER PRIMARY KEY,
    wrapped_key BLOB NOT NULL,
    key_name TEXT NOT NULL
) STRICT;

-- Keys wrapped by other keys.
CREATE TABLE wrapped_key (
    name TEXT PRIMARY KEY NOT NULL,
    wrapped_by TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Configured accounts at providers.
CREATE TABLE integration (
    id TEXT PRIMARY KEY NOT NULL,
    provider TEXT NOT NULL,
    account TEXT,
    livemode INTEGER NOT NULL CHECK (livemode IN (0, 1)),
    api_base TEXT,
    sealed_secrets BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

-- Keys of callers of the API; the secrets themselves are not kept.
CREATE TABLE api_key (
    id TEXT PRIMARY KEY NOT NULL,
    label TEXT NOT NULL,
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    roles TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- Dashboard sessions and one-time links.
CREATE TABLE session (
    token_hash BLOB PRIMARY KEY NOT NULL CHECK (length(token_hash) = 32),
    key_id TEXT NOT NULL,
    one_time INTEGER NOT NULL CHECK (one_time IN (0, 1)),
    expires_at INTEGER NOT NULL
) STRICT;

-- Where walks through lists of providers stand.
CREATE TABLE read_cursor (
    integration TEXT NOT NULL,
    list TEXT NOT NULL,
    cursor TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (integration, list)
) STRICT, WITHOUT ROWID;

-- Counters.
CREATE TABLE tally (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_key_by_integration ON inbox_key (integration, lane, received_at);
CREATE INDEX message_key_by_key ON message_key (key_name, message_id);
CREATE INDEX session_by_key ON session (key_id);

CREATE TRIGGER inbox_key_no_update BEFORE UPDATE ON inbox_key
BEGIN
    SELECT RAISE(ABORT, 'inbox_key is append-only');
END;
CREATE TRIGGER inbox_key_no_delete BEFORE DELETE ON inbox_key
BEGIN
    SELECT RAISE(ABORT, 'inbox_key is append-only');
END;
CREATE TRIGGER inbox_message_no_update BEFORE UPDATE ON inbox_message
BEGIN
    SELECT RAISE(ABORT, 'inbox_message is append-only');
END;
CREATE TRIGGER inbox_message_no_delete BEFORE DELETE ON inbox_message
BEGIN
    SELECT RAISE(ABORT, 'inbox_message is append-only');
END;

INSERT INTO store_meta (id, store_id) VALUES (1, lower(hex(randomblob(16))));
