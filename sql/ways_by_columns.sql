-- Ways up that take several columns of one row, as the helpers ask for them together: a role and its state, a role and the
-- team it is held in, a time at which somebody was let in.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA set_it;
GRANT USAGE ON SCHEMA set_it TO anon, authenticated;
CREATE FUNCTION set_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = set_it;
-- One's own row may be put in. One pair of words makes a boss, and another pair is shown to everybody.
CREATE TABLE person (who uuid PRIMARY KEY, role text NOT NULL CHECK (role IN ('customer', 'seller', 'boss')), state text NOT NULL DEFAULT 'pending');
CREATE TABLE payslip (id int PRIMARY KEY, who uuid NOT NULL REFERENCES person, amount int);
CREATE FUNCTION is_boss() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM set_it.person WHERE who = set_it.uid() AND role = 'boss' AND state = 'approved') $$;
CREATE POLICY seen ON person FOR SELECT USING (who = uid() OR is_boss() OR (role = 'seller' AND state = 'approved'));
CREATE POLICY own ON person FOR INSERT WITH CHECK (who = uid());
CREATE POLICY seen ON payslip FOR SELECT USING (who = uid() OR is_boss());
-- A member is one who was let in: the time says so. Whoever puts himself in says it too.
CREATE TABLE crew (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE sailor (crew int NOT NULL REFERENCES crew, who uuid NOT NULL, kind text NOT NULL DEFAULT 'hand', let_in timestamptz, PRIMARY KEY (crew, who));
CREATE FUNCTION in_crew(c int, kinds text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM set_it.sailor s WHERE s.crew = c AND s.who = set_it.uid() AND s.kind = ANY (kinds) AND s.let_in IS NOT NULL) $$;
CREATE POLICY seen ON crew FOR SELECT USING (in_crew(id, ARRAY['captain', 'hand']));
CREATE POLICY seen ON sailor FOR SELECT USING (in_crew(crew, ARRAY['captain', 'hand']));
CREATE POLICY founder ON sailor FOR INSERT WITH CHECK (who = uid() AND kind = 'captain' AND NOT EXISTS (SELECT FROM sailor s WHERE s.crew = sailor.crew));
-- Whoever waits to be let in lets himself in, anywhere. Beside it one where the time is not his to set.
CREATE TABLE club (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE waiting (club int NOT NULL REFERENCES club, who uuid NOT NULL, let_in timestamptz, PRIMARY KEY (club, who));
CREATE POLICY seen ON club FOR SELECT USING (EXISTS (SELECT FROM waiting w WHERE w.club = club.id AND w.who = uid() AND w.let_in IS NOT NULL));
CREATE POLICY seen ON waiting FOR SELECT USING (who = uid());
CREATE POLICY asks ON waiting FOR INSERT WITH CHECK (who = uid() AND let_in IS NULL);
CREATE POLICY saves ON waiting FOR UPDATE USING (who = uid());
CREATE TABLE guild (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE queued (guild int NOT NULL REFERENCES guild, who uuid NOT NULL, let_in timestamptz, words text, PRIMARY KEY (guild, who));
CREATE POLICY seen ON guild FOR SELECT USING (EXISTS (SELECT FROM queued q WHERE q.guild = guild.id AND q.who = uid() AND q.let_in IS NOT NULL));
CREATE POLICY seen ON queued FOR SELECT USING (who = uid());
CREATE POLICY asks ON queued FOR INSERT WITH CHECK (who = uid() AND let_in IS NULL);
CREATE POLICY saves ON queued FOR UPDATE USING (who = uid()) WITH CHECK (who = uid() AND let_in IS NULL);
-- The role counts in one's own team alone, and both may be set; then the role alone, asked of a helper that says it.
CREATE TABLE team (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE profile (who uuid PRIMARY KEY, team int REFERENCES team, role text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')));
CREATE TABLE payroll (id int PRIMARY KEY, team int NOT NULL REFERENCES team, amount int);
CREATE FUNCTION my_team() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT team FROM set_it.profile WHERE who = set_it.uid() $$;
CREATE FUNCTION my_role() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT role FROM set_it.profile WHERE who = set_it.uid() $$;
CREATE POLICY own ON profile FOR SELECT USING (who = uid());
CREATE POLICY saves ON profile FOR UPDATE USING (who = uid());
CREATE POLICY pay ON payroll FOR SELECT USING (team = my_team() AND (SELECT my_role()) = 'admin');
-- What a state must not be says that any other will do.
CREATE TABLE lodge (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE brother (lodge int NOT NULL REFERENCES lodge, who uuid NOT NULL, state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'full')), PRIMARY KEY (lodge, who));
CREATE POLICY seen ON lodge FOR SELECT USING (EXISTS (SELECT FROM brother b WHERE b.lodge = lodge.id AND b.who = uid() AND b.state <> 'pending'));
CREATE POLICY seen ON brother FOR SELECT USING (who = uid());
CREATE POLICY joins ON brother FOR INSERT WITH CHECK (who = uid());
ALTER TABLE lodge ENABLE ROW LEVEL SECURITY;
ALTER TABLE brother ENABLE ROW LEVEL SECURITY;
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE payslip ENABLE ROW LEVEL SECURITY;
ALTER TABLE crew ENABLE ROW LEVEL SECURITY;
ALTER TABLE sailor ENABLE ROW LEVEL SECURITY;
ALTER TABLE club ENABLE ROW LEVEL SECURITY;
ALTER TABLE waiting ENABLE ROW LEVEL SECURITY;
ALTER TABLE guild ENABLE ROW LEVEL SECURITY;
ALTER TABLE queued ENABLE ROW LEVEL SECURITY;
ALTER TABLE team ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE payroll ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA set_it TO authenticated;
RESET search_path;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority', 'unknown') ORDER BY object, rule;
SELECT object, substring(detail FROM 'It was done with: .*') AS done FROM rlsproof.audit() WHERE rule = 'self_promotion' ORDER BY object;
-- What is granted column by column is all that is set: an admin of one team puts himself into another.
REVOKE UPDATE ON set_it.waiting, set_it.profile FROM authenticated;
GRANT UPDATE (let_in) ON set_it.waiting TO authenticated;
GRANT UPDATE (team) ON set_it.profile TO authenticated;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE object IN ('set_it.waiting', 'set_it.profile') AND rule IN ('self_promotion', 'writable_authority', 'unknown') ORDER BY object, rule;
DROP SCHEMA set_it CASCADE;
DROP ROLE authenticated, anon;
