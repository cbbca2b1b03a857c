-- A form that anybody may fill in: whose address stands in it may be told what became of it. What names somebody's account, says what
-- he is or hangs on something of somebody's is no form.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA forms;
GRANT USAGE ON SCHEMA forms TO anon, authenticated;
SET search_path = forms;
CREATE FUNCTION claim(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> name $$;
CREATE TABLE people (id uuid PRIMARY KEY, email text);
CREATE TABLE good_requests (id int PRIMARY KEY, email text NOT NULL UNIQUE, reason text, status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')));
CREATE TABLE bad_user (id int PRIMARY KEY, email text NOT NULL, user_id uuid, reason text);
CREATE TABLE bad_role (id int PRIMARY KEY, email text NOT NULL, role text NOT NULL DEFAULT 'member');
CREATE TABLE bad_order (id int PRIMARY KEY, email text NOT NULL, buyer uuid NOT NULL REFERENCES people);
CREATE TABLE bad_allowed (id int PRIMARY KEY, email text NOT NULL);
CREATE TABLE good_waitlist (id int PRIMARY KEY, email text NOT NULL, full_name text NOT NULL, reviewed_by uuid REFERENCES people, handled_at timestamptz);
CREATE TABLE bad_waitlist (id int PRIMARY KEY, email text NOT NULL, full_name text NOT NULL, reviewed_by uuid REFERENCES people);
CREATE TABLE kept (id int PRIMARY KEY, words text);
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT ON %1$s TO anon, authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'forms'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE POLICY submit ON good_requests FOR INSERT TO anon, authenticated WITH CHECK (email IS NOT NULL AND status = 'pending');
CREATE POLICY own ON good_requests FOR SELECT TO authenticated USING (email = claim('email'));
CREATE POLICY submit ON bad_user FOR INSERT TO anon, authenticated WITH CHECK (email IS NOT NULL);
CREATE POLICY own ON bad_user FOR SELECT TO authenticated USING (user_id::text = claim('sub'));
CREATE POLICY submit ON bad_role FOR INSERT TO anon, authenticated WITH CHECK (email IS NOT NULL);
CREATE POLICY own ON bad_role FOR SELECT TO authenticated USING (email = claim('email'));
CREATE POLICY own ON people FOR SELECT TO authenticated USING (id::text = claim('sub'));
CREATE POLICY submit ON bad_order FOR INSERT TO anon, authenticated WITH CHECK (email IS NOT NULL);
CREATE POLICY own ON bad_order FOR SELECT TO authenticated USING (email = claim('email'));
CREATE POLICY submit ON bad_allowed FOR INSERT TO anon, authenticated WITH CHECK (email IS NOT NULL);
CREATE POLICY own ON bad_allowed FOR SELECT TO authenticated USING (email = claim('email'));
CREATE POLICY allowed ON kept FOR SELECT TO authenticated USING (EXISTS (SELECT FROM bad_allowed WHERE email = claim('email')));
-- Whoever looks after it is nobody until then; where it is shown to him, it is in his name.
CREATE POLICY submit ON good_waitlist FOR INSERT WITH CHECK (true);
CREATE POLICY submit ON bad_waitlist FOR INSERT WITH CHECK (true);
CREATE POLICY own ON bad_waitlist FOR SELECT TO authenticated USING (reviewed_by::text = claim('sub'));
RESET search_path;
SELECT level, rule, object, message FROM rlsproof.audit() WHERE object ~ 'forms\.(good|bad)' AND level <> 'note' ORDER BY object COLLATE "C", rule COLLATE "C";
-- For those who have signed in alone it is no form for everybody.
DROP POLICY submit ON forms.good_requests;
CREATE POLICY submit ON forms.good_requests FOR INSERT TO authenticated WITH CHECK (email IS NOT NULL AND status = 'pending');
SELECT level, rule, object, message FROM rlsproof.audit() WHERE object ~ 'forms\.good' AND level <> 'note';
DROP SCHEMA forms CASCADE;
DROP ROLE authenticated, anon;
