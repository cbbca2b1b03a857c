-- What a look asks again and again is planned once. A function that says of itself that it never changes its mind is asked
-- by the server when it plans: what it says of one role must not be kept for the next.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE SCHEMA kept;
GRANT USAGE ON SCHEMA auth, kept TO anon, authenticated;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (auth.jwt() ->> 'sub')::uuid;
CREATE FUNCTION kept.role() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT auth.jwt() -> 'app_metadata' ->> 'role' $$;
CREATE FUNCTION kept.ship() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (auth.jwt() -> 'app_metadata' ->> 'ship_id')::uuid $$;
CREATE TABLE kept.crew (id int PRIMARY KEY, ship uuid NOT NULL, name text);
CREATE POLICY seen ON kept.crew FOR SELECT USING (kept.role() IN ('boatswain', 'carpenter', 'cook', 'mate', 'purser') AND ship = kept.ship());
CREATE TABLE kept.log_book (id int PRIMARY KEY, ship uuid NOT NULL, words text);
CREATE POLICY seen ON kept.log_book FOR SELECT USING (kept.role() = 'skipper');
ALTER TABLE kept.crew ENABLE ROW LEVEL SECURITY;
ALTER TABLE kept.log_book ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON ALL TABLES IN SCHEMA kept TO authenticated;
SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'role_without_tenant';
-- The same with one that says what it is.
ALTER FUNCTION kept.role() STABLE;
SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'role_without_tenant';
-- No plan outlives the look.
SELECT count(*) AS plans_left FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource' AND ident LIKE '%log_book%';
DROP SCHEMA kept, auth CASCADE;
DROP ROLE anon, authenticated;
