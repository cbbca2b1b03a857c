-- People are known by the key of their account, and the account by who has signed in: whoever may write the key of the own
-- account next to somebody's team is in that team, and whoever may write the role of the own membership rises by that.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA keyed_it;
GRANT USAGE ON SCHEMA keyed_it TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA keyed_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION keyed_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE keyed_it.accounts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL UNIQUE, name text);
CREATE TABLE keyed_it.teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE keyed_it.members (team uuid NOT NULL REFERENCES keyed_it.teams, account uuid NOT NULL REFERENCES keyed_it.accounts,
    role text NOT NULL DEFAULT 'guest', PRIMARY KEY (team, account));
CREATE TABLE keyed_it.crew (team uuid NOT NULL REFERENCES keyed_it.teams, account uuid NOT NULL REFERENCES keyed_it.accounts,
    role text NOT NULL DEFAULT 'guest', PRIMARY KEY (team, account));
CREATE TABLE keyed_it.plans (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES keyed_it.teams);
CREATE TABLE keyed_it.bills (id uuid PRIMARY KEY, amount int);
CREATE FUNCTION keyed_it.my_account() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT a.id FROM keyed_it.accounts a WHERE a.user_id = keyed_it.uid() $$;
CREATE POLICY own ON keyed_it.accounts USING (user_id = keyed_it.uid());
CREATE POLICY own ON keyed_it.members FOR SELECT USING (account = keyed_it.my_account());
CREATE POLICY "join" ON keyed_it.members FOR INSERT WITH CHECK (account = keyed_it.my_account());
CREATE POLICY own ON keyed_it.crew FOR SELECT USING (account = keyed_it.my_account());
CREATE POLICY edit ON keyed_it.crew FOR UPDATE USING (account = keyed_it.my_account());
CREATE POLICY ours ON keyed_it.plans FOR SELECT USING (EXISTS (SELECT FROM keyed_it.members m
    WHERE m.team = plans.team AND m.account = keyed_it.my_account()));
CREATE POLICY bosses ON keyed_it.bills FOR SELECT USING (EXISTS (SELECT FROM keyed_it.crew c
    WHERE c.account = keyed_it.my_account() AND c.role = 'boss'));
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'keyed_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer') WHERE object IN ('keyed_it.members', 'keyed_it.crew') AND command IN ('INSERT', 'UPDATE');
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- Nobody joins what he may not: an account's key of his own opens nothing where the team must be his as well.
DROP POLICY "join" ON keyed_it.members;
DROP POLICY edit ON keyed_it.crew;
CREATE POLICY "join" ON keyed_it.members FOR INSERT WITH CHECK (account = keyed_it.my_account() AND EXISTS (SELECT FROM keyed_it.crew c
    WHERE c.team = members.team AND c.account = keyed_it.my_account()));
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP SCHEMA keyed_it CASCADE;
DROP ROLE anon, authenticated;
