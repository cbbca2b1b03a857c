-- Topics: whoever listens says to which, and the policies of realtime.messages hear it in a setting. One that asks for no more
-- than how the name begins lets everybody in everywhere.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA realtime;
CREATE SCHEMA listen;
GRANT USAGE ON SCHEMA realtime, listen TO anon, authenticated;
CREATE TABLE realtime.messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), topic text NOT NULL, extension text NOT NULL, payload jsonb, private boolean);
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON realtime.messages TO anon, authenticated;
CREATE FUNCTION realtime.topic() RETURNS text LANGUAGE sql STABLE RETURN nullif(current_setting('realtime.topic', true), '');
CREATE FUNCTION listen.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE listen.people (id uuid PRIMARY KEY, name text);
CREATE TABLE listen.members (room uuid NOT NULL, person uuid NOT NULL REFERENCES listen.people, PRIMARY KEY (room, person));
ALTER TABLE listen.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE listen.members ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON ALL TABLES IN SCHEMA listen TO authenticated;
CREATE POLICY own ON listen.people USING (id = listen.uid());
CREATE POLICY own ON listen.members USING (person = listen.uid());
CREATE FUNCTION pg_temp.told() RETURNS TABLE (persona text, command text, verdict text, evidence text, reason text) LANGUAGE sql AS
    $$ SELECT persona, command, verdict, evidence, reason FROM rlsproof.verify() WHERE object = 'realtime.messages' AND command IN ('SELECT', 'INSERT') ORDER BY 1, 2 DESC $$;
CREATE POLICY rooms ON realtime.messages FOR SELECT TO authenticated USING ((SELECT realtime.topic()) LIKE 'room:%');
CREATE POLICY talk ON realtime.messages FOR INSERT TO authenticated WITH CHECK (split_part((SELECT realtime.topic()), '-', 1) = 'talk');
SELECT * FROM pg_temp.told();
SELECT rule, level, message FROM rlsproof.audit() WHERE object = 'realtime.messages';
-- Found by a helper; for everybody.
CREATE FUNCTION listen.may(t text) RETURNS boolean LANGUAGE sql STABLE RETURN t ~ '^room:' OR starts_with(t, 'hall:');
ALTER POLICY rooms ON realtime.messages TO anon, authenticated USING (listen.may(realtime.topic()));
SELECT * FROM pg_temp.told() WHERE command = 'SELECT';
-- What it must not say: where the room is looked up among those that one is a member of, where the topic is one's own, and where it
-- is the one that everybody is meant to hear.
ALTER POLICY rooms ON realtime.messages TO authenticated USING (EXISTS (SELECT FROM listen.members m
    WHERE m.person = listen.uid() AND (SELECT realtime.topic()) = 'room:' || m.room));
ALTER POLICY talk ON realtime.messages WITH CHECK (realtime.topic() LIKE 'room:%' AND EXISTS (SELECT FROM listen.members m
    WHERE m.person = listen.uid() AND m.room = split_part(realtime.topic(), ':', 2)::uuid));
SELECT persona, command, verdict FROM pg_temp.told();
ALTER POLICY rooms ON realtime.messages USING ((SELECT realtime.topic()) = 'user:' || listen.uid()::text);
SELECT persona, command, verdict FROM pg_temp.told() WHERE command = 'SELECT';
ALTER POLICY rooms ON realtime.messages USING ((SELECT realtime.topic()) = 'news');
SELECT persona, command, verdict FROM pg_temp.told() WHERE command = 'SELECT';
DROP SCHEMA realtime, listen CASCADE;
DROP ROLE anon, authenticated;
