-- Two writes: an invitation that anybody writes to himself opens nothing, and lets him into the members, which does.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA invited;
GRANT USAGE ON SCHEMA invited TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA invited GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION invited.claim(name text) RETURNS text LANGUAGE sql STABLE
    RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> name;
CREATE TABLE invited.teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE invited.members (team uuid NOT NULL REFERENCES invited.teams, person uuid NOT NULL, PRIMARY KEY (team, person));
CREATE TABLE invited.invitations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES invited.teams,
    email text NOT NULL, invited_by uuid NOT NULL);
CREATE TABLE invited.plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES invited.teams, secret text);
CREATE POLICY ours ON invited.plans FOR SELECT USING (EXISTS (SELECT FROM invited.members m
    WHERE m.team = plans.team AND m.person = invited.claim('sub')::uuid));
CREATE POLICY own ON invited.members FOR SELECT USING (person = invited.claim('sub')::uuid);
CREATE POLICY "join" ON invited.members FOR INSERT WITH CHECK (person = invited.claim('sub')::uuid AND EXISTS (
    SELECT FROM invited.invitations i WHERE i.team = members.team AND i.email = invited.claim('email')));
CREATE POLICY got ON invited.invitations FOR SELECT USING (email = invited.claim('email') OR invited_by = invited.claim('sub')::uuid);
CREATE POLICY invite ON invited.invitations FOR INSERT WITH CHECK (invited_by = invited.claim('sub')::uuid);
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'invited'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION pg_temp.ways() RETURNS TABLE (rule text, object text, message text, statement text) LANGUAGE sql
    AS $$ SELECT rule, object, message, regexp_replace(detail, '.*It was done with: ', '') FROM rlsproof.audit()
    WHERE rule IN ('self_promotion', 'writable_authority') $$;
SELECT rule, object, message, statement ~ '^insert into invited.invitations .*; insert into invited.members ' AS both FROM pg_temp.ways();
SELECT object, verdict, reason FROM rlsproof.verify('newcomer') WHERE object ~ 'invitations|members' AND command = 'INSERT';

-- A trigger of the second table may be what guards it.
CREATE FUNCTION invited.closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_user <> 'postgres' THEN RAISE EXCEPTION 'no new members'; END IF; RETURN NEW; END $$;
CREATE TRIGGER closed BEFORE INSERT ON invited.members FOR EACH ROW EXECUTE FUNCTION invited.closed();
SELECT object, verdict, reason FROM rlsproof.verify('newcomer', 'invited.invitations') WHERE command = 'INSERT';
DROP TRIGGER closed ON invited.members;

-- Members alone invite.
ALTER POLICY invite ON invited.invitations WITH CHECK (invited_by = invited.claim('sub')::uuid AND EXISTS (SELECT FROM invited.members m
    WHERE m.team = invitations.team AND m.person = invited.claim('sub')::uuid));
SELECT * FROM pg_temp.ways();

-- Whoever founds a team is its first member, and of nobody else's.
ALTER TABLE invited.teams ADD owner uuid;
CREATE POLICY own ON invited.teams USING (owner = invited.claim('sub')::uuid);
CREATE POLICY founder ON invited.members FOR INSERT WITH CHECK (person = invited.claim('sub')::uuid AND EXISTS (
    SELECT FROM invited.teams t WHERE t.id = members.team AND t.owner = invited.claim('sub')::uuid));
SELECT * FROM pg_temp.ways();
DROP SCHEMA invited CASCADE;
DROP ROLE anon, authenticated;
