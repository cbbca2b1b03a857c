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
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'meant_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'open' AND object ~ 'meant_it' ORDER BY object COLLATE "C";
DROP SCHEMA meant_it CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP ROLE regress_meant_api, regress_meant_user, regress_meant_anon;
