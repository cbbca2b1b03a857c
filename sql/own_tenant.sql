-- Whoever signs up belongs somewhere: to what a profile names, or to what the token says. What it may change of that, and
-- what triggers make of it.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA own_it;
GRANT USAGE ON SCHEMA own_it TO anon, authenticated;
CREATE FUNCTION own_it.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE FUNCTION own_it.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (own_it.jwt() ->> 'sub')::uuid $$;
SET search_path = own_it;
-- The firm and its people name each other. The role is held by the policy, the firm is not.
CREATE TABLE firm (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE person (who uuid PRIMARY KEY, firm uuid REFERENCES firm, role text NOT NULL DEFAULT 'buyer');
ALTER TABLE firm ADD sold_by uuid REFERENCES person;
CREATE TABLE orders (id int PRIMARY KEY, who uuid NOT NULL REFERENCES person, firm uuid REFERENCES firm);
CREATE FUNCTION my_firm() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT firm FROM own_it.person WHERE who = own_it.uid() $$;
CREATE POLICY seen ON firm FOR SELECT USING (id = my_firm());
CREATE POLICY own ON person FOR SELECT USING (who = uid());
CREATE POLICY saves ON person FOR UPDATE USING (who = uid()) WITH CHECK (who = uid() AND role = (SELECT p.role FROM person p WHERE p.who = uid()));
CREATE POLICY seen ON orders FOR SELECT USING (who = uid() OR firm = my_firm());
-- A trigger puts the role back; the time is stamped by another one, written in C, that guards nothing.
CREATE TABLE club (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE player (who uuid PRIMARY KEY, club uuid REFERENCES club, role text NOT NULL DEFAULT 'guest', changed timestamptz DEFAULT now());
CREATE TABLE score (id int PRIMARY KEY, who uuid NOT NULL, points int);
CREATE TABLE judge (who uuid PRIMARY KEY, level text NOT NULL DEFAULT 'none', changed timestamptz DEFAULT now());
CREATE TABLE ruling (id int PRIMARY KEY, who uuid NOT NULL, words text);
CREATE FUNCTION keep_role() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.role := old.role; RETURN new; END $$;
CREATE TRIGGER keep_role BEFORE UPDATE ON player FOR EACH ROW EXECUTE FUNCTION keep_role();
CREATE EXTENSION moddatetime SCHEMA own_it;
CREATE TRIGGER stamp BEFORE UPDATE ON judge FOR EACH ROW EXECUTE FUNCTION moddatetime(changed);
CREATE FUNCTION is_coach() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT EXISTS (SELECT FROM own_it.player WHERE who = own_it.uid() AND role = 'coach') $$;
CREATE FUNCTION is_chief() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT EXISTS (SELECT FROM own_it.judge WHERE who = own_it.uid() AND level = 'chief') $$;
CREATE POLICY own ON player FOR SELECT USING (who = uid());
CREATE POLICY saves ON player FOR UPDATE USING (who = uid());
CREATE POLICY seen ON score FOR SELECT USING (who = uid() OR is_coach());
CREATE POLICY own ON judge FOR SELECT USING (who = uid());
CREATE POLICY saves ON judge FOR UPDATE USING (who = uid());
CREATE POLICY seen ON ruling FOR SELECT USING (who = uid() OR is_chief());
-- The token says which school; marks are kept apart by it, notes are shown to whoever is of any, and words to administrators.
CREATE TABLE mark (id int PRIMARY KEY, school uuid NOT NULL, pupil text);
CREATE TABLE note (id int PRIMARY KEY, school uuid NOT NULL, words text);
CREATE TABLE word (id int PRIMARY KEY, words text);
CREATE TABLE visit (id int PRIMARY KEY, site int NOT NULL);
CREATE POLICY of_school ON mark USING (school = (jwt() -> 'app_metadata' ->> 'school_id')::uuid);
CREATE POLICY of_any ON note FOR SELECT USING ((jwt() -> 'app_metadata' ->> 'school_id') IS NOT NULL);
CREATE POLICY of_admins ON word FOR SELECT USING ((jwt() -> 'app_metadata' ->> 'role') = 'admin');
CREATE POLICY of_site ON visit FOR SELECT USING (site = (jwt() ->> 'site_id')::int);
-- What a trigger does elsewhere fails there: a column that this table has not got.
CREATE TABLE team (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE founder (team uuid NOT NULL REFERENCES team, who uuid NOT NULL, PRIMARY KEY (team, who));
CREATE POLICY anybody ON team FOR INSERT WITH CHECK (true);
CREATE FUNCTION found() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN INSERT INTO own_it.founder VALUES (new.id, own_it.uid()); RETURN new; END $$;
CREATE TRIGGER found AFTER INSERT ON team FOR EACH ROW EXECUTE FUNCTION found();
-- Who asks for a second factor in a policy that adds rows gives them to whoever has one, and anybody may.
CREATE TABLE account (id int PRIMARY KEY, who uuid NOT NULL, iban text);
CREATE POLICY own ON account USING (who = uid());
CREATE POLICY second_factor ON account FOR SELECT USING ((SELECT jwt() ->> 'aal') = 'aal2');
CREATE TABLE safe (id int PRIMARY KEY, who uuid NOT NULL, code text);
CREATE POLICY own ON safe USING (who = uid());
CREATE POLICY second_factor ON safe AS RESTRICTIVE USING ((SELECT jwt() ->> 'aal') = 'aal2');
-- A clinic may be founded by whoever has signed in. A link is looked at from one end: any patient is taken into one's own.
CREATE TABLE clinic (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE staff (clinic uuid NOT NULL REFERENCES clinic, who uuid NOT NULL, PRIMARY KEY (clinic, who));
CREATE TABLE patient (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE treated (patient uuid NOT NULL REFERENCES patient, clinic uuid NOT NULL REFERENCES clinic, PRIMARY KEY (patient, clinic));
CREATE FUNCTION my_clinics() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT clinic FROM own_it.staff WHERE who = own_it.uid() $$;
CREATE POLICY founds ON clinic FOR INSERT TO authenticated WITH CHECK (uid() IS NOT NULL);
CREATE POLICY own ON staff FOR SELECT USING (who = uid());
CREATE POLICY seen ON treated FOR SELECT USING (clinic IN (SELECT my_clinics()));
CREATE POLICY takes ON treated FOR INSERT WITH CHECK (clinic IN (SELECT my_clinics()));
CREATE POLICY seen ON patient FOR SELECT USING (id IN (SELECT t.patient FROM treated t WHERE t.clinic IN (SELECT my_clinics())));
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE safe ENABLE ROW LEVEL SECURITY;
ALTER TABLE clinic ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
ALTER TABLE treated ENABLE ROW LEVEL SECURITY;
ALTER TABLE firm ENABLE ROW LEVEL SECURITY;
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE club ENABLE ROW LEVEL SECURITY;
ALTER TABLE player ENABLE ROW LEVEL SECURITY;
ALTER TABLE score ENABLE ROW LEVEL SECURITY;
ALTER TABLE judge ENABLE ROW LEVEL SECURITY;
ALTER TABLE ruling ENABLE ROW LEVEL SECURITY;
ALTER TABLE mark ENABLE ROW LEVEL SECURITY;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
ALTER TABLE word ENABLE ROW LEVEL SECURITY;
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
ALTER TABLE team ENABLE ROW LEVEL SECURITY;
ALTER TABLE founder ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA own_it TO anon, authenticated;
RESET search_path;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority', 'not_looked_at', 'open', 'leak', 'unknown') ORDER BY object, rule, message;
SELECT object, command, persona, verdict FROM rlsproof.verify() WHERE object IN ('own_it.mark', 'own_it.note', 'own_it.word', 'own_it.visit') AND command = 'SELECT' ORDER BY object, persona;
SELECT persona, verdict, reason FROM rlsproof.verify() WHERE object = 'own_it.team' AND command = 'INSERT' ORDER BY persona;
DROP SCHEMA own_it CASCADE;
DROP ROLE authenticated, anon;
