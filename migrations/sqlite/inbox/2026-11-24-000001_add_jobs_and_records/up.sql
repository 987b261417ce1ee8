-- Long work, with leases.
CREATE TABLE job (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    key TEXT,
    input TEXT NOT NULL CHECK (json_valid(input)),
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    priority INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    lease_until INTEGER,
    lease_token INTEGER NOT NULL,
    progress TEXT NOT NULL CHECK (json_valid(progress)),
    result TEXT CHECK (result IS NULL OR json_valid(result)),
    error TEXT,
    cancel_asked INTEGER NOT NULL CHECK (cancel_asked IN (0, 1)),
    requested_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((status = 'running') = (lease_until IS NOT NULL)),
    CHECK ((status IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
) STRICT;

-- When each schedule last fired.
CREATE TABLE schedule (
    name TEXT PRIMARY KEY NOT NULL,
    fired_at INTEGER NOT NULL
) STRICT;

-- Requests with one effect, and the answers that repetitions get.
CREATE TABLE idempotency (
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    route TEXT NOT NULL,
    request_hash BLOB NOT NULL CHECK (length(request_hash) = 32),
    status INTEGER,
    content_type TEXT,
    location TEXT,
    body BLOB,
    in_flight_until INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (principal, key),
    CHECK ((status IS NULL) = (content_type IS NULL) AND (status IS NULL) = (body IS NULL))
) STRICT;

-- Who did what. Chained, without gaps. Append-only.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_roles TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    request_id TEXT,
    source_ip_hash TEXT,
    before_digest TEXT,
    after_digest TEXT,
    code_version TEXT NOT NULL,
    block INTEGER NOT NULL,
    block_hash BLOB NOT NULL CHECK (length(block_hash) = 32),
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- The newest record of the audit log: one row, the lock under which records are chained.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- What people decided on dead letters. Whoever proposes to discard one that bears money can't agree to it.
CREATE TABLE dead_letter_decision (
    message_id INTEGER PRIMARY KEY,
    redrives INTEGER NOT NULL,
    discard_proposed_by TEXT,
    discard_reason TEXT,
    discard_proposed_at INTEGER,
    discard_approved_by TEXT,
    bears_money INTEGER NOT NULL CHECK (bears_money IN (0, 1)),
    discarded_at INTEGER,
    CONSTRAINT two_persons CHECK (
        bears_money = 0 OR discard_approved_by IS NULL OR discard_approved_by <> discard_proposed_by
    ),
    CHECK (discard_approved_by IS NULL OR discard_proposed_by IS NOT NULL),
    CHECK ((discard_approved_by IS NULL) = (discarded_at IS NULL))
) STRICT;

ALTER TABLE api_key ADD COLUMN suppliers TEXT;
ALTER TABLE api_key ADD COLUMN last_used_at INTEGER;
ALTER TABLE api_key ADD COLUMN replaces TEXT;

-- At most one job of a key is queued or running.
CREATE UNIQUE INDEX job_by_key ON job (key) WHERE status IN ('queued', 'running');
CREATE INDEX job_due ON job (priority DESC, run_at, id) WHERE status IN ('queued', 'running');
CREATE INDEX job_by_time ON job (created_at, id);
CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX idempotency_by_end ON idempotency (keep_until);
CREATE INDEX audit_by_actor ON audit (actor_id, seq);
CREATE INDEX audit_by_time ON audit (at, seq);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;

INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, zeroblob(32));
