-- What cases say beside their postings: versions by block, the newest counts. An empty list: it says it no more. Append-only.
CREATE TABLE fact (
    anchor TEXT NOT NULL,
    kind TEXT NOT NULL,
    party TEXT NOT NULL,
    block INTEGER NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (anchor, kind, party, block)
) STRICT;

CREATE INDEX fact_by_party ON fact (party, anchor, kind, block);
CREATE INDEX fact_by_block ON fact (block);

CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact
BEGIN
    SELECT RAISE(ABORT, 'fact is append-only');
END;
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact
BEGIN
    SELECT RAISE(ABORT, 'fact is append-only');
END;
