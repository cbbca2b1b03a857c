-- What always fails reaches nothing; what fails for one column, or for one value of a setting, says nothing of the rest.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA fails_it;
GRANT USAGE ON SCHEMA fails_it TO anon, authenticated;
SET search_path = fails_it;
CREATE TABLE person (id int PRIMARY KEY, name text, whose uuid);
CREATE TABLE loop (id int PRIMARY KEY);
CREATE TABLE notice (id int PRIMARY KEY, shown boolean, tenant uuid);
INSERT INTO person VALUES (1, 'a', 'c2b1f0de-0000-4000-8000-000000000001');
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE loop ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY itself ON loop FOR SELECT USING (EXISTS (SELECT FROM loop l WHERE l.id = loop.id));
CREATE POLICY all_of_it ON loop FOR DELETE USING (true);
-- A visitor has no tenant: NULL, or empty once a transaction has set it and was rolled back. The cast fails for the latter.
CREATE POLICY shown_or_own ON notice USING (shown OR tenant = current_setting('fails.tenant', true)::uuid);
-- The same where nothing is shown while nobody has set one: a row is let in once it is empty, and the prover says nothing of that.
CREATE TABLE memo (id int PRIMARY KEY, shown boolean, tenant uuid);
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;
CREATE POLICY shown_or_own ON memo USING (current_setting('fails.tenant', true) IS NOT NULL AND (shown OR tenant = current_setting('fails.tenant', true)::uuid));
-- The first column is computed; the others can be written, past all policies.
CREATE VIEW shouted AS SELECT upper(name) AS loud, id, name FROM person;
CREATE VIEW counted AS SELECT count(*) AS many FROM person;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fails_it TO anon;
RESET search_path;
SELECT object, command, verdict, reason FROM rlsproof.prove('anon') WHERE direction = 'no more' AND object IN ('fails_it.loop', 'fails_it.counted', 'fails_it.shouted', 'fails_it.memo') ORDER BY object, command;
SELECT object, command, verdict, evidence, reason FROM rlsproof.verify('anon') WHERE object LIKE 'fails\_it.%' AND command IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') ORDER BY object, command;
DROP SCHEMA fails_it CASCADE;
DROP ROLE authenticated, anon;
