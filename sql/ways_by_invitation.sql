-- An invitation waits for an address, and the trigger of the accounts table takes it up when somebody signs up with it. Whoever
-- may write one into anybody's team opens an account there himself.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA invite_it;
GRANT USAGE ON SCHEMA invite_it TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA invite_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION invite_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE invite_it.users (id uuid PRIMARY KEY, email text UNIQUE);
CREATE TABLE invite_it.teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, boss uuid REFERENCES invite_it.users);
CREATE TABLE invite_it.members (team uuid NOT NULL REFERENCES invite_it.teams, person uuid NOT NULL REFERENCES invite_it.users,
    role text NOT NULL DEFAULT 'member', PRIMARY KEY (team, person));
CREATE TABLE invite_it.plans (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES invite_it.teams, plan text);
CREATE TABLE invite_it.invitations (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES invite_it.teams, email text NOT NULL,
    role text NOT NULL DEFAULT 'member', invited_by uuid NOT NULL REFERENCES invite_it.users);
CREATE FUNCTION invite_it.is_in(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM invite_it.members m WHERE m.team = t AND m.person = invite_it.uid()) $$;
CREATE POLICY own ON invite_it.users FOR SELECT USING (id = invite_it.uid());
CREATE POLICY own ON invite_it.members FOR SELECT USING (person = invite_it.uid());
CREATE POLICY ours ON invite_it.teams FOR SELECT USING (invite_it.is_in(id));
CREATE POLICY ours ON invite_it.plans FOR SELECT USING (invite_it.is_in(team));
CREATE POLICY sent ON invite_it.invitations FOR SELECT USING (invited_by = invite_it.uid());
CREATE POLICY invite ON invite_it.invitations FOR INSERT WITH CHECK (invited_by = invite_it.uid());
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'invite_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION invite_it.welcome() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO invite_it.members (team, person, role)
    SELECT i.team, new.id, i.role FROM invite_it.invitations i WHERE lower(i.email) = lower(new.email) ON CONFLICT DO NOTHING;
    RETURN new;
END $$;
CREATE TRIGGER welcome AFTER INSERT ON invite_it.users FOR EACH ROW EXECUTE FUNCTION invite_it.welcome();
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer', 'invite_it.invitations', 'INSERT');
SELECT rule, object, message, regexp_replace(detail, 'insert into .* /', '... /') AS detail FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- What is done about the trigger of the invitations themselves counts.
CREATE FUNCTION invite_it.guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF NOT invite_it.is_in(new.team) THEN
        RAISE EXCEPTION 'members alone invite' USING ERRCODE = '42501';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT ON invite_it.invitations FOR EACH ROW EXECUTE FUNCTION invite_it.guard();
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP TRIGGER guard ON invite_it.invitations;

-- Members alone invite: whoever they let in sees what they see.
DROP POLICY invite ON invite_it.invitations;
CREATE POLICY invite ON invite_it.invitations FOR INSERT WITH CHECK (invited_by = invite_it.uid() AND invite_it.is_in(team));
SELECT object, command, verdict FROM rlsproof.verify('newcomer', 'invite_it.invitations', 'INSERT');
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- Anybody invites, and nothing takes it up.
DROP POLICY invite ON invite_it.invitations;
CREATE POLICY invite ON invite_it.invitations FOR INSERT WITH CHECK (invited_by = invite_it.uid());
DROP TRIGGER welcome ON invite_it.users;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP TABLE invite_it.invitations;

-- Whoever was invited accepts by an UPDATE, of which a trigger makes a membership: in another team than he was invited into.
CREATE TABLE invite_it.invites (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL, email text NOT NULL,
    role text NOT NULL DEFAULT 'member', status text NOT NULL DEFAULT 'pending');
ALTER TABLE invite_it.invites ENABLE ROW LEVEL SECURITY;
CREATE POLICY got ON invite_it.invites FOR SELECT USING (email = nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email');
CREATE POLICY accept ON invite_it.invites FOR UPDATE USING (email = nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email');
CREATE FUNCTION invite_it.accepted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF new.status = 'accepted' AND old.status = 'pending' THEN
        INSERT INTO invite_it.members (team, person, role) VALUES (new.team, invite_it.uid(), new.role) ON CONFLICT DO NOTHING;
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER accepted AFTER UPDATE ON invite_it.invites FOR EACH ROW EXECUTE FUNCTION invite_it.accepted();
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
-- The team stays as it is.
REVOKE UPDATE ON invite_it.invites FROM authenticated;
GRANT UPDATE (status) ON invite_it.invites TO authenticated;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP SCHEMA invite_it CASCADE;
DROP ROLE anon, authenticated;
