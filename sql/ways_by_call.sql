-- The second step may be a call: a function that writes memberships with rights of its own, of an invitation that anybody
-- may write to himself, or of nothing but the key of what is joined.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA called_in;
GRANT USAGE ON SCHEMA called_in TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA called_in GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA called_in REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE FUNCTION called_in.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE called_in.teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, is_open boolean NOT NULL DEFAULT false);
CREATE TABLE called_in.members (team uuid NOT NULL REFERENCES called_in.teams, person uuid NOT NULL, PRIMARY KEY (team, person));
CREATE TABLE called_in.plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES called_in.teams, secret text);
CREATE TABLE called_in.invitations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES called_in.teams,
    email text NOT NULL, invited_by uuid NOT NULL, accepted_at timestamptz);
CREATE POLICY found ON called_in.teams FOR SELECT USING (is_open);
CREATE POLICY own ON called_in.members FOR SELECT USING (person = called_in.uid());
CREATE POLICY ours ON called_in.plans FOR SELECT USING (team IN (SELECT m.team FROM called_in.members m WHERE m.person = called_in.uid()));
CREATE POLICY invite ON called_in.invitations FOR INSERT WITH CHECK (invited_by = called_in.uid());
CREATE POLICY sent ON called_in.invitations FOR SELECT USING (invited_by = called_in.uid());
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'called_in'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec

-- It compares the address that was invited, and is deceived all the same: who wrote the invitation is not asked.
CREATE FUNCTION called_in.accept(p_invitation uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    found_one called_in.invitations;
BEGIN
    SELECT * INTO found_one FROM called_in.invitations i WHERE i.id = p_invitation AND i.accepted_at IS NULL
        AND i.email = nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email';
    IF found_one.id IS NULL THEN
        RAISE EXCEPTION 'no such invitation';
    END IF;
    INSERT INTO called_in.members VALUES (found_one.team, called_in.uid());
    UPDATE called_in.invitations SET accepted_at = now() WHERE id = p_invitation;
END $$;
GRANT EXECUTE ON FUNCTION called_in.accept TO authenticated;
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer') WHERE object ~ 'invitations|accept' AND command IN ('INSERT', 'EXECUTE');
SELECT rule, object, message, regexp_replace(detail, '.* It was done with: ', '') ~ '^insert into called_in.invitations .*; select called_in.accept' AS both
FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- A trigger may turn away who is no member.
CREATE FUNCTION called_in.guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM called_in.members m WHERE m.team = new.team AND m.person = called_in.uid()) THEN
        RAISE EXCEPTION 'members alone invite' USING ERRCODE = '42501';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT ON called_in.invitations FOR EACH ROW EXECUTE FUNCTION called_in.guard();
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer', 'called_in.invitations', 'INSERT');
DROP TRIGGER guard ON called_in.invitations;

-- Members alone invite, and nothing is left to accuse.
DROP POLICY invite ON called_in.invitations;
CREATE POLICY invite ON called_in.invitations FOR INSERT WITH CHECK (invited_by = called_in.uid()
    AND team IN (SELECT m.team FROM called_in.members m WHERE m.person = called_in.uid()));
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- Whoever names a team is in it.
CREATE FUNCTION called_in.enter(p_team uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ INSERT INTO called_in.members VALUES (p_team, called_in.uid()) ON CONFLICT DO NOTHING $$;
GRANT EXECUTE ON FUNCTION called_in.enter TO authenticated;
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer', 'rpc:called_in.enter(uuid)');
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- Open teams are for everybody, the others are not: what the function turns away, it has judged.
CREATE OR REPLACE FUNCTION called_in.enter(p_team uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO called_in.members SELECT t.id, called_in.uid() FROM called_in.teams t WHERE t.id = p_team AND t.is_open;
END $$;
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer', 'rpc:called_in.enter(uuid)');
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- A word that only who was told it knows is as good as an invitation.
CREATE TABLE called_in.codes (code text PRIMARY KEY, team uuid NOT NULL REFERENCES called_in.teams);
ALTER TABLE called_in.codes ENABLE ROW LEVEL SECURITY;
DROP FUNCTION called_in.enter;
CREATE FUNCTION called_in.redeem(p_code text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ INSERT INTO called_in.members SELECT c.team, called_in.uid() FROM called_in.codes c WHERE c.code = p_code ON CONFLICT DO NOTHING $$;
GRANT EXECUTE ON FUNCTION called_in.redeem TO authenticated;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP FUNCTION called_in.redeem, called_in.accept;

-- The caller's address alone finds the invitation; and one that is known by the hash of a word is not found here, which is said.
ALTER POLICY invite ON called_in.invitations WITH CHECK (invited_by = called_in.uid());
CREATE FUNCTION called_in.accept_mine() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    INSERT INTO called_in.members SELECT i.team, called_in.uid() FROM called_in.invitations i
    WHERE i.email = nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email' ON CONFLICT DO NOTHING $$;
GRANT EXECUTE ON FUNCTION called_in.accept_mine TO authenticated;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP FUNCTION called_in.accept_mine;
ALTER TABLE called_in.invitations ADD word_hash text NOT NULL DEFAULT md5(random()::text);
CREATE FUNCTION called_in.accept_word(p_word text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    found_one called_in.invitations;
BEGIN
    SELECT * INTO found_one FROM called_in.invitations i WHERE i.word_hash = md5(p_word) AND i.accepted_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such invitation';
    END IF;
    INSERT INTO called_in.members VALUES (found_one.team, called_in.uid());
    UPDATE called_in.invitations SET accepted_at = now() WHERE id = found_one.id;
END $$;
GRANT EXECUTE ON FUNCTION called_in.accept_word TO authenticated;
SELECT object, verdict, reason FROM rlsproof.verify('newcomer', 'called_in.invitations') WHERE command = 'INSERT';
ALTER POLICY invite ON called_in.invitations WITH CHECK (invited_by = called_in.uid()
    AND team IN (SELECT m.team FROM called_in.members m WHERE m.person = called_in.uid()));
SELECT object, verdict, reason FROM rlsproof.verify('newcomer', 'called_in.invitations') WHERE command = 'INSERT';
-- One that is told what to do with it by a word, which is not the first that it knows.
ALTER POLICY invite ON called_in.invitations WITH CHECK (invited_by = called_in.uid());
DROP FUNCTION called_in.accept_word;
CREATE FUNCTION called_in.respond(p_invitation uuid, p_answer text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF p_answer = 'decline' THEN
        DELETE FROM called_in.invitations i WHERE i.id = p_invitation;
    ELSIF p_answer = 'accept' THEN
        INSERT INTO called_in.members SELECT i.team, called_in.uid() FROM called_in.invitations i WHERE i.id = p_invitation
            AND i.email = nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email';
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION called_in.respond TO authenticated;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP SCHEMA called_in CASCADE;
DROP ROLE anon, authenticated;
