-- A function that lets in whoever names a code, and the code is there to be read: by all, through a view, or by its members alone.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA joining;
GRANT USAGE ON SCHEMA joining TO authenticated;
CREATE FUNCTION joining.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = joining;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE teams (id uuid PRIMARY KEY, name text NOT NULL, open boolean NOT NULL DEFAULT false,
    invite_code text NOT NULL UNIQUE DEFAULT substr(md5(random()::text), 1, 8));
CREATE TABLE members (team uuid NOT NULL REFERENCES teams, who uuid NOT NULL REFERENCES people, PRIMARY KEY (team, who));
CREATE TABLE notes (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES teams, body text);
CREATE FUNCTION is_in(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM joining.members WHERE team = t AND who = joining.uid()) $$;
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY shown ON teams FOR SELECT USING (true);
CREATE POLICY own ON members FOR SELECT USING (who = uid());
CREATE POLICY within ON notes FOR SELECT USING (is_in(team));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'joining'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (object text, message text) LANGUAGE sql AS
    $$ SELECT object, message FROM rlsproof.audit() WHERE rule = 'writable_authority' $$;
CREATE FUNCTION joining.join_team(code text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = joining AS $$
DECLARE t uuid; BEGIN
    SELECT id INTO t FROM teams WHERE invite_code = code;
    IF t IS NULL THEN RAISE EXCEPTION 'no such code'; END IF;
    INSERT INTO members VALUES (t, uid()) ON CONFLICT DO NOTHING; END $$;
-- Everybody reads it.
SELECT * FROM pg_temp.told();
-- All but the column.
REVOKE SELECT ON joining.teams FROM authenticated;
GRANT SELECT (id, name, open) ON joining.teams TO authenticated;
SELECT * FROM pg_temp.told();
-- Through a view.
CREATE VIEW joining.cards AS SELECT id, invite_code FROM joining.teams;
GRANT SELECT ON joining.cards TO authenticated;
SELECT * FROM pg_temp.told();
DROP VIEW joining.cards;
GRANT SELECT ON joining.teams TO authenticated;
-- Its members.
ALTER POLICY shown ON joining.teams USING (joining.is_in(id));
SELECT * FROM pg_temp.told();
-- By its name, which everybody reads, as anybody who names it; where not all are shown, those that are may be open to all.
ALTER POLICY shown ON joining.teams USING (true);
CREATE OR REPLACE FUNCTION joining.join_team(code text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = joining AS $$ BEGIN
    IF uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO members SELECT id, uid() FROM teams WHERE name = code ON CONFLICT DO NOTHING; END $$;
INSERT INTO joining.teams VALUES (gen_random_uuid(), 'red', true), (gen_random_uuid(), 'blue', true), (gen_random_uuid(), 'grey', false);
INSERT INTO joining.notes SELECT gen_random_uuid(), id, name || ' notes' FROM joining.teams;
SELECT * FROM pg_temp.told();
ALTER POLICY shown ON joining.teams USING (open OR joining.is_in(id));
SELECT * FROM pg_temp.told();
DROP SCHEMA joining CASCADE;
DROP ROLE anon, authenticated;
