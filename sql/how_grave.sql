-- How grave it is that rows are read: by who reads most of them, by what is in them, and beside what else is open.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA grave;
GRANT USAGE ON SCHEMA grave TO anon, authenticated;
SET search_path = grave;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
-- Everybody may read of hosts, and whoever has an account of all.
CREATE TABLE person (id uuid PRIMARY KEY, name text, email text, phone text, host boolean NOT NULL);
CREATE POLICY seen ON person FOR SELECT USING (host OR uid() IS NOT NULL);
CREATE POLICY own ON person FOR UPDATE USING (id = uid());
-- A list of people that nobody of them is named in, and what is no such list.
CREATE TABLE customers (id uuid PRIMARY KEY, name text, phone text);
CREATE POLICY seen ON customers FOR SELECT USING (uid() IS NOT NULL);
CREATE TABLE shops (id uuid PRIMARY KEY, name text, phone text);
CREATE TABLE medicine (id uuid PRIMARY KEY, medicine_name text, gender text, insurance text);
CREATE POLICY seen ON medicine FOR SELECT USING (true);
CREATE POLICY seen ON shops FOR SELECT USING (true);
CREATE TABLE team_members (id uuid PRIMARY KEY, name text, email text);
CREATE POLICY seen ON team_members FOR SELECT USING (true);
-- Of hosts alone, to everybody.
CREATE TABLE host (id uuid PRIMARY KEY, name text, phone text, shown boolean NOT NULL);
CREATE POLICY seen ON host FOR SELECT USING (shown);
-- A token that is a uuid is one; when it ends opens nothing.
CREATE TABLE offer (id uuid PRIMARY KEY, maker uuid NOT NULL, signing_token uuid NOT NULL UNIQUE, token_ends timestamptz DEFAULT now() + interval '7 days');
CREATE POLICY seen ON offer FOR SELECT USING (token_ends > now());
CREATE TABLE paper (id uuid PRIMARY KEY, maker uuid NOT NULL, token_ends timestamptz DEFAULT now() + interval '7 days');
CREATE POLICY seen ON paper FOR SELECT USING (token_ends > now());
-- What is read is told beside what is written.
CREATE TABLE entrant (id uuid PRIMARY KEY, born_on date, birth_date date, contact_email text);
CREATE POLICY seen ON entrant FOR SELECT USING (true);
CREATE POLICY entered ON entrant FOR INSERT WITH CHECK (true);
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'grave'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA grave TO anon, authenticated;
RESET search_path;
SELECT object, level, message, detail FROM rlsproof.audit() WHERE rule = 'open' ORDER BY object COLLATE "C";
-- A form that is handed in may be meant, and what everybody reads of it is told for itself: by its own key, and waived for itself.
CREATE TABLE grave.players (id uuid PRIMARY KEY, owner uuid, name text, date_of_birth date);
CREATE POLICY seen ON grave.players FOR SELECT USING (true);
CREATE POLICY entered ON grave.players FOR INSERT TO anon WITH CHECK (true);
CREATE POLICY own ON grave.players USING (owner = grave.uid());
ALTER TABLE grave.players ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON grave.players TO anon, authenticated;
SELECT level, key, message, detail, fix FROM rlsproof.audit() WHERE object ~ '(players|entrant)$' AND rule = 'open' ORDER BY key COLLATE "C";
SELECT rlsproof.waive('open', 'grave.players:INSERT', 'the form', '2999-01-01');
SELECT rlsproof.waive('open', 'grave.entr*:SELECT', 'the list', '2999-01-01');
SELECT rlsproof.waive('open', 'grave.shops:DELETE', 'nobody can', '2999-01-01');
SELECT level, rule, key, message FROM rlsproof.audit() WHERE (object ~ '(players|entrant)$' AND rule = 'open') OR rule ~ 'waiver' ORDER BY key COLLATE "C";
DELETE FROM rlsproof.waivers;
DROP TABLE grave.players;
-- And no more where the columns are taken away.
REVOKE SELECT ON grave.entrant FROM anon, authenticated;
GRANT SELECT (id) ON grave.entrant TO anon, authenticated;
SELECT object, level, message, detail FROM rlsproof.audit() WHERE rule = 'open' AND object = 'grave.entrant';
-- Whoever owns a workspace, and is a member by a trigger, gives himself no more than he has.
CREATE SCHEMA works;
GRANT USAGE ON SCHEMA works TO anon, authenticated;
SET search_path = works, grave;
CREATE TABLE account (id uuid PRIMARY KEY);
CREATE TABLE workspace (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES account);
CREATE TABLE member (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace uuid NOT NULL REFERENCES workspace, who uuid NOT NULL REFERENCES account,
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member')), UNIQUE (workspace, who));
CREATE TABLE api_key (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace uuid NOT NULL REFERENCES workspace, words text);
CREATE POLICY own ON workspace USING (owner = uid());
CREATE POLICY own ON member FOR SELECT USING (who = uid());
CREATE POLICY of_its_owner ON member USING (EXISTS (SELECT FROM workspace w WHERE w.id = member.workspace AND w.owner = uid()));
CREATE POLICY of_owners ON api_key USING (workspace IN (SELECT m.workspace FROM member m WHERE m.who = uid() AND m.role = 'owner'));
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace ENABLE ROW LEVEL SECURITY;
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA works TO authenticated;
RESET search_path;
SELECT rule, object, message FROM rlsproof.audit() WHERE level = 'error' AND object LIKE 'works.%' ORDER BY 1, 2;
-- A member who says of himself what he is does.
CREATE POLICY own_row ON works.member FOR UPDATE USING (who = grave.uid());
SELECT rule, object, message FROM rlsproof.audit() WHERE level = 'error' AND object LIKE 'works.%' ORDER BY 1, 2;
DROP SCHEMA works, grave CASCADE;
DROP ROLE anon, authenticated;
