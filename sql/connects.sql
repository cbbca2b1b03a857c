-- TRUNCATE looks at no policy: a note where an API stands in between, a warning where whoever holds it connects.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_connects_app LOGIN;
CREATE SCHEMA connects;
GRANT USAGE ON SCHEMA connects TO regress_connects_app;
CREATE TABLE connects.invoices (id int PRIMARY KEY, tenant text NOT NULL);
ALTER TABLE connects.invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON connects.invoices USING (tenant = current_setting('connects.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON connects.invoices TO regress_connects_app;
SELECT level, message, detail FROM rlsproof.lint('truncate_granted', 'connects.invoices');

-- TRIGGER alone empties nothing.
REVOKE TRUNCATE ON connects.invoices FROM regress_connects_app;
SELECT level, message FROM rlsproof.lint('truncate_granted', 'connects.invoices');
GRANT TRUNCATE ON connects.invoices TO regress_connects_app;

-- Through an API.
CREATE ROLE regress_connects_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_connects_api;
GRANT USAGE ON SCHEMA connects TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON connects.invoices TO authenticated;
SELECT level, message FROM rlsproof.lint('truncate_granted', 'connects.invoices');

DROP SCHEMA connects CASCADE;
DROP OWNED BY regress_connects_app, anon, authenticated;
DROP ROLE regress_connects_api, regress_connects_app, anon, authenticated;
