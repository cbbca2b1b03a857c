-- The preset for an API, and the draft of a matrix: what it says, and that what it says holds.
\pset format unaligned
\pset tuples_only
\set SHOW_CONTEXT never
CREATE SCHEMA matrix_it;
-- Messages of refusals.
CREATE FUNCTION matrix_it.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; h text;
BEGIN
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, h = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', sqlstate || ': ' || m, nullif(h, ''));
END $$;
REVOKE EXECUTE ON FUNCTION matrix_it.try FROM PUBLIC;

-- No API, and nobody to draft for: neither passes in silence.
SELECT matrix_it.try('SELECT rlsproof.use_supabase()');
SELECT matrix_it.try('SELECT rlsproof.draft_matrix()');

CREATE ROLE regress_matrix_visitor;
CREATE ROLE regress_matrix_user;
CREATE ROLE regress_matrix_partner;
CREATE ROLE regress_matrix_service BYPASSRLS;
CREATE ROLE regress_matrix_login LOGIN NOINHERIT IN ROLE regress_matrix_visitor, regress_matrix_user, regress_matrix_service;
-- Roles of other names, and no word which of them is the anonymous one.
SELECT matrix_it.try('SELECT rlsproof.use_supabase()');
ALTER ROLE regress_matrix_login SET pgrst.db_anon_role = 'regress_matrix_visitor';
SELECT * FROM rlsproof.use_supabase();
-- A role that is become through another one; schemas, one of them missing.
GRANT regress_matrix_partner TO regress_matrix_user;
ALTER ROLE regress_matrix_login SET pgrst.db_schemas = 'matrix_it, nowhere';
ALTER ROLE regress_matrix_login SET pgrst.db_anon_role = 'regress_matrix_gone';
SELECT * FROM rlsproof.use_supabase();
DELETE FROM rlsproof.personas;
ALTER ROLE regress_matrix_login SET pgrst.db_anon_role = 'regress_matrix_visitor';
SELECT * FROM rlsproof.use_supabase();
SELECT name, role, claims ->> 'role', note FROM rlsproof.personas ORDER BY name COLLATE "C";
-- What a team has made of a persona stays.
SELECT rlsproof.persona('regress_matrix_user', 'regress_matrix_user', '{"sub": "ours", "role": "regress_matrix_user"}', NULL, 'ours');
SELECT count(*) FROM rlsproof.use_supabase();
SELECT claims, note FROM rlsproof.personas WHERE name = 'regress_matrix_user';
DELETE FROM rlsproof.personas WHERE name = 'regress_matrix_partner';

CREATE TABLE matrix_it.notes (id int PRIMARY KEY, author text NOT NULL, body text);
ALTER TABLE matrix_it.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON matrix_it.notes TO regress_matrix_user
    USING (author = current_setting('request.jwt.claims', true)::jsonb ->> 'sub');
CREATE TABLE matrix_it.articles (id int PRIMARY KEY, status text NOT NULL);
ALTER TABLE matrix_it.articles ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON matrix_it.articles FOR SELECT USING (status = 'published');
CREATE TABLE matrix_it.closed (id int PRIMARY KEY);
INSERT INTO matrix_it.notes VALUES (1, 'ann', 'a'), (2, 'ours', 'o');
INSERT INTO matrix_it.articles VALUES (1, 'published'), (2, 'draft');
GRANT USAGE ON SCHEMA matrix_it TO regress_matrix_visitor, regress_matrix_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON matrix_it.notes TO regress_matrix_user;
GRANT SELECT ON matrix_it.articles TO regress_matrix_visitor, regress_matrix_user;

-- The draft, printed; trying it out leaves nothing behind.
SELECT * FROM rlsproof.draft_matrix();
SELECT count(*) FROM rlsproof.expectations;
SELECT count(*) FROM rlsproof.scopes;
-- Loaded, it holds: every cell is as declared, and every one of them is declared.
CREATE TABLE matrix_it.draft AS SELECT * FROM rlsproof.draft_matrix();
SELECT line FROM matrix_it.draft WHERE line LIKE 'SELECT %' \gexec
DROP TABLE matrix_it.draft;
SELECT persona, object, command, verdict, reason FROM rlsproof.verify() WHERE verdict <> 'ok';
SELECT rule, level, object FROM rlsproof.audit();
SELECT persona, sum(cells) - sum(declared) AS undeclared FROM rlsproof.coverage() GROUP BY persona ORDER BY persona COLLATE "C";
-- Nothing is left to be drafted, and what was reviewed is not drafted again.
SELECT line FROM rlsproof.draft_matrix() WHERE line LIKE '%.expect(%' OR line LIKE '%.scope(%';
SELECT rlsproof.expect('regress_matrix_user', 'matrix_it.notes', 'select', 'own', 'read and meant');
DELETE FROM rlsproof.expectations WHERE persona = 'anon';
SELECT line FROM rlsproof.draft_matrix() WHERE line LIKE '%.expect(%' OR line LIKE '%.scope(%';

-- A policy that widens afterwards is a leak, one that dies a lockout, and a new table is not covered by the draft.
CREATE POLICY everybody ON matrix_it.notes FOR SELECT USING (true);
SELECT persona, expected, verdict FROM rlsproof.verify('regress_matrix_user', 'matrix_it.notes', 'SELECT');
DROP POLICY everybody ON matrix_it.notes;
DROP POLICY own ON matrix_it.notes;
SELECT persona, expected, verdict FROM rlsproof.verify('regress_matrix_user', 'matrix_it.notes', 'SELECT');
CREATE TABLE matrix_it.new (id int PRIMARY KEY);
GRANT SELECT ON matrix_it.new TO regress_matrix_user;
SELECT persona, expected, verdict FROM rlsproof.verify('regress_matrix_user', 'matrix_it.new', 'SELECT');

BEGIN READ ONLY;
SELECT matrix_it.try('SELECT rlsproof.draft_matrix()');
ROLLBACK;

DELETE FROM rlsproof.expectations;
DELETE FROM rlsproof.scopes;
DELETE FROM rlsproof.personas;
SET client_min_messages = warning;
DROP SCHEMA matrix_it CASCADE;
DROP ROLE regress_matrix_login, regress_matrix_visitor, regress_matrix_user, regress_matrix_partner, regress_matrix_service;
