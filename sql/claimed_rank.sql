-- A role that stands in the token, or in a setting, beside the tenant: who asks for the role alone asks for it in every
-- tenant.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE SCHEMA ranked;
GRANT USAGE ON SCHEMA auth, ranked TO anon, authenticated;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (auth.jwt() ->> 'sub')::uuid;
CREATE FUNCTION ranked.role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT auth.jwt() -> 'app_metadata' ->> 'role' $$;
CREATE FUNCTION ranked.school() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (auth.jwt() -> 'app_metadata' ->> 'school_id')::uuid $$;
CREATE TABLE ranked.pupils (id int PRIMARY KEY, school uuid NOT NULL, parent uuid, name text);
CREATE POLICY own ON ranked.pupils FOR SELECT USING (parent = auth.uid() OR (ranked.role() IN ('head', 'teacher') AND school = ranked.school()));
CREATE POLICY change ON ranked.pupils FOR UPDATE USING (ranked.role() = 'head' AND school = ranked.school());
CREATE TABLE ranked.letters (id int PRIMARY KEY, school uuid NOT NULL, body text);
CREATE POLICY read ON ranked.letters FOR SELECT USING (ranked.role() = 'head' AND school = ranked.school());
CREATE POLICY remove ON ranked.letters FOR DELETE USING (ranked.role() = 'head' AND school = ranked.school());
-- A list of subjects is no school's.
CREATE TABLE ranked.subjects (id int PRIMARY KEY, name text);
CREATE POLICY read ON ranked.subjects FOR SELECT USING (ranked.role() = 'teacher');
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'ranked'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION pg_temp.told() RETURNS TABLE (level text, object text, message text) LANGUAGE sql AS
    $$ SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'role_without_tenant' ORDER BY object $$;
SELECT * FROM pg_temp.told();
ALTER POLICY read ON ranked.letters USING (ranked.role() IN ('head', 'teacher'));
SELECT * FROM pg_temp.told();
ALTER POLICY remove ON ranked.letters USING (ranked.role() = 'head');
SELECT * FROM pg_temp.told();
-- A role that is of no tenant by its name is meant for all.
ALTER POLICY read ON ranked.letters USING (ranked.role() = 'super_admin');
ALTER POLICY remove ON ranked.letters USING (ranked.role() = 'super_admin');
SELECT * FROM pg_temp.told();
-- In settings.
CREATE OR REPLACE FUNCTION ranked.role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.role', true) $$;
CREATE OR REPLACE FUNCTION ranked.school() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.school', true), '')::uuid $$;
SELECT * FROM pg_temp.told();
ALTER POLICY read ON ranked.letters USING (ranked.role() = 'head');
SELECT * FROM pg_temp.told();
DROP SCHEMA ranked, auth CASCADE;
DROP ROLE anon, authenticated;
