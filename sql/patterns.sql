-- Rows for tables whose texts have to match something: what a regular expression says of them is written. Without rows nothing
-- would be seen of what strangers reach there.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA pattern_it;
GRANT USAGE ON SCHEMA pattern_it TO anon, authenticated;
CREATE FUNCTION pattern_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = pattern_it;
CREATE DOMAIN plate AS text CHECK (VALUE ~ '^[A-Z]{1,3}-[A-Z]{2} \d{1,4}$');
CREATE TABLE by_name (slug text UNIQUE NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,28}[a-z0-9]$'), shown boolean NOT NULL DEFAULT true);
CREATE TABLE by_code (id int PRIMARY KEY, who uuid, code text NOT NULL CHECK (code ~ '^(XT|YT)[0-9]{9}[A-F]$'), at text NOT NULL CHECK (at ~ '^([01]\d|2[0-3])h[0-5]\d$'));
CREATE TABLE by_plate (id int PRIMARY KEY, who uuid, car plate NOT NULL);
CREATE TABLE by_both (id int PRIMARY KEY, who uuid, code varchar(9) NOT NULL CHECK (code ~* '^k\d+$' AND length(code) >= 5), tint text NOT NULL DEFAULT 'red' CHECK (tint !~ '[^a-z]'));
CREATE TABLE days (id int PRIMARY KEY, state text NOT NULL);
CREATE TABLE by_place (day int NOT NULL REFERENCES days, mail text NOT NULL CHECK (mail ~* '^[^@ ]+@[^@ ]+[.][a-z]{2,}$'), UNIQUE (day, mail));
CREATE TABLE by_policy (id int PRIMARY KEY, code text NOT NULL);
CREATE TABLE own_code (id int PRIMARY KEY, who uuid NOT NULL, code text NOT NULL CHECK (code ~ '^(?=\d).{7}$'));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT ON %1$s TO anon, authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'pattern_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE POLICY shown ON by_name FOR SELECT USING (shown);
CREATE POLICY shown ON by_code FOR SELECT USING (true);
CREATE POLICY shown ON by_plate FOR SELECT USING (who IS NOT NULL);
CREATE POLICY shown ON by_both FOR SELECT USING (code IS NOT NULL);
CREATE POLICY shown ON by_policy FOR SELECT USING (code ~ '^PUB\d{4}$');
CREATE POLICY shown ON days FOR SELECT USING (true);
CREATE POLICY enter ON by_place FOR INSERT WITH CHECK (EXISTS (SELECT FROM days d WHERE d.id = day AND d.state IN ('open', 'full')));
CREATE POLICY own ON own_code USING (who = uid());
RESET search_path;
SELECT object, verdict, evidence, reason FROM rlsproof.verify('anon', NULL, 'select') WHERE object LIKE 'pattern_it.%';
SELECT object, verdict, evidence, reason FROM rlsproof.verify('anon', 'pattern_it.by_place', 'insert');
-- What cannot be made is no reason to doubt what is proved, where nothing else goes by it.
SELECT object, command, verdict, evidence, reason FROM rlsproof.verify('newcomer', 'pattern_it.own_code') WHERE command IN ('SELECT', 'INSERT');
-- What is asked to look like a UUID is cast to one; and a made value that does not suit a cast is not the policy's mistake.
CREATE TABLE pattern_it.files (id int PRIMARY KEY, path text NOT NULL);
CREATE TABLE pattern_it.dated (id int PRIMARY KEY, label text NOT NULL);
ALTER TABLE pattern_it.files ENABLE ROW LEVEL SECURITY;
ALTER TABLE pattern_it.dated ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON pattern_it.files, pattern_it.dated TO authenticated;
CREATE POLICY own ON pattern_it.files USING (path ~ '^[0-9a-f-]{36}/' AND split_part(path, '/', 1)::uuid = pattern_it.uid());
CREATE POLICY today ON pattern_it.dated USING (label ~ '^[0-9]{8}$' AND label::date = current_date AND label = pattern_it.uid()::text);
SELECT object, command, verdict, evidence, reason FROM rlsproof.verify('outsider')
WHERE object IN ('pattern_it.files', 'pattern_it.dated') AND command IN ('SELECT', 'INSERT');
SELECT object, message FROM rlsproof.audit() WHERE rule = 'broken';
DROP SCHEMA pattern_it CASCADE;
DROP ROLE authenticated, anon;
