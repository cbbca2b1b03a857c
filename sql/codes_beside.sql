-- A code that is drawn at random and shown to members alone lets nobody in who was not told it, whatever is asked for beside
-- it; one that strangers are shown, or that can be guessed, does.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA beside_it;
GRANT USAGE ON SCHEMA beside_it TO authenticated;
SET search_path = beside_it;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE people (id uuid PRIMARY KEY);
CREATE TABLE team (id uuid PRIMARY KEY, name text NOT NULL, invite_code uuid NOT NULL DEFAULT gen_random_uuid());
CREATE TABLE member (team uuid NOT NULL REFERENCES team, who uuid NOT NULL REFERENCES people, display_name text, remark text, PRIMARY KEY (team, who));
CREATE FUNCTION is_in(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM beside_it.member WHERE team = t AND who = beside_it.uid()) $$;
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY mates ON team FOR SELECT USING (is_in(id));
CREATE POLICY mates ON member FOR SELECT USING (is_in(team));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'beside_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION join_named(p_code uuid, p_display_name text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = beside_it AS $$
DECLARE t team; BEGIN
    IF uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    SELECT * INTO t FROM team WHERE team.invite_code = p_code;
    IF t.id IS NULL THEN RAISE EXCEPTION 'no such code'; END IF;
    INSERT INTO member VALUES (t.id, uid(), p_display_name) ON CONFLICT DO NOTHING; RETURN t.id; END $$;
CREATE FUNCTION join_with_remark(p_code uuid, p_remark text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = beside_it AS $$
DECLARE t team; BEGIN
    IF uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    SELECT * INTO t FROM team WHERE team.invite_code = p_code;
    IF t.id IS NULL THEN RAISE EXCEPTION 'no such code'; END IF;
    INSERT INTO member VALUES (t.id, uid(), NULL, p_remark) ON CONFLICT DO NOTHING; RETURN t.id; END $$;
-- What it puts in may be taken up by another one.
CREATE FUNCTION found_team(p_name text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = beside_it AS $$
DECLARE t uuid := gen_random_uuid(); BEGIN
    IF uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO team VALUES (t, p_name); INSERT INTO member VALUES (t, uid(), 'me', 'owner'); RETURN t; END $$;
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (level text, object text, message text) LANGUAGE sql AS
    $$ SELECT level, object, message FROM rlsproof.audit() WHERE rule IN ('writable_authority', 'open') AND object ~ 'beside_it.join' ORDER BY object COLLATE "C" $$;
SELECT * FROM pg_temp.told();
-- One of its own for each team.
ALTER TABLE beside_it.team ADD UNIQUE (invite_code);
SELECT * FROM pg_temp.told();
-- Shown to everybody, by a column or by a view.
ALTER POLICY mates ON beside_it.team USING (true);
SELECT * FROM pg_temp.told();
ALTER POLICY mates ON beside_it.team USING (beside_it.is_in(id));
CREATE VIEW beside_it.cards AS SELECT name, invite_code FROM beside_it.team;
GRANT SELECT ON beside_it.cards TO authenticated;
SELECT * FROM pg_temp.told();
DROP VIEW beside_it.cards;
-- Drawn of few.
ALTER TABLE beside_it.team ALTER invite_code SET DEFAULT ('00000000-0000-4000-8000-' || lpad(floor(random() * 1000)::text, 12, '0'))::uuid;
SELECT * FROM pg_temp.told();
DROP SCHEMA beside_it CASCADE;
DROP ROLE anon, authenticated;
