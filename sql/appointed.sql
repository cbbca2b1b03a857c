-- A row in a list of the appointed is nothing that signing up gives: what it opens is open to nobody new, though others may name
-- them as those who did something. A list that people enter by themselves, and a profile, are other things, whatever they are called.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA roll_it;
GRANT USAGE ON SCHEMA roll_it TO authenticated;
CREATE FUNCTION roll_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = roll_it;
CREATE TABLE people (id uuid PRIMARY KEY);
CREATE TABLE wardens (who uuid PRIMARY KEY REFERENCES people, grade text NOT NULL DEFAULT 'plain');
CREATE TABLE readers (who uuid PRIMARY KEY);
CREATE TABLE lives (who uuid PRIMARY KEY, motto text);
CREATE TABLE teachers (id int PRIMARY KEY, who uuid UNIQUE NOT NULL);
CREATE TABLE lesson (id int PRIMARY KEY, teacher int NOT NULL REFERENCES teachers);
CREATE TABLE site_admins (id uuid PRIMARY KEY REFERENCES people, name text NOT NULL);
CREATE TABLE bans (id int PRIMARY KEY, banned uuid REFERENCES people, banned_by uuid REFERENCES site_admins);
CREATE TABLE of_site_admins (id int PRIMARY KEY);
CREATE TABLE lecturers (id uuid PRIMARY KEY, section uuid NOT NULL, who uuid NOT NULL REFERENCES people);
CREATE TABLE submissions (id uuid PRIMARY KEY, section uuid NOT NULL, who uuid NOT NULL REFERENCES people);
CREATE TABLE of_wardens (id int PRIMARY KEY);
CREATE TABLE of_readers (id int PRIMARY KEY);
CREATE TABLE of_lives (id int PRIMARY KEY);
CREATE TABLE of_teachers (id int PRIMARY KEY);
CREATE FUNCTION is_warden() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM roll_it.wardens WHERE who = roll_it.uid()) $$;
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'roll_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE POLICY own ON people USING (id = uid());
CREATE POLICY managed ON wardens USING (is_warden()) WITH CHECK (is_warden());
CREATE POLICY own ON readers USING (who = uid());
CREATE POLICY own ON lives FOR SELECT USING (who = uid());
CREATE POLICY change ON lives FOR UPDATE USING (who = uid());
CREATE POLICY own ON teachers FOR SELECT USING (who = uid());
CREATE POLICY own ON lesson FOR SELECT USING (teacher IN (SELECT t.id FROM teachers t WHERE t.who = uid()));
CREATE POLICY all_of_them ON of_wardens USING (is_warden());
CREATE POLICY own ON site_admins FOR SELECT USING (id = uid());
CREATE POLICY all_of_them ON bans USING (EXISTS (SELECT FROM site_admins a WHERE a.id = uid()));
CREATE POLICY all_of_them ON of_site_admins USING (EXISTS (SELECT FROM site_admins a WHERE a.id = uid()));
CREATE POLICY appointed ON lecturers USING (EXISTS (SELECT FROM site_admins a WHERE a.id = uid()));
CREATE POLICY own ON submissions FOR SELECT USING (who = uid()
    OR EXISTS (SELECT FROM lecturers l WHERE l.section = submissions.section AND l.who = uid()));
CREATE POLICY all_of_them ON of_readers USING (EXISTS (SELECT FROM readers WHERE who = uid()));
CREATE POLICY all_of_them ON of_lives USING (EXISTS (SELECT FROM lives WHERE who = uid()));
CREATE POLICY all_of_them ON of_teachers USING (EXISTS (SELECT FROM teachers WHERE who = uid()));
RESET search_path;
SELECT object, command, verdict, evidence FROM rlsproof.verify('newcomer')
WHERE (object LIKE 'roll_it.of_%' OR object = 'roll_it.wardens') AND command IN ('SELECT', 'UPDATE');
-- Who was taken for appointed is said.
SELECT level, message FROM rlsproof.audit() WHERE key LIKE 'unknown:appointed:%';
-- Nor does anybody raise himself by what only the appointed may do.
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') AND object LIKE 'roll_it.%';
-- Whether people may put themselves there is not tried where that would take a number: then the row stays.
CREATE TABLE roll_it.counted (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, who uuid UNIQUE NOT NULL);
ALTER TABLE roll_it.counted ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT (who) ON roll_it.counted TO authenticated;
CREATE POLICY own ON roll_it.counted USING (who = roll_it.uid());
CREATE TABLE roll_it.of_counted (id int PRIMARY KEY);
ALTER TABLE roll_it.of_counted ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON roll_it.of_counted TO authenticated;
CREATE POLICY all_of_them ON roll_it.of_counted USING (EXISTS (SELECT FROM roll_it.counted c WHERE c.who = roll_it.uid()));
SELECT object, command, verdict FROM rlsproof.verify('newcomer', 'roll_it.of_counted') WHERE command = 'SELECT';
SELECT is_called FROM roll_it.counted_id_seq;
DROP SCHEMA roll_it CASCADE;
DROP ROLE authenticated, anon;
