-- Rows of a tenant that name nobody: whether it is bad that everybody reads them is told by a policy that shows them to
-- their own alone, and where that is for changing them as well, by what they are about.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE SCHEMA apart;
GRANT USAGE ON SCHEMA auth, apart TO anon, authenticated;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE apart.clinics (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE apart.profiles (id uuid PRIMARY KEY, clinic uuid REFERENCES apart.clinics);
CREATE POLICY own ON apart.profiles FOR SELECT USING (id = auth.uid());
CREATE FUNCTION apart.works_in(wanted uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM apart.profiles p WHERE p.id = auth.uid() AND p.clinic = wanted) $$;
CREATE FUNCTION apart.is_somebody() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM apart.profiles p WHERE p.id = auth.uid() AND p.clinic = '11111111-1111-1111-1111-111111111111') $$;
-- People: by a look-up, by a sub-select of several, by a helper.
CREATE TABLE apart.patients (id int PRIMARY KEY, clinic uuid NOT NULL REFERENCES apart.clinics, full_name text, phone text);
CREATE POLICY own ON apart.patients USING (clinic = (SELECT p.clinic FROM apart.profiles p WHERE p.id = auth.uid()));
CREATE TABLE apart.visits (id int PRIMARY KEY, clinic uuid NOT NULL REFERENCES apart.clinics, diagnosis text);
CREATE POLICY own ON apart.visits USING (EXISTS (SELECT FROM apart.profiles p WHERE p.id = auth.uid() AND p.clinic = visits.clinic));
CREATE TABLE apart.nurses (id int PRIMARY KEY, clinic uuid NOT NULL REFERENCES apart.clinics, date_of_birth date);
CREATE POLICY own ON apart.nurses USING (apart.works_in(clinic));
-- Meant for its own, whatever it is about.
CREATE TABLE apart.plans (id int PRIMARY KEY, clinic uuid NOT NULL REFERENCES apart.clinics, title text);
CREATE POLICY own ON apart.plans FOR SELECT USING (apart.works_in(clinic));
-- Goods are changed by the shop's own and for all to see, phone and all; and asking for somebody says nothing of a row.
CREATE TABLE apart.goods (id int PRIMARY KEY, clinic uuid NOT NULL REFERENCES apart.clinics, name text, phone text);
CREATE POLICY own ON apart.goods USING (apart.works_in(clinic));
CREATE TABLE apart.guides (id int PRIMARY KEY, full_name text);
CREATE POLICY own ON apart.guides USING (apart.is_somebody());
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'apart'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT format('CREATE POLICY stray ON apart.%I FOR SELECT TO authenticated USING (true)', name)
FROM unnest(ARRAY['patients', 'visits', 'nurses', 'plans', 'goods', 'guides']) name \gexec
SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'open' ORDER BY object;
DROP SCHEMA apart, auth CASCADE;
DROP ROLE anon, authenticated;
