-- What a look asks again and again is planned once. A function that says of itself that it never changes its mind is asked
-- by the server when it plans: what it says of one persona must not be kept for the next.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
SET rlsproof.solver = 'no-such-solver'; -- what is executed is what is told
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA kept;
GRANT USAGE ON SCHEMA kept TO anon, authenticated;
CREATE FUNCTION kept.uid() RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = kept;
CREATE TABLE crew (who uuid PRIMARY KEY, role text NOT NULL DEFAULT 'hand' CHECK (role IN ('hand', 'cook', 'captain')));
CREATE POLICY own ON crew FOR SELECT USING (who = uid());
INSERT INTO crew SELECT ('a0000000-0000-4000-8000-00000000000' || n)::uuid FROM generate_series(1, 3) n;
ALTER TABLE crew ENABLE ROW LEVEL SECURITY;
GRANT ALL ON crew TO authenticated;
SELECT rlsproof.persona('ann', 'authenticated', '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}');
SELECT rlsproof.persona('bob', 'authenticated', '{"sub": "a0000000-0000-4000-8000-000000000002", "role": "authenticated"}');
SELECT rlsproof.persona('cat', 'authenticated', '{"sub": "a0000000-0000-4000-8000-000000000003", "role": "authenticated"}');
SELECT rlsproof.scope('kept.crew', 'own', 'who = kept.uid()');
SELECT rlsproof.expect(who, 'kept.crew', 'select', 'own') FROM unnest('{ann,bob,cat}'::text[]) who;
SELECT persona, verdict, evidence, reason FROM rlsproof.verify(NULL, 'kept.crew', 'SELECT');
-- The same with one that says what it is.
ALTER FUNCTION uid() STABLE;
SELECT persona, verdict, evidence, reason FROM rlsproof.verify(NULL, 'kept.crew', 'SELECT');
-- No plan outlives the look.
SELECT count(*) AS plans_left FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource' AND ident LIKE '%crew%';
RESET search_path;
DELETE FROM rlsproof.expectations;
DELETE FROM rlsproof.scopes;
DELETE FROM rlsproof.personas;
DROP SCHEMA kept CASCADE;
DROP ROLE anon, authenticated;
