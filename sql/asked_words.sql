-- What helpers are handed, what an array must hold and what an enum is compared with are words that policies ask for: rows
-- are made with them, and whoever may write them of himself rises by that.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA asked_it;
GRANT USAGE ON SCHEMA asked_it TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA asked_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION asked_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TYPE asked_it.grade AS ENUM ('clerk', 'warden', 'chief');
CREATE TABLE asked_it.user_roles (who uuid, role text, PRIMARY KEY (who, role));
CREATE TABLE asked_it.ranks (who uuid PRIMARY KEY, rank text NOT NULL DEFAULT 'plain');
CREATE TABLE asked_it.staff (who uuid PRIMARY KEY, roles text[] NOT NULL DEFAULT '{}');
CREATE TABLE asked_it.grades (who uuid PRIMARY KEY, grade asked_it.grade NOT NULL DEFAULT 'clerk');
CREATE TABLE asked_it.titles (who uuid PRIMARY KEY, title text NOT NULL DEFAULT 'none');
CREATE TABLE asked_it.wines (id int PRIMARY KEY);
CREATE TABLE asked_it.bills (id int PRIMARY KEY);
CREATE TABLE asked_it.ledgers (id int PRIMARY KEY);
CREATE TABLE asked_it.vault (id int PRIMARY KEY);
CREATE TABLE asked_it.cells (id int PRIMARY KEY);
CREATE FUNCTION asked_it.has_role(_who uuid, _role text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM asked_it.user_roles WHERE who = _who AND role = _role) $$;
CREATE FUNCTION asked_it.has_rank(_who uuid, _ranks text[]) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN EXISTS (SELECT FROM asked_it.ranks r WHERE r.who = _who AND r.rank = ANY (_ranks)); END $$;
CREATE FUNCTION asked_it.is_warden() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM asked_it.grades g WHERE g.who = asked_it.uid() AND 'warden'::asked_it.grade = g.grade) $$;
CREATE FUNCTION asked_it.my_title() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN (SELECT t.title FROM asked_it.titles t WHERE t.who = asked_it.uid()); END $$;
CREATE POLICY own ON asked_it.titles USING (who = asked_it.uid());
CREATE POLICY butlers ON asked_it.wines FOR SELECT USING (asked_it.my_title() IN ('butler', 'cook'));
CREATE POLICY own ON asked_it.user_roles USING (who = asked_it.uid());
CREATE POLICY own ON asked_it.ranks USING (who = asked_it.uid());
CREATE POLICY own ON asked_it.staff USING (who = asked_it.uid());
CREATE POLICY own ON asked_it.grades USING (who = asked_it.uid());
CREATE POLICY auditors ON asked_it.bills FOR SELECT USING (asked_it.has_role(asked_it.uid(), 'auditor'));
CREATE POLICY keepers ON asked_it.ledgers FOR SELECT USING (asked_it.has_rank(asked_it.uid(), ARRAY['keeper', 'elder']));
CREATE POLICY openers ON asked_it.vault FOR SELECT USING (EXISTS (SELECT FROM asked_it.staff s WHERE s.who = asked_it.uid() AND 'opener' = ANY (s.roles)));
CREATE POLICY wardens ON asked_it.cells FOR SELECT USING (asked_it.is_warden());
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'asked_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') ORDER BY object, message;

-- The same where nobody writes them of himself.
DROP POLICY own ON asked_it.titles;
DROP POLICY own ON asked_it.user_roles;
DROP POLICY own ON asked_it.ranks;
DROP POLICY own ON asked_it.staff;
DROP POLICY own ON asked_it.grades;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP SCHEMA asked_it CASCADE;

-- Buckets that nobody has made yet, and policies speak of: their files are looked at as well.
CREATE SCHEMA storage;
GRANT USAGE ON SCHEMA storage TO authenticated;
CREATE TABLE storage.buckets (id text PRIMARY KEY);
CREATE TABLE storage.objects (id int PRIMARY KEY, bucket_id text REFERENCES storage.buckets, name text, owner uuid);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON storage.objects TO authenticated;
CREATE POLICY reading ON storage.objects FOR SELECT TO authenticated USING (bucket_id = 'receipts');
INSERT INTO storage.buckets VALUES ('logos');
SELECT persona, object, verdict, reason FROM rlsproof.verify() WHERE object LIKE 'bucket:%' AND command = 'SELECT';
DROP SCHEMA storage CASCADE;
DROP ROLE anon, authenticated;
