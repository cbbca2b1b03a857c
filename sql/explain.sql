-- One cell, told from the grant to the verdict.
\pset format unaligned
\pset tuples_only
\set SHOW_CONTEXT never
CREATE ROLE regress_explain_owner;
CREATE ROLE regress_explain_group;
CREATE ROLE regress_explain_reader IN ROLE regress_explain_group;
CREATE ROLE regress_explain_stranger;
CREATE SCHEMA explain_it AUTHORIZATION regress_explain_owner;
-- Messages of refusals.
CREATE FUNCTION explain_it.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; h text;
BEGIN
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, h = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', sqlstate || ': ' || m, nullif(h, ''));
END $$;
SET ROLE regress_explain_owner;
CREATE TABLE explain_it.notes (id int PRIMARY KEY, author text NOT NULL, shared boolean NOT NULL, body text);
ALTER TABLE explain_it.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own notes" ON explain_it.notes USING (author = current_setting('app.user', true));
CREATE POLICY "shared ones" ON explain_it.notes FOR SELECT TO regress_explain_group USING (shared);
CREATE POLICY "never" ON explain_it.notes FOR SELECT USING (current_user = 'nobody');
CREATE POLICY "for others" ON explain_it.notes TO regress_explain_stranger USING (true);
CREATE POLICY "short" ON explain_it.notes AS RESTRICTIVE FOR UPDATE USING (length(body) < 100) WITH CHECK (length(body) < 50);
CREATE POLICY "adding" ON explain_it.notes FOR INSERT WITH CHECK (body IS NOT NULL);
CREATE TABLE explain_it.left_open (id int PRIMARY KEY, author text);
CREATE POLICY "not in force" ON explain_it.left_open USING (false);
CREATE VIEW explain_it.through AS SELECT * FROM explain_it.notes;
CREATE FUNCTION explain_it.wipe() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    BEGIN ATOMIC DELETE FROM explain_it.notes; END;
CREATE FUNCTION explain_it.plain() RETURNS int LANGUAGE sql RETURN 1;
INSERT INTO explain_it.notes VALUES (1, 'ann', true, 'a'), (2, 'bob', false, 'b');
INSERT INTO explain_it.left_open VALUES (1, 'ann');
GRANT USAGE ON SCHEMA explain_it TO regress_explain_group, regress_explain_owner;
GRANT SELECT, INSERT, UPDATE, TRUNCATE ON ALL TABLES IN SCHEMA explain_it TO regress_explain_group;
GRANT SELECT ON explain_it.notes TO regress_explain_stranger;
RESET ROLE;
SELECT rlsproof.persona('reader', 'regress_explain_reader', NULL, '{"app.user": "carl"}');
SELECT rlsproof.persona('owner', 'regress_explain_owner');
SELECT rlsproof.persona('stranger', 'regress_explain_stranger');
SELECT rlsproof.expect('owner', 'explain_it.notes', 'select', 'all');

-- Permissive policies, each with what it adds; one for somebody else; other commands.
SELECT * FROM rlsproof.explain('reader', 'explain_it.notes', 'select');
-- Both forms of UPDATE, and a restrictive policy.
SELECT * FROM rlsproof.explain('reader', 'explain_it.notes', 'UPDATE') WITH ORDINALITY AS e (line, place)
WHERE place < (SELECT min(n) FROM rlsproof.explain('reader', 'explain_it.notes', 'UPDATE') WITH ORDINALITY AS v (l, n) WHERE l LIKE 'Verdict%');
SELECT * FROM rlsproof.explain('reader', 'explain_it.notes', 'insert') WITH ORDINALITY AS e (line, place) WHERE place < 20;
-- No privilege, or the schema is shut.
SELECT * FROM rlsproof.explain('reader', 'explain_it.notes', 'delete');
SELECT * FROM rlsproof.explain('stranger', 'explain_it.notes', 'select');
-- The owner is past its own policies, as was declared.
SELECT * FROM rlsproof.explain('owner', 'explain_it.notes', 'select');
-- Policies that are not in force; what no policy looks at; a view; functions.
SELECT * FROM rlsproof.explain('reader', 'explain_it.left_open', 'select');
SELECT * FROM rlsproof.explain('reader', 'explain_it.left_open', 'truncate');
SELECT * FROM rlsproof.explain('reader', 'explain_it.through', 'select');
SELECT * FROM rlsproof.explain('reader', 'rpc:explain_it.wipe()', 'execute');
SELECT * FROM rlsproof.explain('reader', 'rpc:explain_it.plain()', 'execute');

-- What holds whatever the tables hold: the row that breaks it and the policy to blame, or what the proof rests on.
SET ROLE regress_explain_owner;
CREATE TABLE explain_it.profiles (id text PRIMARY KEY, admin boolean NOT NULL);
CREATE TABLE explain_it.keys (id int PRIMARY KEY);
ALTER TABLE explain_it.keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY admins ON explain_it.keys USING ((SELECT p.admin FROM explain_it.profiles p WHERE p.id = current_setting('app.user', true)));
GRANT SELECT ON explain_it.profiles, explain_it.keys TO regress_explain_group;
RESET ROLE;
SELECT rlsproof.scope('explain_it.notes', 'own', $$author = current_setting('app.user', true)$$);
SELECT rlsproof.scope('explain_it.keys', 'admin', $$EXISTS (SELECT FROM explain_it.profiles p WHERE p.id = current_setting('app.user', true) AND p.admin)$$);
SELECT rlsproof.expect('reader', 'explain_it.notes', 'select, insert, update', 'own');
SELECT rlsproof.expect('reader', 'explain_it.keys', 'select', 'admin');
CREATE FUNCTION explain_it.proof_part(object text, command text) RETURNS SETOF text LANGUAGE sql AS $$
    WITH told AS (SELECT line, place FROM rlsproof.explain('reader', object, command) WITH ORDINALITY AS e (line, place)),
         start AS (SELECT min(place) AS place FROM told WHERE line LIKE 'Whatever%')
    SELECT t.line FROM told t, start s WHERE t.place >= s.place
        AND NOT EXISTS (SELECT FROM told u WHERE u.place > s.place AND u.place <= t.place AND u.line !~ '^  ')
    ORDER BY t.place $$;
SELECT * FROM explain_it.proof_part('explain_it.notes', 'select');
-- Which text it is, the solver is free to choose.
SELECT regexp_replace(line, 'body (carl|value \d+)', 'body anything') AS proof_part FROM explain_it.proof_part('explain_it.notes', 'insert') p (line);
SELECT * FROM explain_it.proof_part('explain_it.notes', 'update');
SELECT * FROM explain_it.proof_part('explain_it.keys', 'select');

-- What cannot be explained says why.
SELECT explain_it.try($$SELECT * FROM rlsproof.explain('raeder', 'explain_it.notes', 'select')$$);
SELECT explain_it.try($$SELECT * FROM rlsproof.explain('reader', 'explain_it.note', 'select')$$);
SELECT explain_it.try($$SELECT * FROM rlsproof.explain('reader', 'explain_it.notes', 'read')$$);
SELECT explain_it.try($$SELECT * FROM rlsproof.explain('reader', 'explain_it.notes', 'execute')$$);
SELECT explain_it.try($$SELECT * FROM rlsproof.explain('reader', 'explain_it.through', 'truncate')$$);
SELECT explain_it.try($$SELECT * FROM rlsproof.explain('reader', 'rpc:explain_it.wipe()', 'select')$$);
SELECT explain_it.try($$SELECT * FROM rlsproof.explain('reader', 'explain_it.*', 'select')$$);
SELECT explain_it.try($$SELECT * FROM rlsproof.explain(NULL, 'explain_it.notes', 'select')$$);

DELETE FROM rlsproof.expectations; DELETE FROM rlsproof.scopes;
DELETE FROM rlsproof.personas;
SET client_min_messages = warning;
DROP SCHEMA explain_it CASCADE;
DROP ROLE regress_explain_owner, regress_explain_group, regress_explain_reader, regress_explain_stranger;
