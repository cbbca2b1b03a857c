-- A session that does not say of which tenant it is falls back to the uuid that is all zeroes. Nobody's rows are nobody
-- else's, unless something in the database makes that a tenant like any other.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA nil;
GRANT USAGE ON SCHEMA nil TO anon, authenticated;
CREATE FUNCTION nil.claims() RETURNS jsonb LANGUAGE sql STABLE
    AS $$ SELECT coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb $$;
CREATE FUNCTION nil.tenant() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT coalesce((nil.claims() -> 'app_metadata' ->> 'tenant')::uuid, '00000000-0000-0000-0000-000000000000'::uuid) $$;
CREATE TABLE nil.tenants (id uuid PRIMARY KEY, name text);
CREATE TABLE nil.papers (id int PRIMARY KEY, tenant uuid NOT NULL REFERENCES nil.tenants, body text);
CREATE TABLE nil.pages (id int PRIMARY KEY, paper int NOT NULL REFERENCES nil.papers, body text);
CREATE TABLE nil.notes (id int PRIMARY KEY, who uuid NOT NULL, body text);
ALTER TABLE nil.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE nil.papers ENABLE ROW LEVEL SECURITY;
ALTER TABLE nil.pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE nil.notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA nil TO anon, authenticated;
CREATE POLICY own ON nil.tenants FOR SELECT USING (id = nil.tenant());
CREATE POLICY own ON nil.papers USING (tenant = nil.tenant());
CREATE POLICY own ON nil.pages USING (EXISTS (SELECT FROM nil.papers p WHERE p.id = paper AND p.tenant = nil.tenant()));
CREATE POLICY own ON nil.notes USING (who = coalesce((nil.claims() ->> 'sub')::uuid, '00000000-0000-0000-0000-000000000000'));
CREATE FUNCTION pg_temp.open() RETURNS TABLE (object text, persona text, commands text) LANGUAGE sql AS $$
    SELECT object, persona, string_agg(command, ', ' ORDER BY command) FROM rlsproof.verify() WHERE object LIKE 'nil.%' AND verdict = 'open'
    GROUP BY 1, 2 ORDER BY 1, 2 $$;
SELECT * FROM pg_temp.open();
SELECT object, persona, command, evidence, reason FROM rlsproof.verify('anon', 'nil.papers') WHERE command IN ('SELECT', 'INSERT');
-- A default tenant that has a name of its own is open as ever.
CREATE OR REPLACE FUNCTION nil.tenant() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT coalesce((nil.claims() -> 'app_metadata' ->> 'tenant')::uuid, '00000000-0000-0000-0000-00000000000a'::uuid) $$;
SELECT object, persona FROM pg_temp.open() WHERE object = 'nil.papers';
CREATE OR REPLACE FUNCTION nil.tenant() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT coalesce((nil.claims() -> 'app_metadata' ->> 'tenant')::uuid, '00000000-0000-0000-0000-000000000000'::uuid) $$;
-- It is a tenant where a row is there, here or in what is referred to; where a column has it by default; where something is
-- compared with it as it stands; and where a function writes it.
INSERT INTO nil.tenants VALUES ('00000000-0000-0000-0000-000000000000', 'default');
SELECT object, persona FROM pg_temp.open();
DELETE FROM nil.tenants;
ALTER TABLE nil.papers ALTER tenant SET DEFAULT '00000000-0000-0000-0000-000000000000';
SELECT object, persona FROM pg_temp.open() WHERE object = 'nil.papers';
ALTER TABLE nil.papers ALTER tenant DROP DEFAULT;
CREATE POLICY shared ON nil.tenants FOR SELECT USING (id = '00000000-0000-0000-0000-000000000000');
SELECT object, persona FROM pg_temp.open() WHERE object = 'nil.papers';
DROP POLICY shared ON nil.tenants;
CREATE FUNCTION nil.publish(paper int) RETURNS void LANGUAGE sql
    AS $$ UPDATE nil.papers SET tenant = '00000000-0000-0000-0000-000000000000' WHERE id = paper $$;
SELECT object, persona FROM pg_temp.open() WHERE object = 'nil.papers';
DROP SCHEMA nil CASCADE;
DROP ROLE anon, authenticated;
