-- A helper that reads, as its caller, the table whose policy calls the helper has no end but that of the stack. It is heard
-- soon, and told once; what goes deep and comes to an end, or is caught, is what it is.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA endless_it;
GRANT USAGE ON SCHEMA endless_it TO anon, authenticated;
SET search_path = endless_it;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE SEQUENCE asked;
GRANT USAGE ON SEQUENCE asked TO anon, authenticated;
CREATE TABLE org (id int PRIMARY KEY);
CREATE POLICY nobody ON org USING (false);
CREATE TABLE member (org int REFERENCES org, who uuid, role text, PRIMARY KEY (org, who));
CREATE FUNCTION is_member(p int) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT nextval('endless_it.asked') > 0 AND EXISTS (SELECT FROM endless_it.member m WHERE m.org = p AND m.who::text = endless_it.uid()::text) $$;
CREATE FUNCTION role_of(p int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT m.role FROM endless_it.member m WHERE m.org = p AND m.who::text = endless_it.uid()::text $$;
CREATE POLICY mates ON member FOR SELECT USING (is_member(org));
CREATE POLICY named ON member FOR INSERT WITH CHECK (role_of(org) = 'owner');
CREATE TABLE note (id int PRIMARY KEY, org int NOT NULL REFERENCES org, body text);
CREATE POLICY mates ON note USING (is_member(org));
CREATE TABLE task (id int PRIMARY KEY, org int NOT NULL REFERENCES org, body text);
CREATE POLICY mates ON task USING (is_member(org));
-- In PL/pgSQL, over two tables; each is where the other's begins.
CREATE TABLE team (id int PRIMARY KEY, lead uuid);
CREATE TABLE seat (id int PRIMARY KEY, team int NOT NULL REFERENCES team, who uuid);
CREATE FUNCTION leads(p int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM nextval('endless_it.asked'); RETURN EXISTS (SELECT FROM endless_it.team t WHERE t.id = p AND t.lead::text = endless_it.uid()::text); END $$;
CREATE FUNCTION sits(p int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN EXISTS (SELECT FROM endless_it.seat s WHERE s.team = p AND s.who::text = endless_it.uid()::text); END $$;
CREATE POLICY seated ON team FOR SELECT USING (sits(id));
CREATE POLICY led ON seat FOR SELECT USING (leads(team));
CREATE TABLE plan (id int PRIMARY KEY, team int NOT NULL REFERENCES team);
CREATE POLICY led ON plan FOR SELECT USING (leads(team));
-- Without a text of its own; and asked already when the statement is planned.
CREATE TABLE part (id int PRIMARY KEY, who uuid);
CREATE FUNCTION has_part(p int) RETURNS boolean LANGUAGE sql STABLE BEGIN ATOMIC SELECT nextval('endless_it.asked'::regclass) > 0 AND EXISTS (SELECT FROM endless_it.part x WHERE x.id = p AND x.who::text = endless_it.uid()::text); END;
CREATE POLICY own ON part FOR SELECT USING (has_part(id));
CREATE TABLE works (org int PRIMARY KEY, who uuid);
CREATE FUNCTION my_org() RETURNS int LANGUAGE sql STABLE AS $$ SELECT w.org FROM endless_it.works w WHERE w.who::text = endless_it.uid()::text AND nextval('endless_it.asked') > 0 $$;
CREATE POLICY mates ON works FOR SELECT USING (org = my_org());
-- Deep, with an end: each folder is seen by who sees the one that it is in.
CREATE TABLE folder (id int PRIMARY KEY, parent int, open boolean);
CREATE FUNCTION sees(p int) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT FROM endless_it.folder f WHERE f.id = p) $$;
CREATE POLICY down ON folder FOR SELECT USING (open OR (parent < id AND sees(parent)));
INSERT INTO folder SELECT i, nullif(i - 1, 0), i = 1 FROM generate_series(1, 40) i;
-- Caught: the stack's end is an answer.
CREATE TABLE box (id int PRIMARY KEY, who uuid);
CREATE FUNCTION has_box(p int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN EXISTS (SELECT FROM endless_it.box b WHERE b.id = p AND b.who::text = endless_it.uid()::text); EXCEPTION WHEN statement_too_complex THEN RETURN true; END $$;
CREATE POLICY own ON box FOR SELECT USING (has_box(id));
DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'endless_it' LOOP EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t); END LOOP; END $$;
GRANT SELECT ON ALL TABLES IN SCHEMA endless_it TO authenticated;
GRANT INSERT, UPDATE ON member, note, task TO authenticated;
RESET search_path;
-- Each of them comes to its end after few calls.
SELECT object, verdict, replace(reason, E'\n', ' ') AS reason FROM rlsproof.verify('newcomer', NULL, 'SELECT') WHERE object ~ '^endless_it' ORDER BY object COLLATE "C";
SELECT last_value < 1000 AS soon FROM endless_it.asked;
SELECT level, object, message, detail, hint FROM rlsproof.audit() WHERE rule = 'broken' AND object ~ 'endless_it' ORDER BY object COLLATE "C";
DROP SCHEMA endless_it CASCADE;
DROP ROLE authenticated, anon;
