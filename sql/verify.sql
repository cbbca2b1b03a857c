-- Every verdict once, with its reason; what a witness holds; the three personas nobody declared, and one who is.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_verify_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_verify_api;
CREATE SCHEMA verify_it;
GRANT USAGE ON SCHEMA verify_it TO anon, authenticated;
CREATE FUNCTION verify_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = verify_it;

-- Seen by all; seen by those who have signed in; seen by nobody; the own rows; a door that is shut by privilege.
CREATE TABLE public_page (id int PRIMARY KEY, body text);
CREATE TABLE notes (id int PRIMARY KEY, owner uuid NOT NULL, body text);
CREATE TABLE diary (id int PRIMARY KEY, owner uuid NOT NULL, body text);
CREATE TABLE vault (id int PRIMARY KEY, owner uuid NOT NULL);
CREATE TABLE shut (id int);
CREATE TABLE loop (id int PRIMARY KEY, owner uuid NOT NULL);
ALTER TABLE public_page ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE diary ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
ALTER TABLE loop ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON public_page FOR SELECT USING (true);
CREATE POLICY signed_in ON notes USING (verify_it.uid() IS NOT NULL);
CREATE POLICY own ON diary USING (owner = verify_it.uid());
CREATE POLICY itself ON loop USING (owner = verify_it.uid() OR id IN (SELECT id FROM verify_it.loop));
GRANT SELECT ON public_page, notes, diary, vault, loop TO anon;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes, diary, vault, loop TO authenticated;

SELECT persona, object, command, expected, verdict, evidence, reason FROM rlsproof.verify()
WHERE command IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') AND object LIKE 'verify_it.%' AND evidence <> 'privilege';
SELECT DISTINCT verdict, reason FROM rlsproof.verify() WHERE object = 'verify_it.shut';

-- The three arguments choose; none of them changes an answer.
SELECT persona, object, command, verdict FROM rlsproof.verify('outsider', 'verify_it.notes', 'update');
SELECT count(*) FROM (SELECT persona, object, command, verdict, reason FROM rlsproof.verify(NULL, 'verify_it.notes')
    EXCEPT SELECT persona, object, command, verdict, reason FROM rlsproof.verify()) x;

-- A witness holds all it takes to see it happen. Run as it stands, it shows the rows.
SELECT jsonb_pretty(witness - 'script' - 'row' - 'claims') FROM rlsproof.verify('anon', 'verify_it.public_page', 'SELECT');
SELECT witness ->> 'script' FROM rlsproof.verify('anon', 'verify_it.public_page', 'SELECT');
SELECT witness IS NULL FROM rlsproof.verify('outsider', 'verify_it.diary', 'SELECT');

-- Declared: a scope that holds, one that is too wide, one that is too narrow, and nothing at all.
INSERT INTO notes VALUES (1, 'a0000000-0000-4000-8000-000000000001', 'hers'), (2, 'a0000000-0000-4000-8000-000000000002', 'his');
INSERT INTO diary SELECT * FROM notes;
INSERT INTO vault SELECT id, owner FROM notes;
SELECT rlsproof.persona('ann', 'authenticated', '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}');
SELECT rlsproof.scope('verify_it.' || t, 'own', 'owner = verify_it.uid()') FROM unnest(ARRAY['notes', 'diary', 'vault']) t;
SELECT rlsproof.expect('ann', 'verify_it.notes', 'all', 'own');
SELECT rlsproof.expect('ann', 'verify_it.diary', 'select, insert, update, delete', 'own');
SELECT rlsproof.expect('ann', 'verify_it.vault', 'select', 'own');
SELECT rlsproof.expect('ann', 'verify_it.public_page', 'select', 'all');
SELECT object, command, expected, verdict, reason FROM rlsproof.verify('ann')
WHERE object LIKE 'verify_it.%' AND expected <> 'none' AND command IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE');
SELECT rlsproof.expect('ann', 'verify_it.diary', 'select', 'none');
SELECT verdict, reason FROM rlsproof.verify('ann', 'verify_it.diary', 'SELECT');

-- A row may be moved out of its scope where WITH CHECK forgets it.
CREATE TABLE loose (id int PRIMARY KEY, owner uuid NOT NULL, body text);
ALTER TABLE loose ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON loose FOR UPDATE USING (owner = verify_it.uid()) WITH CHECK (true);
CREATE POLICY seen ON loose FOR SELECT USING (owner = verify_it.uid());
CREATE POLICY gone ON loose FOR INSERT WITH CHECK (body IS NOT NULL);
GRANT SELECT, INSERT, UPDATE ON loose TO authenticated;
INSERT INTO loose SELECT * FROM notes;
SELECT rlsproof.scope('verify_it.loose', 'own', 'owner = verify_it.uid()');
SELECT rlsproof.expect('ann', 'verify_it.loose', 'select, insert, update', 'own');
SELECT command, verdict, reason FROM rlsproof.verify('ann', 'verify_it.loose') WHERE command IN ('SELECT', 'INSERT', 'UPDATE');

-- Bad input.
SELECT * FROM rlsproof.verify('nobody');
SELECT * FROM rlsproof.verify(NULL, 'verify_it.nothing');
SELECT * FROM rlsproof.verify(NULL, NULL, 'look');

-- The audit says it once, worst first; a waiver takes it out and is itself looked at.
SELECT level, rule, object, message FROM rlsproof.audit() WHERE object LIKE 'verify_it.%' AND level <> 'note';
SELECT rlsproof.waive('open', 'verify_it.notes', 'on purpose, for this test', '2999-01-01');
SELECT rlsproof.waive('open', 'verify_it.gone', 'nothing of that name', '2999-01-01');
SELECT rule, object, message FROM rlsproof.audit() WHERE rule LIKE 'waiver%' OR (rule = 'open' AND object = 'verify_it.notes');

RESET search_path;
DELETE FROM rlsproof.waivers; DELETE FROM rlsproof.expectations; DELETE FROM rlsproof.scopes; DELETE FROM rlsproof.personas;
DROP SCHEMA verify_it CASCADE;
DROP ROLE anon; DROP ROLE authenticated; DROP ROLE regress_verify_api;
