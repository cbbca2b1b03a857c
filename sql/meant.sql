-- What is shown to everybody on purpose is told from what got out: catalogues that say who typed them in, and tables
-- whose policy says that everybody is meant.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_meant_anon;
CREATE ROLE regress_meant_user;
CREATE ROLE regress_meant_api LOGIN NOINHERIT;
GRANT regress_meant_anon, regress_meant_user TO regress_meant_api;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_meant_anon';
CREATE SCHEMA meant_it;
GRANT USAGE ON SCHEMA meant_it TO regress_meant_anon, regress_meant_user;
ALTER DEFAULT PRIVILEGES IN SCHEMA meant_it GRANT SELECT, INSERT ON TABLES TO regress_meant_anon, regress_meant_user;
CREATE FUNCTION meant_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE meant_it.people (id uuid PRIMARY KEY, name text);
CREATE POLICY own ON meant_it.people FOR SELECT USING (id = meant_it.uid());
-- Who typed a row in is not whose it is, nor are those below somebody's.
CREATE TABLE meant_it.typed_standards (id int PRIMARY KEY, name text, created_by uuid REFERENCES meant_it.people, "updatedBy" uuid NOT NULL DEFAULT meant_it.uid() REFERENCES meant_it.people);
CREATE TABLE meant_it.typed_items (id int PRIMARY KEY, standard int NOT NULL REFERENCES meant_it.typed_standards, title text);
CREATE POLICY read ON meant_it.typed_standards FOR SELECT USING (true);
CREATE POLICY read ON meant_it.typed_items FOR SELECT USING (true);
-- It is, where there is somebody's address in it or what somebody wrote, here or in what hangs on it; where it has to be
-- given; where a policy or a helper goes by it; where it is not only read.
CREATE TABLE meant_it.bad_clients (id int PRIMARY KEY, name text, email text, created_by uuid REFERENCES meant_it.people);
CREATE TABLE meant_it.bad_visits (id int PRIMARY KEY, client int REFERENCES meant_it.bad_clients);
CREATE TABLE meant_it.bad_leads (id int PRIMARY KEY, standard int REFERENCES meant_it.typed_standards, phone_number text);
CREATE TABLE meant_it.bad_notes (id int PRIMARY KEY, body text, created_by uuid REFERENCES meant_it.people);
CREATE TABLE meant_it.bad_given (id int PRIMARY KEY, name text, created_by uuid NOT NULL REFERENCES meant_it.people);
CREATE TABLE meant_it.bad_owned (id int PRIMARY KEY, name text, created_by uuid REFERENCES meant_it.people);
CREATE POLICY own ON meant_it.bad_owned FOR INSERT WITH CHECK (created_by = meant_it.uid());
CREATE TABLE meant_it.bad_helped (id int PRIMARY KEY, name text, created_by uuid REFERENCES meant_it.people);
CREATE FUNCTION meant_it.has_any() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM meant_it.bad_helped h WHERE h.created_by = meant_it.uid()) $$;
CREATE POLICY helped ON meant_it.people FOR SELECT USING (meant_it.has_any() AND id = meant_it.uid());
CREATE TABLE meant_it.bad_handed (id int PRIMARY KEY, name text, created_by uuid REFERENCES meant_it.people);
CREATE FUNCTION meant_it.is_me(who uuid) RETURNS boolean LANGUAGE sql STABLE RETURN who = meant_it.uid();
CREATE POLICY own ON meant_it.bad_handed FOR UPDATE USING (meant_it.is_me(created_by));
SELECT format('CREATE POLICY read ON meant_it.%I FOR SELECT USING (true)', relname)
FROM pg_class WHERE relnamespace = 'meant_it'::regnamespace AND relkind = 'r' AND relname ~ '^bad_' ORDER BY relname \gexec
CREATE TABLE meant_it.bad_written (id int PRIMARY KEY, name text, created_by uuid REFERENCES meant_it.people);
CREATE POLICY write ON meant_it.bad_written FOR INSERT WITH CHECK (true);
-- Everybody is meant, by the policy's own name. What shows one's own row only is no other way in.
CREATE TABLE meant_it.said_profiles (id uuid PRIMARY KEY REFERENCES meant_it.people, display_name text, avatar_url text);
CREATE POLICY "Public profiles are viewable by everyone" ON meant_it.said_profiles FOR SELECT USING (true);
CREATE POLICY "Own profile" ON meant_it.said_profiles FOR ALL USING (id = meant_it.uid());
CREATE TABLE meant_it.said_posts (id int PRIMARY KEY, author uuid REFERENCES meant_it.people, title text, body text);
CREATE POLICY "Anyone can read posts" ON meant_it.said_posts FOR SELECT USING (meant_it.uid() IS NULL OR true);
CREATE TABLE meant_it.said_mostly (id uuid PRIMARY KEY REFERENCES meant_it.people, name text, email text);
CREATE POLICY "Public read" ON meant_it.said_mostly FOR SELECT USING (true);
REVOKE SELECT ON meant_it.said_mostly FROM regress_meant_anon, regress_meant_user;
GRANT SELECT (id, name) ON meant_it.said_mostly TO regress_meant_anon, regress_meant_user;
-- It does not say so: it speaks of users, or of fewer rows than it shows; another policy shows them as well; it is for
-- more than reading, or is written as well. It says so of what is private, between people, or not for all to see.
CREATE PROCEDURE meant_it.make(name text, policy text, more text DEFAULT '', command text DEFAULT 'SELECT') LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE meant_it.%I (id uuid PRIMARY KEY REFERENCES meant_it.people, nick text %s)', name, more);
    EXECUTE format('CREATE POLICY %I ON meant_it.%I FOR %s USING (true)', policy, name, command);
END $$;
CALL meant_it.make('unsaid_users', 'Enable read access for all users');
CALL meant_it.make('unsaid_published', 'Anyone can read published ones');
CALL meant_it.make('unsaid_twice', 'Public read');
CREATE POLICY second ON meant_it.unsaid_twice FOR SELECT USING (true);
CALL meant_it.make('unsaid_second', 'Public read');
CREATE POLICY second ON meant_it.unsaid_second FOR SELECT TO regress_meant_user USING (nick IS NOT NULL);
CALL meant_it.make('unsaid_written', 'Public read');
CREATE POLICY "Anyone can join" ON meant_it.unsaid_written FOR INSERT WITH CHECK (true);
CALL meant_it.make('unsaid_phone', 'Public read', ', mobile_phone text');
CALL meant_it.make('unsaid_hidden', 'Public read', ', is_public boolean');
CALL meant_it.make('unsaid_two', 'Public read', ', friend uuid REFERENCES meant_it.people');
CALL meant_it.make('unsaid_chat_entries', 'Public read');
CALL meant_it.make('unsaid_all', 'Public access', command => 'ALL');
CREATE VIEW meant_it.unsaid_view AS SELECT id, display_name FROM meant_it.said_profiles;
GRANT SELECT ON meant_it.unsaid_view TO regress_meant_anon;
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'meant_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT level, object, message FROM rlsproof.audit() WHERE rule IN ('open', 'owner_view') AND object ~ 'meant_it' ORDER BY object COLLATE "C";
DROP SCHEMA meant_it CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP ROLE regress_meant_api, regress_meant_user, regress_meant_anon;
