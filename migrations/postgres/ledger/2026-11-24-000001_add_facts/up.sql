CREATE TABLE fact (
    anchor TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    party TEXT COLLATE "C" NOT NULL,
    block BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (anchor, kind, party, block)
);
COMMENT ON TABLE fact IS 'What cases say beside their postings: versions by block, the newest counts. Append-only.';
COMMENT ON COLUMN fact.anchor IS 'The case.';
COMMENT ON COLUMN fact.kind IS 'What it speaks of: contract, discount, billed, dunning, return or rate.';
COMMENT ON COLUMN fact.party IS 'Whose it is.';
COMMENT ON COLUMN fact.block IS 'The block.';
COMMENT ON COLUMN fact.body IS 'A list as JSON, as it was sealed; an empty one: it says it no more.';
COMMENT ON TABLE party IS 'Customers that have postings or facts.';

CREATE INDEX fact_by_party ON fact (party, anchor, kind, block);
CREATE INDEX fact_by_block ON fact (block);

CREATE TRIGGER fact_no_change BEFORE UPDATE OR DELETE ON fact
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fact_no_truncate BEFORE TRUNCATE ON fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ltv_app') THEN
        GRANT SELECT, INSERT ON fact TO ltv_app;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ltv_read') THEN
        GRANT SELECT ON fact TO ltv_read;
    END IF;
END
$$;
