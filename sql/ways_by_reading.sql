-- A row of one's own that points to somebody else's, and what shows what such rows point to: functions and views with rights of
-- their own that ask whose the pointing row is.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA pointing;
GRANT USAGE ON SCHEMA pointing TO authenticated;
CREATE FUNCTION pointing.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = pointing;
CREATE TABLE people (id uuid PRIMARY KEY, name text NOT NULL, phone text NOT NULL);
CREATE TABLE clients (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, what text NOT NULL);
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, client uuid REFERENCES clients);
CREATE TABLE friends (who uuid NOT NULL REFERENCES people, whom uuid NOT NULL REFERENCES people, PRIMARY KEY (who, whom));
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON clients FOR SELECT USING (owner = uid());
CREATE POLICY own ON projects USING (owner = uid());
CREATE POLICY own ON friends USING (who = uid());
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'pointing'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (object text, message text, detail text) LANGUAGE sql AS
    $$ SELECT object, message, split_part(detail, '. It was', 1) FROM rlsproof.audit() WHERE rule = 'writable_authority' $$;
SELECT * FROM pg_temp.told();
-- What is asked is whose the project is.
CREATE FUNCTION pointing.my_clients() RETURNS SETOF pointing.clients LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT c.* FROM pointing.clients c JOIN pointing.projects p ON p.client = c.id WHERE p.owner = pointing.uid() $$;
SELECT * FROM pg_temp.told();
-- Of the client as well.
CREATE OR REPLACE FUNCTION pointing.my_clients() RETURNS SETOF pointing.clients LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT c.* FROM pointing.clients c JOIN pointing.projects p ON p.client = c.id WHERE p.owner = pointing.uid() AND c.owner = pointing.uid() $$;
SELECT * FROM pg_temp.told();
-- Of one project.
CREATE FUNCTION pointing.client_of(which uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM pointing.projects WHERE id = which AND owner = pointing.uid()) THEN RAISE EXCEPTION 'not yours'; END IF;
    RETURN (SELECT c.what FROM pointing.clients c JOIN pointing.projects p ON p.client = c.id WHERE p.id = which); END $$;
SELECT * FROM pg_temp.told();
-- Who may point to what is asked when it is written.
ALTER POLICY own ON pointing.projects WITH CHECK (owner = pointing.uid() AND EXISTS (SELECT FROM pointing.clients c WHERE c.id = client AND c.owner = pointing.uid()));
SELECT * FROM pg_temp.told();
ALTER POLICY own ON pointing.projects WITH CHECK (owner = pointing.uid());
DROP FUNCTION pointing.client_of(uuid);
-- By a trigger, which is not known to stop it for good.
CREATE OR REPLACE FUNCTION pointing.my_clients() RETURNS SETOF pointing.clients LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT c.* FROM pointing.clients c JOIN pointing.projects p ON p.client = c.id WHERE p.owner = pointing.uid() $$;
CREATE FUNCTION pointing.its_own() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF (SELECT owner FROM pointing.clients WHERE id = NEW.client) <> NEW.owner THEN RAISE EXCEPTION 'not your client'; END IF; RETURN NEW; END $$;
CREATE TRIGGER its_own BEFORE INSERT ON pointing.projects FOR EACH ROW EXECUTE FUNCTION pointing.its_own();
SELECT * FROM pg_temp.told();
SELECT verdict, reason FROM rlsproof.verify('newcomer', 'pointing.projects', 'INSERT');
DROP FUNCTION pointing.its_own() CASCADE;
DROP FUNCTION pointing.my_clients();
-- By a view.
CREATE VIEW pointing.of_my_projects AS SELECT p.id, c.what FROM pointing.projects p JOIN pointing.clients c ON c.id = p.client WHERE p.owner = pointing.uid();
GRANT SELECT ON pointing.of_my_projects TO authenticated;
SELECT * FROM pg_temp.told();
ALTER VIEW pointing.of_my_projects SET (security_invoker);
SELECT * FROM pg_temp.told();
DROP VIEW pointing.of_my_projects;
-- Whom one deals with has a name; a telephone is another thing.
CREATE FUNCTION pointing.my_friends() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT p.name FROM pointing.people p JOIN pointing.friends f ON f.whom = p.id WHERE f.who = pointing.uid() $$;
SELECT * FROM pg_temp.told();
CREATE OR REPLACE FUNCTION pointing.my_friends() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT p.phone FROM pointing.people p JOIN pointing.friends f ON f.whom = p.id WHERE f.who = pointing.uid() $$;
SELECT * FROM pg_temp.told();
DROP SCHEMA pointing CASCADE;
DROP ROLE anon, authenticated;
