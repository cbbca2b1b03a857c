-- Two calls in a row: a function with its owner's rights puts in an invitation for anybody who names a team, and another one
-- takes it up. Neither opens anything alone.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA two_calls;
GRANT USAGE ON SCHEMA two_calls TO authenticated;
CREATE FUNCTION two_calls.said() RETURNS jsonb LANGUAGE sql STABLE RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION two_calls.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (two_calls.said() ->> 'sub')::uuid;
CREATE FUNCTION two_calls.address() RETURNS text LANGUAGE sql STABLE RETURN two_calls.said() ->> 'email';
SET search_path = two_calls;
CREATE TABLE people (id uuid PRIMARY KEY, email text UNIQUE);
CREATE TABLE teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE members (team uuid NOT NULL REFERENCES teams, person uuid NOT NULL REFERENCES people, role text NOT NULL DEFAULT 'member',
    PRIMARY KEY (team, person));
CREATE TABLE plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES teams, plan text);
CREATE TABLE invitations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES teams, email text NOT NULL,
    role text NOT NULL DEFAULT 'member', token text NOT NULL DEFAULT md5(random()::text), accepted timestamptz);
CREATE FUNCTION is_in(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM two_calls.members m WHERE m.team = t AND m.person = two_calls.uid()) $$;
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON members FOR SELECT USING (person = uid());
CREATE POLICY ours ON teams FOR SELECT USING (is_in(id));
CREATE POLICY ours ON plans FOR SELECT USING (is_in(team));
CREATE POLICY mine ON invitations FOR SELECT USING (email = address());
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'two_calls'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION invite(p_team uuid, p_email text, p_role text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE made uuid; BEGIN
    IF two_calls.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO two_calls.invitations (team, email, role) VALUES (p_team, p_email, p_role) RETURNING id INTO made;
    RETURN made; END $$;
CREATE FUNCTION accept(p_token text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE asked two_calls.invitations; BEGIN
    SELECT * INTO asked FROM two_calls.invitations WHERE token = p_token AND accepted IS NULL AND email = two_calls.address();
    IF NOT FOUND THEN RAISE EXCEPTION 'no invitation'; END IF;
    INSERT INTO two_calls.members (team, person, role) VALUES (asked.team, two_calls.uid(), asked.role) ON CONFLICT DO NOTHING;
    UPDATE two_calls.invitations SET accepted = now() WHERE id = asked.id; END $$;
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (rule text, level text, object text, message text) LANGUAGE sql AS
    $$ SELECT rule, level, object, message FROM rlsproof.audit() WHERE rule IN ('writable_authority', 'self_promotion', 'open', 'definer_function')
       AND object LIKE '%two_calls.%' ORDER BY 1, 3 $$;
SELECT * FROM pg_temp.told();
SELECT regexp_replace(detail, '[0-9a-f-]{36}', '?', 'g') AS detail, hint FROM rlsproof.audit() WHERE rule = 'writable_authority';
SELECT object, verdict, evidence FROM rlsproof.verify('newcomer', 'rpc:two_calls.invite(uuid, text, text)', 'EXECUTE');
-- Found by its id, which the first call answers.
CREATE OR REPLACE FUNCTION two_calls.accept(p_token text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO two_calls.members (team, person, role) SELECT team, two_calls.uid(), role FROM two_calls.invitations
    WHERE id = p_token::uuid AND two_calls.uid() IS NOT NULL ON CONFLICT DO NOTHING; END $$;
SELECT * FROM pg_temp.told();
-- What it must not say: where a member alone invites; where an invitation is for whoever is told a word, and nobody tells it.
CREATE OR REPLACE FUNCTION two_calls.invite(p_team uuid, p_email text, p_role text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE made uuid; BEGIN
    IF NOT two_calls.is_in(p_team) THEN RAISE EXCEPTION 'members alone invite'; END IF;
    INSERT INTO two_calls.invitations (team, email, role) VALUES (p_team, p_email, p_role) RETURNING id INTO made;
    RETURN made; END $$;
SELECT * FROM pg_temp.told();
CREATE OR REPLACE FUNCTION two_calls.accept(p_token text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE asked two_calls.invitations; BEGIN
    SELECT * INTO asked FROM two_calls.invitations WHERE token = p_token AND accepted IS NULL;
    IF NOT FOUND OR two_calls.uid() IS NULL THEN RAISE EXCEPTION 'no invitation'; END IF;
    INSERT INTO two_calls.members (team, person, role) VALUES (asked.team, two_calls.uid(), asked.role) ON CONFLICT DO NOTHING;
    UPDATE two_calls.invitations SET accepted = now() WHERE id = asked.id; END $$;
CREATE OR REPLACE FUNCTION two_calls.invite(p_team uuid, p_email text, p_role text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF two_calls.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO two_calls.invitations (team, email, role) VALUES (p_team, 'office@two-calls.invalid', p_role);
    RETURN NULL; END $$;
SELECT * FROM pg_temp.told();
DROP SCHEMA two_calls CASCADE;
DROP ROLE anon, authenticated;
