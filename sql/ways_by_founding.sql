-- Ways up of whoever has something of its own: a team that signing up gave, that an INSERT founds with what a trigger makes of it,
-- or a call. A row of that team that names itself and somebody else's pupil shows the pupil, where whoever writes such rows is
-- asked for the team alone.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA own_team;
GRANT USAGE ON SCHEMA own_team TO authenticated;
CREATE FUNCTION own_team.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = own_team;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people);
CREATE TABLE members (team uuid NOT NULL REFERENCES teams, who uuid NOT NULL REFERENCES people, role text NOT NULL DEFAULT 'parent'
    CHECK (role IN ('owner', 'teacher', 'parent')), PRIMARY KEY (team, who, role));
CREATE TABLE pupils (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES teams, name text NOT NULL);
CREATE TABLE parents (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES teams, who uuid NOT NULL REFERENCES people,
    pupil uuid NOT NULL REFERENCES pupils);
CREATE FUNCTION has_role(t uuid, r text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM own_team.members WHERE team = t AND who = own_team.uid() AND role = ANY (r)) $$;
CREATE FUNCTION is_parent_of(p uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM own_team.parents WHERE pupil = p AND who = own_team.uid()) $$;
CREATE FUNCTION appoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO own_team.members VALUES (NEW.id, NEW.owner, 'owner'); RETURN NEW; END $$;
CREATE TRIGGER appoint AFTER INSERT ON teams FOR EACH ROW EXECUTE FUNCTION appoint();
CREATE POLICY own ON people USING (id = uid());
CREATE POLICY within ON teams FOR SELECT USING (owner = uid() OR has_role(id, ARRAY['owner', 'teacher', 'parent']));
CREATE POLICY found ON teams FOR INSERT WITH CHECK (owner = uid());
CREATE POLICY own ON members FOR SELECT USING (who = uid());
CREATE POLICY within ON pupils FOR SELECT USING (has_role(team, ARRAY['owner', 'teacher']) OR is_parent_of(id));
CREATE POLICY enrol ON pupils FOR INSERT WITH CHECK (has_role(team, ARRAY['owner', 'teacher']));
CREATE POLICY within ON parents FOR SELECT USING (who = uid() OR has_role(team, ARRAY['owner', 'teacher']));
CREATE POLICY link ON parents FOR INSERT WITH CHECK (has_role(team, ARRAY['owner', 'teacher']));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'own_team'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (rule text, level text, object text, message text) LANGUAGE sql AS
    $$ SELECT rule, level, object, message FROM rlsproof.audit() WHERE rule IN ('writable_authority', 'self_promotion', 'open') AND object LIKE 'own_team.%' ORDER BY 1, 3 $$;
-- Founded by an INSERT, and a trigger makes the founder its owner.
SELECT * FROM pg_temp.told();
SELECT command, verdict, evidence, reason FROM rlsproof.verify('newcomer', 'own_team.parents', 'INSERT');
-- By the first member's own row.
DROP TRIGGER appoint ON own_team.teams;
CREATE POLICY first ON own_team.members FOR INSERT WITH CHECK (who = own_team.uid()
    AND EXISTS (SELECT FROM own_team.teams t WHERE t.id = team AND t.owner = own_team.uid()));
SELECT * FROM pg_temp.told();
-- By a call.
DROP POLICY first ON own_team.members;
DROP POLICY found ON own_team.teams;
CREATE FUNCTION own_team.found(name text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE t uuid; BEGIN
    IF own_team.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO own_team.teams (owner) VALUES (own_team.uid()) RETURNING id INTO t;
    INSERT INTO own_team.members VALUES (t, own_team.uid(), 'owner'); RETURN t; END $$;
SELECT * FROM pg_temp.told();
-- What it must not say: where nobody founds anything; where whoever reads the link, or writes it, asks for the pupil's team.
DROP FUNCTION own_team.found;
SELECT * FROM pg_temp.told();
CREATE TRIGGER appoint AFTER INSERT ON own_team.teams FOR EACH ROW EXECUTE FUNCTION own_team.appoint();
CREATE POLICY found ON own_team.teams FOR INSERT WITH CHECK (owner = own_team.uid());
ALTER POLICY link ON own_team.parents WITH CHECK (own_team.has_role(team, ARRAY['owner', 'teacher'])
    AND EXISTS (SELECT FROM own_team.pupils p WHERE p.id = pupil AND p.team = parents.team));
SELECT * FROM pg_temp.told();
ALTER POLICY link ON own_team.parents WITH CHECK (own_team.has_role(team, ARRAY['owner', 'teacher']));
CREATE OR REPLACE FUNCTION own_team.is_parent_of(p uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM own_team.parents l JOIN own_team.pupils c ON c.id = l.pupil WHERE l.pupil = p AND l.who = own_team.uid() AND l.team = c.team) $$;
SELECT * FROM pg_temp.told();
-- What a trigger stops is no finding, and not known to be stopped for good.
CREATE OR REPLACE FUNCTION own_team.is_parent_of(p uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM own_team.parents WHERE pupil = p AND who = own_team.uid()) $$;
CREATE FUNCTION own_team.same_team() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF (SELECT team FROM own_team.pupils WHERE id = NEW.pupil) <> NEW.team THEN RAISE EXCEPTION 'a pupil of another team'; END IF; RETURN NEW; END $$;
CREATE TRIGGER same_team BEFORE INSERT ON own_team.parents FOR EACH ROW EXECUTE FUNCTION own_team.same_team();
SELECT * FROM pg_temp.told();
SELECT command, verdict, reason FROM rlsproof.verify('newcomer', 'own_team.parents', 'INSERT');
DROP TRIGGER same_team ON own_team.parents;
DROP POLICY link ON own_team.parents;
-- Whoever founds a team says who has which role in it, and one role is asked for and not the team. A team that names nobody is
-- its founder's by what a trigger puts in.
ALTER TABLE own_team.members DROP CONSTRAINT members_role_check;
CREATE FUNCTION own_team.is_inspector() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM own_team.members WHERE who = own_team.uid() AND role = 'inspector') $$;
CREATE POLICY inspect ON own_team.pupils FOR SELECT USING (own_team.is_inspector());
CREATE POLICY appoint ON own_team.members FOR INSERT WITH CHECK (own_team.has_role(team, ARRAY['owner']));
CREATE OR REPLACE FUNCTION own_team.appoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO own_team.members VALUES (NEW.id, own_team.uid(), 'owner'); RETURN NEW; END $$;
ALTER TABLE own_team.teams ALTER owner DROP NOT NULL;
DROP POLICY within ON own_team.teams;
DROP POLICY found ON own_team.teams;
CREATE POLICY found ON own_team.teams FOR INSERT WITH CHECK (own_team.uid() IS NOT NULL);
ALTER TABLE own_team.teams DROP owner CASCADE;
CREATE POLICY within ON own_team.teams FOR SELECT USING (own_team.has_role(id, ARRAY['owner', 'teacher', 'parent']));
SELECT * FROM pg_temp.told();
SELECT command, verdict, reason FROM rlsproof.verify('newcomer', 'own_team.teams', 'INSERT');
-- The role that counts everywhere is not the founder's to give.
ALTER POLICY appoint ON own_team.members WITH CHECK (own_team.has_role(team, ARRAY['owner']) AND role IN ('owner', 'teacher', 'parent'));
SELECT * FROM pg_temp.told();
-- A row of what is somebody else's is nobody's own, whomever a trigger names beside it.
CREATE TABLE own_team.plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES own_team.teams, title text);
CREATE TABLE own_team.planners (plan uuid NOT NULL REFERENCES own_team.plans, who uuid NOT NULL REFERENCES own_team.people, PRIMARY KEY (plan, who));
CREATE POLICY own ON own_team.planners FOR SELECT USING (who = own_team.uid());
CREATE POLICY within ON own_team.plans FOR SELECT USING (own_team.has_role(team, ARRAY['owner', 'teacher', 'parent'])
    OR EXISTS (SELECT FROM own_team.planners p WHERE p.plan = plans.id AND p.who = own_team.uid()));
CREATE POLICY put ON own_team.plans FOR INSERT WITH CHECK (own_team.uid() IS NOT NULL);
ALTER TABLE own_team.plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE own_team.planners ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON own_team.plans, own_team.planners TO authenticated;
CREATE FUNCTION own_team.name_planner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO own_team.planners VALUES (NEW.id, own_team.uid()); RETURN NEW; END $$;
CREATE TRIGGER name_planner AFTER INSERT ON own_team.plans FOR EACH ROW EXECUTE FUNCTION own_team.name_planner();
SELECT command, verdict, reason FROM rlsproof.verify('newcomer', 'own_team.plans', 'INSERT');
DROP SCHEMA own_team CASCADE;
DROP ROLE anon, authenticated;
