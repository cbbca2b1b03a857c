-- What may not be put in as somebody else's may not be made somebody else's by changing it either.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA gifts;
GRANT USAGE ON SCHEMA gifts TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA gifts GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION gifts.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE gifts.people (id uuid PRIMARY KEY, team int);
CREATE POLICY own ON gifts.people USING (id = gifts.uid());
CREATE TABLE gifts.freely (id int PRIMARY KEY, who uuid NOT NULL REFERENCES gifts.people, body text);
CREATE POLICY read ON gifts.freely FOR SELECT USING (who = gifts.uid());
CREATE POLICY change ON gifts.freely FOR UPDATE USING (who = gifts.uid()) WITH CHECK (true);
-- USING is the check where there is none.
CREATE TABLE gifts.kept (id int PRIMARY KEY, who uuid NOT NULL REFERENCES gifts.people, body text);
CREATE POLICY own ON gifts.kept USING (who = gifts.uid());
-- The one who received a message makes somebody else its sender, and keeps it.
CREATE TABLE gifts.messages (id int PRIMARY KEY, sender uuid NOT NULL REFERENCES gifts.people, receiver uuid NOT NULL REFERENCES gifts.people);
CREATE POLICY ours ON gifts.messages FOR SELECT USING (gifts.uid() IN (sender, receiver));
CREATE POLICY change ON gifts.messages FOR UPDATE USING (gifts.uid() IN (sender, receiver));
-- A team's paper stays the team's, whoever is said to have written it.
CREATE TABLE gifts.papers (id int PRIMARY KEY, team int NOT NULL, author uuid REFERENCES gifts.people);
CREATE POLICY ours ON gifts.papers USING (team IN (SELECT p.team FROM gifts.people p WHERE p.id = gifts.uid()));
-- What a team has is put into another team; and the same where the check asks again.
CREATE TABLE gifts.teams (id int PRIMARY KEY, name text);
CREATE TABLE gifts.members (team int REFERENCES gifts.teams, who uuid REFERENCES gifts.people, PRIMARY KEY (team, who));
CREATE POLICY own ON gifts.members FOR SELECT USING (who = gifts.uid());
CREATE TABLE gifts.tools (id int PRIMARY KEY, team int NOT NULL REFERENCES gifts.teams, name text);
CREATE POLICY ours ON gifts.tools FOR SELECT USING (team IN (SELECT m.team FROM gifts.members m WHERE m.who = gifts.uid()));
CREATE POLICY change ON gifts.tools FOR UPDATE USING (team IN (SELECT m.team FROM gifts.members m WHERE m.who = gifts.uid())) WITH CHECK (true);
CREATE TABLE gifts.kept_tools (id int PRIMARY KEY, team int NOT NULL REFERENCES gifts.teams, name text);
CREATE POLICY ours ON gifts.kept_tools USING (team IN (SELECT m.team FROM gifts.members m WHERE m.who = gifts.uid()));
-- What hangs on a row of the team's is the team's, and may be hung on another team's row.
CREATE TABLE gifts.boxes (id int PRIMARY KEY, team int NOT NULL REFERENCES gifts.teams);
CREATE POLICY ours ON gifts.boxes USING (team IN (SELECT m.team FROM gifts.members m WHERE m.who = gifts.uid()));
CREATE TABLE gifts.parts (id int PRIMARY KEY, box int NOT NULL REFERENCES gifts.boxes, name text);
CREATE POLICY read ON gifts.parts FOR SELECT USING (EXISTS (SELECT FROM gifts.boxes b JOIN gifts.members m USING (team) WHERE b.id = box AND m.who = gifts.uid()));
CREATE POLICY change ON gifts.parts FOR UPDATE USING (EXISTS (SELECT FROM gifts.boxes b WHERE b.id = box)) WITH CHECK (true);
CREATE TABLE gifts.kept_parts (id int PRIMARY KEY, box int NOT NULL REFERENCES gifts.boxes, name text);
CREATE POLICY ours ON gifts.kept_parts USING (EXISTS (SELECT FROM gifts.boxes b WHERE b.id = box));
-- Wherever it hangs, it stays with whoever has written it.
CREATE TABLE gifts.notes (id int PRIMARY KEY, box int NOT NULL REFERENCES gifts.boxes, who uuid NOT NULL REFERENCES gifts.people, body text);
CREATE POLICY mine ON gifts.notes USING (who = gifts.uid());
-- Whose it is may not be changed.
CREATE TABLE gifts.fixed (id int PRIMARY KEY, who uuid NOT NULL REFERENCES gifts.people, body text);
CREATE POLICY read ON gifts.fixed FOR SELECT USING (who = gifts.uid());
CREATE POLICY change ON gifts.fixed FOR UPDATE USING (who = gifts.uid()) WITH CHECK (true);
REVOKE UPDATE ON gifts.fixed FROM authenticated;
GRANT UPDATE (body) ON gifts.fixed TO authenticated;
-- A trigger keeps it.
CREATE TABLE gifts.watched (id int PRIMARY KEY, who uuid NOT NULL REFERENCES gifts.people, body text);
CREATE POLICY read ON gifts.watched FOR SELECT USING (who = gifts.uid());
CREATE POLICY change ON gifts.watched FOR UPDATE USING (who = gifts.uid()) WITH CHECK (true);
CREATE FUNCTION gifts.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.who <> OLD.who THEN RAISE EXCEPTION 'it stays yours'; END IF; RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON gifts.watched FOR EACH ROW EXECUTE FUNCTION gifts.keep();
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'gifts'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT object, verdict, reason FROM rlsproof.verify('newcomer') WHERE object ~ '^gifts' AND command = 'UPDATE';
SELECT persona, verdict FROM rlsproof.verify(only_object => 'gifts.freely') WHERE command = 'UPDATE';
SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'open';
-- The witness can be pasted: it puts in the row that it changes.
SELECT regexp_replace(witness ->> 'script', 'select set_config[^\n]*\n', '') FROM rlsproof.verify('newcomer', 'gifts.freely') WHERE command = 'UPDATE';
DROP SCHEMA gifts CASCADE;
DROP ROLE anon, authenticated;
