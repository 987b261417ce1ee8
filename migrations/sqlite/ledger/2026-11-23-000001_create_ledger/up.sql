-- Up to where messages were admitted to the queue: one row.
CREATE TABLE watermark (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    xid INTEGER NOT NULL,
    message_id INTEGER NOT NULL
) STRICT;

-- How far the work on each message got.
CREATE TABLE work (
    message_id INTEGER PRIMARY KEY,
    integration TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'done', 'dead', 'quarantined')),
    attempts INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    lease_until INTEGER,
    not_before INTEGER,
    class TEXT,
    reason TEXT,
    failed_at INTEGER
) STRICT;

-- At this time, this object looked like this.
CREATE TABLE observation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    object TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    mapping_version INTEGER NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('webhook', 'read')),
    message_id INTEGER NOT NULL,
    integration TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    UNIQUE (object, observed_at, source_id, mapping_version, message_id)
) STRICT;

-- How objects name each other.
CREATE TABLE edge (
    child TEXT NOT NULL,
    relation TEXT NOT NULL CHECK (relation IN ('parent', 'pays', 'of_invoice')),
    parent TEXT NOT NULL,
    PRIMARY KEY (child, relation, parent)
) STRICT, WITHOUT ROWID;

-- Cases that must be booked.
CREATE TABLE dirty (
    anchor TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    marked_at INTEGER NOT NULL,
    lease_until INTEGER
) STRICT;

-- Cases, and the sequence of the last entry of each; its row is the lock of the case.
CREATE TABLE ledger_case (
    anchor TEXT PRIMARY KEY NOT NULL,
    sequence INTEGER NOT NULL
) STRICT;

-- Cases that could not be computed.
CREATE TABLE stuck_case (
    anchor TEXT PRIMARY KEY NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;

-- Balanced entries. Append-only; written after its postings.
CREATE TABLE ledger_entry (
    anchor TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    block INTEGER NOT NULL,
    PRIMARY KEY (anchor, sequence)
) STRICT, WITHOUT ROWID;

-- Signed amounts on accounts, debit positive. Append-only.
CREATE TABLE posting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    anchor TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    account TEXT NOT NULL,
    party TEXT NOT NULL,
    integration TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    amount_minor INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    fact TEXT NOT NULL,
    source_message INTEGER NOT NULL,
    block INTEGER NOT NULL,
    CHECK (amount_minor <> 0 OR quantity <> 0),
    FOREIGN KEY (anchor, sequence) REFERENCES ledger_entry (anchor, sequence) DEFERRABLE INITIALLY DEFERRED
) STRICT;

-- Sealed blocks of the journal. Append-only.
CREATE TABLE block (
    number INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    entries INTEGER NOT NULL
) STRICT;

-- The newest block: one row, the lock under which blocks are sealed.
CREATE TABLE ledger_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Which message each case first saw in which block. Append-only.
CREATE TABLE block_log (
    anchor TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    mapping_version INTEGER NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (anchor, message_id, mapping_version)
) STRICT, WITHOUT ROWID;

-- Up to when sources were known to be complete, by block. Append-only.
CREATE TABLE block_completeness (
    block INTEGER NOT NULL,
    integration TEXT NOT NULL,
    complete_through INTEGER NOT NULL,
    PRIMARY KEY (block, integration)
) STRICT, WITHOUT ROWID;

-- Sums of all postings, for questions about the present.
CREATE TABLE running_total (
    party TEXT NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    amount_minor INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (party, account, currency)
) STRICT, WITHOUT ROWID;

-- Customers that have postings.
CREATE TABLE party (
    party TEXT PRIMARY KEY NOT NULL,
    supplier_id TEXT NOT NULL UNIQUE,
    first_block INTEGER NOT NULL
) STRICT;

CREATE INDEX work_due ON work (message_id) WHERE status = 'pending';
CREATE INDEX work_by_integration ON work (integration, status, received_at);
CREATE INDEX work_failed ON work (message_id) WHERE status IN ('dead', 'quarantined');
CREATE INDEX edge_by_parent ON edge (parent, relation, child);
CREATE INDEX dirty_by_mark ON dirty (marked_at, anchor);
CREATE INDEX ledger_entry_by_block ON ledger_entry (block);
CREATE INDEX posting_by_entry ON posting (anchor, sequence);
CREATE INDEX posting_by_party ON posting (party, effective_at, id);
CREATE INDEX posting_by_case ON posting (anchor, effective_at, id);
CREATE INDEX posting_by_time ON posting (effective_at, block, account, currency, party, amount_minor, quantity);
CREATE INDEX posting_by_block ON posting (block);
CREATE INDEX posting_in_suspense ON posting (anchor, party, currency, amount_minor) WHERE account = 'suspense';
CREATE INDEX block_by_time ON block (recorded_at);
CREATE INDEX block_log_by_block ON block_log (block);
CREATE INDEX party_by_block ON party (supplier_id, first_block);

CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'ledger_entry is append-only');
END;
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'ledger_entry is append-only');
END;
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting
BEGIN
    SELECT RAISE(ABORT, 'posting is append-only');
END;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting
BEGIN
    SELECT RAISE(ABORT, 'posting is append-only');
END;
CREATE TRIGGER block_no_update BEFORE UPDATE ON block
BEGIN
    SELECT RAISE(ABORT, 'block is append-only');
END;
CREATE TRIGGER block_no_delete BEFORE DELETE ON block
BEGIN
    SELECT RAISE(ABORT, 'block is append-only');
END;
CREATE TRIGGER block_log_no_update BEFORE UPDATE ON block_log
BEGIN
    SELECT RAISE(ABORT, 'block_log is append-only');
END;
CREATE TRIGGER block_log_no_delete BEFORE DELETE ON block_log
BEGIN
    SELECT RAISE(ABORT, 'block_log is append-only');
END;
CREATE TRIGGER block_completeness_no_update BEFORE UPDATE ON block_completeness
BEGIN
    SELECT RAISE(ABORT, 'block_completeness is append-only');
END;
CREATE TRIGGER block_completeness_no_delete BEFORE DELETE ON block_completeness
BEGIN
    SELECT RAISE(ABORT, 'block_completeness is append-only');
END;

-- An entry is written after its postings, so that it can be refused when they do not sum to zero.
CREATE TRIGGER ledger_entry_balances BEFORE INSERT ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'an entry needs postings')
    WHERE NOT EXISTS (SELECT 1 FROM posting WHERE anchor = NEW.anchor AND sequence = NEW.sequence);
    SELECT RAISE(ABORT, 'the postings of an entry must sum to zero')
    WHERE EXISTS (
        SELECT 1 FROM posting WHERE anchor = NEW.anchor AND sequence = NEW.sequence
        GROUP BY currency HAVING sum(amount_minor) <> 0
    );
    SELECT RAISE(ABORT, 'the postings of an entry must be of its block')
    WHERE EXISTS (
        SELECT 1 FROM posting WHERE anchor = NEW.anchor AND sequence = NEW.sequence AND block <> NEW.block
    );
END;
CREATE TRIGGER posting_before_entry BEFORE INSERT ON posting
BEGIN
    SELECT RAISE(ABORT, 'the entry is complete')
    WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE anchor = NEW.anchor AND sequence = NEW.sequence);
END;

INSERT INTO watermark (id, xid, message_id) VALUES (1, 0, 0);
INSERT INTO ledger_head (id, number, recorded_at, hash) VALUES (1, 0, 0, zeroblob(32));
