CREATE TABLE job (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C",
    input JSONB NOT NULL,
    status TEXT COLLATE "C" NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    priority INTEGER NOT NULL,
    run_at TIMESTAMPTZ NOT NULL,
    attempts INTEGER NOT NULL,
    lease_until TIMESTAMPTZ,
    lease_token BIGINT NOT NULL,
    progress JSONB NOT NULL,
    result JSONB,
    error TEXT,
    cancel_asked BOOLEAN NOT NULL,
    requested_by TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    CHECK ((status = 'running') = (lease_until IS NOT NULL)),
    CHECK ((status IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
);
COMMENT ON TABLE job IS 'Long work, with leases.';
COMMENT ON COLUMN job.id IS 'Its id.';
COMMENT ON COLUMN job.kind IS 'What is to be done.';
COMMENT ON COLUMN job.key IS 'At most one job of a key is queued or running; null: any number.';
COMMENT ON COLUMN job.input IS 'What it is about.';
COMMENT ON COLUMN job.status IS 'queued, running, done, failed or cancelled.';
COMMENT ON COLUMN job.priority IS 'A higher one goes first.';
COMMENT ON COLUMN job.run_at IS 'Not before.';
COMMENT ON COLUMN job.attempts IS 'How often it was begun.';
COMMENT ON COLUMN job.lease_until IS 'Until when a worker has it.';
COMMENT ON COLUMN job.lease_token IS 'Raised with each claim, so that a worker that lost it can write no more.';
COMMENT ON COLUMN job.progress IS 'How far it got.';
COMMENT ON COLUMN job.result IS 'What it gave.';
COMMENT ON COLUMN job.error IS 'What went wrong last, redacted.';
COMMENT ON COLUMN job.cancel_asked IS 'Whether it is to be called off at the next step.';
COMMENT ON COLUMN job.requested_by IS 'Who asked for it.';
COMMENT ON COLUMN job.created_at IS 'When it was asked for.';
COMMENT ON COLUMN job.updated_at IS 'When it last changed.';
COMMENT ON COLUMN job.ended_at IS 'When it ended.';

CREATE TABLE schedule (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    fired_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE schedule IS 'When each schedule last fired.';
COMMENT ON COLUMN schedule.name IS 'Its name.';
COMMENT ON COLUMN schedule.fired_at IS 'When it last fired.';

CREATE TABLE idempotency (
    principal TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    route TEXT COLLATE "C" NOT NULL,
    request_hash BYTEA NOT NULL CHECK (length(request_hash) = 32),
    status INTEGER,
    content_type TEXT COLLATE "C",
    location TEXT COLLATE "C",
    body BYTEA,
    in_flight_until TIMESTAMPTZ NOT NULL,
    keep_until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (principal, key),
    CHECK ((status IS NULL) = (content_type IS NULL) AND (status IS NULL) = (body IS NULL))
);
COMMENT ON TABLE idempotency IS 'Requests with one effect, and the answers that repetitions get.';
COMMENT ON COLUMN idempotency.principal IS 'Who asks.';
COMMENT ON COLUMN idempotency.key IS 'The caller''s key.';
COMMENT ON COLUMN idempotency.route IS 'Method and path.';
COMMENT ON COLUMN idempotency.request_hash IS 'SHA-256 of the request.';
COMMENT ON COLUMN idempotency.status IS 'The HTTP status; null while it is in flight.';
COMMENT ON COLUMN idempotency.content_type IS 'The content type of the answer.';
COMMENT ON COLUMN idempotency.location IS 'The Location header of the answer.';
COMMENT ON COLUMN idempotency.body IS 'The body of the answer.';
COMMENT ON COLUMN idempotency.in_flight_until IS 'When one in flight may be begun anew.';
COMMENT ON COLUMN idempotency.keep_until IS 'When it may be forgotten.';

CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id TEXT COLLATE "C" NOT NULL,
    actor_roles TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    reason TEXT,
    request_id TEXT COLLATE "C",
    source_ip_hash TEXT COLLATE "C",
    before_digest TEXT COLLATE "C",
    after_digest TEXT COLLATE "C",
    code_version TEXT COLLATE "C" NOT NULL,
    block BIGINT NOT NULL,
    block_hash BYTEA NOT NULL CHECK (length(block_hash) = 32),
    previous_hash BYTEA NOT NULL CHECK (length(previous_hash) = 32),
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);
COMMENT ON TABLE audit IS 'Who did what. Chained, without gaps. Append-only.';
COMMENT ON COLUMN audit.seq IS 'Its place, from 1, without gaps.';
COMMENT ON COLUMN audit.at IS 'When.';
COMMENT ON COLUMN audit.actor_kind IS 'key, session, command, system or nobody.';
COMMENT ON COLUMN audit.actor_id IS 'The id of the key; never the key.';
COMMENT ON COLUMN audit.actor_roles IS 'The roles, with commas between.';
COMMENT ON COLUMN audit.action IS 'What was done.';
COMMENT ON COLUMN audit.object IS 'On what; never values of personal data.';
COMMENT ON COLUMN audit.outcome IS 'done, denied or failed.';
COMMENT ON COLUMN audit.reason IS 'Why, as given by the person.';
COMMENT ON COLUMN audit.request_id IS 'The request.';
COMMENT ON COLUMN audit.source_ip_hash IS 'Keyed hash of the address.';
COMMENT ON COLUMN audit.before_digest IS 'Digest of the object before.';
COMMENT ON COLUMN audit.after_digest IS 'Digest of the object after.';
COMMENT ON COLUMN audit.code_version IS 'The version of the code.';
COMMENT ON COLUMN audit.block IS 'The newest block of the ledger when it was recorded.';
COMMENT ON COLUMN audit.block_hash IS 'The hash of that block.';
COMMENT ON COLUMN audit.previous_hash IS 'The hash of the record before.';
COMMENT ON COLUMN audit.hash IS 'Its hash.';

CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);
COMMENT ON TABLE audit_head IS 'The newest record of the audit log: one row, the lock under which records are chained.';
COMMENT ON COLUMN audit_head.id IS 'Always 1.';
COMMENT ON COLUMN audit_head.seq IS 'Its place; 0 before the first.';
COMMENT ON COLUMN audit_head.hash IS 'Its hash.';

CREATE TABLE dead_letter_decision (
    message_id BIGINT PRIMARY KEY,
    redrives INTEGER NOT NULL,
    discard_proposed_by TEXT COLLATE "C",
    discard_reason TEXT,
    discard_proposed_at TIMESTAMPTZ,
    discard_approved_by TEXT COLLATE "C",
    bears_money BOOLEAN NOT NULL,
    discarded_at TIMESTAMPTZ,
    CONSTRAINT two_persons CHECK (
        NOT bears_money OR discard_approved_by IS NULL OR discard_approved_by <> discard_proposed_by
    ),
    CHECK (discard_approved_by IS NULL OR discard_proposed_by IS NOT NULL),
    CHECK ((discard_approved_by IS NULL) = (discarded_at IS NULL))
);
COMMENT ON TABLE dead_letter_decision IS 'What people decided on dead letters.';
COMMENT ON COLUMN dead_letter_decision.message_id IS 'The message.';
COMMENT ON COLUMN dead_letter_decision.redrives IS 'How often it was retried by people.';
COMMENT ON COLUMN dead_letter_decision.discard_proposed_by IS 'Who proposes to discard it.';
COMMENT ON COLUMN dead_letter_decision.discard_reason IS 'Why.';
COMMENT ON COLUMN dead_letter_decision.discard_proposed_at IS 'When it was proposed.';
COMMENT ON COLUMN dead_letter_decision.discard_approved_by IS 'Who agreed.';
COMMENT ON COLUMN dead_letter_decision.bears_money IS 'Whether it takes a second person to agree.';
COMMENT ON COLUMN dead_letter_decision.discarded_at IS 'When it was discarded.';

ALTER TABLE api_key ADD COLUMN suppliers TEXT COLLATE "C";
ALTER TABLE api_key ADD COLUMN last_used_at TIMESTAMPTZ;
ALTER TABLE api_key ADD COLUMN replaces TEXT COLLATE "C";
COMMENT ON COLUMN api_key.suppliers IS 'Ids of the suppliers that it is limited to, with commas between; null: all.';
COMMENT ON COLUMN api_key.last_used_at IS 'When it was last used, to the minute or so.';
COMMENT ON COLUMN api_key.replaces IS 'The id of the key that it takes the place of.';

-- At most one job of a key is queued or running.
CREATE UNIQUE INDEX job_by_key ON job (key) WHERE status IN ('queued', 'running');
CREATE INDEX job_due ON job (priority DESC, run_at, id) WHERE status IN ('queued', 'running');
CREATE INDEX job_by_time ON job (created_at, id);
CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX idempotency_by_end ON idempotency (keep_until);
CREATE INDEX audit_by_actor ON audit (actor_id, seq);
CREATE INDEX audit_by_time ON audit (at, seq);

CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ltv_app') THEN
        GRANT SELECT, INSERT ON job, schedule, idempotency, audit, audit_head, dead_letter_decision TO ltv_app;
        GRANT UPDATE, DELETE ON job, schedule, idempotency, audit_head, dead_letter_decision TO ltv_app;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ltv_read') THEN
        GRANT SELECT ON job, schedule, idempotency, audit, audit_head, dead_letter_decision TO ltv_read;
    END IF;
END
$$;
