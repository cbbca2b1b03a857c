-- A text that is a uuid elsewhere is compared as a text, and what fails since a statement was put together wrongly is
-- nobody's mistake but its author's: a function that works is never told as one that fails.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA linked_it;
GRANT USAGE ON SCHEMA linked_it TO anon, authenticated;
SET search_path = linked_it;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE team (id uuid PRIMARY KEY, code uuid NOT NULL DEFAULT gen_random_uuid());
CREATE TABLE member (team uuid NOT NULL REFERENCES team, user_id uuid NOT NULL, PRIMARY KEY (team, user_id));
CREATE TABLE project (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES team, name text);
CREATE TABLE access (team uuid NOT NULL REFERENCES team, project_key text NOT NULL, member_id uuid NOT NULL);
CREATE FUNCTION is_member(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT EXISTS (SELECT FROM linked_it.member m WHERE m.team = t AND m.user_id = linked_it.uid()) $$;
CREATE POLICY mates ON team USING (is_member(id));
CREATE POLICY mates ON member FOR SELECT USING (is_member(team));
CREATE POLICY mates ON project USING (is_member(team));
CREATE POLICY mates ON access USING (is_member(team) AND EXISTS (SELECT FROM project p WHERE p.id::text = access.project_key AND p.team = access.team));
ALTER TABLE team ENABLE ROW LEVEL SECURITY;
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE project ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON access FOR SELECT USING (member_id = uid());
ALTER TABLE access ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON ALL TABLES IN SCHEMA linked_it TO authenticated;
-- By a code that members alone are shown; and without one, where it is a hole.
CREATE FUNCTION by_code(p_code uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE t uuid; BEGIN
    IF linked_it.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    SELECT x.id INTO t FROM linked_it.team x WHERE x.code = p_code;
    IF t IS NULL THEN RAISE EXCEPTION 'no such code'; END IF;
    INSERT INTO linked_it.access SELECT t, p.id::text, linked_it.uid() FROM linked_it.project p WHERE p.team = t ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION for_anybody(p_team uuid, p_who uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF linked_it.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO linked_it.access SELECT p_team, p.id::text, p_who FROM linked_it.project p WHERE p.team = p_team ON CONFLICT DO NOTHING;
END $$;
-- What to give to it the caller has to know; what is wrong with this one is its own.
CREATE FUNCTION of_any(p anyelement) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF linked_it.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    DELETE FROM linked_it.access WHERE project_key = p::text AND member_id = linked_it.uid(); END $$;
CREATE FUNCTION broken(p_team uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    DELETE FROM linked_it.access a USING linked_it.project p WHERE p.id = a.project_key AND a.team = p_team AND a.member_id = linked_it.uid(); END $$;
RESET search_path;
SELECT object, verdict, cells.reason FROM rlsproof.verify('newcomer', NULL, 'EXECUTE') cells WHERE object ~ 'linked_it' AND object !~ '[.](uid|is_member)[(]' ORDER BY object COLLATE "C";
SELECT level, rule, object, message FROM rlsproof.audit() WHERE rule = 'broken' AND object ~ 'linked_it' ORDER BY object COLLATE "C";
DROP SCHEMA linked_it CASCADE;
DROP ROLE authenticated, anon;
