DROP TABLE fact;
COMMENT ON TABLE party IS 'Customers that have postings.';
