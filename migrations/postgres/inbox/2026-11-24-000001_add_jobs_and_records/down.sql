DROP TABLE dead_letter_decision;
DROP TABLE audit_head;
DROP TABLE audit;
DROP TABLE idempotency;
DROP TABLE schedule;
DROP TABLE job;
ALTER TABLE api_key DROP COLUMN suppliers;
ALTER TABLE api_key DROP COLUMN last_used_at;
ALTER TABLE api_key DROP COLUMN replaces;
